/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_import: a trace from what ftrace, trace-cmd and perf print.

#include <fmt/format.h>

#include <cstdio>

#include "base/command_line.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "migtrace/arguments.h"
#include "migtrace/header.h"
#include "migtrace/import.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

const base::ProgramInfo kInfo = {
    "migrate_import", "[OPTION]... [FILE]...",
    "Makes a trace of task migrations from the text of trace-cmd report, perf script or ftrace's file\n"
    "trace, for machines that may not load the kernel module. The cause of a migration is what the events\n"
    "prove: try_to_wake_up, sched_fork, or unknown. FILEs are read one after another as one; without a "
    "FILE,\n"
    "or where it is -, standard input is read. Options may be cut to a unique prefix; -option is --option.\n",
    "  trace-cmd record -e sched_migrate_task -e sched_waking -e sched_wakeup \\\n"
    "      -e sched_wakeup_new -e task_rename sleep 10\n"
    "  trace-cmd report -t | migrate_import -o migrate.trace\n"
    "      With trace-cmd.\n"
    "  perf record -a -e sched:sched_migrate_task -e sched:sched_waking -e sched:sched_wakeup \\\n"
    "      -e sched:sched_wakeup_new -e task:task_rename sleep 10\n"
    "  perf script --ns --header | migrate_import -o migrate.trace\n"
    "      With perf.\n"
    "  migrate_import -o migrate.trace /sys/kernel/tracing/trace\n"
    "      With ftrace's files alone.\n"
    "  trace-cmd report -t | migrate_import | migrate_stats --stats\n"
    "      Straight into an analyzer.\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto out = line.group("Output").add_options();
    out("output_file,o", text("FILE"),
        "write to FILE, which appears when it is complete, and sum up on standard error; default, and -: "
        "standard output");
    auto in = line.group("Input").add_options();
    in("cpus", po::value<std::int64_t>()->value_name("N"),
       "number of CPUs; default: what the input says, or else the largest that occurs and one");
    in("clock_zero", text("SEC"),
       "wall clock when the input's clock was 0, in seconds since 1970, with a fraction if need be: often "
       "the btime of /proc/stat; default 0, for inputs whose clock is the wall clock");
    in("strict", po::bool_switch(), "a line that makes no sense is an error; without this it is skipped");
}

/// Microseconds since 1970.
std::uint64_t clock_zero(const std::string& text) {
    constexpr std::uint64_t kLastSecond = 5'000'000'000;
    const auto time = migtrace::parse_seconds(text);
    if (!time || *time / 1'000'000'000 > kLastSecond)
        throw UsageError(fmt::format(
            "--clock_zero: '{}' is no time in seconds since 1970; write 1281528519 or 1281528519.89", text));
    return *time / 1000;
}

unsigned cpus(std::int64_t number) {
    if (number < 1 || number > migtrace::kMostCpus)
        throw UsageError(
            fmt::format("--cpus: {} is no number of CPUs; it can be 1 to {}", number, migtrace::kMostCpus));
    return static_cast<unsigned>(number);
}

void sum_up(const migtrace::ImportSummary& summary, const std::string& file, bool clock) {
    fmt::print(
        stderr,
        "migrate_import: {} migrations ({} try_to_wake_up, {} sched_fork, {} unknown), {} CPUs, {} -> {}{}\n",
        summary.migrations, summary.try_to_wake_up, summary.sched_fork, summary.unknown, summary.cpus,
        base::format_duration(std::chrono::nanoseconds(summary.duration)), file,
        clock ? "" : "; wall clocks in it are the input's clock (--clock_zero)");
}

migtrace::ImportOptions import_options(const CommandLine& line) {
    migtrace::ImportOptions options;
    options.files = line.operands();
    options.strict = line.flag("strict");
    if (line.has("cpus")) options.cpus = cpus(line.get<std::int64_t>("cpus"));
    if (line.has("clock_zero")) options.clock_zero_us = clock_zero(line.get<std::string>("clock_zero"));
    return options;
}

int run(int argc, char** argv) {
    CommandLine line(kInfo);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    const migtrace::ImportOptions options = import_options(line);
    const std::string name = line.has("output_file") ? line.get<std::string>("output_file") : "-";
    if (name.empty()) throw UsageError("-o needs the name of a file");

    base::refuse_input_as_output(name, line.operands());
    base::OutputFile file(name);
    migtrace::Output output(file);
    const migtrace::ImportSummary summary = migtrace::import_trace(options, output);
    output.flush();
    file.commit();
    for (const std::string& warning : summary.warnings) base::warn(warning);
    if (name != "-") sum_up(summary, name, line.has("clock_zero"));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("migrate_import", [&] { return run(argc, argv); });
}
