/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Reads back what mig_mon has written: spike logs, and the output of mm_dirty and of the downtime commands.

#include <istream>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmmig {

/// Gaps between packets, in the order of time.
struct SpikeLog {
    struct Spike {
        double end = 0;     ///< seconds since 1970; a whole number in a spike log
        double gap_ms = 0;
    };
    std::optional<double> start;  ///< seconds since 1970, where the log tells
    std::vector<Spike> spikes;
};

/// The seconds that mm_dirty has told.
struct DirtyLog {
    struct Latency {
        double p50_us = 0, p99_us = 0, max_us = 0;
    };
    struct Second {
        double ms = 0;  ///< how long it was
        double mb_per_second = 0;
        double load_percent = 0;
        std::optional<Latency> latency;
    };
    std::vector<Second> seconds;
};

using MonLog = std::variant<SpikeLog, DirtyLog>;

/// Reads a spike log, the text of mm_dirty (also that of an original one, whose other lines do not matter), or JSON of
/// mm_dirty and client_rr. `name` stands in messages. Throws base::Error that names the line that is none of these, or
/// when there is nothing to read.
MonLog read_log(std::istream& in, const std::string& name);

}  // namespace vmmig
