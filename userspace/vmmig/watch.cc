/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/watch.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace vmmig {

namespace {

using Clock = std::chrono::steady_clock;

enum class Woken { Time, Signal, Event };

Woken wait_until(Clock::time_point when, int signals, int fd) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
        if (left <= 0) return Woken::Time;
        pollfd fds[] = {{signals, POLLIN, 0}, {fd, POLLIN, 0}};
        const int ready = ::poll(fds, 2, static_cast<int>(std::min<long long>(left, 1 << 30)));
        if (ready < 0 && errno != EINTR) throw base::system_error("waiting: poll()", errno);
        if (ready > 0) return fds[0].revents ? Woken::Signal : Woken::Event;
    }
}

}  // namespace

void watch(const base::StopSignals& signals, std::optional<std::chrono::nanoseconds> duration, int fd,
           const std::function<void()>& second, const std::function<bool()>& event) {
    constexpr std::chrono::seconds kSecond{1};
    const Clock::time_point begin = Clock::now();
    const Clock::time_point end = duration ? begin + *duration : Clock::time_point::max();
    Clock::time_point next = begin + kSecond;
    for (;;) {
        const Woken woken = wait_until(std::min(next, end), signals.fd(), fd);
        if (woken == Woken::Signal) return;
        if (woken == Woken::Event) {
            if (!event()) return;
            continue;
        }
        if (next <= end) second();
        if (Clock::now() >= end) return;
        next = std::max(next + kSecond, Clock::now());
    }
}

}  // namespace vmmig
