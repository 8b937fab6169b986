/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The tracker by a migration to nowhere: QEMU sends all memory, and then, pass after pass, what has been written since. What is not
// read holds it up, so that a pass takes as long as an interval. Whoever writes nothing in a pass would be moved then: that is the end.

#include <string>

#include "vmdirty/tracker.h"

namespace vmdirty {

/// Why it does not work there; empty if it does.
std::string stream_obstacle(const Target* target);

/// As track() in track.h, but that an interval is a pass, told of when the next has come, and that there is no rest. The VM runs at the
/// end, and what was set in QEMU is as it was. Throws Error.
void track_stream(const Target& target, const TrackOptions& options, const base::StopSignals& signals, const IntervalListener& each);

}  // namespace vmdirty
