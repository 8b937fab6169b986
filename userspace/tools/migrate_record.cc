/* SPDX-License-Identifier: GPL-2.0-only */
// Records task migrations while a command runs.

#include <fmt/format.h>

#include <iostream>
#include <system_error>
#include <utility>

#include "base/command_line.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "migrecord/record.h"
#include "migrecord/summary.h"

namespace {

using namespace std::chrono_literals;
namespace po = base::po;

constexpr const char* kName = "migrate_record";

base::CommandLine describe() {
    base::CommandLine line(
        {kName, "[OPTION]... [--] [COMMAND [ARGUMENT]...]",
         "Records which task moves from which CPU to which, when and why, while COMMAND runs, for a time "
         "(--duration) or\n"
         "until Ctrl-C; and saves it to migrate.trace. Loads the kernel module migrate_trace_lite if it has "
         "to, and leaves\n"
         "the system as it was. Needs root.\n",
         "  migrate_record make -j8                 what does a build do?\n"
         "  migrate_record --duration 10s           the whole machine for ten seconds\n"
         "  migrate_record --stat --period 100ms    counts every 100 ms until Ctrl-C: cheap, for hours\n"
         "  migrate_record --duration 5 -o - | migrate_stats --stats\n"
         "  migrate_record --follow | migrate_stats --migrate --ts_rel    as they happen, until Ctrl-C\n"
         "  migrate_record --overwrite       until Ctrl-C, and then what led to it\n"
         "\nExit status: that of COMMAND (128+N when signal N ended it); 127 when it was not found, 126 when "
         "it could not\n"
         "be executed; 0 without COMMAND; 1 when recording failed. A buffer that was full is a warning.\n"},
        base::Operands::EndOptions);
    line.group("What").add_options()("trace", po::bool_switch(), "record every migration (the default)")(
        "stat", po::bool_switch(), "record statistics instead; with --trace both")(
        "period", po::value<std::string>()->value_name("MSEC"),
        "with --stat: count over periods of this length (100, 500ms, 2s; default: what the module has, "
        "usually 1 s)")("duration", po::value<std::string>()->value_name("SEC"),
                        "stop after this time (10, 1.5, 500ms, 2m); a COMMAND that still runs then is ended")(
        "follow", po::bool_switch(), "write events as they come, to standard output without -o")(
        "overwrite", po::bool_switch(), "keep the newest events when a buffer is full, instead of stopping");
    line.group("Output").add_options()(
        "output_file,o", po::value<std::string>()->value_name("FILE"),
        "save to FILE instead of migrate.trace or migrate.stat, - is standard output; an old FILE is kept as "
        "FILE.old; with --trace --stat the statistics go to FILE.stat")(
        "output", po::value<std::string>()->value_name("json"),
        "print the summary as JSON on standard output");
    line.group("Module").add_options()("trace_buf_kb", po::value<std::string>()->value_name("N"),
                                       "size of each CPU's trace buffer in KiB, or with a unit (4M); default: "
                                       "what the module has, usually 1 MiB")(
        "module", po::value<std::string>()->value_name("FILE"), "load this module file")(
        "keep_module", po::bool_switch(), "do not unload the module in the end")(
        "debugfs", po::value<std::string>()->value_name("DIR"), "where debugfs is mounted (default: found)")(
        "force", po::bool_switch(), "throw away a recording that is there or under way");
    return line;
}

migrecord::Options read_options(const base::CommandLine& line) {
    migrecord::Options options;
    bool stat = line.flag("stat");
    std::string output = line.has("output_file") ? line.get<std::string>("output_file") : "";
    if (line.has("output_file") && output.empty()) throw base::UsageError("-o needs the name of a file");
    options.follow = line.flag("follow");
    options.overwrite = line.flag("overwrite");
    for (const char* option : {"follow", "overwrite"})
        if (line.flag(option) && stat && !line.flag("trace")) throw base::UsageError(fmt::format("--{} is for a trace, and --stat records none", option));
    migrecord::choose_files(options, line.flag("trace"), stat, output);
    if (line.has("period")) {
        if (!stat) throw base::UsageError("--period is for statistics: add --stat");
        auto period = std::chrono::round<std::chrono::milliseconds>(
            base::parse_duration("--period", line.get<std::string>("period"), 1ms));
        if (period < 1ms || period > 24h) throw base::UsageError("--period can be 1 ms to 24 h");
        options.period = period;
    }
    if (line.has("duration")) {
        options.duration = base::parse_duration("--duration", line.get<std::string>("duration"));
        if (*options.duration <= 0ns) throw base::UsageError("--duration must be longer than 0");
    }
    if (line.has("trace_buf_kb")) {
        auto kb = base::parse_size("--trace-buf-kb", line.get<std::string>("trace_buf_kb"), 1024) / 1024;
        if (kb < 1 || kb > 1048576)
            throw base::UsageError("--trace-buf-kb can be 1 (1 KiB) to 1048576 (1 GiB)");
        options.facility.trace_buf_kb = kb;
    }
    if (line.has("module")) options.facility.module_file = line.get<std::string>("module");
    if (line.has("debugfs")) options.facility.debugfs = line.get<std::string>("debugfs");
    if (line.has("output")) {
        if (line.get<std::string>("output") != "json") throw base::UsageError("--output can be json only");
        if (options.trace_file == "-" || options.stat_file == "-") throw base::UsageError("--output json and -o - both want standard output");
    }
    options.facility.keep_module = line.flag("keep_module");
    options.force = line.flag("force");
    options.command = line.operands();
    return options;
}

std::string progress(const migrecord::Options& options, std::chrono::nanoseconds elapsed) {
    std::string text = fmt::format("recording for {}", base::format_duration(elapsed));
    if (options.duration && elapsed < *options.duration)
        return text + fmt::format(", {} to go (Ctrl-C stops and saves)",
                                  base::format_duration(*options.duration - elapsed));
    return text + " (Ctrl-C stops and saves)";
}

int work(int argc, char** argv) {
    base::CommandLine line = describe();
    if (!line.parse(argc, argv)) return 0;
    migrecord::Options options = read_options(line);

    base::StopSignals signals;
    base::ProgressLine terminal;
    migrecord::Listener listener;
    listener.warn = [&](const std::string& text) {
        terminal.clear();
        base::warn(text);
    };
    listener.note = [&](const std::string& text) {
        terminal.clear();
        base::tell(text);
    };
    bool told = false;
    // A command has the terminal for itself.
    listener.tick = [&](std::chrono::nanoseconds elapsed) {
        if (!options.command.empty()) return;
        if (terminal.shown()) return terminal.update(progress(options, elapsed));
        if (!options.duration && !std::exchange(told, true)) base::tell("recording until Ctrl-C (SIGINT)");
    };

    migrecord::Result result = migrecord::record(options, signals, listener);
    terminal.clear();
    if (result.start_error)
        base::tell(fmt::format("cannot run '{}': {}; nothing was recorded", options.command.at(0),
                        std::generic_category().message(*result.start_error)));
    for (const auto& text : migrecord::summary_warnings(result, options)) base::warn(text);
    for (const auto& text : migrecord::summary_lines(result)) base::tell(text);
    if (line.has("output")) std::cout << migrecord::summary_json(result).dump(2) << '\n';
    return migrecord::exit_status(result);
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main(kName, [&] { return work(argc, argv); });
}
