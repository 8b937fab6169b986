/* SPDX-License-Identifier: GPL-2.0-only */
#include "tools/trace_options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "migtrace/arguments.h"
#include "migtrace/header.h"
#include "migtrace/residency.h"

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

void add_filters(CommandLine& line, const std::string& pid_note) {
    auto add =
        line.group("Filters (all of them must let a migration pass; each may be repeated)").add_options();
    auto texts = [] { return po::value<std::vector<std::string>>()->composing()->value_name("NAME"); };
    auto numbers = [](const char* name) {
        return po::value<std::vector<std::int64_t>>()->composing()->value_name(name);
    };
    add("cause", texts(), "migrations with this cause");
    add("cause_exclude", texts(), "with any other cause");
    add("comm", texts(), "of processes that have this name at the time");
    add("comm_exclude", texts(), "that have any other name");
    add("cpu_event", numbers("CPU"), "recorded by this CPU");
    add("cpu_event_exclude", numbers("CPU"), "recorded by any other CPU");
    add("cpu_from", numbers("CPU"), "away from this CPU");
    add("cpu_from_exclude", numbers("CPU"), "away from any other CPU");
    add("cpu_to", numbers("CPU"), "to this CPU");
    add("cpu_to_exclude", numbers("CPU"), "to any other CPU");
    add("pid", numbers("PID"), ("of this process" + pid_note).c_str());
    add("pid_exclude", numbers("PID"), ("of any other process" + pid_note).c_str());
}

void add_window(CommandLine& line) {
    auto add = line.group(
                       "Window (the latest begin and the first end count)\n"
                       "MARK and TS are decimal, 0x.. hexadecimal, 0b.. binary, or octal with a leading 0")
                   .add_options();
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    add("begin_mark", text("MARK"), "begin with the first mark MARK");
    add("begin_sec", text("SEC"), "begin SEC seconds after the start of the trace, such as 2 or 0.25");
    add("begin_ts", text("TS"), "begin at time stamp TS");
    add("end_mark", text("MARK"), "end with the first mark MARK");
    add("end_sec", text("SEC"), "end SEC seconds after the start of the trace");
    add("end_ts", text("TS"), "end at time stamp TS");
}

namespace {

template <class T>
migtrace::Selection<T> selection(const CommandLine& line, const std::string& option) {
    auto list = [&](const std::string& name) {
        return line.has(name) ? line.get<std::vector<T>>(name) : std::vector<T>();
    };
    return {list(option), list(option + "_exclude")};
}

std::optional<std::uint64_t> mark(const CommandLine& line, const std::string& option) {
    if (!line.has(option)) return std::nullopt;
    const auto& text = line.get<std::string>(option);
    auto value = migtrace::parse_mark(text);
    if (!value)
        throw UsageError(
            fmt::format("--{}: '{}' is no number of 64 bits; write decimal, 0x.. hexadecimal, 0b.. binary, "
                        "or octal with a leading 0",
                        option, text));
    return value;
}

/// Nanoseconds.
std::optional<std::int64_t> seconds(const CommandLine& line, const std::string& option) {
    if (!line.has(option)) return std::nullopt;
    const auto& text = line.get<std::string>(option);
    const auto value = migtrace::parse_signed_seconds(text);
    if (!value)
        throw UsageError(fmt::format("--{}: '{}' is no number of seconds; write 2, or 0.25 with at most nine decimals", option, text));
    return value;
}

}  // namespace

std::optional<std::int64_t> number(const CommandLine& line, const std::string& option) {
    return line.has(option) ? std::optional(line.get<std::int64_t>(option)) : std::nullopt;
}

void add_max_cpu(po::options_description_easy_init& group) {
    group("max_cpu", po::value<std::int64_t>()->value_name("CPU"), "largest CPU in tables, instead of what the trace says");
}

void add_pingpong_time(po::options_description_easy_init& group) {
    group("pingpong_time", po::value<std::string>()->value_name("MSEC"),
          "who comes back to a CPU within so many milliseconds plays ping-pong: 10 if not given; 500us, 2s and the "
          "like are understood too");
}

std::optional<unsigned> max_cpu(const CommandLine& line) {
    const auto cpu = number(line, "max_cpu");
    if (!cpu) return std::nullopt;
    if (*cpu < 0 || *cpu >= migtrace::kMostCpus)
        throw UsageError(
            fmt::format("--max_cpu: {} is no CPU; they go from 0 to {}", *cpu, migtrace::kMostCpus - 1));
    return static_cast<unsigned>(*cpu);
}

std::chrono::nanoseconds pingpong_time(const CommandLine& line) {
    if (!line.has("pingpong_time")) return migtrace::kPingPongTime;
    const auto time = base::parse_duration("--pingpong_time", line.get<std::string>("pingpong_time"),
                                           std::chrono::milliseconds(1));
    if (time.count() <= 0) throw UsageError("--pingpong_time: it is not greater than 0");
    return time;
}

void warn_of_idle(const CommandLine& line, const std::vector<std::string>& options, const std::string& needed) {
    std::string given;
    unsigned count = 0;
    for (const std::string& option : options) {
        if (!line.has(option)) continue;
        given += (given.empty() ? "--" : ", --") + option;
        count++;
    }
    if (count > 0) base::warn(fmt::format("{} {} no effect without {}", given, count == 1 ? "has" : "have", needed));
}

migtrace::Form output_form(const CommandLine& line) {
    const auto& form = line.get<std::string>("output");
    if (form == "text") return migtrace::Form::Text;
    if (form == "json") return migtrace::Form::Json;
    if (form == "csv") return migtrace::Form::Csv;
    throw UsageError(fmt::format("--output: '{}' is none of text, json and csv", form));
}

migtrace::Filters filters(const CommandLine& line) {
    migtrace::Filters filters;
    filters.cause = selection<std::string>(line, "cause");
    filters.comm = selection<std::string>(line, "comm");
    filters.cpu_event = selection<std::int64_t>(line, "cpu_event");
    filters.cpu_from = selection<std::int64_t>(line, "cpu_from");
    filters.cpu_to = selection<std::int64_t>(line, "cpu_to");
    filters.pid = selection<std::int64_t>(line, "pid");
    filters.check();
    return filters;
}

migtrace::WindowLimits window_limits(const CommandLine& line) {
    return {.begin_mark = mark(line, "begin_mark"),
            .end_mark = mark(line, "end_mark"),
            .begin_ts = mark(line, "begin_ts"),
            .end_ts = mark(line, "end_ts"),
            .begin_ns = seconds(line, "begin_sec"),
            .end_ns = seconds(line, "end_sec")};
}
