/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Lines of a time and a value, as migrate_extract and many other programs print them.

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "miggraph/figure.h"

namespace miggraph {

struct Point {
    double time = 0;  ///< seconds: as given, since midnight or since 1970 (UTC)
    double value = 0;
    Timeline::Clock clock = Timeline::Clock::Elapsed;
    bool dated = false;
};

/// The first time and the last word of a line: "12.000 3.5", "12:00:01.250 3.5", "2026/01/31
/// 12:00:01.250 3.5"; further times in between do not count. Nothing when it is none of these.
std::optional<Point> parse_point(std::string_view line);

struct Series {
    std::vector<double> times, values;  ///< in the order of time
    Timeline::Clock clock = Timeline::Clock::Elapsed;
    std::uint64_t skipped = 0;        ///< lines that were no points
    std::uint64_t first_skipped = 0;  ///< number of the first of them
};

/// Reads all points; empty lines and lines that begin with # are nothing. Times of day that pass midnight go
/// on into the next day. Throws Error when there is no point, or when kinds of time are mixed.
Series read_series(std::istream& in, const std::string& name);

}  // namespace miggraph
