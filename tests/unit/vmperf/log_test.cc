/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/log.h"

#include <catch2/catch.hpp>

using namespace vmperf;
using namespace std::chrono_literals;

TEST_CASE("what a guest does wrong again and again is logged once a minute, with how often") {
    QuietLog log;
    const QuietLog::Clock::time_point now{};
    CHECK(log.line("192.0.2.7", "no JSON", now) == "192.0.2.7: no JSON");
    CHECK(log.line("192.0.2.7", "no JSON", now + 1s).empty());
    CHECK(log.line("192.0.2.7", "no JSON", now + 59s).empty());
    CHECK(log.line("192.0.2.7", "too long", now + 59s) == "192.0.2.7: too long");
    CHECK(log.line("192.0.2.8", "no JSON", now + 59s) == "192.0.2.8: no JSON");
    CHECK(log.line("192.0.2.7", "no JSON", now + 60s) == "192.0.2.7: no JSON (3 times since this was said last)");
    CHECK(log.line("192.0.2.7", "no JSON", now + 120s) == "192.0.2.7: no JSON");
}

TEST_CASE("what a guest sends does not move the cursor of who reads the log") {
    QuietLog log;
    CHECK(log.line("x", "\x1b[2J", {}) == "x: \\x1b[2J");
}

TEST_CASE("who makes many different faults is not told of each, and does not keep others from being told of") {
    QuietLog log;
    const QuietLog::Clock::time_point now{1h};
    for (int i = 0; i < 9; i++) CHECK(log.line("192.0.2.7", std::to_string(i), now) == "192.0.2.7: " + std::to_string(i));
    CHECK(log.line("192.0.2.7", "9", now) == "192.0.2.7: 9 (what else it does wrong in this minute is not told)");
    for (int i = 10; i < 5000; i++) CHECK(log.line("192.0.2.7", std::to_string(i), now).empty());
    CHECK_FALSE(log.line("192.0.2.8", "0", now).empty());
    CHECK(log.line("192.0.2.7", "new", now + 60s) == "192.0.2.7: new");
}

TEST_CASE("many who make faults are forgotten, not piled up") {
    QuietLog log;
    for (int i = 0; i < 5000; i++) CHECK_FALSE(log.line(std::to_string(i), "no JSON", {}).empty());
    // The first was forgotten on the way.
    CHECK_FALSE(log.line("0", "no JSON", {}).empty());
}
