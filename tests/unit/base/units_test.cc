/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/units.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace std::chrono_literals;
using base::UsageError;

TEST_CASE("sizes are read in powers of 1024, with or without a letter") {
    CHECK(base::parse_size("--size", "64k") == 64 << 10);
    CHECK(base::parse_size("--size", "4M") == 4 << 20);
    CHECK(base::parse_size("--size", "2GiB") == 2ull << 30);
    CHECK(base::parse_size("--size", "1.5KB") == 1536);
    CHECK(base::parse_size("--size", "100") == 100);
    CHECK(base::parse_size("--size", "100", 1024) == 102400);
    CHECK(base::parse_size("--size", "100b", 1024) == 100);
    CHECK(base::parse_size("--size", " 7 ") == 7);
}

TEST_CASE("what is no size is refused, and the message names the option") {
    for (const char* text : {"", "M", "-1", "4X", "4MM", "0x10", "nan", "inf", "1e3", "99999999T", "4 4"})
        CHECK_THROWS_AS(base::parse_size("--size", text), UsageError);
    CHECK_THROWS_WITH(base::parse_size("--size", "4X"), Catch::Contains("--size") && Catch::Contains("'4X'"));
}

TEST_CASE("times are read with their unit, or in the unit of the option") {
    CHECK(base::parse_duration("--t", "500ms") == 500ms);
    CHECK(base::parse_duration("--t", "2") == 2s);
    CHECK(base::parse_duration("--t", "2", 1ms) == 2ms);
    CHECK(base::parse_duration("--t", "1.5m") == 90s);
    CHECK(base::parse_duration("--t", "3 h") == 3h);
    CHECK(base::parse_duration("--t", "10us") == 10us);
    for (const char* text : {"", "s", "-1s", "1d", "1:30", "1e30", "1000000h"})
        CHECK_THROWS_AS(base::parse_duration("--t", text), UsageError);
}

TEST_CASE("sizes and times are printed with the digits that people want") {
    CHECK(base::format_size(0) == "0 B");
    CHECK(base::format_size(999) == "999 B");
    CHECK(base::format_size(1234567) == "1.2 MB");
    CHECK(base::format_size(999999) == "1.0 MB");
    CHECK(base::format_duration(999ns) == "999 ns");
    CHECK(base::format_duration(1us) == "1 us");
    CHECK(base::format_duration(999us) == "999 us");
    CHECK(base::format_duration(999600ns) == "1 ms");
    CHECK(base::format_duration(35ms) == "35 ms");
    CHECK(base::format_duration(10200ms) == "10.2 s");
    CHECK(base::format_duration(999900us) == "1.0 s");
    CHECK(base::format_duration(200s) == "3 min 20 s");
    CHECK(base::format_duration(125min) == "2 h 5 min");
}
