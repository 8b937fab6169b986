/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/command.h"

#include <fmt/format.h>

#include "base/shell.h"

namespace migreport {

namespace {

std::string option(const char* name, const std::string& value) {
    return fmt::format(" --{} {}", name, base::shell_quoted(value));
}

std::string text_of(const std::string& value) {
    return value;
}
std::string text_of(std::int64_t value) {
    return fmt::format("{}", value);
}

template <class T>
std::string options(const std::string& name, const migtrace::Selection<T>& selection) {
    std::string text;
    for (const T& value : selection.include) text += option(name.c_str(), text_of(value));
    for (const T& value : selection.exclude) text += option((name + "_exclude").c_str(), text_of(value));
    return text;
}

std::string filter_options(const migtrace::Filters& filters, Repeat repeat) {
    std::string text;
    if (repeat == Repeat::All)
        text = options("cause", filters.cause) + options("comm", filters.comm) +
               options("cpu_event", filters.cpu_event) + options("cpu_from", filters.cpu_from) +
               options("cpu_to", filters.cpu_to);
    return text + options("pid", filters.pid);
}

/// Whether filters act on a report that shows no migration: one behind an end by time ends the reading if it passes them.
bool ends_by_time(const migtrace::WindowLimits& window) {
    return window.end_ns || window.end_ts;
}

/// As short as it goes: "5", "0.25".
std::string seconds_text(std::int64_t ns) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const std::uint64_t size = ns < 0 ? -static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
    std::string text = fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", size / kSecond, size % kSecond);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string window_options(const migtrace::WindowLimits& window) {
    std::string text;
    auto hex = [&](const char* name, const std::optional<std::uint64_t>& value) {
        if (value) text += fmt::format(" --{} 0x{:x}", name, *value);
    };
    auto seconds = [&](const char* name, const std::optional<std::int64_t>& ns) {
        if (ns) text += fmt::format(" --{} {}", name, seconds_text(*ns));
    };
    hex("begin_mark", window.begin_mark);
    seconds("begin_sec", window.begin_ns);
    hex("begin_ts", window.begin_ts);
    hex("end_mark", window.end_mark);
    seconds("end_sec", window.end_ns);
    hex("end_ts", window.end_ts);
    return text;
}

}  // namespace

std::string file_operand(const std::string& name) {
    const bool option = name.size() > 1 && name[0] == '-';
    return base::shell_quoted(option ? "./" + name : name);
}

bool reads_standard_input(const Source& source) {
    for (const std::string& file : source.files)
        if (file == "-") return true;
    return source.files.empty();
}

std::string stats_command(const Source& source, const std::string& report, Repeat filters) {
    std::string command = "migrate_stats " + report;
    if (filters == Repeat::All || ends_by_time(source.window)) command += filter_options(source.filters, filters);
    command += window_options(source.window);
    // migrate_stats warns of it where it changes nothing.
    const bool has_cpus = report.starts_with("--stats") || report.starts_with("--period ");
    if (source.max_cpu && has_cpus) command += fmt::format(" --max_cpu {}", *source.max_cpu);
    if (source.files.empty()) return command + " -";
    for (const std::string& file : source.files) command += " " + file_operand(file);
    return command;
}

}  // namespace migreport
