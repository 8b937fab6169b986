/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <string>
#include <string_view>

namespace migtrace {

/// What a file with this first line is, and what to do with it, if it is something that users take for a trace or for the
/// text of a tracer: "is compressed; try: xzcat FILE | migrate_stats". Else empty. `name` is the file's, or "standard input".
std::string foreign_file(std::string_view first_line, const std::string& name);

/// For a file in which nothing makes sense.
inline constexpr const char* kImportHint =
    "if this is text of perf script, trace-cmd or ftrace, convert it with migrate_import first";

}  // namespace migtrace
