/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A whole precopy migration without a VM: a guest that dirties pages, iterations over those, and the end.

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "vmmig/page_order.h"

namespace vmmig {

struct PrecopyOptions {
    std::uint64_t pages = 0;         ///< of the VM, of kPage; > 0
    double dirty_pages_per_second = 0;
    double working_set = 1;          ///< the part of the VM that is dirtied, > 0, <= 1
    std::chrono::nanoseconds downtime = std::chrono::milliseconds(300);  ///< that it may have at the end
    unsigned most_iterations = 50;
};

/// Pages that a guest which writes to pages at random has dirtied.
class DirtyPages {
 public:
    DirtyPages(const PrecopyOptions& options, Clock::time_point start);
    /// Dirties what is due until `now`; nothing when that is in the past. Writes to a page that is dirty count as writes and nothing else.
    void advance(Clock::time_point now);
    std::uint64_t count() const { return count_; }
    /// The bitmap, page 0 in the lowest bit of the first word; none is dirty then.
    std::vector<std::uint64_t> take();

 private:
    std::uint64_t hot_pages_;
    double rate_, owed_ = 0;
    Clock::time_point last_;
    std::vector<std::uint64_t> bitmap_;
    std::uint64_t count_ = 0;
    std::mt19937_64 random_;
};

struct Iteration {
    unsigned number = 0;             ///< from 1
    std::uint64_t pages = 0;         ///< sent
    std::chrono::nanoseconds time{};
    std::uint64_t remaining = 0;     ///< pages that are dirty at its end
    std::chrono::nanoseconds expected{};  ///< the downtime if these were sent with the guest stopped
    bool stopped = false;            ///< the last one, with the guest stopped

    double pages_per_second() const;
};

/// Iterations: the first over all pages, each other over those that were dirtied in the one before. When the remaining ones
/// can be sent within the downtime, the guest stops and they are.
class EmulatedPrecopy : public PageOrder {
 public:
    enum class State {
        Running,
        Stopped,   ///< the guest stands still, the last pages are under way
        GivenUp,   ///< most_iterations, or three iterations in a row with no fewer pages left than there have been before
    };

    /// `ended` is called at the end of each iteration, by whoever calls next() or delivered(), and must not call back.
    EmulatedPrecopy(const PrecopyOptions& options, Clock::time_point start, std::function<void()> ended);
    std::size_t next(std::span<std::uint64_t> pages, Clock::time_point now) override;
    /// The destination has all that next() has handed out; ends the last iteration.
    void delivered(Clock::time_point now);

    /// Iterations that have ended since the call before.
    std::vector<Iteration> take_iterations();
    State state() const;
    /// From the stop of the guest until everything was delivered; none before.
    std::optional<std::chrono::nanoseconds> downtime() const;
    /// Pages per second that have been dirtied for the first time in their iteration, in the last that ran beside the guest.
    double dirtied_per_second() const;

 private:
    bool end_iteration(Clock::time_point now);
    void note_iteration();
    const PrecopyOptions options_;
    const std::function<void()> ended_;
    mutable std::mutex mutex_;
    DirtyPages dirty_;
    std::vector<std::uint64_t> sending_;  // bits of pages that are still to be sent
    std::size_t word_ = 0;
    Iteration current_;
    Clock::time_point begin_;
    State state_ = State::Running;
    bool over_ = false;
    std::uint64_t fewest_;
    unsigned in_vain_ = 0;
    std::vector<Iteration> iterations_;
    std::optional<std::chrono::nanoseconds> downtime_;
    double dirtied_per_second_ = 0;
};

/// How many pages per second a network has to carry for the migration to converge, by the same model without chance: the
/// smallest rate with which it does, to 1 %. Infinity when no rate up to 10^12 does.
double needed_pages_per_second(const PrecopyOptions& options);

}  // namespace vmmig
