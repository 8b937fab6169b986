/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Ways to learn which pages of a process have been written.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/signals.h"
#include "vmdirty/bitmap.h"
#include "vmdirty/interval.h"
#include "vmdirty/layout.h"
#include "vmhost/monitor.h"
#include "vmhost/process.h"

namespace vmdirty {

/// What is tracked. All of it outlives the tracker.
struct Target {
    const vmhost::Process& process;
    const Layout& layout;
    vmhost::Monitor* monitor = nullptr;  ///< of the QEMU, if it was named by that
};

class Tracker {
 public:
    virtual ~Tracker() = default;
    /// Marks in `dirty`, which has a bit for each page of the layout, the pages that were written since the call before, each
    /// write once; at the first call all of them. Throws Error, also when the process has ended or runs another program.
    void collect(Bitmap& dirty);

 protected:
    explicit Tracker(const Target& target) : target_(target), memory_(target.process.open("maps")) {}
    const Target target_;

 private:
    /// The same, but for what it does at the first call and when the process has ended.
    virtual void read(Bitmap& dirty) = 0;
    void check_memory() const;
    base::UniqueFd memory_;  // shows the mappings of the program that ran at the start, and nothing when that has ended
    bool first_ = true;
};

struct TrackerKind {
    const char* name;    ///< of --tracker
    const char* about;   ///< in a few words
    bool which;          ///< tells which pages are written; others tell only how many
    bool keeps_monitor;  ///< talks to QEMU all the time
    bool when_named;     ///< only for those who ask for it
    /// Why it does not work, as far as can be told before it begins; empty if it does. Without a target: on this host, by trying it on
    /// memory of its own.
    std::function<std::string(const Target*)> obstacle;
    /// Begins. Throws Error, which says why it cannot. Empty where only QEMU knows when an interval ends.
    std::function<std::unique_ptr<Tracker>(const Target&)> start;
    /// As track() in track.h does.
    std::function<void(const Target&, const TrackOptions&, const base::StopSignals&, const IntervalListener&)> track;
};

/// All there are, best first.
const std::vector<TrackerKind>& tracker_kinds();

/// The one with the name that --tracker has, or the best that works for the target. Throws UsageError when there is none of that
/// name, Error when it, or none, works.
const TrackerKind& choose_tracker(const std::string& name, const Target& target);

}  // namespace vmdirty
