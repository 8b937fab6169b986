/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What was written when and where, in as many cells as a picture shows.

#include <cstdint>
#include <vector>

#include "vmdirty/bitmap.h"

namespace vmdirty {

class HeatMap {
 public:
    /// `rows` parts of `pages` > 0, at most one for each page; `columns` >= 2.
    explicit HeatMap(std::uint64_t pages, std::size_t rows = 256, std::size_t columns = 512);

    /// The next interval.
    void add(const Bitmap& dirty);

    /// Columns in the order of time, each with the part of the pages of each row that was written in an interval, on average: 0
    /// to 1. However many intervals there are, there are at most as many columns as asked for.
    std::vector<std::vector<double>> cells() const;

 private:
    struct Column {
        std::uint64_t intervals = 0;
        std::vector<std::uint64_t> pages;  // of each row
    };
    std::uint64_t row_begin(std::size_t row) const;
    void halve();
    std::uint64_t pages_;
    std::size_t rows_, most_;
    std::uint64_t per_column_ = 1;  // intervals
    std::vector<Column> columns_;
};

}  // namespace vmdirty
