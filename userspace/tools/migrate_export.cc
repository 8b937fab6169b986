/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_export: a trace as a picture for Perfetto and chrome://tracing.

#include <fmt/format.h>

#include "base/command_line.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tool_main.h"
#include "migtrace/chrome_trace.h"
#include "migtrace/trace_check.h"
#include "tools/trace_options.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

const base::ProgramInfo kInfo = {
    "migrate_export", "[OPTION]... [FILE]...",
    "Writes traces of task migrations as JSON for Perfetto (https://ui.perfetto.dev) and chrome://tracing:\n"
    "a track for each CPU, an arrow for each migration, a line for each mark. FILEs are read one after\n"
    "another as one trace; without a FILE, or where it is -, standard input is read. Options may be cut to "
    "a\n"
    "unique prefix; -option is --option.\n",
    "  migrate_export -o trace.json migrate.trace\n"
    "      Then open trace.json at https://ui.perfetto.dev; nothing is uploaded.\n"
    "  migrate_export --begin_mark 1 --end_mark 2 migrate.trace >trace.json\n"
    "      What happens between two marks.\n"
    "  migrate_export --cause pull_task --cause pull_one_task -o balance.json migrate.trace\n"
    "      Load balancing only.\n"
    "  migrate_export --comm nginx --begin_sec 2 --end_sec 3 -o nginx.json migrate.trace\n"
    "      One program, during one second.\n"
    "  perf script --ns | migrate_import | migrate_export -o trace.json\n"
    "      Without the kernel module.\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto out = line.group("Output").add_options();
    out("output_file,o", text("FILE"),
        "write to FILE, which appears when it is complete; default, and -: standard output");
    add_filters(line);
    add_window(line);
    line.group("Input").add_options()("strict", po::bool_switch(),
                                      "a line that makes no sense is an error; without this it is skipped");
}

migtrace::WalkOptions walk_options(const CommandLine& line) {
    migtrace::WalkOptions options;
    options.filters = filters(line);
    options.window = window_limits(line);
    return options;
}

int run(int argc, char** argv) {
    CommandLine line(kInfo);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    const migtrace::WalkOptions options = walk_options(line);
    const std::string name = line.has("output_file") ? line.get<std::string>("output_file") : "-";
    if (name.empty()) throw UsageError("-o needs the name of a file");

    base::refuse_input_as_output(name, line.operands());
    base::OutputFile file(name);
    migtrace::Output output(file);
    migtrace::TraceReader reader({.files = line.operands(), .strict = line.flag("strict")});
    migtrace::check_is_trace(reader, line.operands());
    migtrace::ChromeTrace trace(output);
    migtrace::walk(reader, options, {&trace});
    output.flush();
    file.commit();
    for (const std::string& warning : reader.warnings()) base::warn(warning);
    for (const std::string& warning : trace.warnings()) base::warn(warning);
    if (trace.shown() == 0) base::warn("there is no migration to show");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("migrate_export", [&] { return run(argc, argv); });
}
