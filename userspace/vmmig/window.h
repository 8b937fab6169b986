/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How much precopy may be on its way before pages that are requested.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "vmmig/pacer.h"
#include "vmmig/wire.h"

namespace vmmig {

/// What waits in front of a requested page is what it waits for: buffers of the kernels at both ends hold megabytes. A
/// request proves that the destination has read everything up to the page that it got before. So between two answers no
/// more than a window of other bytes goes out, and never is there more than that anywhere between source and destination,
/// whatever the destination is and however its kernel is set up.
///
/// The window follows the path, as that of BBR does: twice what fills it (rate of the stream times shortest round trip), so
/// that a long fat one is filled, at least kLeast. While the window is what limits the rate, that doubles it each time.
class Window {
 public:
    /// On the shortest path, where waking up takes longer than the way: with less, both ends sleep once for each answer.
    static constexpr std::uint64_t kLeast = 60 * kFrame;
    static constexpr std::uint64_t kMost = std::uint64_t{1} << 32;
    static constexpr std::chrono::nanoseconds kUpdate = std::chrono::milliseconds(50);
    /// A destination that requests nothing for so long wants nothing, and the window does not hold.
    static constexpr std::chrono::nanoseconds kSilence = std::chrono::milliseconds(200);

    /// `fixed`: bytes, always; UINT64_MAX for no window.
    Window(std::optional<std::uint64_t> fixed, Clock::time_point now);

    /// Of bytes that may go out now.
    std::uint64_t room() const { return open_ ? UINT64_MAX : size_ - std::min(out_, size_); }
    void sent(std::uint64_t bytes);
    /// A page that was requested goes out.
    void answered(Clock::time_point now);
    /// True when it is time to call update().
    bool stale(Clock::time_point now) const { return !fixed_ && now - updated_ >= kUpdate; }
    void update(Clock::time_point now, std::chrono::nanoseconds shortest_round_trip);
    /// When it opens if there is no answer before.
    Clock::time_point opens() const { return answered_ + kSilence; }
    /// Call when that time has come.
    void open() { open_ = true; }
    std::uint64_t size() const { return size_; }

 private:
    const bool fixed_;
    std::uint64_t size_, out_ = 0, since_update_ = 0;
    bool open_;
    Clock::time_point answered_, updated_;
};

}  // namespace vmmig
