/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "base/error.h"
#include "base/signals.h"

namespace base {

namespace {

struct Pipe {
    UniqueFd read, write;
};

Pipe make_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) throw system_error("starting a program: pipe()", errno);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

[[noreturn]] void fail_in_child(int result_fd, int error) {
    [[maybe_unused]] auto written = ::write(result_fd, &error, sizeof error);
    ::_exit(127);
}

/// The rest of the child's life. Only what is safe after fork(): no allocation.
[[noreturn]] void be_child(const ChildOptions& options, char* const* argv, int go_fd, int result_fd) {
    restore_signals_for_child();
    // Whoever ends before that closes the pipe that is read below.
    if (options.ends_with_us && ::prctl(PR_SET_PDEATHSIG, SIGKILL)) fail_in_child(result_fd, errno);
    const std::array<int, 3> wanted = {options.input, options.output, options.errors};
    for (int i = 0; i < 3; i++)
        if (wanted[i] >= 0 && wanted[i] != i && ::dup2(wanted[i], i) < 0) fail_in_child(result_fd, errno);
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0)
        fail_in_child(result_fd, errno);
    char byte;
    ssize_t got;
    do got = ::read(go_fd, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1) ::_exit(127);  // the parent has gone or changed its mind
    ::execvp(argv[0], argv);
    fail_in_child(result_fd, errno);
}

}  // namespace

Child::Child(std::vector<std::string> words, const ChildOptions& options) : words_(std::move(words)) {
    std::vector<char*> argv;
    for (auto& word : words_) argv.push_back(word.data());
    argv.push_back(nullptr);
    Pipe go = make_pipe(), result = make_pipe();
    pid_ = ::fork();
    if (pid_ < 0) throw system_error(fmt::format("starting '{}': fork()", words_.at(0)), errno);
    if (pid_ == 0) {
        go.write.reset();
        be_child(options, argv.data(), go.read.get(), result.write.get());
    }
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    int error = errno;
    go_ = std::move(go.write);
    result_ = std::move(result.read);
    if (!pidfd_) {
        go_.reset();
        ::waitpid(pid_, nullptr, 0);
        throw system_error(fmt::format("starting '{}': pidfd_open()", words_.at(0)), error,
                           "Linux 5.3 or newer is needed");
    }
}

Child::~Child() {
    if (executed_ || status_) return;
    go_.reset();
    ::waitpid(pid_, nullptr, 0);
}

int Child::execute() {
    executed_ = true;
    // The child may have ended already, killed by somebody; that must not kill us by SIGPIPE.
    struct sigaction ignore = {}, old;
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &old);
    [[maybe_unused]] auto written = ::write(go_.get(), "x", 1);
    ::sigaction(SIGPIPE, &old, nullptr);
    go_.reset();
    int error = 0;
    ssize_t got;
    do got = ::read(result_.get(), &error, sizeof error);
    while (got < 0 && errno == EINTR);
    result_.reset();
    if (got == 0) return 0;
    wait();
    return error;
}

std::optional<int> Child::wait(std::optional<std::chrono::milliseconds> limit) {
    if (status_) return status_;
    if (limit) {
        auto deadline = std::chrono::steady_clock::now() + *limit;
        for (;;) {
            auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                deadline - std::chrono::steady_clock::now());
            pollfd p = {pidfd_.get(), POLLIN, 0};
            int ready = ::poll(&p, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
            if (ready > 0) break;
            if (ready == 0) return std::nullopt;
        }
    }
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0)
        if (errno != EINTR) throw system_error(fmt::format("waiting for '{}'", words_.at(0)), errno);
    status_ = status;
    return status_;
}

void Child::kill(int signal_number) {
    if (!status_) ::kill(pid_, signal_number);
}

std::string RunResult::describe() const {
    switch (end) {
        case End::Exited:
            return fmt::format("exit status {}", code);
        case End::Killed:
            return fmt::format("killed by signal {} ({})", code, ::strsignal(code));
        case End::TimedOut:
            return "it did not end and was killed";
        case End::Cancelled:
            return "interrupted";
        case End::NotStarted:
            return std::generic_category().message(code);
    }
    return "";
}

RunResult run(const std::vector<std::string>& words, std::chrono::milliseconds limit, ChildOptions options,
              int cancel_fd) {
    constexpr std::size_t kMost = 64 << 20;
    RunResult result;
    UniqueFd nothing;
    if (options.input < 0) {
        nothing.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        options.input = nothing.get();
    }
    Pipe output = make_pipe(), errors = make_pipe();
    options.output = output.write.get();
    options.errors = errors.write.get();
    Child child(words, options);
    output.write.reset();
    errors.write.reset();
    if (int error = child.execute()) {
        result.code = error;
        return result;
    }

    // Ends when the process has ended, not when its pipes close: it may have left children that hold them.
    auto deadline = std::chrono::steady_clock::now() + limit;
    std::array<pollfd, 4> polled = {{{output.read.get(), POLLIN, 0},
                                     {errors.read.get(), POLLIN, 0},
                                     {child.fd(), POLLIN, 0},
                                     {cancel_fd, POLLIN, 0}}};
    std::array<std::string*, 2> texts = {&result.output, &result.errors};
    auto drain = [&](std::size_t i) {
        std::array<char, 65536> buffer;
        ssize_t got = ::read(polled[i].fd, buffer.data(), buffer.size());
        if (got <= 0 && !(got < 0 && errno == EINTR)) polled[i].fd = -1;
        if (got > 0 && texts[i]->size() < kMost)
            texts[i]->append(buffer.data(), static_cast<std::size_t>(got));
    };
    for (;;) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline -
                                                                          std::chrono::steady_clock::now());
        int ready = left.count() <= 0
                        ? 0
                        : ::poll(polled.data(), polled.size(),
                                 static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000)));
        if (ready < 0 && errno == EINTR) continue;
        bool cancelled = ready > 0 && polled[3].revents;
        if ((ready == 0 && left.count() <= 0) || cancelled) {
            result.end = cancelled ? RunResult::End::Cancelled : RunResult::End::TimedOut;
            child.kill(SIGKILL);
            child.wait();
            return result;
        }
        bool any = false;
        for (std::size_t i = 0; i < 2; i++)
            if (polled[i].fd >= 0 && polled[i].revents) {
                drain(i);
                any = true;
            }
        if (!any && polled[2].revents) break;
    }
    int status = *child.wait();
    result.end = WIFEXITED(status) ? RunResult::End::Exited : RunResult::End::Killed;
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return result;
}

}  // namespace base
