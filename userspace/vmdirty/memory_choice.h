/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which of a process's memory is meant.

#include <string>

#include "vmdirty/layout.h"
#include "vmhost/process.h"
#include "vmhost/ram_blocks.h"

namespace vmdirty {

/// `choice`: "ram" (the memory of the VM that a QEMU runs), "heap" (what malloc() gets: [heap], and private memory without a
/// file), "all" (whatever is writable), "ADDR-ADDR" (hexadecimal, whole pages), or empty: ram for a QEMU and heap for others.
/// Throws UsageError for anything else, Error when the process has no such memory.
Layout choose_memory(const vmhost::Process& process, const std::string& choice);

/// The memory that QEMU says its VM has, block after block. Throws Error when the process has nothing there.
Layout guest_memory(const vmhost::Process& process, const std::vector<vmhost::RamBlock>& blocks);

}  // namespace vmdirty
