/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/periods.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;
using Catch::Contains;
using Rows = std::vector<std::string>;

TEST_CASE("the first period holds its begin and its end, every later one only its end") {
    Trace trace(move(0, 0, 1, 5) + move(1000, 0, 1, 5) + at(1'000'000'001) + " 0 0 1 5 2\n" +
                move(2000, 0, 1, 5) + at(2'000'000'001) + " 0 0 1 5 2\n");
    CHECK(rows(trace.period(1000)) == Rows{"0.000  2.00", "1.000  2.00"});
}

TEST_CASE("a period is printed when a later migration inside filters and window is seen") {
    Trace trace(move(100, 0, 1, 5) + move(2500, 0, 1, 6) + mark(9000, "0x00000001"));
    CHECK(rows(trace.period(1000)) == Rows{"0.000  1.00", "1.000  0.00"});
    trace.job.walk.filters.pid.include = {5};
    CHECK(rows(trace.period(1000)).empty());
    trace.job.walk.filters = {};
    trace.job.walk.window.end_ns = 2'000'000'000;
    CHECK(rows(trace.period(1000)).empty());
}

TEST_CASE("gettimeofday is that of the window's begin, and comes only with a migration") {
    Trace trace(move(100, 0, 1, 5) + move(2500, 0, 1, 6));
    CHECK_THAT(trace.period(1000), Contains("\n# gettimeofday 1281528519 500000\n0.000"));
    CHECK_THAT(trace.period(100000),
               Catch::EndsWith("# field 2 migrate\n# gettimeofday 1281528519 500000\n"));
    trace.job.walk.window.begin_ts = 101'750'000'999;
    CHECK_THAT(trace.period(1000), Contains("\n# gettimeofday 1281528521 250000\n"));
    trace.job.walk.filters.pid.include = {99};
    CHECK_THAT(trace.period(1000), Catch::EndsWith("# field 2 migrate\n"));
}

TEST_CASE("a trace without events gives no stat file at all") {
    CHECK(Trace("", "").period(1000).empty());
    CHECK(Trace("", kHeader).period(1000).empty());
    CHECK_THAT(Trace("").period(1000),
               Catch::StartsWith("# version 1.0.0\n# period_msec 1000\n# nr_cpus 4\n# ts_field 1\n"));
}

TEST_CASE("the last period is printed on demand, when the window ends exactly with it") {
    Trace trace(move(100, 0, 1, 5) + move(1200, 0, 1, 5) + move(2700, 0, 1, 5));
    trace.job.walk.window.end_ns = 2'000'000'000;
    CHECK(rows(trace.period(1000)) == Rows{"0.000  1.00"});
    trace.job.periods->last = true;
    CHECK(rows(trace.period(1000)) == Rows{"0.000  1.00", "1.000  1.00"});
    CHECK(rows(trace.period(500)) == Rows{"0.000  2.00", "0.500  0.00", "1.000  2.00", "1.500  0.00"});
    CHECK(rows(trace.period(900)) == Rows{"0.000  1.11"});
    trace.job.walk.window = {};
    CHECK(rows(trace.period(900)) == Rows{"0.000  1.11", "0.900  1.11", "1.800  1.11"});
    CHECK(rows(trace.period(1000)) == Rows{"0.000  1.00", "1.000  1.00"});
}

TEST_CASE("fields are causes, migrate, from and to each CPU, and pairs") {
    Trace trace(move(1, 0, 1, 5, 1) + move(2, 1, 0, 5, 2) + move(3, 0, 1, 5, 2) + move(2000, 0, 1, 5));
    trace.job.walk.max_cpu = 1;
    trace.job.periods.emplace();
    trace.job.periods->causes = trace.job.periods->cpus = trace.job.periods->pairs = true;
    const std::string text = trace.period(1000);
    CHECK_THAT(text,
               Contains("# nr_cpus 2\n") && Contains("# field 2 pull\n# field 3 wake\n# field 4 migrate\n"
                                                     "# field 5 from cpu: 0\n# field 6 from cpu: 1\n"
                                                     "# field 7 to cpu: 0\n# field 8 to cpu: 1\n"
                                                     "# field 9 from cpu: 0 to cpu: 0\n"
                                                     "# field 10 from cpu: 0 to cpu: 1\n"
                                                     "# field 11 from cpu: 1 to cpu: 0\n"
                                                     "# field 12 from cpu: 1 to cpu: 1\n"));
    CHECK(rows(text) == Rows{"0.000  1.00 2.00 3.00 2.00 1.00 1.00 2.00 0.00 2.00 1.00 0.00"});
    trace.job.report.human = true;
    CHECK(rows(trace.period(1000)).at(0).starts_with("   0.000     1.00    2.00    3.00    2.00"));
}

TEST_CASE("CPUs beyond nr_cpus count as migrations only") {
    Trace trace(move(1, 0, 5, 5) + move(2, 5, 0, 5) + move(3, 0, 1, 5) + move(2000, 0, 1, 5));
    trace.job.periods.emplace();
    trace.job.periods->cpus = true;
    CHECK(rows(trace.period(1000)) == Rows{"0.000  3.00 1.00 0.00 0.00 0.00 0.00 1.00 0.00 0.00"});
}

TEST_CASE("periods show the time in the forms asked for") {
    Trace trace(move(1, 0, 1, 5) + move(1500, 0, 1, 5));
    trace.job.report.times = {.rel = true, .gmt = true, .abs = true, .date = true};
    CHECK(rows(trace.period(1000)) == Rows{"0.000 2010/08/11 12:08:39.500000000 0x000000174876e800  1.00"});
    trace.job.report.times = {.date = true};
    CHECK(rows(trace.period(1000)) == Rows{"0.000  1.00"});
}

TEST_CASE("a migration is printed before the period that it closes") {
    Trace trace(move(1, 0, 1, 5) + move(1500, 0, 1, 5));
    trace.job.report.migrations = true;
    CHECK_THAT(trace.period(1000), Catch::EndsWith("migrate\n0 0 1    5                  wake\n"
                                                   "# gettimeofday 1281528519 500000\n"
                                                   "0 0 1    5                  wake\n0.000  1.00\n"));
}

TEST_CASE("a damaged time stamp does not make periods for centuries") {
    Trace trace(move(1, 0, 1, 5) + "0xfffffffffffffffe 0 0 1 5 2\n");
    CHECK_THROWS_WITH(trace.period(1), Contains("0xfffffffffffffffe") && Contains("damaged"));
    // A day without a migration is a period of 1 ms too many, and nothing for longer ones.
    Trace day(move(1, 0, 1, 5) + move(86'400'000, 0, 1, 5));
    CHECK_THROWS_WITH(day.period(1), Contains("longer --period"));
    CHECK(rows(day.period(1000)).size() == 86'399);
    CHECK(rows(trace.period(10'000'000'000'000)) == Rows{"0.000  0.00"});
    CHECK(rows(trace.period(INT64_MAX)).empty());
}

TEST_CASE("pairs of more CPUs than a line can hold are an error before memory is taken for them") {
    Trace trace(move(1, 0, 1, 5), "# nr_cpus 8192\n" + kHeader);
    trace.job.periods.emplace();
    trace.job.periods->pairs = true;
    CHECK_THROWS_WITH(trace.period(1000), Contains("67108864 columns") && Contains("--max_cpu"));
    trace.job.walk.max_cpu = 7;
    CHECK(rows(trace.period(1000)).empty());
}

TEST_CASE("a period may be longer than any clock goes") {
    for (std::uint64_t msec : {std::uint64_t{1} << 58, std::uint64_t{INT64_MAX}}) {
        Trace trace(move(20, 0, 1, 5) + move(10, 1, 0, 5));
        CHECK(rows(trace.period(msec)).empty());
    }
}

TEST_CASE("the end of all clocks closes no period") {
    Trace trace("0xffffffffffffff00 0 . . . start_sched_clock 5 5\n0xffffffffffffffff 0 0 1 5 2\n", kHeader);
    trace.job.periods.emplace();
    trace.job.periods->last = true;
    CHECK(rows(trace.period(1)).empty());
}

TEST_CASE("periods can be counted without printing them") {
    Trace trace(move(1, 0, 1, 5, 1) + move(2, 1, 0, 5, 2) + move(1500, 0, 1, 5, 2) + move(3500, 0, 1, 5, 2));
    migtrace::TraceReader reader(trace.job.input);
    auto table = migtrace::count_periods(reader, {}, {.msec = 500, .causes = true, .all = true});
    CHECK(table.names == std::vector<std::string>{"pull", "wake", "migrate"});
    REQUIRE(table.rows() == 6);
    CHECK(table.at(0, 0) == 1);
    CHECK(table.at(0, 2) == 2);
    CHECK(table.at(1, 2) == 0);
    CHECK(table.at(2, 1) == 1);
    CHECK(table.begin_ts == 100'000'000'000);
    CHECK(table.begin_wall_us == 1281528519500000);
    CHECK(table.wall_known);
    CHECK(table.nr_cpus == 4);
}
