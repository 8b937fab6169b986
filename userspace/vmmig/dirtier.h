/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Dirties memory at a rate, in a pattern, as a busy guest does.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "vmmig/memory.h"

namespace vmmig {

enum class Pattern {
    Sequential,  ///< page after page, round after round; each byte found is checked
    Random,      ///< pages at random
    Once         ///< every page once, when it begins
};

/// A rate that holds for some time.
struct RateStep {
    double bytes_per_second = 0;
    std::chrono::nanoseconds time{};
};

struct DirtyOptions {
    std::uint64_t bytes = 512u << 20;
    Backing backing = Backing::Default;
    Pattern pattern = Pattern::Sequential;
    unsigned threads = 1;
    /// Of all threads together, counting kPage for each byte written; nothing: as fast as they can.
    std::optional<double> bytes_per_second;
    /// Instead of the rate: steps one after another; the run ends behind the last.
    std::vector<RateStep> schedule;
    /// Random: this part of the memory is hot...
    double working_set = 1;
    /// ...and takes this part of the writes; the others go to all of the memory.
    double hot_writes = 0.9;
    bool latency = false;  ///< measure every access
};

/// What has been done since the call before, or in all.
struct DirtyFigures {
    std::uint64_t pages = 0;  ///< of kPage, written
    std::chrono::nanoseconds wall{}, cpu{};
    base::Histogram latency;  ///< ns, if measured

    double bytes_per_second() const;
    double load() const;  ///< CPU time by wall time: 1 is one CPU
};

/// Threads that dirty memory while the object lives.
class Dirtier {
 public:
    /// Takes the memory and pre-heats it; nothing is written after that until start(). Throws base::Error.
    explicit Dirtier(const DirtyOptions& options);
    ~Dirtier();
    Dirtier(const Dirtier&) = delete;
    Dirtier& operator=(const Dirtier&) = delete;

    void start();
    /// Since start(), or since the call before.
    DirtyFigures lap();
    /// Ends the threads. What was done since start().
    DirtyFigures stop();

    /// Where the memory was found to hold something else than what had been written. Readable when it happens.
    std::optional<std::string> corruption() const;
    /// Readable (poll) when threads have ended by themselves: corruption, or the end of the schedule.
    int ended_fd() const;
    const Memory& memory() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// How many of a histogram of nanoseconds took no more than 1, 2, 4, ... 1048576 us, and more than the one before; the
/// last counts everything longer as well.
std::array<std::uint64_t, 21> latency_buckets(const base::Histogram& nanoseconds);

}  // namespace vmmig
