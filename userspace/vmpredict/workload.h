/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What was seen of the memory of a VM that runs: its size, and how many different pages were written within windows of several lengths.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "vmpredict/curve.h"

namespace vmpredict {

class Workload {
 public:
    /// Fewer intervals are no record.
    static constexpr std::size_t kFewestIntervals = 5;
    static constexpr std::size_t kMostIntervals = 1'000'000;

    /// Memory of `pages` pages of `page_size` bytes, watched in intervals of so many seconds.
    Workload(std::uint64_t pages, std::uint32_t page_size, double interval);

    /// The next interval: how long it really was in s, and how many pages were written in it. Throws Error for one too many.
    void add(double seconds, std::uint64_t pages);
    /// How many different pages were written within a window of so many seconds that ended with it.
    void add_window(double seconds, std::uint64_t pages);
    /// The same for each of vmdirty::kWindows of which it is known.
    void add_windows(std::span<const std::optional<std::uint64_t>> pages);
    /// Pages that have only zeros, at the begin.
    void set_zero_pages(std::uint64_t pages) { zero_pages_ = std::min(pages, pages_); }

    std::uint64_t pages() const { return pages_; }
    std::uint32_t page_size() const { return page_size_; }
    std::optional<std::uint64_t> zero_pages() const { return zero_pages_; }
    double interval() const { return interval_; }
    std::size_t intervals() const { return written_.size(); }
    /// How long it was watched, in s.
    double seconds() const { return seconds_; }
    /// The longest window of which something is known, in s.
    double longest() const;
    /// What was written, page by page, in the intervals, on average.
    double pages_per_second() const;

    /// Of all windows of a length the mean, and what one in ten does not reach or exceeds.
    enum class Level { Low, Mean, High };
    DirtyCurve curve(Level level) const;

    /// Why nothing can be predicted from it; empty if it can.
    std::string shortcoming() const;

    struct Range {
        double least = 0, most = 0;  ///< pages per second
    };
    /// When it was watched in times that differ, in sixths of it: by half of the average and more.
    std::optional<Range> unsteady() const;

 private:
    struct Interval {
        double seconds;
        std::uint64_t pages;
    };
    std::uint64_t pages_;
    std::uint32_t page_size_;
    double interval_, seconds_ = 0;
    std::optional<std::uint64_t> zero_pages_;
    std::vector<Interval> written_;
    std::map<double, base::Histogram> windows_;  // by their length in s: pages
};

}  // namespace vmpredict
