/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/walk.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;
using Catch::Contains;

namespace {

/// Migrations of pid 5 each 100 ms, of pid 6 each 300 ms, a mark each second.
std::string plenty() {
    std::string text = named(1, 5, "five", 10) + named(1.5, 6, "six", 10);
    for (int i = 1; i <= 30; i++) {
        text += move(i * 100, i % 4, (i + 1) % 4, i % 3 ? 5 : 6, i % 2 + 1);
        if (i % 10 == 0) text += mark(i * 100 + 1, fmt::format("0x{:08x}", i / 10));
    }
    return text;
}

std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("filters are and'ed") {
    Trace trace(plenty());
    CHECK(lines(trace.migrations()) == 30);
    trace.job.walk.filters.pid.include = {5};
    CHECK(lines(trace.migrations()) == 20);
    trace.job.walk.filters.cause.include = {"pull"};
    CHECK(lines(trace.migrations()) == 10);
    trace.job.walk.filters.cpu_from.exclude = {0};
    CHECK(lines(trace.migrations()) == 5);
    trace.job.walk.filters.cpu_to.include = {3};
    CHECK(lines(trace.migrations()) == 5);
    trace.job.walk.filters.cpu_event.include = {1};
    CHECK(lines(trace.migrations()) == 0);
}

TEST_CASE("values of one list are alternatives") {
    Trace trace(plenty());
    trace.job.walk.filters.cpu_from.include = {0, 1, 77, -3};
    CHECK(lines(trace.migrations()) == 15);
    trace.job.walk.filters.cpu_from = {{}, {0, 1}};
    CHECK(lines(trace.migrations()) == 15);
    trace.job.walk.filters.cause.exclude = {"pull", "wake"};
    CHECK(lines(trace.migrations()) == 0);
}

TEST_CASE("including and excluding the same item is an error before the trace is read") {
    migtrace::Filters filters;
    filters.comm = {{"a"}, {"b"}};
    CHECK_THROWS_WITH(filters.check(), Contains("--comm_exclude"));
    filters.comm = {};
    filters.pid = {{1}, {2}};
    CHECK_THROWS_AS(filters.check(), base::UsageError);
    filters.pid = {{1}, {}};
    CHECK_NOTHROW(filters.check());
}

TEST_CASE("an unknown cause is an error that names those of the header") {
    Trace trace(plenty());
    trace.job.walk.filters.cause.exclude = {"nosuch"};
    CHECK_THROWS_WITH(trace.migrations(), Contains("'nosuch'") && Contains("pull wake"));
    Trace empty("", "");
    empty.job.walk.filters.cause.include = {"pull"};
    CHECK_THROWS_WITH(empty.migrations(), Contains("none"));
}

TEST_CASE("the name that a process has when it migrates is the one that counts") {
    Trace trace(move(1, 0, 1, 5) + named(2, 5, "one") + move(3, 0, 1, 5) + named(4, 5, "two") +
                move(5, 0, 1, 5) + named(6, 7, "") + move(7, 0, 1, 7));
    trace.job.walk.filters.comm.include = {"one"};
    CHECK(trace.migrations() == "   0.003000000 0 0 1    5 one              wake\n");
    trace.job.walk.filters.comm.include = {""};
    CHECK(lines(trace.migrations()) == 2);
    trace.job.walk.filters.comm = {{}, {"", "two"}};
    CHECK(lines(trace.migrations()) == 1);
}

TEST_CASE("names that hold a colon are whole, or end as the original analyzer showed them") {
    Trace trace(named(1, 5, "X: server") + named(1, 6, "a:b") + named(1, 7, "a: b: c") + move(3, 0, 1, 5) +
                move(3, 0, 1, 6) + move(3, 0, 1, 7));
    CHECK_THAT(trace.migrations(),
               Contains(" X: server        wake") && Contains(" a:b ") && Contains(" a: b: c "));
    trace.job.report.cut_names = true;
    CHECK_THAT(trace.migrations(),
               Contains(" 5 server           wake") && Contains(" a:b ") && Contains("7 c "));
}

TEST_CASE("a filter by name takes the whole name and what stands behind its last colon, whatever is shown") {
    Trace trace(named(1, 5, "X: server") + named(1, 6, "a:b") + named(1, 7, "a: b: c") + move(3, 0, 1, 5) +
                move(3, 0, 1, 6) + move(3, 0, 1, 7));
    for (bool cut : {false, true}) {
        trace.job.report.cut_names = cut;
        auto migrations = [&](const migtrace::Selection<std::string>& comm) {
            trace.job.walk.filters.comm = comm;
            return lines(trace.migrations());
        };
        for (const char* name : {"server", "X: server", "a: b: c", "c", "a:b"}) {
            CHECK(migrations({{name}, {}}) == 1);
            CHECK(migrations({{}, {name}}) == 2);
        }
        for (const char* name : {"X", "b: c", "b", ""}) CHECK(migrations({{name}, {}}) == 0);
    }
}

TEST_CASE("text cuts names in the reports of the original analyzer only, whatever else is asked for") {
    Trace trace(named(1, 5, "X: server") + move(3, 0, 1, 5) + move(4, 1, 0, 5));
    trace.job.report.cut_names = true;
    trace.job.report.comms = trace.job.summary_pid = true;
    trace.job.residency = true;
    trace.job.pingpong = std::chrono::milliseconds(10);
    const std::string text = trace.migrations();
    CHECK(text.find("X: server") == text.rfind("X: server"));
    CHECK(text.find("X: server") > text.find("PINGPONG by process"));
    trace.job.report.form = migtrace::Form::Json;
    CHECK_THAT(print(trace.job).text, !Contains("\"server\""));
}

TEST_CASE("pid acts on comm events, other filters do not, and marks are never filtered") {
    Trace trace(plenty());
    trace.job.report.comms = trace.job.report.marks = true;
    trace.job.walk.filters.cause.include = {"pull"};
    trace.job.walk.filters.comm.include = {"nobody"};
    trace.job.walk.filters.cpu_event.exclude = {0};
    CHECK(lines(print(trace.job).text) == 2 + 3);
    trace.job.walk.filters.pid.include = {6};
    CHECK(lines(print(trace.job).text) == 1 + 3);
    trace.job.walk.filters.pid = {{}, {6}};
    CHECK(lines(print(trace.job).text) == 1 + 3);
    trace.job.walk.filters.pid.exclude = {5, 6};
    CHECK(lines(print(trace.job).text) == 3);
}

TEST_CASE("the window holds its begin and its end") {
    Trace trace(plenty());
    trace.job.walk.window.begin_ns = 1'000'000'000;
    trace.job.walk.window.end_ns = 2'000'000'000;
    CHECK(lines(trace.migrations()) == 11);
    trace.job.walk.window.begin_ts = 101'000'000'001;
    CHECK(lines(trace.migrations()) == 10);
    trace.job.walk.window.end_ts = 101'999'999'999;
    CHECK(lines(trace.migrations()) == 9);
}

TEST_CASE("the latest begin and the first end count") {
    Trace trace(plenty());
    trace.job.walk.window = {.begin_mark = 1, .begin_ts = 1, .begin_ns = 2'000'000'000};
    CHECK(lines(trace.migrations()) == 11);
    trace.job.walk.window = {.begin_mark = 2, .begin_ts = 1, .begin_ns = 1'000'000'000};
    CHECK(lines(trace.migrations()) == 10);
    trace.job.walk.window = {.end_mark = 1, .end_ts = UINT64_MAX, .end_ns = 2'000'000'000};
    CHECK(lines(trace.migrations()) == 10);
    trace.job.walk.window = {.end_mark = 3, .end_ts = 100'500'000'000, .end_ns = 2'000'000'000};
    CHECK(lines(trace.migrations()) == 5);
}

TEST_CASE("a mark counts at its first occurrence, and matches exactly") {
    Trace trace(move(1, 0, 1, 5) + mark(2, "0x00000005") + move(3, 0, 1, 5) + mark(4, "0x00000005") +
                move(5, 0, 1, 5));
    trace.job.walk.window.begin_mark = 5;
    CHECK(lines(trace.migrations()) == 2);
    trace.job.walk.window = {.end_mark = 5};
    CHECK(lines(trace.migrations()) == 1);
    trace.job.walk.window = {.end_mark = 0x1'0000'0005};
    CHECK(lines(trace.migrations()) == 3);
    trace.job.walk.window = {.begin_mark = 50};
    CHECK(lines(trace.migrations()) == 0);
}

TEST_CASE("at the time stamp of a mark the order of lines decides") {
    Trace trace(at(5) + " 0 0 1 5 2\n" + at(5) + " 1 . . 5 11 0x00000007\n" + at(5) + " 1 1 2 5 2\n");
    trace.job.walk.window.begin_mark = 7;
    CHECK_THAT(trace.migrations(), Contains(" 1 1 2 ") && !Contains(" 0 0 1 "));
    trace.job.walk.window = {.end_mark = 7};
    CHECK_THAT(trace.migrations(), !Contains(" 1 1 2 ") && Contains(" 0 0 1 "));
}

TEST_CASE("a mark that limits the window and does not occur is warned of") {
    Trace trace(mark(1, "0x00000007") + move(2, 0, 1, 5) + move(3000, 1, 0, 5));
    auto warnings = [&](const migtrace::WindowLimits& window) {
        trace.job.walk.window = window;
        trace.job.stats = true;
        return print(trace.job).warnings;
    };
    CHECK(warnings({.begin_mark = 7}).empty());
    CHECK(warnings({.begin_mark = 8}) == std::vector<std::string>{"no migration passes the filters and lies in the window",
                                                                  "the begin mark 8 (0x8) does not occur"});
    CHECK(warnings({.end_mark = 17}) == std::vector<std::string>{"the end mark 17 (0x11) does not occur"});
    // It may stand behind the end.
    CHECK(warnings({.end_mark = 17, .end_ns = 1'000'000'000}).empty());
}

TEST_CASE("an end mark that stands before the begin is warned of, with its place") {
    Trace trace(mark(1, "0x00000002") + move(2, 0, 1, 5) + mark(500, "0x00000007") + move(3000, 1, 0, 5));
    trace.job.report.marks = true;
    auto warnings = [&](const migtrace::WindowLimits& window) {
        trace.job.walk.window = window;
        return print(trace.job).warnings;
    };
    const std::string place = "the end mark 2 (0x2) stands 0.001000000 s after the start of the trace (0x0000001748862a40), ";
    CHECK(warnings({.begin_mark = 7, .end_mark = 2}) ==
          std::vector<std::string>{place + "and the begin mark 7 (0x7) not before it: the window is empty"});
    CHECK(warnings({.end_mark = 2, .begin_ns = 2'000'000'000}) ==
          std::vector<std::string>{place + "before the window begins: it is empty"});
    CHECK(warnings({.begin_mark = 2, .end_mark = 7}).empty());
    CHECK(warnings({.begin_mark = 7, .end_mark = 7}).empty());
    CHECK(warnings({.end_mark = 2}).empty());
    // Nothing was to be read up to that mark.
    CHECK(warnings({.begin_mark = 7, .end_mark = 7, .end_ns = 100'000'000}).empty());
}

TEST_CASE("marks before the begin are not printed, and the marks that limit are") {
    Trace trace(plenty());
    trace.job.report.marks = true;
    trace.job.walk.window = {.begin_mark = 2};
    CHECK(lines(print(trace.job).text) == 2);
    trace.job.walk.window = {.begin_mark = 2, .end_mark = 2};
    CHECK(lines(print(trace.job).text) == 1);
    trace.job.walk.window = {.begin_ns = 2'000'000'000};
    CHECK(lines(print(trace.job).text) == 2);
    trace.job.walk.window = {.begin_mark = 3, .end_mark = 2};
    CHECK(print(trace.job).text.empty());
}

TEST_CASE("processes are listed from the beginning whatever the window, until reading stops") {
    Trace trace(named(1, 5, "early") + move(1000, 0, 1, 5) + named(1100, 6, "late") + move(1200, 0, 1, 5) +
                named(1300, 7, "later"));
    trace.job.report.comms = true;
    trace.job.walk.window.begin_ns = 1'000'000'000;
    CHECK(lines(print(trace.job).text) == 3);
    trace.job.walk.window.end_ts = 101'000'000'000;
    CHECK(lines(print(trace.job).text) == 2);  // reading goes on to the migration at 1200 ms
}

TEST_CASE("reading stops at the first migration behind the end that passes the filters") {
    Trace trace(move(100, 0, 1, 5) + mark(250, "0x00000001") + move(300, 0, 1, 6) + mark(350, "0x00000002") +
                move(400, 0, 1, 5) + mark(450, "0x00000003") + move(500, 0, 1, 5));
    trace.job.report.marks = true;
    trace.job.walk.window.end_ts = 100'200'000'000;
    CHECK(lines(print(trace.job).text) == 1);
    trace.job.walk.filters.pid.include = {5};
    CHECK(lines(print(trace.job).text) == 2);
}

TEST_CASE("the last lines of a trace count when they belong into the window, though reading has stopped before") {
    std::string text = move(1, 0, 1, 5) + mark(5, "0x00000002");
    for (int ms = 10; ms < 400; ms++) text += move(ms, 0, ms % 4, 5);
    for (int more : {0, 1000}) {
        for (int i = 0; i < more; i++) text += move(1000 + i, 0, i % 4, 5);
        Trace trace(text + move(2, 1, 2, 6));
        trace.job.walk.window.end_mark = 2;
        CHECK(lines(trace.migrations()) == 2);
    }
}

TEST_CASE("a window that ends before it begins is empty") {
    Trace trace(plenty());
    trace.job.walk.window = {.begin_ns = 2'000'000'000, .end_ns = 1'000'000'000};
    CHECK(trace.migrations().empty());
    CHECK_THAT(trace.stats(), Contains("begin:             2.000000000") &&
                                  Contains("end:               1.000000000") &&
                                  Contains("duration:          0.000000000"));
}

TEST_CASE("a window without migrations begins where it was asked to begin, and nothing is negative") {
    Trace trace(plenty());
    trace.job.walk.window = {.begin_ns = 2'000'000'000, .end_ns = 3'000'000'000};
    trace.job.walk.filters.pid.include = {99};
    CHECK_THAT(trace.stats(), Contains("begin:             2.000000000") &&
                                  Contains("end:               3.000000000") &&
                                  Contains("duration:          1.000000000"));
    trace.job.walk.window = {.begin_mark = 77};
    CHECK_THAT(trace.stats(),
               Contains("duration:          0.000000000") && !Contains("-0.") && !Contains("nan"));
}

TEST_CASE("a window never begins before the start of the trace") {
    Trace trace(plenty());
    for (std::int64_t ns : {std::int64_t{-1'000'000'000}, std::int64_t{0}, INT64_MIN}) {
        trace.job.walk.window.begin_ns = ns;
        CHECK_THAT(trace.stats(), Contains("begin:             0.000000000  0x000000174876e800"));
    }
    trace.job.walk.window = {.begin_ts = 1};
    CHECK_THAT(trace.stats(), Contains("begin:             0.000000000  0x000000174876e800"));
}

TEST_CASE("limits that lie behind the end of all clocks are never reached") {
    Trace trace(plenty());
    trace.job.walk.window = {.end_ts = UINT64_MAX, .end_ns = INT64_MAX};
    CHECK(lines(trace.migrations()) == 30);
    trace.job.walk.window = {.begin_ns = INT64_MAX};
    CHECK(lines(trace.migrations()) == 0);
    trace.job.walk.window = {.end_ns = INT64_MIN};
    CHECK(lines(trace.migrations()) == 0);
}

TEST_CASE("the end that is shown is the last event of any kind, cut at the end limit") {
    Trace trace(move(100, 0, 1, 5) + named(200, 5, "x"));
    CHECK_THAT(trace.stats(), Contains("end:               0.200000000"));
    trace.job.walk.window.end_ts = 100'150'000'000;
    CHECK_THAT(trace.stats(), Contains("end:               0.150000000"));
    trace.job.walk.window = {.end_ns = 9'000'000'000};
    CHECK_THAT(trace.stats(), Contains("end:               0.200000000"));
}

TEST_CASE("relative times are 0 until the first migration in the window") {
    Trace trace(mark(500, "0x00000001") + named(600, 5, "x") + move(1200, 0, 1, 5) +
                mark(1300, "0x00000002"));
    trace.job.report.marks = trace.job.report.comms = trace.job.report.starts = true;
    trace.job.walk.window.begin_ts = 100'100'000'000;
    CHECK(trace.migrations() ==
          "   0.000000000 cpu 0  start time: 1281528519.500000 (epoch) Wed Aug 11 12:08:39 2010 (local)\n"
          "   0.000000000 0 . .    1 mark             0x00000001\n"
          "   0.000000000 0 . .    5 set_task_comm    x\n"
          "   1.100000000 0 0 1    5 x                wake\n"
          "   1.200000000 0 . .    1 mark             0x00000002\n");
}

TEST_CASE("migrations before the first start line are printed and counted") {
    Trace trace(move(-5, 0, 1, 5) + move(5, 0, 1, 5));
    CHECK_THAT(trace.migrations(),
               Contains("  -0.005000000 0 0 1    5") && Contains("   0.005000000 0 0 1    5"));
    CHECK_THAT(trace.stats(), Contains("begin:             0.000000000"));
    trace.job.walk.window.begin_ns = 0;
    CHECK_THAT(trace.migrations(), !Contains("-0.005000000"));
}

TEST_CASE("all migrations of a trace can be had with their causes and names") {
    Trace trace(named(1, 5, "app") + move(2, 0, 1, 5, 1) + move(3, 1, 2, 5, 2));
    migtrace::TraceReader reader(trace.job.input);
    std::vector<std::string> seen;
    auto info = migtrace::for_each_migration(reader, {}, [&](const migtrace::Migration& m) {
        seen.push_back(fmt::format("{} {} {} {} {} {}", m.ts, m.from, m.to, m.pid, m.cause_name, m.comm.whole));
    });
    CHECK(seen == std::vector<std::string>{"100002000000 0 1 5 pull app", "100003000000 1 2 5 wake app"});
    CHECK(info.begin == 100'000'000'000);
    CHECK(info.end == 100'003'000'000);
    CHECK(info.nr_cpus == 4);
    CHECK(reader.header().causes().size() == 2);
}
