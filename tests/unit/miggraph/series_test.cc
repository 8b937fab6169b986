/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/series.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"

using namespace miggraph;
using Clock = Timeline::Clock;

namespace {

Series series(const std::string& text) {
    std::istringstream in(text);
    return read_series(in, "input");
}

}  // namespace

TEST_CASE("a line has its time first and its value last") {
    auto point = parse_point("  12.500 \t 3.25 ");
    REQUIRE(point);
    CHECK(point->time == 12.5);
    CHECK(point->value == 3.25);
    CHECK(point->clock == Clock::Elapsed);
    CHECK(parse_point("-1.5 +2")->time == -1.5);
}

TEST_CASE("times of day are read with and without a date, and further times do not count") {
    CHECK(parse_point("01:02:03.250 7")->time == 3723.25);
    CHECK(parse_point("1970/01/02 00:00:01.000 7")->time == 86401);
    CHECK(parse_point("2010/08/11 12:08:39.890 2010/08/11 14:08:39.890 0.000 7")->time ==
          Approx(1281528519.89));
    CHECK(parse_point("2010/08/11 12:08:39.890 7")->dated);
    CHECK(parse_point("12:00:00.000 5.000 7")->value == 7);
}

TEST_CASE("what is no time and value is none") {
    for (const char* line : {"", "1", "a b", "1 x", "x 1", "1 nan", "inf 1", "25:00:00 1 2x", "12:60:00 1",
                             "12:00 1", "2010/13/01 00:00:00 1", "2010/01/01 1", "0x10 1", "1: 2:3 4"})
        CHECK_FALSE(parse_point(line));
}

TEST_CASE("a series is brought into order, and lines that make no sense are counted") {
    Series s = series("# header\n2 20\n\nrubbish\n1 10\r\n3 30\n");
    CHECK(s.times == std::vector<double>{1, 2, 3});
    CHECK(s.values == std::vector<double>{10, 20, 30});
    CHECK(s.skipped == 1);
    CHECK(s.first_skipped == 4);
}

TEST_CASE("times of day that pass midnight go on into the next day") {
    Series s = series("23:59:59 1\n00:00:01 2\n00:00:03 3\n");
    CHECK(s.times == std::vector<double>{86399, 86401, 86403});
    CHECK(s.clock == Clock::TimeOfDay);
}

TEST_CASE("nothing, garbage and mixed kinds of time are errors that say what was seen") {
    CHECK_THROWS_WITH(series(""), Catch::Contains("empty"));
    CHECK_THROWS_WITH(series("# only a header\n"), Catch::Contains("empty"));
    CHECK_THROWS_WITH(series("garbage here\n"), Catch::Contains("line 1") && Catch::Contains("garbage here"));
    CHECK_THROWS_WITH(series("1 2\n12:00:00 3\n"), Catch::Contains("line 2"));
}
