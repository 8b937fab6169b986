/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Tables for people.

#include <functional>
#include <string>
#include <string_view>
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

    /// `rows` calls row() and rule(), and does so twice: first the cells are measured, then they are printed. So a table
    /// of any length takes no memory. Two blanks are in front of each column; lines do not end with blanks.
    void print(Output& output, const std::function<void()>& rows);
    /// As many cells as columns.
    void row(const std::vector<std::string>& cells);
    /// A line across the columns of numbers, in front of sums.
    void rule() { put_rule(false); }

 private:
    void put_titles();
    void put_rule(bool titles);
    void put_cell(const Column& column, std::string_view text);
    void end_line();

    std::vector<Column> columns_;
    Output* output_ = nullptr;  // not while cells are measured
    std::string line_;
};

/// A time with three digits and its unit: "0 ns", "1.23 us", "45.6 ms", "789 s", "2.05 h"; hours have all
/// their digits.
std::string short_time(double nanoseconds);

}  // namespace migtrace
