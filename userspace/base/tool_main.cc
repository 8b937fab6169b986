/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/tool_main.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

#include "base/error.h"
#include "base/signals.h"
#include "base/terminal.h"

namespace base {

namespace {

std::string running_program = "migscope", described_command;

/// Messages quote names of files and what stands in them, which may be anything.
std::string safe(const std::string& message) {
    return is_terminal(stderr) ? printable(message, "\n\t") : message;
}

/// A file that is opened later must not get the number of a standard stream that is closed: what is printed would go into
/// it. Like this reading and writing fail as they should.
void keep_closed_streams_closed() {
    for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(fd, F_GETFD) < 0) {
            [[maybe_unused]] const int same = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
}

/// A full disk shows only when the last buffer is written, so a program that skips this reports success with half a file.
void finish_standard_output() {
    std::cout.flush();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) || !std::cout)
        throw system_error("writing standard output", errno, "the output is incomplete");
}

}  // namespace

int tool_main(const std::string& program, const std::function<int()>& work) {
    running_program = described_command = program;
    keep_closed_streams_closed();
    ignore_size_limit_signal();
    try {
        int status = work();
        finish_standard_output();
        return status;
    } catch (const UsageError& e) {
        tell(fmt::format("{}\nTry '{} --help'.", e.what(), described_command));
    } catch (const Interrupted& e) {
        tell(e.what());
        // Whoever has called the program sees that a signal ended it, and a loop of a shell ends, too.
        std::signal(e.signal, SIG_DFL);
        std::raise(e.signal);
    } catch (const std::bad_alloc&) {
        tell("out of memory");
    } catch (const std::exception& e) {
        tell(e.what());
    }
    return 1;
}

void offer_help_of(const std::string& command) { described_command = command; }

void print_line(const std::string& line) {
    errno = 0;
    std::fputs((line + '\n').c_str(), stdout);
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
        const int error = errno;
        // Told here, and not once more at the end.
        std::clearerr(stdout);
        throw system_error("writing standard output", error);
    }
}

void tell(const std::string& message) {
    // fmt::print() throws when it cannot write.
    std::fputs(fmt::format("{}: {}\n", running_program, safe(message)).c_str(), stderr);
}

void warn(const std::string& message) { tell("warning: " + message); }

}  // namespace base
