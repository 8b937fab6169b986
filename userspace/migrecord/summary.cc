/* SPDX-License-Identifier: GPL-2.0-only */
#include "migrecord/summary.h"

#include <fmt/format.h>

#include "base/units.h"

namespace migrecord {

namespace {

std::string count(std::uint64_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string target(const Saved& saved) {
    return fmt::format("{} ({})", saved.file == "-" ? "standard output" : saved.file,
                       base::format_size(saved.tally.bytes()));
}

double seconds(std::chrono::nanoseconds time) {
    return static_cast<double>(time.count()) / 1e9;
}

}  // namespace

std::vector<std::string> summary_lines(const Result& result) {
    std::vector<std::string> lines;
    if (result.trace) {
        const Tally& tally = result.trace->tally;
        lines.push_back(fmt::format("{}, {}, {} -> {}", count(tally.migrations(), "migration"),
                                    count(tally.cpus(), "CPU"), base::format_duration(result.duration),
                                    target(*result.trace)));
    }
    if (result.stat) {
        const Tally& tally = result.stat->tally;
        lines.push_back(fmt::format("{} in {} of {} ms, {} -> {}", count(tally.migrations(), "migration"),
                                    count(tally.lines(), "period"), tally.period_msec(),
                                    base::format_duration(result.duration), target(*result.stat)));
    }
    return lines;
}

std::vector<std::string> summary_warnings(const Result& result, const Options& options) {
    std::vector<std::string> warnings;
    if (result.trace && result.trace->stopped_by_itself)
        warnings.push_back(fmt::format(
            "the trace stopped by itself because a buffer was full: {} has events of the first {} of {} "
            "only; raise "
            "--trace-buf-kb{}",
            result.trace->file == "-" ? "it" : result.trace->file,
            base::format_duration(std::chrono::nanoseconds(result.trace->tally.span_ns())),
            base::format_duration(result.duration),
            options.facility.trace_buf_kb ? fmt::format(" (it was {})", *options.facility.trace_buf_kb)
                                          : ""));
    if (result.stat && result.stat->stopped_by_itself)
        warnings.push_back(
            "the statistics stopped by themselves because their memory was full: choose a longer --period, "
            "or load the "
            "module with more stat_hours");
    else if (result.stat && result.stat->tally.lines() == 0)
        warnings.push_back(
            fmt::format("no period was complete: the recording took {} and a period {} ms; choose a shorter "
                        "--period",
                        base::format_duration(result.duration), result.stat->tally.period_msec()));
    if (result.command_runs)
        warnings.push_back(fmt::format("'{}' was asked to end and still runs", options.command.at(0)));
    return warnings;
}

nlohmann::ordered_json summary_json(const Result& result) {
    nlohmann::ordered_json json;
    json["seconds"] = seconds(result.duration);
    if (result.trace) {
        const Tally& tally = result.trace->tally;
        json["trace"] = {{"file", result.trace->file},
                         {"bytes", tally.bytes()},
                         {"events", tally.lines()},
                         {"migrations", tally.migrations()},
                         {"cpus", tally.cpus()},
                         {"span_seconds", static_cast<double>(tally.span_ns()) / 1e9},
                         {"stopped_by_itself", result.trace->stopped_by_itself}};
    }
    if (result.stat) {
        const Tally& tally = result.stat->tally;
        json["stat"] = {
            {"file", result.stat->file},          {"bytes", tally.bytes()},
            {"period_msec", tally.period_msec()}, {"periods", tally.lines()},
            {"migrations", tally.migrations()},   {"stopped_by_itself", result.stat->stopped_by_itself}};
    }
    json["exit_status"] = exit_status(result);
    return json;
}

}  // namespace migrecord
