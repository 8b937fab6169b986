/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Makes a trace of what ftrace, trace-cmd and perf print.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "migtrace/output.h"

namespace migtrace {

struct ImportOptions {
    std::vector<std::string> files{};  ///< one after another as one stream; "-", or none: standard input
    bool strict = false;               ///< a line that makes no sense is an error
    std::optional<unsigned> cpus{};    ///< number of CPUs, instead of what the input tells
    /// Wall clock when the clock of the input was 0, microseconds since 1970.
    std::uint64_t clock_zero_us = 0;
};

/// What there was.
struct ImportSummary {
    std::uint64_t migrations = 0, try_to_wake_up = 0, sched_fork = 0, unknown = 0;
    unsigned cpus = 0;
    std::uint64_t duration = 0;  ///< ns between the first and the last event of any kind
    std::vector<std::string> warnings;
};

/// Reads the input once, in bounded memory. When the number of CPUs is not known in front of the first event,
/// the trace waits in a temporary file. Throws base::Error.
ImportSummary import_trace(const ImportOptions& options, Output& output);

}  // namespace migtrace
