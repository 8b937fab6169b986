/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/precopy.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

using namespace std::chrono_literals;
using vmmig::Clock;
using vmmig::EmulatedPrecopy;
using vmmig::Iteration;
using vmmig::Passes;
using vmmig::PrecopyOptions;

namespace {

constexpr Clock::time_point kStart{1000s};

/// A migration over a network that carries so many pages per second.
struct Run {
    std::vector<Iteration> iterations;
    std::vector<std::uint64_t> sent;
    unsigned told = 0;
    EmulatedPrecopy migration;

    Run(const PrecopyOptions& options, double carries) : migration(options, kStart, [this] { told++; }) {
        Clock::time_point now = kStart;
        std::array<std::uint64_t, 32> pages;
        while (const std::size_t n = migration.next(pages, now)) {
            sent.insert(sent.end(), pages.begin(), pages.begin() + static_cast<long>(n));
            now += std::chrono::nanoseconds(std::llround(static_cast<double>(n) / carries * 1e9));
        }
        migration.delivered(now);
        iterations = migration.take_iterations();
    }
};

}  // namespace

TEST_CASE("passes go over all pages in order, and end") {
    Passes passes(5, 2);
    std::array<std::uint64_t, 4> pages;
    std::vector<std::uint64_t> all;
    while (const std::size_t n = passes.next(pages, kStart)) all.insert(all.end(), pages.begin(), pages.begin() + static_cast<long>(n));
    CHECK(all == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 0, 1, 2, 3, 4});
}

TEST_CASE("a guest that is idle migrates in one iteration and no downtime") {
    const Run run({.pages = 1000}, 1e5);
    CHECK(run.iterations.size() == 2);
    CHECK(run.told == 2);
    CHECK(std::set(run.sent.begin(), run.sent.end()).size() == 1000);
    CHECK(run.sent.size() == 1000);
    CHECK(run.iterations.back().stopped);
    CHECK(run.migration.downtime() == 0ns);
}

TEST_CASE("each iteration sends what was dirtied in the one before") {
    // Half of what the network carries: each iteration is about half of the one before.
    const Run run({.pages = 100'000, .dirty_pages_per_second = 5e4, .downtime = 10ms}, 1e5);
    REQUIRE(run.iterations.size() > 4);
    for (std::size_t i = 1; i < run.iterations.size(); i++) CHECK(run.iterations[i].pages == run.iterations[i - 1].remaining);
    // 50000 writes to 100000 pages leave 1 - e^-0.5 of them dirty.
    CHECK(static_cast<double>(run.iterations[0].remaining) == Approx(39347).epsilon(0.02));
    CHECK(run.iterations[0].expected == run.iterations[0].remaining * 10us);
    const auto downtime = run.migration.downtime();
    REQUIRE(downtime);
    CHECK(*downtime <= 10ms);
    CHECK(*downtime == run.iterations.back().pages * 10us);
    CHECK(run.iterations[run.iterations.size() - 2].expected <= 10ms);
    CHECK(run.iterations[run.iterations.size() - 3].expected > 10ms);
}

TEST_CASE("of two channels one may look at the clock before the other and come after it") {
    vmmig::DirtyPages dirty({.pages = 1000, .dirty_pages_per_second = 1e3}, kStart);
    dirty.advance(kStart + 100ms);
    const auto count = dirty.count();
    dirty.advance(kStart + 99ms);
    CHECK(dirty.count() == count);
    dirty.advance(kStart + 200ms);
    CHECK(dirty.count() > count);
}

TEST_CASE("a working set is all that stays dirty") {
    const Run run({.pages = 100'000, .dirty_pages_per_second = 1e7, .working_set = 0.01, .downtime = 11ms}, 1e5);
    REQUIRE(run.migration.downtime());
    CHECK(run.iterations[0].remaining == 1000);
    CHECK(std::all_of(run.sent.begin() + 100'000, run.sent.end(), [](auto page) { return page < 1000; }));
}

TEST_CASE("a migration that does not converge is given up, when nothing gets better or at the most iterations") {
    const Run hopeless({.pages = 10'000, .dirty_pages_per_second = 1e6, .downtime = 1ms}, 1e5);
    CHECK(hopeless.migration.state() == EmulatedPrecopy::State::GivenUp);
    CHECK_FALSE(hopeless.migration.downtime());
    CHECK(hopeless.iterations.size() <= 6);
    const Run slow({.pages = 100'000, .dirty_pages_per_second = 9e4, .downtime = 0ns, .most_iterations = 3}, 1e5);
    CHECK(slow.migration.state() == EmulatedPrecopy::State::GivenUp);
    CHECK(slow.iterations.size() == 3);
}

TEST_CASE("with the bandwidth that is needed it converges, and with less it does not") {
    for (const PrecopyOptions& options : {PrecopyOptions{.pages = 50'000, .dirty_pages_per_second = 1e5, .downtime = 20ms},
                                          PrecopyOptions{.pages = 50'000, .dirty_pages_per_second = 1e6, .working_set = 0.1, .downtime = 5ms},
                                          PrecopyOptions{.pages = 50'000, .dirty_pages_per_second = 1e5, .downtime = 300ms}}) {
        const double needed = vmmig::needed_pages_per_second(options);
        CHECK(Run(options, 1.1 * needed).migration.downtime());
        CHECK_FALSE(Run(options, 0.9 * needed).migration.downtime());
    }
    // A guest that is faster than any network.
    CHECK(std::isinf(vmmig::needed_pages_per_second({.pages = 10, .dirty_pages_per_second = 1e13, .downtime = 0ns})));
}
