/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A look as lines of text, and as JSON.

#include <string>
#include <vector>

#include "migwatch/rates.h"

namespace migwatch {

struct ViewOptions {
    Sort sort = Sort::Rate;
    bool reverse = false;
    std::size_t rows = 10;   ///< of each table, at most
    std::size_t width = 80;  ///< columns; lines are not longer
};

/// All of it in a line: how many there were in so many seconds.
std::string view_sums(const Look& look, double seconds);

/// A line of sums, titles, and three tables side by side. `time`: in s since 1970, shown as local time of day. What comes from names has no control characters.
std::vector<std::string> view(Look look, const ViewOptions& options, double time);

/// One object: rates per second and totals.
std::string view_json(Look look, const ViewOptions& options, double time);

}  // namespace migwatch
