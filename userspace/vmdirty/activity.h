/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What many bitmaps say together: how many different pages are written within a time, and which most often.

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmdirty/bitmap.h"
#include "vmdirty/layout.h"

namespace vmdirty {

/// Windows whose working sets are told to programs: so close that between two of them what was written can be reckoned.
inline constexpr std::array<std::chrono::milliseconds, 19> kWindows = [] {
    std::array<std::chrono::milliseconds, 19> windows{};
    const int ms[] = {100, 200, 300, 400, 500, 700, 1000, 1500, 2000, 3000, 4000, 5000, 7000, 10000, 15000, 20000, 30000, 40000, 60000};
    for (std::size_t i = 0; i < windows.size(); i++) windows[i] = std::chrono::milliseconds(ms[i]);
    return windows;
}();

/// The name of one: seconds, "0.1" or "60".
std::string window_name(std::chrono::nanoseconds window);

class Activity {
 public:
    using Time = std::chrono::nanoseconds;  // since whatever moment

    /// Pages of one part together: 2 MiB, less at the end of a range.
    static constexpr std::uint64_t kPartPages = 512;

    /// `longest`: windows of working_set() are no longer.
    Activity(const Layout& layout, Time longest);

    /// Pages that were written from `begin` to `end`, which is not before those of earlier calls.
    void add(const Bitmap& dirty, Time begin, Time end);

    /// How many different pages were written within `window`, up to the end of what was added last; to whole intervals, so many
    /// as `window` and a twentieth of it have room for. Empty when an interval is longer, or nothing that old was seen.
    std::optional<std::uint64_t> working_set(Time window) const { return working_sets({&window, 1}).front(); }
    /// The same for each of `windows`, which are in ascending order.
    std::vector<std::optional<std::uint64_t>> working_sets(std::span<const Time> windows) const;
    /// Of kWindows, in that order.
    std::vector<std::optional<std::uint64_t>> working_sets() const;

    struct Part {
        std::uint64_t first_page, pages;
        std::uint64_t writes;  ///< pages of all bitmaps
    };
    /// The `most` parts with the most pages in all bitmaps together, busiest first, without those with none.
    std::vector<Part> hottest(std::size_t most) const;

 private:
    struct Interval {
        Time begin, end;
        std::uint64_t last_written;  // pages that were written in it, and not since
    };
    Time longest_;
    std::vector<std::uint32_t> last_;   // for each page, the interval in which it was written last
    std::deque<Interval> intervals_;    // as long as `longest`
    std::uint32_t first_interval_ = 1;  // number of intervals_.front()
    std::vector<Part> parts_;
};

}  // namespace vmdirty
