/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/histogram.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using base::Histogram;

TEST_CASE("an empty histogram has zeros everywhere") {
    const Histogram empty;
    CHECK(empty.count() == 0);
    CHECK(empty.min() == 0);
    CHECK(empty.max() == 0);
    CHECK(empty.mean() == 0);
    CHECK(empty.percentile(50) == 0);
}

TEST_CASE("small values are exact") {
    Histogram h;
    for (std::uint64_t value = 1; value <= 200; value++) h.record(value);
    CHECK(h.percentile(50) == 100);
    CHECK(h.percentile(90) == 180);
    CHECK(h.percentile(99) == 198);
    CHECK(h.percentile(99.9) == 200);
    CHECK(h.mean() == 100.5);
}

TEST_CASE("a rank is that of the nearest value, without errors of floating point") {
    Histogram h;
    h.record(1, 999);
    h.record(200);
    CHECK(h.percentile(99.9) == 1);
    CHECK(h.percentile(99.91) == 200);
    CHECK(h.percentile(0) == 1);
    CHECK(h.percentile(100) == 200);
    CHECK(h.percentile(0.001) == 1);
}

TEST_CASE("percentiles of any value are right to half a percent") {
    std::mt19937_64 random(9);
    std::vector<std::uint64_t> values;
    Histogram h;
    // From 1 us to many hours in ns, every size as often.
    for (int i = 0; i < 20000; i++) {
        const auto value = static_cast<std::uint64_t>(
            std::exp(std::uniform_real_distribution(std::log(1e3), std::log(3600e9 * 100))(random)));
        values.push_back(value);
        h.record(value);
    }
    std::sort(values.begin(), values.end());
    for (double percent : {0.5, 10.0, 50.0, 90.0, 99.0, 99.9}) {
        const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * 20000 - 1e-6));
        const auto exact = static_cast<double>(values[rank - 1]);
        CHECK(std::abs(static_cast<double>(h.percentile(percent)) - exact) <= 0.005 * exact);
    }
    CHECK(h.min() == values.front());
    CHECK(h.max() == values.back());
}

TEST_CASE("every power of two and its neighbours find their place") {
    for (int bit = 0; bit < 64; bit++)
        for (int off : {-1, 0, 1}) {
            const std::uint64_t value = (std::uint64_t{1} << bit) + static_cast<std::uint64_t>(off);
            Histogram h;
            h.record(value / 2);
            h.record(value, 2);
            h.record(UINT64_MAX);
            const auto got = static_cast<double>(h.percentile(75)), wanted = static_cast<double>(value);
            CHECK(std::abs(got - wanted) <= wanted / 200);
        }
}

TEST_CASE("the mean is exact where a sum of 64 bits would not do") {
    Histogram h;
    h.record(UINT64_MAX, 4);
    CHECK(h.mean() == static_cast<double>(UINT64_MAX));
    CHECK(h.percentile(50) == UINT64_MAX);
    CHECK(h.count() == 4);
}

TEST_CASE("merged histograms are that of all values") {
    Histogram one, other, all;
    std::mt19937_64 random(3);
    for (int i = 0; i < 1000; i++) {
        const std::uint64_t value = random() >> (i % 60);
        (i % 3 ? one : other).record(value);
        all.record(value);
    }
    one.merge(other);
    one.merge(Histogram());
    Histogram copy;
    copy.merge(one);
    CHECK(copy.count() == 1000);
    CHECK(copy.min() == all.min());
    CHECK(copy.max() == all.max());
    CHECK(copy.mean() == all.mean());
    for (double percent : {1.0, 50.0, 99.0}) CHECK(copy.percentile(percent) == all.percentile(percent));
}

TEST_CASE("nothing is recorded no times") {
    Histogram h;
    h.record(5, 0);
    CHECK(h.count() == 0);
    CHECK(h.max() == 0);
}
