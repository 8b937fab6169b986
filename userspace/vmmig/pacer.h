/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How to do things at an even rate: how many are due now, and when to look again.

#include <chrono>
#include <cstdint>

namespace vmmig {

using Clock = std::chrono::steady_clock;

/// Spreads things evenly over time. Between two looks passes kTick, or as long as one thing takes if that is longer:
/// in any window of 20 ms is then the same number to about one in forty, or to one, at 2000 looks a second.
///
/// When the thread could not run for a while, what it missed is spread over about kCatchUp, so that the rate of a second
/// stays right and, after a short pause, that of a short window nearly so. Never more than kCatchUp's worth stays owed
/// where each look is late.
class Pacer {
 public:
    static constexpr std::chrono::nanoseconds kTick = std::chrono::microseconds(500);
    static constexpr std::chrono::nanoseconds kCatchUp = std::chrono::milliseconds(200);

    /// `rate`: things per second, > 0. What was missed for longer than `most_missed` is never made up for.
    Pacer(double rate, Clock::time_point start, std::chrono::nanoseconds most_missed = std::chrono::hours(24));

    /// How many are due at `now`, which does not go back; they count as done.
    std::uint64_t due(Clock::time_point now);
    /// When there will be more.
    Clock::time_point next() const { return next_; }
    /// From `now` on another rate; what has been missed is forgotten.
    void set_rate(double rate, Clock::time_point now);

 private:
    double rate_ = 0;
    const double most_missed_;  // seconds
    std::chrono::nanoseconds interval_{};
    Clock::time_point last_, next_;
    double owed_ = 0;    // part of a thing, < 1
    double missed_ = 0;  // things that were due while the thread could not run
};

}  // namespace vmmig
