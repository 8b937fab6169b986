/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Ctrl-C and its relatives as something that a poll() can wait for.

namespace base {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the program but make fd() readable. A SIGHUP that
/// was ignored when the program started (nohup) stays ignored; not so SIGINT, which shells ignore in the
/// background jobs of scripts, where `kill -INT` is the usual way to end a recording. SIGPIPE is ignored
/// meanwhile, so that a reader who goes away is an error of write() like any other. One object at a time in a
/// process.
class StopSignals {
 public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Readable when a signal has come that take() has not seen.
    int fd() const;

    /// The number of the last signal since the previous call; 0 if none has come.
    int take();
};

/// From now on a file that becomes larger than the limit (ulimit -f) is an error of write() like any other, and does
/// not end the program in the middle of its work.
void ignore_size_limit_signal();

/// Gives SIGINT, SIGTERM, SIGHUP and SIGPIPE back the meaning that they had when StopSignals was made, and SIGXFSZ
/// that of before ignore_size_limit_signal(): for a child process between fork() and exec().
void restore_signals_for_child();

}  // namespace base
