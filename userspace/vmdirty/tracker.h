/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Ways to learn which pages of a process have been written.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vmdirty/bitmap.h"
#include "vmdirty/layout.h"
#include "vmhost/process.h"

namespace vmdirty {

/// What is tracked. Both outlive the tracker.
struct Target {
    const vmhost::Process& process;
    const Layout& layout;
};

class Tracker {
 public:
    virtual ~Tracker() = default;
    /// Marks in `dirty`, which has a bit for each page of the layout, the pages that were written since the call before, each
    /// write once; at the first call all of them. Throws Error, also when the process has ended.
    void collect(Bitmap& dirty);

 protected:
    explicit Tracker(const Target& target) : target_(target) {}
    const Target target_;

 private:
    /// The same, but for what it does at the first call and when the process has ended.
    virtual void read(Bitmap& dirty) = 0;
    bool first_ = true;
};

struct TrackerKind {
    const char* name;   ///< of --tracker
    const char* about;  ///< in a few words
    /// Why it does not work on this host, by trying it on memory of its own; empty if it does.
    std::function<std::string()> obstacle;
    /// Begins. Throws Error, which says why it cannot.
    std::function<std::unique_ptr<Tracker>(const Target&)> start;
};

/// All there are, best first.
const std::vector<TrackerKind>& tracker_kinds();

}  // namespace vmdirty
