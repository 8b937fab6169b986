/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Text that came from anywhere (titles, names of fields, names of files) made fit for a picture, for a
// command of gnuplot and for the name of a file.

#include <cstddef>
#include <string>
#include <string_view>

namespace miggraph {

/// One line of valid UTF-8 of at most `most` characters: control characters become blanks, invalid bytes
/// U+FFFD, and a longer text ends in an ellipsis.
std::string printable(std::string_view text, std::size_t most = 200);

/// `text`, made printable, as a string of gnuplot's: between single quotes, in which gnuplot replaces
/// nothing. Characters that the font of the pictures may lack become U+FFFD.
std::string gnuplot_string(std::string_view text);

/// A name for a file in one directory from a title: `/` and control characters become `_`, so does a dot or a
/// dash at the begin; cut to what file systems take with room for an extension. Never empty.
std::string file_name(std::string_view title);

/// "x.png" and "cause" make "x-cause.png"; without an extension "x-cause".
std::string insert_name(const std::string& file, const std::string& name);

/// "1234567" as "1.2M": at most four characters, for a cell of a matrix.
std::string short_count(double value);

}  // namespace miggraph
