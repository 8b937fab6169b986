/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A system call made by another process.

#include "base/unique_fd.h"
#include "vmhost/process.h"

namespace vmdirty {

/// A userfaultfd for the memory of `process`, which nobody else can make: its main thread is stopped (ptrace), makes the system
/// call, gives the descriptor away (pidfd_getfd), closes its own and goes on where it was. That takes a few hundred
/// microseconds. A process of its own does it, so that it is done even if the caller is killed; if that process is killed, too,
/// the thread goes on by itself (return_frame.h), perhaps with the descriptor left open. Throws Error.
base::UniqueFd userfaultfd_of(const vmhost::Process& process);

}  // namespace vmdirty
