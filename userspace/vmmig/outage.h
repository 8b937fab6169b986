/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Finds outages in the times at which packets arrive.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/histogram.h"

namespace vmmig {

struct Outage {
    std::chrono::system_clock::time_point end;  ///< when the first packet behind it came
    std::chrono::nanoseconds gap{};             ///< between two packets
    /// How long nothing got through: packets come an interval apart without an outage, so that it is the gap less one
    /// interval, to within one interval.
    std::chrono::nanoseconds length{};
};

/// Counts packets with numbers, from 0, that should come at an even pace.
class OutageWatch {
 public:
    using Clock = std::chrono::steady_clock;

    /// Without an `interval` it is the time between the first two packets.
    explicit OutageWatch(std::optional<std::chrono::nanoseconds> interval) : interval_(interval) {}

    /// A packet has come. Without a number it counts as the next. Returns the outage that it ends: a gap of at least two
    /// intervals, as of all that came before, or three where a single packet is missing, which is loss and no outage.
    /// `pause`: the longest time between two packets that were sent since the one before came, where that is known; when it
    /// is longer than the interval then it was the sender that was late.
    std::optional<Outage> arrived(Clock::time_point now, std::optional<std::uint64_t> number, std::chrono::nanoseconds pause = {});
    /// The sender has ended: returns an outage that still lasts. `number`: how many packets should have come, if that is
    /// known. What comes later is not compared with what came before.
    std::optional<Outage> finish(Clock::time_point now, std::optional<std::uint64_t> number, std::chrono::nanoseconds pause = {});

    /// How long it has been quiet, if that is an outage by now.
    std::optional<std::chrono::nanoseconds> quiet(Clock::time_point now) const;

    std::optional<std::chrono::nanoseconds> interval() const { return interval_; }
    std::uint64_t received() const { return received_; }      ///< without duplicates
    std::uint64_t duplicates() const { return duplicates_; }
    std::uint64_t reordered() const { return reordered_; }    ///< came behind one with a larger number
    std::uint64_t lost() const;                               ///< of those up to the largest number seen
    const base::Histogram& gaps() const { return gaps_; }     ///< ns
    const base::Histogram& outages() const { return outages_; }  ///< lengths, ns

 private:
    std::optional<Outage> outage(Clock::time_point now, std::chrono::nanoseconds pause, std::uint64_t missing) const;
    void note(const Outage& outage);
    bool is_new(std::uint64_t number);

    std::optional<std::chrono::nanoseconds> interval_;
    std::optional<Clock::time_point> last_;
    std::uint64_t received_ = 0, duplicates_ = 0, reordered_ = 0;
    std::uint64_t next_ = 0;    // behind the largest number seen
    std::uint64_t window_ = 0;  // bit i: next_ - 1 - i has come
    base::Histogram gaps_, outages_;
};

}  // namespace vmmig
