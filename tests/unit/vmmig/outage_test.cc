/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/outage.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace std::chrono_literals;
using vmmig::OutageWatch;

namespace {

/// A watch that has got packets 0 .. n - 1, one each 10 ms from 0 on.
struct Watched {
    OutageWatch watch{10ms};
    std::vector<vmmig::Outage> outages;
    void at(std::chrono::nanoseconds when, std::optional<std::uint64_t> number) {
        if (auto outage = watch.arrived(OutageWatch::Clock::time_point{when}, number)) outages.push_back(*outage);
    }
    explicit Watched(std::uint64_t packets) {
        for (std::uint64_t i = 0; i < packets; i++) at(i * 10ms, i);
    }
};

}  // namespace

TEST_CASE("packets at an even pace are no outage, nor are those a little late") {
    Watched w(10);
    w.at(109ms, 10);
    w.at(110ms, 11);
    CHECK(w.outages.empty());
    CHECK(w.watch.received() == 12);
    CHECK(w.watch.lost() == 0);
}

TEST_CASE("a gap of two intervals or more is an outage of one interval less") {
    Watched w(10);
    w.at(590ms, 59);
    REQUIRE(w.outages.size() == 1);
    CHECK(w.outages[0].gap == 500ms);
    CHECK(w.outages[0].length == 490ms);
    CHECK(w.watch.lost() == 49);
    CHECK(w.watch.outages().count() == 1);
}

TEST_CASE("answers that have queued up do not hide the next outage") {
    Watched w(10);
    // Three stops; each time all that was sent meanwhile is answered at once.
    std::uint64_t number = 10;
    std::chrono::nanoseconds now = 90ms;
    for (std::chrono::nanoseconds stop : {1000ms, 700ms, 500ms}) {
        now += stop;
        for (auto end = number + static_cast<std::uint64_t>(stop / 10ms); number < end; number++) w.at(now, number);
        for (int i = 0; i < 5; i++) w.at(now += 10ms, number++);
    }
    REQUIRE(w.outages.size() == 3);
    CHECK(w.outages[0].length == 990ms);
    CHECK(w.outages[1].length == 690ms);
    CHECK(w.outages[2].length == 490ms);
    CHECK(w.watch.lost() == 0);
}

TEST_CASE("loss, order and duplicates are told apart") {
    Watched w(3);
    w.at(30ms, 4);
    w.at(31ms, 3);
    w.at(32ms, 3);
    w.at(40ms, 7);
    CHECK(w.watch.received() == 6);
    CHECK(w.watch.reordered() == 1);
    CHECK(w.watch.duplicates() == 1);
    CHECK(w.watch.lost() == 2);
}

TEST_CASE("a packet that is lost is no outage, two are") {
    Watched w(10);
    w.at(111ms, 11);
    CHECK(w.outages.empty());
    w.at(141ms, 14);
    REQUIRE(w.outages.size() == 1);
    CHECK(w.outages[0].length == 20ms);
    // One that was lost in an outage does not hide it.
    w.at(500ms, 16);
    REQUIRE(w.outages.size() == 2);
    CHECK(w.outages[1].length == 349ms);
}

TEST_CASE("a gap that the sender made is no outage") {
    Watched w(10);
    auto at = [&](std::chrono::nanoseconds when, std::uint64_t number, std::chrono::nanoseconds pause) {
        return w.watch.arrived(OutageWatch::Clock::time_point{when}, number, pause);
    };
    CHECK_FALSE(at(190ms, 10, 100ms));
    CHECK_FALSE(at(200ms, 11, 10ms));
    CHECK(at(500ms, 12, 100ms)->length == 200ms);
}

TEST_CASE("behind the end nothing is compared with what came before") {
    Watched w(10);
    CHECK_FALSE(w.watch.finish(OutageWatch::Clock::time_point{95ms}, 12));
    CHECK(w.watch.lost() == 2);
    CHECK_FALSE(w.watch.quiet(OutageWatch::Clock::time_point{5s}));
    CHECK_FALSE(w.watch.finish(OutageWatch::Clock::time_point{5s}, std::nullopt));
}

TEST_CASE("packets without numbers count one after another, and the first gap is the interval") {
    OutageWatch watch{std::nullopt};
    auto at = [&](std::chrono::nanoseconds when) { return watch.arrived(OutageWatch::Clock::time_point{when}, std::nullopt); };
    CHECK_FALSE(at(0ms));
    CHECK_FALSE(watch.interval());
    CHECK_FALSE(at(50ms));
    CHECK(*watch.interval() == 50ms);
    CHECK_FALSE(at(149ms));
    CHECK(at(249ms)->length == 50ms);
    CHECK(watch.lost() == 0);
}

TEST_CASE("an outage that lasts is seen, and counts at the end") {
    Watched w(10);
    CHECK_FALSE(w.watch.quiet(OutageWatch::Clock::time_point{109ms}));
    CHECK(*w.watch.quiet(OutageWatch::Clock::time_point{390ms}) == 290ms);
    const auto last = w.watch.finish(OutageWatch::Clock::time_point{390ms}, 39);
    REQUIRE(last);
    CHECK(last->length == 290ms);
    CHECK(w.watch.lost() == 29);
    CHECK_FALSE(OutageWatch(10ms).finish(OutageWatch::Clock::time_point{1h}, 0));
}

TEST_CASE("the largest numbers do no harm") {
    OutageWatch watch{10ms};
    watch.arrived(OutageWatch::Clock::time_point{0ms}, UINT64_MAX - 1);
    watch.arrived(OutageWatch::Clock::time_point{1ms}, 0);
    CHECK(watch.duplicates() == 1);
    CHECK(watch.lost() == UINT64_MAX - 1);
}
