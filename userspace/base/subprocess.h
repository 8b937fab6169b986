/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Child processes without a shell: words are passed as they are, and nothing can hang us.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace base {

struct ChildOptions {
    int input = -1;         ///< becomes its standard input; -1: inherited. The same for the next two.
    int output = -1;        ///< becomes its standard output
    int errors = -1;        ///< becomes its standard error
    std::string directory;  ///< its working directory; empty: ours
    bool ends_with_us = false;  ///< killed when the thread that made it ends, however that is
};

/// A child process. It is made first and executes its program only on execute(), so that work can be done
/// between the two that must not count as part of fork(). A child that never executed ends with the object;
/// one that did runs on.
class Child {
 public:
    /// Makes the process. Throws Error when no process can be made.
    explicit Child(std::vector<std::string> words, const ChildOptions& options = {});
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Starts the program, found in PATH as execvp() does. 0, or the errno of what failed.
    int execute();

    pid_t pid() const { return pid_; }
    /// Readable when the process has ended (a pidfd).
    int fd() const { return pidfd_.get(); }
    /// Its wait status, when it ends within `limit`; waits for ever without one.
    std::optional<int> wait(std::optional<std::chrono::milliseconds> limit = std::nullopt);
    /// Sends a signal; nothing happens when it has been waited for.
    void kill(int signal_number);

 private:
    std::vector<std::string> words_;
    pid_t pid_ = -1;
    UniqueFd pidfd_;
    UniqueFd go_;      // a byte in here lets it execute
    UniqueFd result_;  // and here it reports the errno, or closes on success
    std::optional<int> status_;
    bool executed_ = false;
};

/// What a program that ran to its end left behind.
struct RunResult {
    enum class End { Exited, Killed, TimedOut, Cancelled, NotStarted } end = End::NotStarted;
    int code = 0;  ///< exit status, number of the signal, or errno of the start, according to `end`
    std::string output;
    std::string errors;
    bool success() const { return end == End::Exited && code == 0; }
    /// "exit status 3", "killed by signal 9 (Killed)", "No such file or directory", ...
    std::string describe() const;
};

/// Runs a program to its end and collects what it prints (at most 64 MiB each). It is killed after `limit`,
/// and when `cancel_fd` becomes readable. Without `options.input` its standard input is empty.
RunResult run(const std::vector<std::string>& words, std::chrono::milliseconds limit,
              ChildOptions options = {}, int cancel_fd = -1);

}  // namespace base
