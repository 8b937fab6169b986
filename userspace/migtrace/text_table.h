/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Tables for people.

#include <cstdint>
#include <string>
#include <vector>

#include "migtrace/output.h"

namespace migtrace {

/// A table of which each column is as wide as its widest cell, so that numbers line up however large they
/// are. Cells are counted in bytes.
class TextTable {
 public:
    enum class Side { Left, Right };
    struct Column {
        /// Lines of the title, one above the other; an empty title has no rule below it.
        std::vector<std::string> title;
        Side side = Side::Right;
        std::size_t width = 0;  ///< at least
    };
    explicit TextTable(std::vector<Column> columns);

    /// As many cells as columns.
    void row(std::vector<std::string> cells);
    /// A line across the columns of numbers, in front of sums.
    void rule();
    /// Two blanks in front of each column; lines do not end with blanks.
    void print(Output& output) const;

 private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;  // an empty one is a rule
};

/// A time with three digits and its unit: "0 ns", "1.23 us", "45.6 ms", "789 s", "2.05 h"; hours have all
/// their digits.
std::string short_time(double nanoseconds);

}  // namespace migtrace
