/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_graph with any command line and any trace, stat file or series, up to the commands for gnuplot.

#define main migrate_graph_main
#include "tools/migrate_graph.cc"
#undef main

#include "fuzz/harness.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    miggraph::DrawOptions options;
    try {
        base::CommandLine line = describe();
        if (!fuzz::CommandWords(text, "").parse(line)) return 0;
        options = draw_options(line);
    } catch (const base::UsageError&) {
        return 0;
    }
    const fuzz::File file(text);
    try {
        std::vector<std::string> notes;
        for (const miggraph::Drawing& drawing : miggraph::read_drawings({file.path(), "input"}, options, notes))
            for (auto format : {miggraph::Format::Svg, miggraph::Format::Terminal})
                miggraph::make_script(drawing.figure, {format, {}, true}, "picture");
    } catch (const base::Error&) {
    }
    return 0;
}
