/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/activity.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace vmdirty;
using namespace std::chrono_literals;

namespace {

Bitmap pages(std::uint64_t count, const std::set<std::uint64_t>& set) {
    Bitmap bitmap(count);
    for (const std::uint64_t page : set) bitmap.set(page, page + 1);
    return bitmap;
}

Layout memory(std::uint64_t pages) {
    Layout layout;
    layout.add(0x1000000, 0x1000000 + pages * kPage, "memory");
    return layout;
}

}  // namespace

TEST_CASE("the working set counts a page once, however often it was written") {
    Activity activity(memory(1000), 10s);
    CHECK_FALSE(activity.working_set(1s));
    activity.add(pages(1000, {1, 2, 3}), 0s, 1s);
    CHECK(activity.working_set(1s) == 3);
    CHECK_FALSE(activity.working_set(2s));
    CHECK_FALSE(activity.working_set(100ms));
    activity.add(pages(1000, {3, 4}), 1s, 2s);
    CHECK(activity.working_set(1s) == 2);
    CHECK(activity.working_set(2s) == 4);
}

TEST_CASE("working sets are those of a model that keeps every bitmap") {
    std::mt19937 random(2);
    Activity activity(memory(700), 6s);
    std::vector<std::set<std::uint64_t>> all;
    for (int i = 0; i < 300; i++) {
        std::set<std::uint64_t> written;
        for (unsigned n = random() % 60; n > 0; n--) written.insert(random() % 700);
        all.push_back(written);
        // Intervals are as long as they should be only nearly.
        const auto at = [&](int n) { return n * 100ms + std::chrono::nanoseconds(n % 7 * 1'000'000); };
        activity.add(pages(700, written), at(i), at(i + 1));
        for (const int window : {1, 10, 60}) {
            std::set<std::uint64_t> unique;
            for (int k = std::max(0, i + 1 - window); k <= i; k++)
                unique.insert(all[static_cast<std::size_t>(k)].begin(), all[static_cast<std::size_t>(k)].end());
            const auto seen = activity.working_set(window * 100ms);
            REQUIRE(seen.has_value() == (i + 1 >= window));
            if (seen) REQUIRE(*seen == unique.size());
        }
    }
}

TEST_CASE("a window is not made longer by intervals that do not fit into it") {
    Activity activity(memory(1000), 10s);
    activity.add(pages(1000, {1, 2, 3}), 0s, 1s);
    activity.add(pages(1000, {4}), 1s, 1500ms);
    CHECK(activity.working_set(1s) == 1);
    activity.add(pages(1000, {5, 6}), 1500ms, 3s);
    CHECK_FALSE(activity.working_set(1s));
    CHECK(activity.working_set(2s) == 3);
}

TEST_CASE("the longest window has as many intervals as it has room for") {
    Activity activity(memory(1000), 10s);
    for (std::uint64_t i = 0; i < 8; i++) activity.add(pages(1000, {i}), i * 3s, (i + 1) * 3s);
    CHECK(activity.working_set(10s) == 3);
}

TEST_CASE("a minute is the minute before, whatever the intervals are") {
    for (const std::chrono::milliseconds interval : {10ms, 100ms, 1000ms, 7000ms}) {
        INFO(interval.count() << " ms");
        Activity activity(memory(1 << 16), 60s);
        // It may be longer or shorter by a twentieth, but not by more than half an interval.
        const auto slack = std::min<Activity::Time>(3s, interval / 2);
        const auto in_minute = static_cast<std::uint64_t>((60s + slack) / interval);
        // A page of its own in each interval, and one that is always written.
        for (std::uint64_t i = 1; i <= 3 * in_minute; i++) {
            activity.add(pages(1 << 16, {0, i}), (i - 1) * interval, i * interval);
            const auto minute = activity.working_set(60s);
            const auto expected = i * interval >= 60s - slack ? std::optional(std::min(i, in_minute) + 1) : std::nullopt;
            REQUIRE(minute == expected);
        }
    }
}

TEST_CASE("a minute forgets what was before a long pause") {
    Activity activity(memory(1000), 60s);
    for (std::uint64_t i = 0; i < 100; i++) activity.add(pages(1000, {i}), i * 1s, (i + 1) * 1s);
    CHECK(activity.working_set(60s) == 60);
    activity.add(pages(1000, {}), 100s, 150s);
    CHECK(activity.working_set(60s) == 10);
    activity.add(pages(1000, {7}), 150s, 250s);
    CHECK_FALSE(activity.working_set(60s));
    for (std::uint64_t i = 0; i < 60; i++) activity.add(pages(1000, {i % 2}), (250 + i) * 1s, (251 + i) * 1s);
    CHECK(activity.working_set(60s) == 2);
}

TEST_CASE("the hottest parts are those with the most pages in all bitmaps") {
    Layout layout = memory(1024);
    layout.add(0x9000000, 0x9000000 + 76 * kPage, "device");
    Activity activity(layout, 10s);
    for (int i = 0; i < 3; i++) activity.add(pages(1100, {5, 6, 1024}), i * 1s, (i + 1) * 1s);
    activity.add(pages(1100, {600}), 3s, 4s);
    const auto hottest = activity.hottest(2);
    REQUIRE(hottest.size() == 2);
    CHECK(hottest[0].first_page == 0);
    CHECK(hottest[0].writes == 6);
    CHECK(hottest[1].first_page == 1024);
    CHECK(hottest[1].pages == 76);
    CHECK(activity.hottest(10).size() == 3);
}
