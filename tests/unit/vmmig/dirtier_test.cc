/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/dirtier.h"

#include <poll.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>
#include <thread>

#include "base/error.h"

using namespace std::chrono_literals;
using vmmig::Dirtier;
using vmmig::DirtyOptions;
using vmmig::kPage;
using vmmig::Pattern;

namespace {

DirtyOptions options(std::uint64_t pages) {
    DirtyOptions options;
    options.bytes = pages * kPage;
    return options;
}

/// Numbers of the pages that hold something else than after pre-heating. A page can come to hold that again.
std::set<std::uint64_t> changed(const vmmig::Memory& memory) {
    std::set<std::uint64_t> pages;
    for (std::uint64_t page = 0; page < memory.pages(); page++)
        if (memory.data()[page * kPage] != 1) pages.insert(page);
    return pages;
}

bool ends(const Dirtier& dirtier) {
    pollfd fd{dirtier.ended_fd(), POLLIN, 0};
    return ::poll(&fd, 1, 10'000) == 1;
}

}  // namespace

TEST_CASE("memory is pre-heated, and nothing is written before the start or by `once`") {
    DirtyOptions once = options(64);
    once.pattern = Pattern::Once;
    Dirtier dirtier(once);
    dirtier.start();
    CHECK(changed(dirtier.memory()).empty());
    CHECK(dirtier.stop().pages == 0);
}

TEST_CASE("sequential writes one page after another, as many as it counts") {
    DirtyOptions slow = options(100'000);
    slow.schedule = {{2000.0 * kPage, 200ms}};
    Dirtier dirtier(slow);
    dirtier.start();
    REQUIRE(ends(dirtier));
    const auto figures = dirtier.stop();
    const auto pages = changed(dirtier.memory());
    CHECK(pages.size() == figures.pages);
    CHECK(*pages.rbegin() == pages.size() - 1);
}

TEST_CASE("each thread has its part of the memory") {
    DirtyOptions two = options(100'000);
    two.threads = 2;
    two.schedule = {{2000.0 * kPage, 200ms}};
    Dirtier dirtier(two);
    dirtier.start();
    REQUIRE(ends(dirtier));
    const auto figures = dirtier.stop();
    const auto pages = changed(dirtier.memory());
    CHECK(pages.size() == figures.pages);
    CHECK(pages.count(0));
    CHECK(pages.count(50'000));
}

TEST_CASE("there are no more threads than pages") {
    DirtyOptions many = options(3);
    many.threads = 100;
    Dirtier dirtier(many);
    dirtier.start();
    std::this_thread::sleep_for(10ms);
    CHECK(dirtier.stop().pages > 0);
    CHECK_FALSE(dirtier.corruption());
}

TEST_CASE("the working set takes its part of the writes") {
    DirtyOptions hot = options(100'000);
    hot.pattern = Pattern::Random;
    hot.working_set = 0.1;
    hot.hot_writes = 0.8;
    hot.schedule = {{40'000.0 * kPage, 250ms}};
    Dirtier dirtier(hot);
    dirtier.start();
    REQUIRE(ends(dirtier));
    const auto figures = dirtier.stop();
    const auto pages = changed(dirtier.memory());
    const auto cold = static_cast<double>(
        std::count_if(pages.begin(), pages.end(), [](std::uint64_t page) { return page >= 10'000; }));
    // Of the fifth that goes to all memory nine tenths are outside, and few of them meet.
    CHECK(cold == Approx(0.2 * 0.9 * static_cast<double>(figures.pages)).epsilon(0.15));
}

TEST_CASE("memory that is not what was written ends it, and is named") {
    Dirtier dirtier(options(1000));
    dirtier.memory().data()[500 * kPage] = 0xee;
    dirtier.start();
    REQUIRE(ends(dirtier));
    dirtier.stop();
    REQUIRE(dirtier.corruption());
    CHECK_THAT(*dirtier.corruption(), Catch::Contains("page 500 ") && Catch::Contains("0xee"));
}

TEST_CASE("every access is measured once, by laps and in all") {
    for (const Pattern pattern : {Pattern::Sequential, Pattern::Random}) {
        DirtyOptions timed = options(1000);
        timed.pattern = pattern;
        timed.latency = true;
        timed.bytes_per_second = 100'000.0 * kPage;
        Dirtier dirtier(timed);
        dirtier.start();
        std::this_thread::sleep_for(50ms);
        const auto first = dirtier.lap();
        std::this_thread::sleep_for(50ms);
        const auto all = dirtier.stop();
        CHECK(first.latency.count() > 0);
        CHECK(all.latency.count() == all.pages);
        const auto buckets = vmmig::latency_buckets(all.latency);
        CHECK(std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}) == all.pages);
    }
}

TEST_CASE("buckets are up to 1, 2, 4 us and so on, the last for all that is longer") {
    base::Histogram ns;
    for (std::uint64_t value : {0ull, 900ull, 1500ull, 1'048'576'000ull, 5'000'000'000ull}) ns.record(value);
    const auto buckets = vmmig::latency_buckets(ns);
    CHECK(buckets[0] == 2);
    CHECK(buckets[1] == 1);
    CHECK(buckets[20] == 2);
}

TEST_CASE("huge pages that are not there are an error that tells what to do") {
    try {
        vmmig::Memory memory(std::uint64_t{64} << 40, vmmig::Backing::Huge2M);
        FAIL("there are 64 TiB of huge pages");
    } catch (const base::Error& error) {
        CHECK_THAT(error.what(),
                   Catch::Contains("in 33554432 pages of 2 MiB") &&
                       (Catch::Contains("nr_hugepages") || Catch::Contains("no pages of 2 MiB")));
    }
}
