/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The rate that QEMU measures itself (calc-dirty-rate): how much is written, in whole MB, and not where.

#include <string>

#include "vmdirty/tracker.h"

namespace vmdirty {

enum class RateBy {
    Sampling,  ///< checksums of some pages, at the begin and at the end
    Kvm        ///< the dirty ring of KVM, or its dirty bitmap
};

/// Why it does not work there; empty if it does.
std::string rate_obstacle(RateBy by, const Target* target);

/// Measurement after measurement, each as long as an interval: whole seconds, up to 60. As track() in track.h, but that there is no
/// first look, and no rest. Throws Error.
void track_rate(RateBy by, const Target& target, const TrackOptions& options, const base::StopSignals& signals, const IntervalListener& each);

}  // namespace vmdirty
