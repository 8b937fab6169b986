/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_stats: what moved in a trace, when, and why.

#include <fmt/format.h>

#include <cstdio>

#include "base/command_line.h"
#include "base/error.h"
#include "base/file.h"
#include "base/terminal.h"
#include "base/tool_main.h"
#include "migtrace/analysis.h"
#include "migtrace/help_format.h"
#include "tools/trace_options.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using Texts = std::vector<std::string>;

const base::ProgramInfo kInfo = {
    "migrate_stats", "[OPTION]... [FILE]...",
    "Reads traces of task migrations (migration_trace/trace) and prints events, counts and rates. FILEs are "
    "read one\n"
    "after another as one trace; without a FILE, or where it is -, standard input is read. They may be in "
    "the order in\n"
    "which the kernel writes them, or sorted. Options may be cut to a unique prefix; -option is --option.\n",
    "  migrate_stats --stats trace\n"
    "      Which cause dominates, and a table from CPU to CPU.\n"
    "  migrate_stats --summary_pid --top 10 trace\n"
    "      Who moves most.\n"
    "  migrate_stats --topology --top 10 trace\n"
    "      Who moves between caches and nodes.\n"
    "  migrate_stats --residency trace\n"
    "      How long tasks stay on a CPU, and what takes them away.\n"
    "  migrate_stats --pingpong --pingpong_time 2ms trace\n"
    "      Who comes back to a CPU that it has just left.\n"
    "  migrate_stats --migrate --ts_rel trace\n"
    "      Every migration, with the time since the beginning.\n"
    "  migrate_stats --summary_pid --cause pull_task trace\n"
    "      Who is moved by load balancing.\n"
    "  migrate_stats --migrate --mark --ts_gmt --begin_mark 1 --end_mark 2 trace\n"
    "      What happens between two marks.\n"
    "  migrate_stats --period 1000 --period_all --period_cause trace >stat\n"
    "      Rates per second, for migrate_extract and migrate_graph.\n"
    "  migrate_stats --stats --output json trace | jq .total.count\n"
    "      For programs.\n"
    "  migrate_stats --residency --output csv trace >stays.csv\n"
    "      For spreadsheets.\n"};

/// Scripts rely on the prefixes of these.
const Texts kOriginalOptions = {
    "begin_mark",      "begin_sec",        "begin_ts", "end_mark",       "end_sec",      "end_ts",
    "cause",           "cause_exclude",    "comm",     "comm_exclude",   "cpu_event",    "cpu_event_exclude",
    "cpu_from",        "cpu_from_exclude", "cpu_to",   "cpu_to_exclude", "pid",          "pid_exclude",
    "consistency",     "header_version",   "help",     "help_format",    "mark",         "mark_decimal",
    "max_cpu",         "migrate",          "period",   "period_all",     "period_cause", "period_cpu",
    "period_cpu_pair", "period_human",     "ps",       "stats",          "summary_pid",  "ts_abs",
    "ts_date",         "ts_gmt",           "ts_local", "ts_rel",         "version"};

void add_reports(CommandLine& line) {
    auto add = line.group("Reports").add_options();
    add("stats", po::bool_switch(), "causes with count and rate, and the table from CPU to CPU");
    add("migrate", po::bool_switch(), "each migration");
    add("ps", po::bool_switch(), "each process that gets a name");
    add("mark", po::bool_switch(), "each mark, in hexadecimal");
    add("mark_decimal", po::bool_switch(), "each mark, in decimal");
    add("summary_pid", po::bool_switch(), "per process: count, rate and names");
    add("topology", po::bool_switch(),
        "by cause and by process: migrations within a core, within a cache, across caches, across nodes");
    add("residency", po::bool_switch(),
        "how long tasks stay on a CPU: percentiles, by the cause that takes them away");
    add("pingpong", po::bool_switch(),
        "tasks that return to a CPU soon after they left it, and the causes of both");
    add_pingpong_time(add);
    add("top", po::value<std::int64_t>()->value_name("N"),
        "the N worst processes only, the worst first; for --summary_pid, --topology and --pingpong");
    add("consistency", po::bool_switch(), "when each CPU began to record, and how far apart that was");
    add("header_version", po::bool_switch(), "the version of the trace's format, and nothing else");
    add("help_format", po::bool_switch(), "explain what the reports print, and exit");
}

void add_periods(CommandLine& line) {
    auto add = line.group("Rates per period").add_options();
    add("period", po::value<std::int64_t>()->value_name("MSEC"), "length of a period in milliseconds");
    add("period_all", po::bool_switch(), "all migrations");
    add("period_cause", po::bool_switch(), "each cause");
    add("period_cpu", po::bool_switch(), "from each CPU, and to each CPU");
    add("period_cpu_pair", po::bool_switch(), "from each CPU to each CPU");
    add("period_topology", po::bool_switch(),
        "migrations within a core, within a cache, across caches, across nodes");
    add("period_human", po::bool_switch(), "in columns that people can read");
    add("period_last", po::bool_switch(), "also the period with which the window ends exactly");
}

void add_form(CommandLine& line) {
    auto add = line.group("Form").add_options();
    add("ts_rel", po::bool_switch(), "time stamps as seconds since the window began");
    add("ts_gmt", po::bool_switch(), "time stamps as time of day, UTC");
    add("ts_local", po::bool_switch(), "time stamps as time of day, local time; also --ts_loc");
    add("ts_abs", po::bool_switch(), "time stamps as in the trace");
    add("ts_date", po::bool_switch(), "the date in front of the time of day");
    add("comm_whole", po::bool_switch(),
        "show names that hold a ': ' whole; without this --migrate, --ps and --summary_pid show as text, as the "
        "original did, what stands behind the last one");
    add_max_cpu(add);
    add("output", po::value<std::string>()->value_name("FORM")->default_value("text"),
        "text; json: an object per line; csv: one report, as a table");
    add("align", po::bool_switch(),
        "widen columns where a number does not fit; without this only on a terminal, and in reports that "
        "--top "
        "cuts");
    add("strict", po::bool_switch(), "a line that makes no sense is an error; without this it is skipped");
    line.alias("ts_loc", "ts_local");
}

/// Whether nothing is asked for that would cut names, but something that shows them.
bool whole_names_anyway(const CommandLine& line) {
    return line.flag("topology") || line.flag("residency") || line.flag("pingpong") ||
           output_form(line) != migtrace::Form::Text;
}

migtrace::WalkOptions walk_options(const CommandLine& line) {
    migtrace::WalkOptions options;
    options.filters = filters(line);
    options.window = window_limits(line);
    options.max_cpu = max_cpu(line);
    return options;
}

std::optional<migtrace::PeriodOptions> period_options(const CommandLine& line) {
    migtrace::PeriodOptions options{.causes = line.flag("period_cause"),
                                    .all = line.flag("period_all"),
                                    .cpus = line.flag("period_cpu"),
                                    .pairs = line.flag("period_cpu_pair"),
                                    .topology = line.flag("period_topology"),
                                    .last = line.flag("period_last")};
    const bool wanted = options.causes || options.all || options.cpus || options.pairs || options.topology;
    const auto msec = number(line, "period");
    if (!msec) {
        if (wanted)
            throw UsageError(
                "--period_all, --period_cause, --period_cpu, --period_cpu_pair and --period_topology need "
                "--period MSEC");
        return std::nullopt;
    }
    if (*msec <= 0) throw UsageError(fmt::format("--period: {} is not greater than 0", *msec));
    if (!wanted)
        throw UsageError(
            "--period needs one of --period_all, --period_cause, --period_cpu, --period_cpu_pair and "
            "--period_topology");
    options.msec = static_cast<std::uint64_t>(*msec);
    return options;
}

migtrace::ReportOptions report_options(const CommandLine& line) {
    migtrace::ReportOptions options;
    options.form = output_form(line);
    const bool terminal = base::is_terminal(stdout);
    options.cut_names = !line.flag("comm_whole");
    options.safe_names = terminal;
    options.align = terminal || line.flag("align") || line.has("top");
    if (const auto top = number(line, "top")) {
        if (*top <= 0) throw UsageError(fmt::format("--top: {} is not greater than 0", *top));
        if (!line.flag("summary_pid") && !line.flag("topology") && !line.flag("pingpong"))
            throw UsageError("--top needs one of --summary_pid, --topology and --pingpong");
        options.top = static_cast<std::size_t>(*top);
    }
    options.migrations = line.flag("migrate");
    options.comms = line.flag("ps");
    options.marks = line.flag("mark") || line.flag("mark_decimal");
    options.marks_decimal = line.flag("mark_decimal");
    options.starts = line.flag("consistency");
    options.times = {.rel = line.flag("ts_rel"),
                     .gmt = line.flag("ts_gmt"),
                     .local = line.flag("ts_local"),
                     .abs = line.flag("ts_abs"),
                     .date = line.flag("ts_date")};
    options.human = line.flag("period_human");
    if (line.has("comm_exclude")) options.comms_left_out = line.get<Texts>("comm_exclude");
    return options;
}

/// Programs that read CSV expect one table.
void check_csv(const migtrace::Analysis& a) {
    if (a.report.form != migtrace::Form::Csv) return;
    const bool events = a.report.migrations || a.report.comms || a.report.marks;
    const int reports = events + a.consistency + a.stats + a.summary_pid + a.topology + a.residency +
                        a.pingpong.has_value() + a.periods.has_value();
    if (reports > 1)
        throw UsageError(
            "--output csv prints one report at a time, because each has columns of its own (--migrate, --ps "
            "and --mark "
            "count as one); run it once for each, or take --output json");
}

migtrace::Analysis analysis(const CommandLine& line) {
    migtrace::Analysis analysis;
    analysis.input = {.files = line.operands(), .strict = line.flag("strict")};
    analysis.walk = walk_options(line);
    analysis.periods = period_options(line);
    analysis.report = report_options(line);
    if (analysis.periods) analysis.report.period_msec = analysis.periods->msec;
    analysis.consistency = line.flag("consistency");
    analysis.stats = line.flag("stats");
    analysis.summary_pid = line.flag("summary_pid");
    analysis.topology = line.flag("topology");
    analysis.residency = line.flag("residency");
    if (line.flag("pingpong"))
        analysis.pingpong = pingpong_time(line);
    else if (line.has("pingpong_time"))
        throw UsageError("--pingpong_time needs --pingpong");
    check_csv(analysis);
    return analysis;
}

void describe(CommandLine& line) {
    add_reports(line);
    add_periods(line);
    add_filters(line, "; acts on --ps too");
    add_window(line);
    add_form(line);
    line.keep_prefixes_of(kOriginalOptions);
}

void put_version(const migtrace::Analysis& what, migtrace::Output& output) {
    const std::string version = migtrace::TraceReader(what.input).find_version();
    if (version.empty()) return;
    switch (what.report.form) {
        case migtrace::Form::Text:
            return output.format("{}\n", version);
        case migtrace::Form::Json:
            return output.format("{{\"type\":\"header\",\"version\":\"{}\"}}\n", version);
        case migtrace::Form::Csv:
            return output.format("version\r\n{}\r\n", version);
    }
}

bool asks_for_anything(const migtrace::Analysis& what) {
    const migtrace::ReportOptions& report = what.report;
    return report.migrations || report.comms || report.marks || what.consistency || what.stats || what.summary_pid ||
           what.topology || what.residency || what.pingpong || what.periods;
}

/// Of options that change nothing in what was asked for. --ts_date alone is not among them: scripts know it as silent.
void warn_of_idle_options(const CommandLine& line, const migtrace::Analysis& what) {
    const migtrace::ReportOptions& report = what.report;
    const Texts times = {"ts_rel", "ts_gmt", "ts_local", "ts_abs", "ts_date"};
    const bool events = report.migrations || report.comms || report.marks || report.starts;
    if (!what.periods) warn_of_idle(line, {"period_human", "period_last"}, "--period");
    if (!what.periods && !events)
        warn_of_idle(line, times, "--migrate, --ps, --mark, --consistency or --period");
    else if (report.form != migtrace::Form::Text)
        warn_of_idle(line, times, "--output text");
    if (report.form != migtrace::Form::Text) {
        warn_of_idle(line, {"align"}, "--output text");
        if (what.periods) warn_of_idle(line, {"period_human"}, "--output text");
    }
    // Aligned events leave room for the largest CPU.
    if (!what.stats && !what.periods && !(events && report.align)) warn_of_idle(line, {"max_cpu"}, "--stats or --period");
    if (!report.migrations && !report.comms && !what.summary_pid && !whole_names_anyway(line))
        warn_of_idle(line, {"comm_whole"}, "--migrate, --ps or --summary_pid");

    const bool migrations = report.migrations || what.stats || what.summary_pid || what.topology || what.residency ||
                            what.pingpong || what.periods;
    if (migrations || !asks_for_anything(what)) return;
    if (!report.marks) warn_of_idle(line, {"begin_mark", "begin_sec", "begin_ts"}, "a report about migrations or marks");
    // A migration behind an end by time ends the reading if it passes the filters.
    if (what.walk.window.end_ns || what.walk.window.end_ts) return;
    warn_of_idle(line,
                 {"cause", "cause_exclude", "comm", "comm_exclude", "cpu_event", "cpu_event_exclude", "cpu_from",
                  "cpu_from_exclude", "cpu_to", "cpu_to_exclude"},
                 "a report about migrations");
    if (!report.comms) warn_of_idle(line, {"pid", "pid_exclude"}, "--ps or a report about migrations");
}

int run(int argc, char** argv, migtrace::Output& output) {
    CommandLine line(kInfo);
    describe(line);
    if (!line.parse(argc, argv)) return 0;
    base::refuse_input_as_stdout(line.operands());
    if (line.flag("help_format")) {
        output.put(migtrace::kHelpFormat);
        return 0;
    }
    const migtrace::Analysis what = analysis(line);
    if (line.flag("header_version")) {
        put_version(what, output);
        return 0;
    }
    if (!asks_for_anything(what) && base::is_terminal(stdout))
        base::warn("no report was asked for; try --stats, and --help for the others");
    for (const std::string& warning : migtrace::run(what, output)) base::warn(warning);
    warn_of_idle_options(line, what);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("migrate_stats", [&] {
        migtrace::Output output(stdout);
        return output.flush_after([&] { return run(argc, argv, output); });
    });
}
