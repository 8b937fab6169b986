/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Interval after interval: what has been written?

#include "base/signals.h"
#include "vmdirty/interval.h"
#include "vmdirty/tracker.h"

namespace vmdirty {

/// Whether it is `when`; false when a signal came before. Throws Error when the process has ended.
bool wait_until(std::chrono::steady_clock::time_point when, const base::StopSignals& signals, const vmhost::Process& process);

/// Calls `each` at once, and at the end of each interval, until `duration` has passed or a signal comes. Intervals whose end is
/// over when the one before has been dealt with are not told of: the next is longer. What is left at the end, from 1 ms on, is one
/// more. Throws Error, also when the process has ended.
void track(Tracker& tracker, const Target& target, const TrackOptions& options, const base::StopSignals& signals,
           const IntervalListener& each);

}  // namespace vmdirty
