/* SPDX-License-Identifier: GPL-2.0-only */
// Draws pictures of task migrations.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "base/command_line.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "miggraph/input.h"
#include "miggraph/picture.h"
#include "miggraph/plan.h"

namespace {

using namespace std::chrono_literals;
namespace po = base::po;

constexpr const char* kName = "migrate_graph";

base::CommandLine describe() {
    base::CommandLine line(
        {kName, "[OPTION]... [FILE|DIRECTORY]...",
         "Draws a trace (migrate_record), a stat file, what lies in debugfs (a DIRECTORY), or lines of a "
         "time and a value\n"
         "(migrate_extract), and prints the names of the pictures. Without FILE, or with -, it reads "
         "standard input.\n",
         "  migrate_graph migrate.trace                      rate, causes, CPU pairs and CPUs as PNG\n"
         "  migrate_graph --graph cause -o why.svg migrate.trace\n"
         "  migrate_graph --format terminal migrate.stat     here and now\n"
         "  migrate_graph --graph field --output_dir all migrate.stat\n"
         "                                                   a picture for each field\n"
         "  migrate_extract --extract 8 migrate.stat | migrate_graph -TT \"try_to_wake_up\"\n"
         "                                                   try_to_wake_up.png\n"
         "\nExit status: 0 when all pictures were written, 1 otherwise; Ctrl-C ends it by that signal.\n"});
    line.group("What").add_options()("graph", po::value<std::string>()->value_name("LIST"),
                                     "of rate, cause, pair (from CPU to CPU), cpu and field (one picture for "
                                     "each field of a stat file); default: "
                                     "the first four, as far as the input tells")(
        "period", po::value<std::string>()->value_name("MSEC"),
        "one point for each period of this length (100, 500ms, 2s) in a trace; default: 80 to 200 points")(
        "title", po::value<std::string>()->value_name("TEXT"),
        "title (-TT is the same); names the picture of times and values");
    line.alias("TT", "title");
    line.group("Output").add_options()(
        "output_file,o", po::value<std::string>()->value_name("FILE"),
        "name of the picture; of several: FILE x.png gives x-cause.png; - is standard output")(
        "output_dir", po::value<std::string>()->value_name("DIR"),
        "folder for the pictures, made if need be")(
        "format", po::value<std::string>()->value_name("FORMAT"),
        "png, svg, pdf or terminal; default: what the name of FILE says, else png")(
        "size", po::value<std::string>()->value_name("WxH"), "in pixels; in a terminal in characters");
    return line;
}

std::string text_option(const base::CommandLine& line, const std::string& name) {
    return line.has(name) ? line.get<std::string>(name) : "";
}

miggraph::DrawOptions draw_options(const base::CommandLine& line) {
    miggraph::DrawOptions what;
    if (line.has("graph")) what.graphs = miggraph::parse_graphs(text_option(line, "graph"));
    if (line.has("period")) {
        what.period = base::parse_duration("--period", text_option(line, "period"), 1ms);
        if (*what.period < 1us) throw base::UsageError("--period must be 1 us at least");
    }
    what.title = text_option(line, "title");
    return what;
}

int work(int argc, char** argv) {
    base::CommandLine line = describe();
    if (!line.parse(argc, argv)) return 0;
    std::vector<std::string> operands = line.operands();
    if (operands.empty()) {
        if (::isatty(STDIN_FILENO))
            throw base::UsageError("nothing to draw: name a file, or pipe something into it");
        operands.push_back("-");
    }

    const miggraph::DrawOptions what = draw_options(line);
    miggraph::Output output;
    output.file = text_option(line, "output_file");
    if (line.has("output_file") && output.file.empty()) throw base::UsageError("-o needs the name of a file");
    output.directory = text_option(line, "output_dir");
    output.format = miggraph::choose_format(text_option(line, "format"), output.file);
    miggraph::Canvas canvas;
    canvas.format = output.format;
    canvas.colour = ::isatty(STDOUT_FILENO) && output.file.empty();
    if (output.format == miggraph::Format::Terminal) canvas.size = miggraph::terminal_size();
    if (line.has("size")) canvas.size = miggraph::parse_size(text_option(line, "size"), output.format);

    auto names =
        miggraph::draw_all(operands, what, output, canvas, [](const std::string& note) { base::warn(note); });
    for (const auto& name : names) std::cout << name << '\n';
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main(kName, [&] { return work(argc, argv); });
}
