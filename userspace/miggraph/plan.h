/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which format pictures have and what their files are called.

#include <string>
#include <vector>

#include "miggraph/drawing.h"
#include "miggraph/script.h"

namespace miggraph {

struct Output {
    std::string file;       ///< -o: empty, "-" or a name
    std::string directory;  ///< --output-dir; empty: here
    Format format = Format::Png;
};

/// "png", "svg", "pdf", "terminal". Throws UsageError.
Format parse_format(const std::string& name);
/// What --format and -o say together: without --format the extension of -o counts, png where there is none.
/// Throws UsageError for an extension that is no format.
Format choose_format(const std::string& format_option, const std::string& file);
/// "1200x600", at least 100x100 (20x5 in a terminal). Throws UsageError.
Size parse_size(const std::string& text, Format format);
/// Of the terminal that standard output is; 79x24 when it is none.
Size terminal_size();

/// The file for each drawing of the input called `input` ("migrate.trace"). "-" is standard output: with a
/// terminal and no -o. Throws UsageError when -o - cannot take them all.
std::vector<std::string> file_names(const std::vector<Drawing>& drawings, const Output& output,
                                    const std::string& input);

}  // namespace miggraph
