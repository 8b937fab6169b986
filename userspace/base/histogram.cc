/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace base {

namespace {

/// A power of two has 2^kBits buckets.
constexpr unsigned kBits = 7;

std::size_t bucket_of(std::uint64_t value) {
    if (value < (2u << kBits)) return static_cast<std::size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (static_cast<std::size_t>(shift) << kBits) + static_cast<std::size_t>(value >> shift);
}

std::uint64_t middle_of(std::size_t bucket) {
    if (bucket < (2u << kBits)) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket >> kBits) - 1;
    const std::uint64_t first = ((bucket & ((1u << kBits) - 1)) + (1u << kBits)) << shift;
    return first + ((std::uint64_t{1} << shift) - 1) / 2;
}

}  // namespace

void Histogram::record(std::uint64_t value, std::uint64_t times) {
    if (times == 0) return;
    const std::size_t bucket = bucket_of(value);
    if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
    buckets_[bucket] += times;
    count_ += times;
    sum_ += static_cast<unsigned __int128>(value) * times;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
    if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
    for (std::size_t i = 0; i < other.buckets_.size(); i++) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

Histogram Histogram::scaled(double factor) const {
    auto scale = [factor](std::uint64_t value) {
        const double product = std::round(static_cast<double>(value) * factor);
        return product < 0x1p64 ? static_cast<std::uint64_t>(product) : UINT64_MAX;
    };
    Histogram result;
    for (std::size_t i = 0; i < buckets_.size(); i++) result.record(scale(std::clamp(middle_of(i), min(), max_)), buckets_[i]);
    if (count_ == 0) return result;
    result.min_ = scale(min_);
    result.max_ = scale(max_);
    result.sum_ = static_cast<unsigned __int128>(static_cast<long double>(sum_) * static_cast<long double>(factor));
    return result;
}

double Histogram::mean() const {
    return count_ ? static_cast<double>(static_cast<long double>(sum_) / static_cast<long double>(count_))
                  : 0;
}

std::uint64_t Histogram::percentile(double percent) const {
    if (count_ == 0) return 0;
    if (!(percent > 0)) return min_;
    if (percent >= 100) return max_;
    // 99.9 is a little more than 99.9 in binary: without the slack its rank of 1000 values would be 1000.
    const long double exact = static_cast<long double>(percent) * static_cast<long double>(count_) / 100;
    const auto rank = static_cast<std::uint64_t>(std::ceil(exact * (1 - 1e-12L)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); i++) {
        seen += buckets_[i];
        if (seen >= rank && seen > 0) return std::clamp(middle_of(i), min_, max_);
    }
    return max_;
}

std::uint64_t Histogram::at_most(std::uint64_t value) const {
    const std::size_t end = std::min(bucket_of(value) + 1, buckets_.size());
    return std::accumulate(buckets_.begin(), buckets_.begin() + static_cast<std::ptrdiff_t>(end), std::uint64_t{0});
}

}  // namespace base
