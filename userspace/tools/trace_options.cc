/* SPDX-License-Identifier: GPL-2.0-only */
#include "tools/trace_options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "migtrace/arguments.h"

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

void add_window(CommandLine& line) {
    auto add = line.group(
                       "Window (the latest begin and the first end count)\n"
                       "MARK and TS are decimal, 0x.. hexadecimal, 0b.. binary, or octal with a leading 0")
                   .add_options();
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto number = [] { return po::value<std::int64_t>()->value_name("SEC"); };
    add("begin_mark", text("MARK"), "begin with the first mark MARK");
    add("begin_sec", number(), "begin SEC seconds after the start of the trace");
    add("begin_ts", text("TS"), "begin at time stamp TS");
    add("end_mark", text("MARK"), "end with the first mark MARK");
    add("end_sec", number(), "end SEC seconds after the start of the trace");
    add("end_ts", text("TS"), "end at time stamp TS");
}

namespace {

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

}  // namespace

std::optional<std::int64_t> number(const CommandLine& line, const std::string& option) {
    return line.has(option) ? std::optional(line.get<std::int64_t>(option)) : std::nullopt;
}

migtrace::WindowLimits window_limits(const CommandLine& line) {
    return {.begin_mark = mark(line, "begin_mark"),
            .begin_ts = mark(line, "begin_ts"),
            .end_mark = mark(line, "end_mark"),
            .end_ts = mark(line, "end_ts"),
            .begin_sec = number(line, "begin_sec"),
            .end_sec = number(line, "end_sec")};
}
