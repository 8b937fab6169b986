/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/tracker.h"

#include <utility>

#include "vmdirty/pagemap_scan.h"
#include "vmdirty/remote_call.h"
#include "vmdirty/shadow.h"
#include "vmdirty/soft_dirty.h"

namespace vmdirty {

void Tracker::collect(Bitmap& dirty) {
    read(dirty);
    if (std::exchange(first_, false)) dirty.set(0, dirty.pages());
    // The memory of a process that ends is unmapped before anybody can see that it has ended.
    target_.process.check_running();
}

const std::vector<TrackerKind>& tracker_kinds() {
    static const std::vector<TrackerKind> kinds = {
        {"pagemap-scan", "userfaultfd write protection, read by PAGEMAP_SCAN; exact", PagemapScan::obstacle,
         [](const Target& target) -> std::unique_ptr<Tracker> {
             return std::make_unique<PagemapScan>(target, userfaultfd_of(target.process));
         }},
        {"soft-dirty", "soft-dirty bits, the process stands still while they are read; exact", SoftDirty::obstacle,
         [](const Target& target) -> std::unique_ptr<Tracker> { return std::make_unique<SoftDirty>(target); }},
        {"shadow", "shared memory compared with a copy; what is written as it was does not show", [] { return std::string(); },
         [](const Target& target) -> std::unique_ptr<Tracker> { return std::make_unique<Shadow>(target); }},
    };
    return kinds;
}

}  // namespace vmdirty
