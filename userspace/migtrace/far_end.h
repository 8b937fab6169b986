/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A damaged time stamp lies far behind all others: a picture up to there would show everything else as one thin line.

#include <algorithm>
#include <cstdint>

namespace migtrace {

/// Whether `ts` is behind a gap of a day at least, beside which all from `begin` to `last` would fill less than a column.
inline bool is_far_behind(std::uint64_t begin, std::uint64_t last, std::uint64_t ts) {
    constexpr std::uint64_t kLeast = 86'400'000'000'000, kTimes = 1000;
    const std::uint64_t gap = ts - std::min(ts, last);
    return gap > kLeast && gap / kTimes > last - begin;
}

/// Whether `late` migrations behind a gap are so few beside `others` that they may be faults.
inline bool may_be_faults(std::uint64_t late, std::uint64_t others) {
    constexpr std::uint64_t kMost = 16, kOthers = 50;
    return late <= kMost && late * kOthers <= others;
}

}  // namespace migtrace
