/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A whole recording: get ready, start, wait, stop, save, leave everything as it was.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/signals.h"
#include "migrecord/facility.h"
#include "migrecord/tally.h"

namespace migrecord {

struct Options {
    FacilityOptions facility;
    std::optional<std::string> trace_file;  ///< record a trace into this file; "-" is standard output
    std::optional<std::string> stat_file;   ///< and statistics into this one
    std::optional<std::chrono::milliseconds> period;   ///< of statistics; none: what the module has
    std::optional<std::chrono::nanoseconds> duration;  ///< stop after this time
    std::vector<std::string> command;                  ///< run it, and stop when it ends
    bool overwrite = false;                            ///< keep the newest events of the trace, instead of stopping when a buffer is full
    bool follow = false;                               ///< write the trace while it is recorded; with `overwrite`, too
    bool force = false;                                ///< throw away what somebody else recorded
};

/// What was saved of a trace or of statistics.
struct Saved {
    std::string file;
    Tally tally;
    bool stopped_by_itself = false;  ///< its memory was full before the end
};

struct Result {
    std::optional<Saved> trace, stat;
    std::chrono::nanoseconds duration{};
    std::optional<int> start_error;     ///< errno: the command could not be started, and nothing was saved
    std::optional<int> command_status;  ///< wait status of the command
    bool command_runs = false;          ///< it did not end when it was asked to
};

/// How a recording talks to its user while it runs.
struct Listener {
    std::function<void(const std::string&)> warn;
    std::function<void(const std::string&)> note;
    /// Every fifth of a second: the time since the start.
    std::function<void(std::chrono::nanoseconds)> tick;
};

/// Where files go: `output` may be empty. A trace that is followed goes to standard output then. Statistics beside a trace get ".stat" behind the trace's name.
/// Throws UsageError when neither is wanted.
void choose_files(Options& options, bool trace, bool stat, const std::string& output);

/// Records. Throws Error; then nothing was saved under a final name, and what was recorded is still in the
/// kernel when the message says so.
Result record(const Options& options, base::StopSignals& signals, const Listener& listener);

/// The exit status of the program: of the command (128+N when signal N ended it), 127 or 126 when it was not
/// found or could not be executed, else 0.
int exit_status(const Result& result);

}  // namespace migrecord
