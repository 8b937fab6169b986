/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Counts over time, in bounded memory however long the time becomes.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace migreport {

/// Counts of some series in columns of equal length, which begins with 1 ms and grows (2, 10, 20, 100 ms and
/// so on) as often as the time needs, so that there are never more than kMost columns, and rarely less than a
/// fifth of that. The borders are those of `migrate_stats --period` for the same length: the first column
/// holds begin <= t <= end, every later one begin < t <= end.
class Bins {
 public:
    static constexpr std::size_t kMost = 600;

    /// `begin`: ns of the kernel's clock.
    Bins(std::uint64_t begin, std::size_t series) : begin_(begin), series_(series) {}

    /// Counts one event. One before the begin belongs to no column.
    void add(std::uint64_t ts, std::size_t series);

    /// Lengthens the columns until there are not more than `most` (> 0) of them.
    void coarsen(std::size_t most);

    std::uint64_t begin() const { return begin_; }
    std::uint64_t msec() const { return msec_; }               ///< length of a column
    std::uint64_t width() const { return msec_ * 1'000'000; }  ///< the same in ns
    std::size_t series() const { return series_; }
    std::size_t columns() const { return counts_.size() / series_; }  ///< up to the last one that counts
    std::uint64_t at(std::size_t column, std::size_t series) const {
        return counts_[column * series_ + series];
    }
    std::uint64_t total(std::size_t column) const;

 private:
    std::uint64_t column_of(std::uint64_t ts) const { return ts == begin_ ? 0 : (ts - begin_ - 1) / width(); }
    void widen();

    std::uint64_t begin_;
    std::size_t series_;
    std::uint64_t msec_ = 1;
    bool double_next_ = true;
    std::vector<std::uint64_t> counts_;  // column after column
};

}  // namespace migreport
