/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/track.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "base/error.h"

namespace vmdirty {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kShortestRest{1};

}  // namespace

bool wait_until(Clock::time_point when, const base::StopSignals& signals, const vmhost::Process& process) {
    for (;;) {
        const nanoseconds left = std::max<nanoseconds>(when - Clock::now(), nanoseconds(0));
        const timespec time = {left.count() / 1'000'000'000, left.count() % 1'000'000'000};
        pollfd fds[] = {{signals.fd(), POLLIN, 0}, {process.pidfd(), POLLIN, 0}};
        const int ready = ::ppoll(fds, 2, &time, nullptr);
        if (ready < 0 && errno != EINTR) throw base::system_error("waiting: ppoll()", errno);
        if (ready == 0) return true;
        if (ready > 0 && fds[0].revents) return false;
        process.check_running();
    }
}

void track(Tracker& tracker, const Target& target, const TrackOptions& options, const base::StopSignals& signals,
           const IntervalListener& each) {
    Bitmap dirty(target.layout.pages());
    tracker.collect(dirty);
    const auto wall = std::chrono::system_clock::now();
    const Clock::time_point begin = Clock::now();
    const Clock::time_point end = options.duration ? begin + *options.duration : Clock::time_point::max();
    each({nanoseconds(0), nanoseconds(0), wall, dirty.pages(), &dirty, true, false});
    nanoseconds before{0};
    const auto look = [&](std::optional<nanoseconds> nominal) {
        dirty.clear();
        tracker.collect(dirty);
        const nanoseconds now = Clock::now() - begin;
        const auto end = wall + std::chrono::duration_cast<std::chrono::system_clock::duration>(nominal.value_or(now));
        each({before, now, end, dirty.count(), &dirty, false, !nominal});
        before = now;
    };
    for (long long number = 1;; number++) {
        const nanoseconds late = Clock::now() - begin;
        number = std::max(number, static_cast<long long>((late + options.interval - nanoseconds(1)) / options.interval));
        const Clock::time_point next = begin + number * options.interval;
        if (!wait_until(std::min(next, end), signals, target.process) || next > end) {
            if (std::min(Clock::now(), end) - begin - before >= kShortestRest) look(std::nullopt);
            return;
        }
        look(number * options.interval);
    }
}

}  // namespace vmdirty
