/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which figures an input gives.

#include <string>
#include <vector>

#include "miggraph/figure.h"
#include "miggraph/series.h"
#include "miggraph/table.h"

namespace miggraph {

/// rate: migrations per second; cause: the same by cause; pair: from CPU to CPU; cpu: by CPU; field: a figure
/// for each field of a stat file, as scripts made them one by one.
enum class Graph { Rate, Cause, Pair, Cpu, Field };
std::string graph_name(Graph graph);
/// "rate,cause" as a list. Throws UsageError.
std::vector<Graph> parse_graphs(const std::string& list);

struct Drawing {
    std::string name;  ///< "rate"; for a field its name as a file's name
    Figure figure;
    bool named_by_title = false;  ///< its file is called NAME.png and not INPUT-NAME.png
};

/// The figures of `wanted`, or without them all but Field that the table can give. `source` stands in the
/// subtitles. `notes` gets a sentence for each wanted figure that the table cannot give. Throws Error when
/// nothing is left.
std::vector<Drawing> make_drawings(const Table& table, const std::vector<Graph>& wanted,
                                   const std::string& source, const std::string& title,
                                   std::vector<std::string>& notes);

/// The one figure of a time and values; its file is called after `title`.
Drawing make_drawing(const Series& series, const std::string& title);

}  // namespace miggraph
