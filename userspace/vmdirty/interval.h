/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What tracking is asked for, and what it tells.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "vmdirty/bitmap.h"

namespace vmdirty {

struct Interval {
    std::chrono::nanoseconds begin, end;         ///< since tracking began
    std::chrono::system_clock::time_point wall;  ///< when it should have ended: whole intervals from the start on; a rest: when it did
    std::uint64_t written;                       ///< pages
    const Bitmap* dirty;                         ///< which; null when only their number is known
    bool first;                                  ///< all pages are marked: nothing is known of what was before
    bool rest;                                   ///< what was left at the end, shorter than an interval
    std::chrono::nanoseconds length() const { return end - begin; }
};

struct TrackOptions {
    std::chrono::nanoseconds interval = std::chrono::seconds(1);
    std::optional<std::chrono::nanoseconds> duration;
};

using IntervalListener = std::function<void(const Interval&)>;

}  // namespace vmdirty
