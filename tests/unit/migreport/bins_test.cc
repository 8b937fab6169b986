/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/bins.h"

#include <catch2/catch.hpp>
#include <random>

#include "migtrace/support.h"

using migreport::Bins;

namespace {

constexpr std::uint64_t kMs = 1'000'000, kBegin = 100'000'000'000;

std::uint64_t sum(const Bins& bins, std::size_t series) {
    std::uint64_t sum = 0;
    for (std::size_t c = 0; c < bins.columns(); c++) sum += bins.at(c, series);
    return sum;
}

}  // namespace

TEST_CASE("a column's end belongs to it, and the begin of all to the first") {
    Bins bins(kBegin, 1);
    for (std::uint64_t ns : {std::uint64_t{0}, kMs, kMs + 1, 2 * kMs, 2 * kMs + 1}) bins.add(kBegin + ns, 0);
    REQUIRE(bins.columns() == 3);
    CHECK(bins.msec() == 1);
    CHECK(bins.at(0, 0) == 2);
    CHECK(bins.at(1, 0) == 2);
    CHECK(bins.at(2, 0) == 1);
}

TEST_CASE("what lies before the begin belongs to no column") {
    Bins bins(kBegin, 1);
    bins.add(kBegin - 1, 0);
    CHECK(bins.columns() == 0);
}

TEST_CASE("columns grow by round numbers, stay few and lose nothing") {
    Bins bins(kBegin, 2);
    const std::uint64_t lengths[] = {1, 2, 10, 20, 100, 200, 1000};
    std::uint64_t events = 0;
    for (std::uint64_t length : lengths) {
        bins.add(kBegin + length * Bins::kMost * kMs, events++ % 2);
        CHECK(bins.msec() == length);
        CHECK(bins.columns() == Bins::kMost);
    }
    CHECK(sum(bins, 0) == 4);
    CHECK(sum(bins, 1) == 3);
    CHECK(bins.total(Bins::kMost - 1) == 1);
}

TEST_CASE("the longest time there is fits") {
    Bins bins(0, 1);
    bins.add(0, 0);
    bins.add(UINT64_MAX, 0);
    CHECK(bins.columns() <= Bins::kMost);
    CHECK(sum(bins, 0) == 2);
}

TEST_CASE("few columns can be asked for") {
    Bins bins(kBegin, 1);
    for (std::uint64_t ms = 1; ms <= 350; ms++) bins.add(kBegin + ms * kMs, 0);
    bins.coarsen(60);
    CHECK(bins.msec() == 10);
    CHECK(bins.columns() == 35);
    CHECK(bins.at(34, 0) == 10);
}

TEST_CASE("columns hold what migrate_stats counts in periods of their length") {
    std::mt19937 random(7);
    std::string events;
    std::uint64_t ns = 0;
    Bins bins(kBegin, 1);
    for (int i = 0; i < 3000; i++) {
        // Many on a border.
        ns += random() % 3 ? random() % 3'000'000 : kMs - ns % kMs;
        events += fmt::format("0x{:016x} 0 0 1 5 2\n", kBegin + ns);
        bins.add(kBegin + ns, 0);
    }
    test::Trace trace(events);
    const std::vector<std::string> rows = test::rows(trace.period(bins.msec()));
    REQUIRE(rows.size() <= bins.columns());
    REQUIRE(rows.size() + 1 >= bins.columns());
    for (std::size_t c = 0; c < rows.size(); c++) {
        const double rate = 1000.0 * static_cast<double>(bins.at(c, 0)) / static_cast<double>(bins.msec());
        CHECK(rows[c].substr(rows[c].rfind(' ') + 1) == fmt::format("{:.2f}", rate));
    }
}
