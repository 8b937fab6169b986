/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A system call made by another process.

#include "base/unique_fd.h"
#include "vmhost/process.h"

namespace vmdirty {

/// A userfaultfd for the memory of `process`, which nobody else can make: its main thread is stopped (ptrace), makes the system
/// call, gives the descriptor away (pidfd_getfd), closes its own and goes on where it was. That takes a few hundred
/// microseconds. A process of its own does it, in a session of its own, so that whoever kills the caller in between does not
/// leave a thread with the registers of another call. Throws Error.
base::UniqueFd userfaultfd_of(const vmhost::Process& process);

}  // namespace vmdirty
