/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/pacer.h"

#include <algorithm>
#include <cmath>

namespace vmmig {

Pacer::Pacer(double rate, Clock::time_point start, std::chrono::nanoseconds most_missed)
    : most_missed_(std::chrono::duration<double>(most_missed).count()) {
    set_rate(rate, start);
}

void Pacer::set_rate(double rate, Clock::time_point now) {
    rate_ = rate;
    // Not longer than a day, so that times can be computed with.
    const double seconds = std::min(std::max(1 / rate, std::chrono::duration<double>(kTick).count()), 86400.0);
    interval_ = std::chrono::nanoseconds(std::llround(seconds * 1e9));
    last_ = now;
    next_ = now + interval_;
    owed_ = missed_ = 0;
}

std::uint64_t Pacer::due(Clock::time_point now) {
    const double passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    // A thread that is woken up in time is late by a fraction of the interval, on a busy machine by some; four are a pause.
    const double usual = 4 * std::chrono::duration<double>(interval_).count();
    const double time = std::min(passed, usual);
    // Of what was missed before, not in this pause; by the clock, so that where each look is late nothing piles up.
    const double extra = missed_ * std::min(1.0, passed / std::chrono::duration<double>(kCatchUp).count());
    missed_ += rate_ * (passed - time) - extra;
    missed_ = std::min(missed_, rate_ * most_missed_);
    owed_ += rate_ * time + extra;
    const double whole = std::floor(owed_);
    owed_ -= whole;
    const auto rest = std::chrono::nanoseconds(std::llround(std::min((1 - owed_) / rate_, 86400.0) * 1e9));
    next_ = now + std::max(rest, kTick);
    return static_cast<std::uint64_t>(whole);
}

}  // namespace vmmig
