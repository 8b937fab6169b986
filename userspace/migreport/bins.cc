/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/bins.h"

#include <numeric>

namespace migreport {

void Bins::add(std::uint64_t ts, std::size_t series) {
    if (ts < begin_) return;
    std::uint64_t column = column_of(ts);
    while (column >= kMost) {
        widen();
        column = column_of(ts);
    }
    if (column >= columns()) counts_.resize((column + 1) * series_);
    counts_[column * series_ + series]++;
}

void Bins::coarsen(std::size_t most) {
    while (columns() > most) widen();
}

std::uint64_t Bins::total(std::size_t column) const {
    const auto first = counts_.begin() + static_cast<std::ptrdiff_t>(column * series_);
    return std::accumulate(first, first + static_cast<std::ptrdiff_t>(series_), std::uint64_t{0});
}

/// Makes one column of two or five neighbours: lengths stay round numbers.
void Bins::widen() {
    const std::size_t factor = double_next_ ? 2 : 5;
    double_next_ = !double_next_;
    msec_ *= factor;
    const std::size_t before = columns();
    std::vector<std::uint64_t> merged((before + factor - 1) / factor * series_);
    for (std::size_t column = 0; column < before; column++)
        for (std::size_t s = 0; s < series_; s++) merged[column / factor * series_ + s] += at(column, s);
    counts_ = std::move(merged);
}

}  // namespace migreport
