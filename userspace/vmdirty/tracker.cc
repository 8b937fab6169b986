/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/tracker.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "vmdirty/pagemap_scan.h"
#include "vmdirty/qemu_rate.h"
#include "vmdirty/remote_call.h"
#include "vmdirty/shadow.h"
#include "vmdirty/soft_dirty.h"
#include "vmdirty/stream.h"
#include "vmdirty/track.h"

namespace vmdirty {

namespace {

/// As long as a process may take to end when its memory is gone.
constexpr int kEndMsec = 10'000;

/// A tracker that tells what was written whenever it is asked.
TrackerKind looked_at(const char* name, const char* about, std::function<std::string(const Target*)> obstacle,
                      std::function<std::unique_ptr<Tracker>(const Target&)> start) {
    auto follow = [start](const Target& target, const TrackOptions& options, const base::StopSignals& signals, const IntervalListener& each) {
        track(*start(target), target, options, signals, each);
    };
    return {name, about, true, false, false, std::move(obstacle), start, follow};
}

/// One that QEMU measures.
TrackerKind measured(const char* name, const char* about, RateBy by, bool when_named) {
    auto obstacle = [by](const Target* target) { return rate_obstacle(by, target); };
    auto follow = [by](const Target& target, const TrackOptions& options, const base::StopSignals& signals, const IntervalListener& each) {
        track_rate(by, target, options, signals, each);
    };
    return {name, about, false, true, when_named, obstacle, nullptr, follow};
}

}  // namespace

void Tracker::collect(Bitmap& dirty) {
    try {
        read(dirty);
    } catch (const base::Error&) {
        // That may be the reason.
        check_memory();
        throw;
    }
    check_memory();
    if (std::exchange(first_, false)) dirty.set(0, dirty.pages());
}

void Tracker::check_memory() const {
    target_.process.check_running();
    char c;
    if (::pread(memory_.get(), &c, 1, 0) == 1) return;
    // The memory of a process that ends is gone before anybody can see that it has ended.
    pollfd ended{target_.process.pidfd(), POLLIN, 0};
    if (target_.process.read("maps").empty()) ::poll(&ended, 1, kEndMsec);
    target_.process.check_running();
    throw base::Error(fmt::format("process {} runs another program now ({}): the memory that was tracked is gone", target_.process.pid(),
                                  target_.process.name()));
}

const std::vector<TrackerKind>& tracker_kinds() {
    static const std::vector<TrackerKind> kinds = {
        looked_at(
            "pagemap-scan", "userfaultfd write protection, read by PAGEMAP_SCAN; exact", [](const Target*) { return PagemapScan::obstacle(); },
            [](const Target& target) { return std::make_unique<PagemapScan>(target, userfaultfd_of(target.process)); }),
        looked_at(
            "soft-dirty", "soft-dirty bits, the process stands still while they are read; exact", [](const Target*) { return SoftDirty::obstacle(); },
            [](const Target& target) { return std::make_unique<SoftDirty>(target); }),
        looked_at(
            "shadow", "shared memory compared with a copy; what is written as it was does not show", Shadow::obstacle,
            [](const Target& target) { return std::make_unique<Shadow>(target); }),
        {"stream", "a migration to nowhere, whose passes are the intervals; exact", true, true, true, stream_obstacle, nullptr, track_stream},
        measured("sampling", "QEMU compares checksums of some pages; whole MB and seconds, no bitmaps", RateBy::Sampling, false),
        measured("kvm", "QEMU counts by the dirty ring or bitmap of KVM; whole MB and seconds, no bitmaps", RateBy::Kvm, true),
    };
    return kinds;
}

const TrackerKind& choose_tracker(const std::string& name, const Target& target) {
    std::string obstacles;
    for (const auto& kind : tracker_kinds()) {
        if (name.empty() ? kind.when_named : name != kind.name) continue;
        const std::string obstacle = kind.obstacle(&target);
        if (obstacle.empty()) return kind;
        obstacles += fmt::format("{}{}: {}", obstacles.empty() ? "" : "; ", kind.name, obstacle);
    }
    if (obstacles.empty()) throw base::UsageError(fmt::format("--tracker: there is no '{}'; see vm_dirty_track --list-trackers", name));
    throw base::Error(fmt::format("{}: {}", name.empty() ? "no tracker works here" : "the tracker does not work here", obstacles));
}

}  // namespace vmdirty
