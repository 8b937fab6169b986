/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/remote_call.h"

#include <elf.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>

#include "base/error.h"
#include "base/socket.h"
#include "vmdirty/pagemap_abi.h"
#include "vmdirty/return_frame.h"
#include "vmdirty/seccomp.h"
#include "vmdirty/stop.h"
#include "vmhost/qemu.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

namespace vmdirty {

namespace {

// What the two kinds of CPU differ in.
#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64, kCallSize = 2;
long result(const Registers& registers) { return static_cast<long>(registers.rax); }
/// A program for 32 bits has other numbers of system calls.
bool is_64_bit(const Registers& registers) { return registers.cs == 0x33; }
/// Where it was stopped at first the kernel lets a sleep go on.
void let_sleep_go_on(Registers&, const char*) {}
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64, kCallSize = 4;
long result(const Registers& registers) { return static_cast<long>(registers.regs[0]); }
bool is_64_bit(const Registers& registers) { return !(registers.pstate & 0x10); }
/// Where it was stopped the kernel has made it about to begin anew, a sleep with all of its time. That goes on instead if its
/// system call was in one before, as /proc/PID/syscall had it: number, six arguments, stack pointer, and what follows.
void let_sleep_go_on(Registers& registers, const char* waiting) {
    std::uint64_t seen[9];
    for (std::uint64_t& number : seen) {
        char* end;
        number = std::strtoull(waiting, &end, 0);
        if (end == waiting) return;
        waiting = end;
    }
    const bool there = registers.regs[8] == seen[0] && registers.sp == seen[7] && registers.pc + kCallSize == seen[8];
    const bool sleeps = seen[0] == SYS_nanosleep || (seen[0] == SYS_clock_nanosleep && !(seen[2] & TIMER_ABSTIME));
    if (there && sleeps) registers.regs[8] = SYS_restart_syscall;
}
#endif

constexpr int kFlags = O_CLOEXEC | O_NONBLOCK | kUserModeOnly;

/// Of the process that is made to call, opened before.
struct Files {
    pid_t pid;
    int pidfd, memory, status, waiting;  // the latter three in /proc/PID, the last one "syscall"
    bool qemu;                           // its sandbox is known to allow all this
};

/// What the process that does it reports.
struct Outcome {
    int error = 0;  // an errno, or 0 and a descriptor
    char doing[128] = "";
};

/// Runs in the process that does it: nothing here allocates memory, as other threads may have held locks at fork().
class Injection {
 public:
    Injection(const Files& files, const ReturnCode& code) : pid_(files.pid), files_(files), code_(code) {}

    /// The descriptor, or -1 with `outcome` filled in.
    int run(Outcome& outcome) {
        const int fd = stop() && may_call() && save() ? make() : -1;
        put_back();
        outcome = outcome_;
        return fd;
    }

 private:
    bool fail(const char* doing, int error) {
        if (outcome_.error) return false;
        outcome_.error = error ? error : EIO;
        std::strncpy(outcome_.doing, doing, sizeof outcome_.doing - 1);
        return false;
    }

    /// Waits until the thread has stopped, in which way it tells in `status`.
    bool wait(int& status) const { return await_stop(pid_, status) == pid_ && WIFSTOPPED(status); }

    bool stop() {
        if (::ptrace(PTRACE_SEIZE, pid_, nullptr, PTRACE_O_TRACESYSGOOD)) return fail("stopping it (ptrace)", errno);
        [[maybe_unused]] const ssize_t n = ::pread(files_.waiting, waited_, sizeof waited_ - 1, 0);
        if (::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr)) return fail("stopping it (ptrace)", errno);
        int status = 0;
        for (;;) {
            if (!wait(status)) return fail("waiting until it stops", ETIME);
            stopped_ = true;
            if (status >> 16 == PTRACE_EVENT_STOP) break;
            // A signal was on its way to it: it gets it, and stops then.
            if (::ptrace(PTRACE_CONT, pid_, nullptr, WSTOPSIG(status))) return fail("passing on a signal to it", errno);
            stopped_ = false;
        }
        // Somebody else has stopped it (SIGSTOP), and it would run now.
        if (WSTOPSIG(status) != SIGTRAP) return fail("", EBUSY);
        return true;
    }

    /// Whether its seccomp filters let it do what it is made to do: they may kill it for that.
    bool may_call() {
        char status[8192];
        const ssize_t size = ::pread(files_.status, status, sizeof status - 1, 0);
        if (size < 0) return fail("reading /proc/PID/status", errno);
        status[size] = '\0';
        const char* const mode = std::strstr(status, "\nSeccomp:\t");
        const int filtered = mode ? mode[10] - '0' : SECCOMP_MODE_DISABLED;
        if (filtered == SECCOMP_MODE_DISABLED) return true;
        if (filtered != SECCOMP_MODE_FILTER) return fail("it runs under strict seccomp, and would be killed for userfaultfd()", EACCES);
        const seccomp_data calls[] = {filter_input(SYS_userfaultfd, kFlags), filter_input(SYS_close, 3), filter_input(SYS_rt_sigreturn, 0)};
        const FilterAnswer answer = ask_filters(pid_, calls);
        if (answer == FilterAnswer::Forbids)
            return fail("its seccomp filter forbids userfaultfd(), close() or rt_sigreturn(), and might kill it", EACCES);
        if (answer == FilterAnswer::Unknown && !files_.qemu)
            return fail("it has a seccomp filter, which might kill it, and cannot be read (root can, with CONFIG_CHECKPOINT_RESTORE)", EACCES);
        return true;
    }

    seccomp_data filter_input(int number, std::uint64_t argument) const {
        seccomp_data call{};
        call.nr = number;
        call.arch = kArchitecture;
        call.instruction_pointer = code_.system_call + kCallSize;
        call.args[0] = argument;
        return call;
    }

    bool save() {
        iovec part{&saved_, sizeof saved_};
        if (::ptrace(PTRACE_GETREGSET, pid_, NT_PRSTATUS, &part)) return fail("reading its registers", errno);
        if (part.iov_len != sizeof saved_ || !is_64_bit(saved_)) return fail("", ENOEXEC);
        let_sleep_go_on(saved_, waited_);
        if (::ptrace(static_cast<__ptrace_request>(PTRACE_GETSIGMASK), pid_, sizeof signals_, &signals_))
            return fail("reading its signal mask", errno);
        if (const int error = frame_.make(pid_, saved_, signals_)) return fail("reading its state", error);
        if (const int error = frame_.write(files_.memory, code_)) return fail("writing to its stack", error);
        const std::uint64_t none = ~std::uint64_t{0};
        if (::ptrace(static_cast<__ptrace_request>(PTRACE_SETSIGMASK), pid_, sizeof none, &none))
            return fail("setting its signal mask", errno);
        saved_all_ = true;
        return true;
    }

    /// What the system call returned to the thread; empty when it could not be made.
    std::optional<long> call(long number, std::uint64_t argument) {
        Registers registers = frame_.call(code_, number, argument);
        called_ = true;
        iovec part{&registers, sizeof registers};
        if (::ptrace(PTRACE_SETREGSET, pid_, NT_PRSTATUS, &part)) {
            fail("setting its registers", errno);
            return std::nullopt;
        }
        // Before it and behind it. Single steps would do, too, but leave a trap behind when this process is killed.
        for (int stops = 0; stops < 2;) {
            int status = 0;
            if (::ptrace(PTRACE_SYSCALL, pid_, nullptr, nullptr) || !wait(status)) {
                fail("letting it make a system call", errno);
                return std::nullopt;
            }
            if (WSTOPSIG(status) == (SIGTRAP | 0x80))
                stops++;
            else if (status >> 16 == 0)
                pending_ = WSTOPSIG(status);  // SIGSTOP, which no mask holds back: it comes later
        }
        part = {&registers, sizeof registers};
        if (::ptrace(PTRACE_GETREGSET, pid_, NT_PRSTATUS, &part)) {
            fail("reading its registers", errno);
            return std::nullopt;
        }
        return result(registers);
    }

    int make() {
        const auto theirs = call(SYS_userfaultfd, kFlags);
        if (!theirs) return -1;
        if (*theirs < 0) {
            fail("userfaultfd() in it", static_cast<int>(-*theirs));
            return -1;
        }
        const int ours = static_cast<int>(::syscall(SYS_pidfd_getfd, files_.pidfd, static_cast<int>(*theirs), 0));
        if (ours < 0) fail("taking the descriptor out of it (pidfd_getfd)", errno);
        call(SYS_close, static_cast<std::uint64_t>(*theirs));
        return ours;
    }

    /// To where it was stopped at first: there the kernel sees to a system call that was interrupted.
    bool stop_again() {
        int status = 0;
        if (::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr) || ::ptrace(PTRACE_CONT, pid_, nullptr, nullptr)) return false;
        while (wait(status)) {
            if (status >> 16 == PTRACE_EVENT_STOP) return true;
            if (status >> 16 == 0) pending_ = WSTOPSIG(status);
            if (::ptrace(PTRACE_CONT, pid_, nullptr, nullptr)) return false;
        }
        return false;
    }

    void put_back() {
        // Else it goes back by itself, as if this process had been killed.
        if (saved_all_ && (!called_ || stop_again())) {
            iovec part{&saved_, sizeof saved_};
            ::ptrace(PTRACE_SETREGSET, pid_, NT_PRSTATUS, &part);
            ::ptrace(static_cast<__ptrace_request>(PTRACE_SETSIGMASK), pid_, sizeof signals_, &signals_);
        }
        // A thread that has not stopped is let go when this process ends.
        if (stopped_) ::ptrace(PTRACE_DETACH, pid_, nullptr, pending_);
    }

    pid_t pid_;
    const Files files_;
    char waited_[256] = "";  // what /proc/PID/syscall said before it was stopped
    const ReturnCode code_;
    ReturnFrame frame_;
    Registers saved_{};
    std::uint64_t signals_ = 0;
    bool stopped_ = false, saved_all_ = false, called_ = false;
    int pending_ = 0;  // a signal that it gets at the end
    Outcome outcome_;
};

void send_outcome(int socket, const Outcome& outcome, int fd) {
    base::send_with_fd(socket, {reinterpret_cast<const char*>(&outcome), sizeof outcome}, fd);
}

base::UniqueFd receive_outcome(int socket, Outcome& outcome) {
    iovec part{&outcome, sizeof outcome};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t n;
    do n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    base::UniqueFd fd;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header && header->cmsg_type == SCM_RIGHTS) {
        int number;
        std::memcpy(&number, CMSG_DATA(header), sizeof number);
        fd.reset(number);
    }
    if (n != static_cast<ssize_t>(sizeof outcome)) {
        outcome = Outcome{};
        outcome.error = EPIPE;
        std::strcpy(outcome.doing, "the helper process");
    }
    return fd;
}

[[noreturn]] void refuse(const vmhost::Process& process, const Outcome& outcome) {
    const std::string what = fmt::format("cannot track the memory of process {} ({})", process.pid(), process.name());
    switch (outcome.error) {
        case EBUSY:
            throw base::Error(what + ": it has been stopped by a signal; let it go on first (kill -CONT)");
        case ENOEXEC:
            throw base::Error(what + ": it is a program for 32 bits");
        case ETIME:
            throw base::Error(fmt::format("{}: it does not stop within {} s; is it waiting for a disk?", what, kStopMsec / 1000));
        case EACCES:
            throw base::Error(fmt::format("{}: {}; --tracker soft-dirty and --tracker shadow need no system call of it", what, outcome.doing));
        default:
            throw trace_error(fmt::format("{}: {}", what, outcome.doing), process, process.pid(), outcome.error);
    }
}

}  // namespace

base::UniqueFd userfaultfd_of(const vmhost::Process& process) {
    const ReturnCode code = find_return_code(process);
    const base::UniqueFd memory = process.open("mem", O_RDWR), status = process.open("status"), waiting = process.open("syscall");
    const Files files{process.pid(), process.pidfd(), memory.get(), status.get(), waiting.get(), vmhost::is_qemu(process.command_line())};
    int sockets[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) throw base::system_error("cannot make a pair of sockets", errno);
    base::UniqueFd ours(sockets[0]), theirs(sockets[1]);
    const pid_t helper = ::fork();
    if (helper < 0) throw base::system_error("cannot start a process", errno);
    if (helper == 0) {
        // Neither whoever kills its group nor who kills by name means this process.
        ::setsid();
        ::prctl(PR_SET_NAME, "remote-call");
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        Outcome outcome;
        const int fd = Injection(files, code).run(outcome);
        send_outcome(theirs.get(), outcome, fd);
        ::_exit(0);
    }
    theirs.reset();
    Outcome outcome;
    base::UniqueFd fd = receive_outcome(ours.get(), outcome);
    while (::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (outcome.error || !fd) refuse(process, outcome);
    return fd;
}

}  // namespace vmdirty
