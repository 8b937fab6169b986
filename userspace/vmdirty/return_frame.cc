/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/return_frame.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"

namespace vmdirty {

namespace {

using namespace std::string_view_literals;

// What stands in every C library, and in the kernel's own page (vdso) on arm64.
#if defined(__x86_64__)
constexpr std::array kCall = {"\x0f\x05\xc3"sv};  // syscall; ret
// mov $15, %rax or %eax; syscall
constexpr std::array kSigreturn = {"\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05"sv, "\xb8\x0f\x00\x00\x00\x0f\x05"sv};
#elif defined(__aarch64__)
constexpr std::array kCall = {"\x01\x00\x00\xd4\xc0\x03\x5f\xd6"sv};       // svc #0; ret
constexpr std::array kSigreturn = {"\x68\x11\x80\xd2\x01\x00\x00\xd4"sv};  // mov x8, #139; svc #0
#endif

/// Its place in `code`; npos if there is none of them.
template <class Patterns>
std::size_t find(std::string_view code, const Patterns& patterns) {
    for (const std::string_view pattern : patterns)
        if (const std::size_t at = code.find(pattern); at != code.npos) return at;
    return code.npos;
}

/// Writes numbers into a frame.
class Writer {
 public:
    explicit Writer(unsigned char* data) : data_(data) {}
    template <class Number>
    void put(std::size_t at, Number number) {
        std::memcpy(data_ + at, &number, sizeof number);
    }

 private:
    unsigned char* data_;
};

/// Flags that no stack for signals can have: the thread keeps the one that it has.
constexpr std::uint32_t kNoStack = 0x7fffffff;

}  // namespace

ReturnCode find_return_code(const vmhost::Process& process) {
    constexpr std::uint64_t kMostCode = 64 << 20;
    const base::UniqueFd memory = process.open("mem");
    ReturnCode code;
    for (const auto& mapping : process.maps()) {
        // What a program has compiled while it runs may be gone at any moment, and an emulator has much of it.
        const bool made = mapping.writable || mapping.shared || mapping.path.empty() || mapping.path.starts_with("[anon");
        if (!mapping.executable || !mapping.readable || made) continue;
        std::string text(std::min(mapping.end - mapping.begin, kMostCode), '\0');
        const ssize_t n = ::pread(memory.get(), text.data(), text.size(), static_cast<off_t>(mapping.begin));
        if (n <= 0) continue;
        text.resize(static_cast<std::size_t>(n));
        if (const std::size_t at = find(text, kCall); !code.system_call && at != text.npos) code.system_call = mapping.begin + at;
        if (const std::size_t at = find(text, kSigreturn); !code.sigreturn && at != text.npos) code.sigreturn = mapping.begin + at;
        if (code.system_call && code.sigreturn) return code;
    }
    throw base::Error(fmt::format("process {} ({}) has no code, as C libraries have, to make a system call and to return from it",
                                  process.pid(), process.name()));
}

#if defined(__x86_64__)

// arch/x86/include/uapi/asm/sigcontext.h and ucontext.h: where things are in struct rt_sigframe.
namespace {
constexpr std::size_t kFlags = 8, kStackFlags = 32, kRegisters = 48, kFloatingPoint = kRegisters + 184, kMask = 304, kState = 320;
// UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS
constexpr std::uint64_t kAllFlags = 7;
// FP_XSTATE_MAGIC1 and 2, and where the first stands in the state (struct _fpx_sw_bytes)
constexpr std::uint32_t kMagic1 = 0x46505853, kMagic2 = 0x46505845;
constexpr std::size_t kSoftware = 464, kRedZone = 128;
// Up to the protection keys; what comes behind them only few may use (AMX).
constexpr std::size_t kMostState = 2696;
}  // namespace

int ReturnFrame::make(pid_t thread, const Registers& registers, std::uint64_t signals) {
    saved_ = registers;
    iovec part{data_.data() + kState, kMostState};
    if (::ptrace(PTRACE_GETREGSET, thread, NT_X86_XSTATE, &part)) return errno;
    const auto state = static_cast<std::uint32_t>(part.iov_len);
    size_ = kState + state + sizeof kMagic2;
    begin_ = (registers.rsp - kRedZone - size_) & ~std::uint64_t{63};
    Writer frame(data_.data());
    frame.put(kFlags, kAllFlags);
    frame.put(kStackFlags, kNoStack);
    std::uint64_t rax = registers.rax, rip = registers.rip;
    // A system call that was interrupted begins anew: ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK.
    if (const auto error = -static_cast<long>(rax); static_cast<long>(registers.orig_rax) >= 0 && (error >= 512 && error <= 516) && error != 515) {
        constexpr std::uint64_t kRestart = 219;  // restart_syscall()
        rax = error == 516 ? kRestart : registers.orig_rax;
        rip -= 2;
    }
    const std::uint64_t numbers[] = {registers.r8,  registers.r9,  registers.r10, registers.r11, registers.r12, registers.r13,
                                     registers.r14, registers.r15, registers.rdi, registers.rsi, registers.rbp, registers.rbx,
                                     registers.rdx, rax,           registers.rcx, registers.rsp, rip,           registers.eflags};
    std::memcpy(data_.data() + kRegisters, numbers, sizeof numbers);
    const std::uint16_t segments[] = {static_cast<std::uint16_t>(registers.cs), static_cast<std::uint16_t>(registers.gs),
                                      static_cast<std::uint16_t>(registers.fs), static_cast<std::uint16_t>(registers.ss)};
    std::memcpy(data_.data() + kRegisters + sizeof numbers, segments, sizeof segments);
    frame.put(kFloatingPoint, begin_ + kState);
    frame.put(kMask, signals);
    // Features stand there already.
    std::uint64_t features;
    std::memcpy(&features, data_.data() + kState + kSoftware, sizeof features);
    frame.put(kState + kSoftware, kMagic1);
    frame.put(kState + kSoftware + 4, state + static_cast<std::uint32_t>(sizeof kMagic2));
    frame.put(kState + kSoftware + 8, features);
    frame.put(kState + kSoftware + 16, state);
    frame.put(kState + state, kMagic2);
    return 0;
}

Registers ReturnFrame::call(const ReturnCode& code, long number, std::uint64_t argument) const {
    Registers registers = saved_;
    registers.rip = code.system_call;
    registers.rsp = begin_;
    registers.rax = static_cast<std::uint64_t>(number);
    registers.rdi = argument;
    // It is in no system call that would have to be begun anew.
    registers.orig_rax = ~std::uint64_t{0};
    return registers;
}

#elif defined(__aarch64__)

// arch/arm64/include/uapi/asm/sigcontext.h and ucontext.h: where things are in struct rt_sigframe.
namespace {
constexpr std::size_t kContext = 128, kStackFlags = kContext + 24, kMask = kContext + 40, kRegisters = kContext + 184,
                      kState = kContext + 464;
constexpr std::uint32_t kMagic = 0x46508001, kStateSize = 528;  // FPSIMD_MAGIC
}  // namespace

int ReturnFrame::make(pid_t thread, const Registers& registers, std::uint64_t signals) {
    saved_ = registers;
    user_fpsimd_struct state{};
    iovec part{&state, sizeof state};
    if (::ptrace(PTRACE_GETREGSET, thread, NT_PRFPREG, &part)) return errno;
    size_ = kState + kStateSize + 16;
    begin_ = (registers.sp - size_) & ~std::uint64_t{63};
    Writer frame(data_.data());
    frame.put(kStackFlags, kNoStack);
    frame.put(kMask, signals);
    // regs, sp, pc, pstate: in the same order. A system call that was interrupted is about to begin anew already.
    std::memcpy(data_.data() + kRegisters, &registers, sizeof registers);
    frame.put(kState, kMagic);
    frame.put(kState + 4, kStateSize);
    frame.put(kState + 8, static_cast<std::uint32_t>(state.fpsr));
    frame.put(kState + 12, static_cast<std::uint32_t>(state.fpcr));
    std::memcpy(data_.data() + kState + 16, state.vregs, sizeof state.vregs);
    return 0;
}

Registers ReturnFrame::call(const ReturnCode& code, long number, std::uint64_t argument) const {
    Registers registers = saved_;
    registers.pc = code.system_call;
    registers.sp = begin_;
    registers.regs[30] = code.sigreturn;
    registers.regs[8] = static_cast<std::uint64_t>(number);
    registers.regs[0] = argument;
    return registers;
}

#endif

int ReturnFrame::write(int memory, [[maybe_unused]] const ReturnCode& code) {
#if defined(__x86_64__)
    Writer(data_.data()).put(0, code.sigreturn);
#endif
    const ssize_t n = ::pwrite(memory, data_.data(), size_, static_cast<off_t>(begin_));
    return n == static_cast<ssize_t>(size_) ? 0 : n < 0 ? errno : EFAULT;
}

}  // namespace vmdirty
