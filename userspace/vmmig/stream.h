/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What both ends of an emulated migration count and how they are watched.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/histogram.h"

namespace vmmig {

/// The emulated VM when nobody says how large it is: 1 TiB.
constexpr std::uint64_t kDefaultVm = std::uint64_t{1} << 40;

/// Of one end, since the call before or in all.
struct StreamFigures {
    std::uint64_t pages = 0;     ///< sent or received, those that were requested among them
    std::uint64_t bytes = 0;     ///< with headers
    std::uint64_t requests = 0;  ///< pages that were requested and came
    std::chrono::nanoseconds wall{}, cpu{};
    base::Histogram latency;  ///< from request to page, ns; at the destination

    double bytes_per_second() const;
    double load() const;  ///< CPU time by wall time: 1 is one CPU
};

/// What a thread has done so far, read by another.
struct StreamCounters {
    std::atomic<std::uint64_t> pages = 0, bytes = 0, requests = 0;

    void add(std::uint64_t done_pages, std::uint64_t done_bytes) {
        pages.fetch_add(done_pages, std::memory_order_relaxed);
        bytes.fetch_add(done_bytes, std::memory_order_relaxed);
    }
    void add_request() { requests.fetch_add(1, std::memory_order_relaxed); }
};

/// Figures of growing counters, and the process's CPU time with them.
class StreamLaps {
 public:
    explicit StreamLaps(const StreamCounters& counters);
    StreamFigures lap();
    StreamFigures total() const;

 private:
    struct Mark {
        std::uint64_t pages = 0, bytes = 0, requests = 0;
        std::chrono::steady_clock::time_point wall;
        std::chrono::nanoseconds cpu{};
    };
    Mark now() const;
    static StreamFigures between(const Mark& from, const Mark& to);
    const StreamCounters& counters_;
    Mark begin_, last_;
};

/// The end of a stream, and why. It ends the thread that serves the stream, and nothing else.
struct StreamEnd {
    std::string why;
};

/// Throws StreamEnd for a system call that failed.
[[noreturn]] void end_stream(const char* what, int error);

}  // namespace vmmig
