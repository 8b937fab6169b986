/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_report: a trace as one page for a browser.

#include <fmt/format.h>

#include <cstdio>

#include "base/command_line.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "base/tool_main.h"
#include "migreport/collect.h"
#include "migreport/page.h"
#include "migtrace/text_table.h"
#include "tools/trace_options.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

const base::ProgramInfo kInfo = {
    "migrate_report", "[OPTION]... [FILE]...",
    "Makes one page of HTML about traces of task migrations: summary, causes over time, CPU pairs, "
    "topology,\n"
    "processes, ping-pong, residency and marks, each with the command that prints the same figures. The "
    "page\n"
    "holds all that it needs and asks the network for nothing. FILEs are read one after another as one "
    "trace;\n"
    "without a FILE, or where it is -, standard input is read. Options may be cut to a unique prefix; "
    "-option\n"
    "is --option.\n",
    "  migrate_report migrate.trace -o report.html\n"
    "      Then open report.html in a browser.\n"
    "  migrate_report --title 'web server, 6.12' --begin_mark 1 --end_mark 2 migrate.trace -o busy.html\n"
    "      What happens between two marks.\n"
    "  migrate_report --comm nginx migrate.trace -o nginx.html\n"
    "      One program only.\n"
    "  perf script --ns | migrate_import | migrate_report -o report.html\n"
    "      Without the kernel module.\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto out = line.group("Output").add_options();
    out("output_file,o", text("FILE"),
        "write to FILE, which appears when it is complete; -: standard output, which is the default where it "
        "is "
        "no terminal");
    out("title", text("TEXT"), "title of the page; default: the names of the FILEs");
    add_filters(line);
    add_window(line);
    auto counting = line.group("Counting").add_options();
    add_max_cpu(counting);
    add_pingpong_time(counting);
    line.group("Input").add_options()("strict", po::bool_switch(),
                                      "a line that makes no sense is an error; without this it is skipped");
}

std::string output_name(const CommandLine& line) {
    if (!line.has("output_file")) {
        if (base::is_terminal(stdout))
            throw UsageError(
                "a page of HTML is nothing for a terminal; name a file with -o, or -o - if you mean it");
        return "-";
    }
    const auto& name = line.get<std::string>("output_file");
    if (name.empty()) throw UsageError("-o needs the name of a file");
    return name;
}

int run(int argc, char** argv) {
    CommandLine line(kInfo);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    const migreport::Source source = {.files = line.operands(),
                                      .strict = line.flag("strict"),
                                      .filters = filters(line),
                                      .window = window_limits(line),
                                      .max_cpu = max_cpu(line),
                                      .pingpong_time = pingpong_time(line)};
    const std::string title = line.has("title") ? line.get<std::string>("title") : "";

    base::refuse_input_as_output(output_name(line), line.operands());
    base::OutputFile file(output_name(line));
    base::ProgressLine progress;
    progress.update("reading");
    const auto all = migreport::collect(source, [&](std::uint64_t migrations, std::uint64_t elapsed) {
        progress.update(fmt::format("{} migrations, {} of the trace", migrations,
                                    migtrace::short_time(static_cast<double>(elapsed))));
    });
    progress.clear();
    file.write(make_page(*all, source, title));
    file.commit();
    for (const std::string& warning : all->warnings) base::warn(warning);
    if (all->counters.total() == 0) base::warn("there is no migration to show");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("migrate_report", [&] { return run(argc, argv); });
}
