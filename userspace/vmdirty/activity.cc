/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/activity.h"

#include <fmt/format.h>

#include <algorithm>

namespace vmdirty {

namespace {

/// Intervals are as long as they should be only nearly: a window may be longer or shorter by this.
Activity::Time slack(Activity::Time window, Activity::Time interval) { return std::min(window / 20, interval / 2); }

}  // namespace

std::string window_name(std::chrono::nanoseconds window) { return fmt::format("{}", std::chrono::duration<double>(window).count()); }

Activity::Activity(const Layout& layout, Time longest) : longest_(longest), last_(layout.pages()) {
    for (const Range& range : layout.ranges())
        for (std::uint64_t page = 0; page < range.pages(); page += kPartPages)
            parts_.push_back({range.first_page + page, std::min(kPartPages, range.pages() - page), 0});
}

void Activity::add(const Bitmap& dirty, Time begin, Time end) {
    // One more than a window has room for, which shows that as much was seen.
    while (intervals_.size() > 1 && intervals_[1].begin < end - longest_ - slack(longest_, longest_)) {
        intervals_.pop_front();
        first_interval_++;
    }
    intervals_.push_back({begin, end, 0});
    const auto number = static_cast<std::uint32_t>(first_interval_ + intervals_.size() - 1);
    auto part = parts_.begin();
    dirty.for_each_run([&](std::uint64_t page, std::uint64_t behind) {
        intervals_.back().last_written += behind - page;
        while (page < behind) {
            while (part->first_page + part->pages <= page) ++part;
            const std::uint64_t end_of_part = std::min(behind, part->first_page + part->pages);
            part->writes += end_of_part - page;
            for (; page < end_of_part; page++) {
                const std::uint32_t before = last_[page];
                if (before >= first_interval_) intervals_[before - first_interval_].last_written--;
                last_[page] = number;
            }
        }
    });
}

std::vector<std::optional<std::uint64_t>> Activity::working_sets(std::span<const Time> windows) const {
    std::vector<std::optional<std::uint64_t>> sets(windows.size());
    if (intervals_.empty()) return sets;
    const Time end = intervals_.back().end;
    std::uint64_t pages = 0;
    std::size_t i = 0;
    const auto too_old = [&](const Interval& interval) { return interval.begin < end - windows[i] - slack(windows[i], interval.end - interval.begin); };
    for (auto interval = intervals_.rbegin(); interval != intervals_.rend() && i < windows.size(); ++interval) {
        for (; i < windows.size() && too_old(*interval); i++)
            if (interval != intervals_.rbegin()) sets[i] = pages;
        pages += interval->last_written;
    }
    const Interval& first = intervals_.front();
    for (; i < windows.size(); i++)
        if (first.begin <= end - windows[i] + slack(windows[i], first.end - first.begin)) sets[i] = pages;
    return sets;
}

std::vector<std::optional<std::uint64_t>> Activity::working_sets() const {
    std::array<Time, kWindows.size()> times;
    std::copy(kWindows.begin(), kWindows.end(), times.begin());
    return working_sets(times);
}

std::vector<Activity::Part> Activity::hottest(std::size_t most) const {
    std::vector<Part> parts = parts_;
    std::erase_if(parts, [](const Part& part) { return part.writes == 0; });
    const auto middle = parts.begin() + static_cast<std::ptrdiff_t>(std::min(most, parts.size()));
    std::partial_sort(parts.begin(), middle, parts.end(), [](const Part& a, const Part& b) {
        return a.writes != b.writes ? a.writes > b.writes : a.first_page < b.first_page;
    });
    parts.erase(middle, parts.end());
    return parts;
}

}  // namespace vmdirty
