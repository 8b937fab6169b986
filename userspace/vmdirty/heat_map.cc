/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/heat_map.h"

#include <algorithm>

namespace vmdirty {

HeatMap::HeatMap(std::uint64_t pages, std::size_t rows, std::size_t columns)
    : pages_(pages), rows_(static_cast<std::size_t>(std::min<std::uint64_t>(rows, pages))), most_(columns) {}

std::uint64_t HeatMap::row_begin(std::size_t row) const {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(pages_) * row / rows_);
}

/// Two columns become one.
void HeatMap::halve() {
    for (std::size_t i = 0; i < columns_.size(); i += 2) {
        Column column = std::move(columns_[i]);
        if (i + 1 < columns_.size()) {
            column.intervals += columns_[i + 1].intervals;
            for (std::size_t row = 0; row < rows_; row++) column.pages[row] += columns_[i + 1].pages[row];
        }
        columns_[i / 2] = std::move(column);
    }
    columns_.resize((columns_.size() + 1) / 2);
    per_column_ *= 2;
}

void HeatMap::add(const Bitmap& dirty) {
    if (columns_.empty() || columns_.back().intervals == per_column_) {
        if (columns_.size() == most_) halve();
        if (columns_.empty() || columns_.back().intervals == per_column_) columns_.push_back({0, std::vector<std::uint64_t>(rows_)});
    }
    Column& column = columns_.back();
    column.intervals++;
    for (std::size_t row = 0; row < rows_; row++) column.pages[row] += dirty.count(row_begin(row), row_begin(row + 1));
}

std::vector<std::vector<double>> HeatMap::cells() const {
    std::vector<std::vector<double>> cells;
    for (const Column& column : columns_) {
        auto& parts = cells.emplace_back(rows_);
        for (std::size_t row = 0; row < rows_; row++)
            parts[row] = static_cast<double>(column.pages[row]) /
                         (static_cast<double>(row_begin(row + 1) - row_begin(row)) * static_cast<double>(column.intervals));
    }
    return cells;
}

}  // namespace vmdirty
