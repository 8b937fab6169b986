/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What there is to draw: files, directories of debugfs, standard input.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "miggraph/drawing.h"

namespace miggraph {

enum class Kind { Trace, Stat, Series };

/// What a file is, from its beginning (header and first line at least, if they fit into it).
Kind sniff(std::string_view beginning);

struct Source {
    std::string path;  ///< "-" is standard input
    std::string name;  ///< how its pictures are called: "migrate.trace"
};

/// The sources that an operand stands for: a file, standard input, or what has been recorded in a debugfs,
/// migration_trace or migration_stat directory. Throws Error for a directory that holds nothing of the kind.
std::vector<Source> find_sources(const std::string& operand);

struct DrawOptions {
    std::vector<Graph> graphs;                       ///< empty: all that the input can give
    std::optional<std::chrono::nanoseconds> period;  ///< for traces
    std::string title;                               ///< of a series; in front of the titles of all others
};

/// Reads a source and makes its figures; `notes` gets what a user should know. Throws Error.
std::vector<Drawing> read_drawings(const Source& source, const DrawOptions& options,
                                   std::vector<std::string>& notes);

}  // namespace miggraph
