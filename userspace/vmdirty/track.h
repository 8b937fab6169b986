/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Interval after interval: what has been written?

#include <chrono>
#include <functional>
#include <optional>

#include "base/signals.h"
#include "vmdirty/tracker.h"

namespace vmdirty {

struct Interval {
    std::chrono::nanoseconds begin, end;         ///< since tracking began
    std::chrono::system_clock::time_point wall;  ///< when it should have ended: whole intervals from the start on
    const Bitmap& dirty;
    bool first;  ///< all pages are marked: nothing is known of what was before
    std::chrono::nanoseconds length() const { return end - begin; }
};

struct TrackOptions {
    std::chrono::nanoseconds interval = std::chrono::seconds(1);
    std::optional<std::chrono::nanoseconds> duration;
};

/// Calls `each` at once, and at the end of each interval, until `duration` has passed or a signal comes. Intervals whose end is
/// over when the one before has been dealt with are not told of: the next is longer. Throws Error, also when the process has
/// ended.
void track(Tracker& tracker, const Target& target, const TrackOptions& options, const base::StopSignals& signals,
           const std::function<void(const Interval&)>& each);

}  // namespace vmdirty
