/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What lets a thread that was made to run something else find back by itself: the frame of a signal handler on its stack, and
// code that returns from one. Whoever traces it may be killed at any moment; the thread then goes on as behind a signal.

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "vmhost/process.h"

namespace vmdirty {

#if defined(__x86_64__) || defined(__aarch64__)
using Registers = user_regs_struct;
#else
#error "which registers make a system call here?"
#endif

/// Code in the process: an instruction for system calls and one that returns behind it; and what calls rt_sigreturn().
struct ReturnCode {
    std::uint64_t system_call = 0, sigreturn = 0;
};

/// Throws Error when the process has no such code; every C library has.
ReturnCode find_return_code(const vmhost::Process& process);

/// Of a thread that is stopped by ptrace, with these registers and this signal mask. Nothing here allocates memory.
class ReturnFrame {
 public:
    /// Reads the rest of its state. 0 or an errno.
    int make(pid_t thread, const Registers& registers, std::uint64_t signals);
    /// Writes it to the thread's stack, where nothing lives; `memory` is /proc/PID/mem. 0 or an errno.
    int write(int memory, const ReturnCode& code);
    /// Registers with which it makes a system call, and returns then if nobody stops it.
    Registers call(const ReturnCode& code, long number, std::uint64_t argument) const;

 private:
    static constexpr std::size_t kMost = 8192;
    Registers saved_{};
    std::uint64_t begin_ = 0;  // address on the stack
    std::size_t size_ = 0;
    alignas(64) std::array<unsigned char, kMost> data_{};
};

}  // namespace vmdirty
