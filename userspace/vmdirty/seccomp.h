/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What the seccomp filters of a thread do with a system call, before it is made: they may kill its process for it. seccomp(2);
// the programs are classic BPF, Documentation/networking/filter.rst. Nothing here allocates memory.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace vmdirty {

/// What the program returns for a call (SECCOMP_RET_*); for what is no program for seccomp, that it kills.
std::uint32_t run_filter(std::span<const sock_filter> program, const seccomp_data& call);

enum class FilterAnswer { Allows, Forbids, Unknown };

/// Whether all filters of a thread, which this process has stopped by ptrace, let it make all of `calls`. Unknown where they cannot
/// be read: that takes root, and a kernel with CONFIG_CHECKPOINT_RESTORE.
FilterAnswer ask_filters(pid_t thread, std::span<const seccomp_data> calls);

}  // namespace vmdirty
