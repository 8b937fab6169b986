/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "migtrace/support.h"

using namespace test;
using Catch::Contains;

TEST_CASE("several forms of a time stamp are printed in the order rel, gmt, local, abs") {
    ::setenv("TZ", "JST-9", 1);
    Trace trace(move(1.25, 0, 1, 5));
    trace.job.report.migrations = true;
    trace.job.report.times = {.rel = true, .gmt = true, .local = true, .abs = true, .date = true};
    CHECK_THAT(
        print(trace.job).text,
        Catch::StartsWith("   0.001250000 2010/08/11 12:08:39.501250000 2010/08/11 21:08:39.501250000 " +
                          at(1'250'000) + " 0 0 1    5 "));
    trace.job.report.times = {.date = true};
    CHECK(print(trace.job).text == "0 0 1    5                  wake\n");
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
}

TEST_CASE("seconds of the wall clock carry without floating point") {
    Trace trace(move(499.999999, 0, 1, 5) + move(500, 0, 1, 5));
    trace.job.report.migrations = true;
    trace.job.report.times.gmt = true;
    CHECK_THAT(print(trace.job).text,
               Catch::StartsWith("12:08:39.999999999 ") && Contains("\n12:08:40.000000000 "));
}

TEST_CASE("names are padded to 16 bytes and never cut") {
    Trace trace(named(1, 5, "na\xc3\xafve") + named(1, 6, "a name of more than 16") + move(2, 0, 1, 5) +
                move(3, 0, 1, 6));
    CHECK_THAT(trace.migrations(),
               Contains("5 na\xc3\xafve           wake\n") && Contains("6 a name of more than 16 wake\n"));
}

TEST_CASE("marks are printed in hexadecimal or decimal, all 64 bits of them") {
    Trace trace(mark(1, "0x00000000") + mark(2, "0x123456789abcdef0") +
                mark(3, "0xffffffffffffffff", 4194304));
    trace.job.report.marks = true;
    CHECK(print(trace.job).text ==
          "0 . .    1 mark             0x00000000\n"
          "0 . .    1 mark             0x123456789abcdef0\n"
          "0 . . 4194304 mark             0xffffffffffffffff\n");
    trace.job.report.marks_decimal = true;
    CHECK_THAT(print(trace.job).text,
               Contains(" 0\n") && Contains(" 1311768467463790320\n") && Contains(" 18446744073709551615\n"));
}

TEST_CASE("CPUs beyond the table count as migrations, not in the table") {
    Trace trace(move(100, 0, 5, 5) + move(200, 0, 1, 5) + move(1000, 1, 0, 5));
    const std::string text = trace.stats();
    CHECK_THAT(text, Contains("  total                 3     3.00\n"));
    CHECK_THAT(text, Contains("  all:                1       1       0       0   -->       2\n"));
    trace.job.walk.max_cpu = 0;
    CHECK_THAT(trace.stats(),
               Contains("  all:                0   -->       0\n") && Contains("total                 3"));
}

TEST_CASE("statistics end with the last event of any kind, which may be a name, wherever it stands") {
    const std::string moves = move(100, 0, 1, 5) + move(500, 1, 0, 5), name = named(1000, 5, "late");
    for (const std::string& events : {moves + name, name + moves, moves + name + named(900, 6, "before")}) {
        Trace trace(events);
        CHECK_THAT(trace.stats(), Contains("  total                 2     2.00\n"));
        CHECK(print(trace.job).warnings.empty());
    }
    CHECK_THAT(Trace(named(1000, 5, "alone")).stats(), Contains("  total                 0     0.00\n"));
}

TEST_CASE("without a start line statistics begin with the first event of any kind, which may be a name") {
    const std::string moves = move(500, 0, 1, 5) + move(1500, 1, 0, 5), name = named(0, 5, "early");
    for (const std::string& events : {name + moves, moves + name})
        CHECK_THAT(Trace(events, kHeader).stats(), Contains(at(0)) && Contains("  total                 2     1.33\n"));
    CHECK_THAT(Trace(name + named(10, 5, "late"), kHeader).stats(), Contains(at(10'000'000)));
}

TEST_CASE("an empty trace has statistics of zeros, and a warning") {
    for (const std::string& header : {std::string(), kHeader}) {
        Trace trace("", header);
        trace.job.summary_pid = trace.job.consistency = true;
        CHECK_THAT(trace.stats(), Contains("  total                 0     0.00\n") &&
                                      Contains("0x0000000000000000") && Contains("CONSISTENCY") &&
                                      Contains("MIGRATE count") && !Contains("nan"));
        CHECK(print(trace.job).warnings == std::vector<std::string>{trace.file.path() + ": there are no events"});
    }
    Trace periods("");
    periods.job.report.migrations = false;
    periods.period(1000);
    CHECK(print(periods.job).warnings.empty());
}

TEST_CASE("processes are listed with all their names but those excluded") {
    Trace trace(move(1, 0, 1, 9) + named(2, 5, "one") + move(3, 0, 1, 5) + named(4, 5, "two") +
                move(999, 0, 1, 5) + named(1000, 5, "one") + named(1000, 7, "idle"));
    trace.job.summary_pid = true;
    const std::string text = print(trace.job).text;
    CHECK_THAT(text, Contains("    5       2     2.00  one, two, one\n") &&
                         Contains("    9       1     1.00  \n") && !Contains("idle"));
    CHECK(text.find("    5 ") < text.find("    9 "));
    trace.job.walk.filters.comm.exclude = trace.job.report.comms_left_out = {"one"};
    CHECK_THAT(print(trace.job).text, Contains("    5       1     1.00  two\n"));
}

TEST_CASE("the spread of the start clocks is that of all start lines") {
    Trace trace(at(1000) + " 1 . . . start_sched_clock 1281528519 500003\n" + at(1'000'003'000) +
                " 2 . . . start_sched_clock 1281528521 0\n");
    trace.job.consistency = true;
    CHECK_THAT(print(trace.job).text,
               Contains("range of start do_gettimeofday(): 1.500000    seconds\n") &&
                   Contains("range of start sched_clock():     1.000003000 seconds\n"));
}

TEST_CASE("every line of JSON is an object with a type, whatever bytes names hold") {
    std::string all;
    for (int c = 1; c < 256; c++)
        if (c != '\n' && c != '\r') all += static_cast<char>(c);
    Trace trace(named(1, 5, all.substr(0, 200)) +
                named(1, 6, all.substr(200) + "\xe4\xb8\xad\xf0\x9f\x90\xa7\xed\xa0\x80\xf4\x90") +
                move(2, 0, 1, 5) + move(1600, 1, 0, 6) + mark(1601, "0xffffffffffffffff") +
                move(3100, 0, 9, 7));
    trace.job.report.form = migtrace::Form::Json;
    trace.job.report.comms = trace.job.report.marks = trace.job.report.starts = true;
    trace.job.summary_pid = trace.job.consistency = trace.job.stats = true;
    trace.job.report.migrations = true;
    std::map<std::string, int> types;
    const std::string text = trace.period(1000);
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t to = text.find('\n', from);
        auto object = nlohmann::json::parse(text.substr(from, to - from));
        types[object.at("type")]++;
        if (object["type"] == "comm" && object["pid"] == 6)
            CHECK(object["comm"].get<std::string>().find("\xe4\xb8\xad\xf0\x9f\x90\xa7\xef\xbf\xbd") !=
                  std::string::npos);
        if (object["type"] == "stats") {
            CHECK(object["total"]["count"] == 3);
            CHECK(object["cpu_pairs"].size() == 2);
            CHECK(object["topology"].is_null());
            CHECK(object["begin"]["time"] == "2010-08-11T12:08:39.500000000Z");
        }
        if (object["type"] == "period" && object["rel_msec"] == 1000) CHECK(object["counts"][0] == 1);
        from = to + 1;
    }
    CHECK(types == std::map<std::string, int>{{"start", 1},
                                              {"comm", 2},
                                              {"migration", 3},
                                              {"mark", 1},
                                              {"columns", 1},
                                              {"period", 3},
                                              {"stats", 1},
                                              {"summary_pid", 1},
                                              {"consistency", 1}});
}

TEST_CASE("times at the other end of the clock are not negative in JSON") {
    Trace trace(move(2, 0, 1, 5) + "0xffffffffffffffff 0 0 1 5 2\n");
    trace.job.report.form = migtrace::Form::Json;
    trace.job.report.migrations = true;
    const std::string text = trace.stats();
    CHECK_THAT(text, Contains("\"rel_ns\":18446743973709551615") && !Contains(":-"));
}

TEST_CASE("JSON tells the topology when the trace has it, and no wall clock when it has none") {
    Trace trace(move(2, 0, 1, 5), "# cpu 1 core 1 llc 0 node 0 capacity 1024\n" + kHeader);
    trace.job.report.form = migtrace::Form::Json;
    auto stats = nlohmann::json::parse(trace.stats());
    CHECK(stats["topology"][0]["capacity"] == 1024);
    CHECK(stats["begin"]["time"].is_null());
}

TEST_CASE("the worst processes come first when only some are asked for") {
    Trace trace(move(1, 0, 1, 3) + move(2, 0, 1, 9) + move(3, 0, 1, 9) + move(4, 0, 1, 5) +
                move(1000, 0, 1, 7));
    trace.job.summary_pid = true;
    trace.job.report.top = 2;
    CHECK_THAT(print(trace.job).text,
               Catch::EndsWith("    9       2     2.00  \n    3       1     1.00  \n"));
    trace.job.report.form = migtrace::Form::Json;
    auto json = nlohmann::json::parse(print(trace.job).text);
    REQUIRE(json["processes"].size() == 2);
    CHECK(json["processes"][0]["pid"] == 9);
    trace.job.report.top = 100;
    CHECK(nlohmann::json::parse(print(trace.job).text)["processes"].size() == 4);
}

TEST_CASE("numbers line up however large they are, where that is wanted") {
    // Three migrations within 3 ns: a rate of 10 digits; a pid of 10 digits; a cause of 20 letters.
    std::string events;
    for (int i = 1; i <= 3; i++) events += fmt::format("{} 0 0 1 {} 3\n", at(i), i == 1 ? 2147483647 : 4);
    Trace trace(events, kHeader + "# cause 3 a_cause_of_20_letters\n" + kStart);
    trace.job.walk.max_cpu = 1;
    trace.job.summary_pid = true;
    trace.job.report.align = true;
    CHECK_THAT(trace.stats(),
               Contains("CAUSE:\n\n"
                        "                           count        per sec\n"
                        "                         -------  -------------\n\n"
                        "  pull                         0           0.00\n"
                        "  wake                         0           0.00\n"
                        "  a_cause_of_20_letters        3  1000000000.00\n"
                        "                         -------  -------------\n"
                        "  total                        3  1000000000.00\n") &&
                   Contains("         to -->            0:            1:                 all:\n"
                            "  from          ------------- -------------        -------------\n"
                            "   |\n   v\n"
                            "    0:                   0.00 1000000000.00   --> 1000000000.00\n"
                            "    1:                   0.00          0.00   -->          0.00\n"
                            "                ------------- -------------        -------------\n"
                            "  all:                   0.00 1000000000.00   --> 1000000000.00\n") &&
                   Contains("       pid   count         rate   comm\n"
                            "----------  ------  ------------  ----\n\n"
                            "         4       2  666666666.67  \n"
                            "2147483647       1  333333333.33  \n"));
    trace.job.report.align = false;
    CHECK_THAT(trace.stats(),
               Contains("  a_cause_of_20_letters        3  1000000000.00\n"
                        "                  -------  -------\n") &&
                   Contains("\n    4       2  666666666.67  \n2147483647       1  333333333.33  \n"));
}

TEST_CASE("where all numbers fit, lining up changes nothing") {
    Trace trace(move(1, 0, 1, 9) + named(2, 5, "one") + move(999, 0, 1, 5));
    trace.job.summary_pid = true;
    const std::string plain = trace.stats();
    trace.job.report.align = true;
    CHECK(trace.stats() == plain);
}

TEST_CASE("names reach a terminal without control bytes, and anything else as they are") {
    Trace trace(named(1, 5, "red\x1b[31m\x7f") + move(2, 0, 1, 5, 3) + move(2000, 0, 1, 5, 3),
                kHeader + "# cause 3 \x1b]0;title\n" + kStart);
    trace.job.report.migrations = trace.job.report.comms = true;
    trace.job.summary_pid = trace.job.stats = trace.job.residency = true;
    trace.job.pingpong = std::chrono::milliseconds(10);
    trace.job.periods.emplace();
    trace.job.periods->causes = true;
    CHECK_THAT(trace.period(1000), Contains("red\x1b[31m\x7f") && Contains("# field 4 \x1b]0;title\n"));
    trace.job.report.safe_names = true;
    const std::string text = trace.period(1000);
    CHECK_THAT(text, !Contains("\x1b") && !Contains("\x7f") && Contains("red\\x1b[31m\\x7f") &&
                         Contains("# field 4 \\x1b]0;title\n"));
}
