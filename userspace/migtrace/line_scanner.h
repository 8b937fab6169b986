/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The two loops that look at every byte of a trace.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "migtrace/record.h"

namespace migtrace {

/// How many bytes behind the text these functions read, without making use of them.
constexpr std::size_t kScanAhead = 64;

/// Follows time stamps of lines that are in order except for neighbours that are swapped, which happens where an
/// interrupt comes between reserving a slot and reading the clock; or else the lines are several such runs.
class RunTracker {
 public:
    /// How far an event may stand behind its place; far more than is ever seen.
    static constexpr std::size_t kSwapDistance = 16;

    /// False: this time stamp begins a new run.
    bool add(std::uint64_t ts) {
        if (ts < latest_) return insert(ts);
        latest_ = ts;
        recent_[count_++ % kSwapDistance] = ts;
        return true;
    }
    bool swapped() const { return swapped_; }
    /// The latest of the current run.
    std::uint64_t latest() const { return latest_; }

 private:
    bool insert(std::uint64_t ts);
    std::uint64_t latest_ = 0;
    std::uint64_t count_ = 0;
    std::array<std::uint64_t, kSwapDistance> recent_{};  // the latest of the run, in order from count_ on
    bool swapped_ = false;
};

/// Reads lines from `at` on that are migrations as the kernel writes them, up to `most`, into `records`, and stops at
/// any other line and before one that does not end before `end`. Moves `at` behind what was read and counts `line` on;
/// `line` is the number of the line before `at`.
std::size_t scan_migrations(const char*& at, const char* end, Record* records, std::size_t most, std::uint32_t& line);

/// What scan_migrations() consists of. They do the same, but stop earlier: each at lines that it is not made for.
using MigrationScanner = std::size_t(const char*& at, const char* end, Record* records, std::size_t most,
                                     std::uint32_t& line);
MigrationScanner scan_migrations_sse2;
MigrationScanner scan_migrations_avx2;  ///< twice as fast, for processors that can_scan_avx2()
bool can_scan_avx2();

/// The same for the time stamps alone: stops also at a line that is long for a migration, and at one that begins a new
/// run (`tracker` has not seen it then). Returns the number of lines.
std::size_t scan_times(const char*& at, const char* end, RunTracker& tracker);

}  // namespace migtrace
