/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How values are spread, over any range and in little memory.

#include <cstdint>
#include <vector>

namespace base {

/// A histogram of numbers of 64 bits, in whatever unit the caller has. Buckets are log-linear, as those of
/// HdrHistogram: values below 256 have a bucket each, and every power of two above has 128 of the same width.
/// So a value is known to within 1/128 of itself, from 1 to 2^64 - 1: nanoseconds and centuries fit side by
/// side. It takes 8 bytes for each bucket up to that of the largest value, 59 KB at most.
class Histogram {
 public:
    void record(std::uint64_t value, std::uint64_t times = 1);
    /// Adds what another one has recorded.
    void merge(const Histogram& other);
    /// The same in another unit: every value times `factor` > 0.
    Histogram scaled(double factor) const;

    std::uint64_t count() const { return count_; }
    /// Exact; 0 when nothing was recorded.
    std::uint64_t min() const { return count_ ? min_ : 0; }
    std::uint64_t max() const { return max_; }
    double mean() const;
    /// The smallest value that at least `percent` (0..100) of all recorded ones do not exceed (nearest rank):
    /// the middle of its bucket, so off by half of 1 % at most; exact below 256, and for 0 and 100 always. 0
    /// when nothing was recorded.
    std::uint64_t percentile(double percent) const;
    /// How many are not larger than `value`; those in its bucket count, too.
    std::uint64_t at_most(std::uint64_t value) const;

 private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0, min_ = UINT64_MAX, max_ = 0;
    unsigned __int128 sum_ = 0;
};

}  // namespace base
