/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/remote_call.h"

#include <elf.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>

#include "base/error.h"
#include "vmdirty/pagemap_abi.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

namespace vmdirty {

namespace {

// What the two kinds of CPU differ in.
#if defined(__x86_64__)
using Registers = user_regs_struct;
constexpr std::array<unsigned char, 2> kSystemCall = {0x0f, 0x05};  // syscall
void prepare(Registers& registers, std::uint64_t instruction, long number, std::uint64_t argument) {
    registers.rip = instruction;
    registers.rax = static_cast<std::uint64_t>(number);
    registers.rdi = argument;
    // It is in no system call that would have to be begun anew.
    registers.orig_rax = ~std::uint64_t{0};
}
long result(const Registers& registers) { return static_cast<long>(registers.rax); }
/// A program for 32 bits has other numbers of system calls.
bool is_64_bit(const Registers& registers) { return registers.cs == 0x33; }
#elif defined(__aarch64__)
using Registers = user_regs_struct;
constexpr std::array<unsigned char, 4> kSystemCall = {0x01, 0x00, 0x00, 0xd4};  // svc #0
void prepare(Registers& registers, std::uint64_t instruction, long number, std::uint64_t argument) {
    registers.pc = instruction;
    registers.regs[8] = static_cast<std::uint64_t>(number);
    registers.regs[0] = argument;
}
long result(const Registers& registers) { return static_cast<long>(registers.regs[0]); }
bool is_64_bit(const Registers& registers) { return !(registers.pstate & 0x10); }
#else
#error "which registers make a system call here?"
#endif

/// As long as it may take until a thread stops.
constexpr int kPatienceMsec = 2000;

/// What the process that does it reports.
struct Outcome {
    int error = 0;  // an errno, or 0 and a descriptor
    char doing[64] = "";
};

/// Runs in the process that does it: nothing here allocates memory, as other threads may have held locks at fork().
class Injection {
 public:
    Injection(pid_t pid, int pidfd, std::uint64_t instruction) : pid_(pid), pidfd_(pidfd), instruction_(instruction) {}

    /// The descriptor, or -1 with `outcome` filled in.
    int run(Outcome& outcome) {
        const int fd = stop() && save() ? make() : -1;
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
    bool wait(int& status) const {
        const timespec step = {0, 20'000};
        for (int i = 0; i < kPatienceMsec * 50; i++) {
            const pid_t seen = ::waitpid(pid_, &status, WNOHANG | __WALL);
            if (seen == pid_) return WIFSTOPPED(status);
            if (seen < 0 && errno != EINTR) return false;
            ::nanosleep(&step, nullptr);
        }
        return false;
    }

    bool stop() {
        if (::ptrace(PTRACE_SEIZE, pid_, nullptr, nullptr)) return fail("stopping it (ptrace)", errno);
        if (::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr)) return fail("stopping it (ptrace)", errno);
        int status = 0;
        for (;;) {
            if (!wait(status)) return fail("waiting until it stops", ETIME);
            if (status >> 16 == PTRACE_EVENT_STOP) break;
            // A signal was on its way to it: it gets it, and stops then.
            if (::ptrace(PTRACE_CONT, pid_, nullptr, WSTOPSIG(status))) return fail("passing on a signal to it", errno);
        }
        stopped_ = true;
        // Somebody else has stopped it (SIGSTOP), and it would run now.
        if (WSTOPSIG(status) != SIGTRAP) return fail("", EBUSY);
        return true;
    }

    bool save() {
        iovec part{&saved_, sizeof saved_};
        if (::ptrace(PTRACE_GETREGSET, pid_, NT_PRSTATUS, &part)) return fail("reading its registers", errno);
        if (part.iov_len != sizeof saved_ || !is_64_bit(saved_)) return fail("", ENOEXEC);
        if (::ptrace(static_cast<__ptrace_request>(PTRACE_GETSIGMASK), pid_, sizeof signals_, &signals_))
            return fail("reading its signal mask", errno);
        const std::uint64_t none = ~std::uint64_t{0};
        if (::ptrace(static_cast<__ptrace_request>(PTRACE_SETSIGMASK), pid_, sizeof none, &none))
            return fail("setting its signal mask", errno);
        saved_all_ = true;
        return true;
    }

    /// What the system call returned to the thread; empty when it could not be made.
    std::optional<long> call(long number, std::uint64_t argument) {
        Registers registers = saved_;
        prepare(registers, instruction_, number, argument);
        iovec part{&registers, sizeof registers};
        if (::ptrace(PTRACE_SETREGSET, pid_, NT_PRSTATUS, &part)) {
            fail("setting its registers", errno);
            return std::nullopt;
        }
        for (;;) {
            int status = 0;
            if (::ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) || !wait(status)) {
                fail("letting it make a system call", errno);
                return std::nullopt;
            }
            if (WSTOPSIG(status) == SIGTRAP && status >> 16 == 0) break;
            // SIGSTOP, which no mask holds back: it comes later.
            if (status >> 16 == 0) pending_ = WSTOPSIG(status);
        }
        part = {&registers, sizeof registers};
        if (::ptrace(PTRACE_GETREGSET, pid_, NT_PRSTATUS, &part)) {
            fail("reading its registers", errno);
            return std::nullopt;
        }
        return result(registers);
    }

    int make() {
        const auto theirs = call(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | kUserModeOnly);
        if (!theirs) return -1;
        if (*theirs < 0) {
            fail("userfaultfd() in it", static_cast<int>(-*theirs));
            return -1;
        }
        const int ours = static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd_, static_cast<int>(*theirs), 0));
        if (ours < 0) fail("taking the descriptor out of it (pidfd_getfd)", errno);
        call(SYS_close, static_cast<std::uint64_t>(*theirs));
        return ours;
    }

    void put_back() {
        if (saved_all_) {
            iovec part{&saved_, sizeof saved_};
            ::ptrace(PTRACE_SETREGSET, pid_, NT_PRSTATUS, &part);
            ::ptrace(static_cast<__ptrace_request>(PTRACE_SETSIGMASK), pid_, sizeof signals_, &signals_);
        }
        // A thread that has not stopped is let go when this process ends.
        if (stopped_) ::ptrace(PTRACE_DETACH, pid_, nullptr, pending_);
    }

    pid_t pid_;
    int pidfd_;
    std::uint64_t instruction_;
    Registers saved_{};
    std::uint64_t signals_ = 0;
    bool stopped_ = false, saved_all_ = false;
    int pending_ = 0;  // a signal that it gets at the end
    Outcome outcome_;
};

/// An address in the process where an instruction for system calls stands: in the kernel's own page (vdso).
std::uint64_t system_call_in(const vmhost::Process& process) {
    const auto mappings = process.maps();
    const auto vdso = std::find_if(mappings.begin(), mappings.end(), [](const auto& m) { return m.path == "[vdso]" && m.executable; });
    if (vdso == mappings.end()) throw base::Error(fmt::format("process {} has no [vdso] to make a system call from", process.pid()));
    std::string code(std::min<std::uint64_t>(vdso->end - vdso->begin, 1 << 20), '\0');
    const base::UniqueFd memory = process.open("mem");
    const ssize_t n = ::pread(memory.get(), code.data(), code.size(), static_cast<off_t>(vdso->begin));
    if (n < 0) throw base::system_error(fmt::format("cannot read the memory of process {}", process.pid()), errno);
    const auto found = std::search(code.begin(), code.begin() + n, kSystemCall.begin(), kSystemCall.end(),
                                   [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; });
    if (found == code.begin() + n)
        throw base::Error(fmt::format("the [vdso] of process {} has no system call", process.pid()));
    return vdso->begin + static_cast<std::uint64_t>(found - code.begin());
}

void send_outcome(int socket, const Outcome& outcome, int fd) {
    iovec part{const_cast<Outcome*>(&outcome), sizeof outcome};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ::sendmsg(socket, &message, MSG_NOSIGNAL);
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
            throw base::Error(fmt::format("{}: it does not stop within {} s; is it waiting for a disk?", what, kPatienceMsec / 1000));
        case EPERM:
            throw base::system_error(fmt::format("{}: {}", what, outcome.doing), EPERM,
                                     "try it as root; nobody else may trace it, a debugger for example");
        default:
            throw base::system_error(fmt::format("{}: {}", what, outcome.doing), outcome.error);
    }
}

}  // namespace

base::UniqueFd userfaultfd_of(const vmhost::Process& process) {
    const std::uint64_t instruction = system_call_in(process);
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
        const int fd = Injection(process.pid(), process.pidfd(), instruction).run(outcome);
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
