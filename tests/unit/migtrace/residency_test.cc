/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/residency.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

const std::string kForkHeader = kHeader + "# cause 6 sched_fork\n" + kStart;

/// Stays in ms: of all causes, or of one.
struct Stays {
    std::uint64_t count;
    double mean, max;
    bool operator==(const Stays&) const = default;
};
Stays stays(Trace& trace, const std::string& cause = "") {
    trace.job.residency = true;
    trace.job.report.form = migtrace::Form::Json;
    auto json = nlohmann::json::parse(print(trace.job).text);
    auto found = json["total"];
    for (const auto& c : json["causes"])
        if (c["name"] == cause) found = c;
    auto ms = [&](const char* name) { return found[name].is_null() ? 0 : found[name].get<double>() / 1e6; };
    return {found["count"], ms("mean_ns"), ms("max_ns")};
}

nlohmann::json returns(Trace& trace, std::chrono::nanoseconds within = 10ms) {
    trace.job.pingpong = within;
    trace.job.report.form = migtrace::Form::Json;
    return nlohmann::json::parse(print(trace.job).text);
}

}  // namespace

TEST_CASE("a stay lasts from one migration to the next and counts for the cause that ends it") {
    Trace trace(move(0, 0, 1, 5, 1) + move(10, 1, 2, 5, 1) + move(14, 2, 0, 5, 2) + move(20, 3, 1, 6, 2));
    CHECK(stays(trace) == Stays{2, 7, 10});
    CHECK(stays(trace, "pull") == Stays{1, 10, 10});
    CHECK(stays(trace, "wake") == Stays{1, 4, 4});
}

TEST_CASE("a stay whose end does not fit its beginning does not count") {
    Trace trace(move(0, 0, 1, 5) + move(10, 2, 3, 5) + move(11, 3, 0, 5) + move(12, 0, 0, 5) +
                move(13, 0, 1, 5));
    CHECK(stays(trace) == Stays{2, 1.5, 2});
    auto left_out = [&] { return nlohmann::json::parse(print(trace.job).text)["left_out"]; };
    CHECK(left_out() == 1);
    trace.job.walk.filters.cpu_to.include = {0, 1};
    CHECK(left_out() == 0);
    trace.job.report.form = migtrace::Form::Text;
    CHECK_THAT(print(trace.job).text, !Contains("left out"));
    trace.job.walk.filters = {};
    CHECK_THAT(print(trace.job).text, Contains("\n  left out a stay: the task left another CPU"));
}

TEST_CASE("a new process with the pid of another begins anew") {
    // The event may stand in front of the migration of fork, or behind it.
    Trace after(move(0, 0, 1, 5) + named(50, 5, "new", 8) + move(60, 1, 2, 5) + move(61, 2, 1, 5),
                kForkHeader);
    CHECK(stays(after) == Stays{1, 1, 1});
    Trace fork(move(0, 0, 1, 5) + move(50, 1, 2, 5, 6) + named(50.1, 5, "new", 8) + move(53, 2, 1, 5),
               kForkHeader);
    CHECK(stays(fork) == Stays{1, 3, 3});
    Trace reused(move(0, 0, 1, 5, 6) + named(0.1, 5, "old", 8) + named(1'000'000, 5, "new", 8) +
                     move(1'000'001, 1, 2, 5),
                 kForkHeader);
    CHECK(stays(reused) == Stays{0, 0, 0});
    Trace renamed(move(0, 0, 1, 5) + named(1, 5, "new", 9) + move(2, 1, 2, 5), kForkHeader);
    CHECK(stays(renamed) == Stays{1, 2, 2});
}

TEST_CASE("stays that begin before the window or end behind it do not count") {
    Trace trace(move(0, 0, 1, 5) + mark(5, "0x1") + move(10, 1, 2, 5) + move(20, 2, 1, 5) +
                move(50, 1, 2, 5));
    trace.job.walk.window.begin_mark = 1;
    trace.job.walk.window.end_ts = 100'000'000'000 + 30'000'000;
    CHECK(stays(trace) == Stays{1, 10, 10});
}

TEST_CASE("filters choose stays, and hide no migration of a task") {
    const std::string events = move(0, 0, 1, 5, 1) + move(10, 1, 2, 5, 2) + move(11, 2, 1, 5, 2) +
                               move(15, 1, 0, 5, 1) + move(1, 0, 1, 6) + move(9, 1, 0, 6);
    Trace cause(events);
    cause.job.walk.filters.cause.include = {"pull"};
    CHECK(stays(cause) == Stays{1, 4, 4});
    Trace from(events);
    from.job.walk.filters.cpu_from.include = {2};
    CHECK(stays(from) == Stays{1, 1, 1});
    Trace pid(events);
    pid.job.walk.filters.pid.include = {6};
    CHECK(stays(pid) == Stays{1, 8, 8});
    cause.job.stats = true;
    CHECK_THROWS_WITH(print(cause.job), Contains("--residency"));
    cause.job.stats = false;
    cause.job.walk.filters.cause.include = {"nosuch"};
    CHECK_THROWS_WITH(print(cause.job), Contains("unknown cause"));
    pid.job.report.form = migtrace::Form::Text;
    pid.job.stats = true;
    CHECK_THAT(print(pid.job).text, Contains("RESIDENCY") && Contains("total                 2"));
}

TEST_CASE("residency shows percentiles by cause, with units") {
    std::string events;
    for (int i = 0; i <= 1000; i++) events += move(i, i % 2, 1 - i % 2, 5);
    Trace trace(events + move(3'601'000, 1, 0, 5, 1));
    trace.job.residency = true;
    CHECK(print(trace.job).text ==
          "\n\nRESIDENCY (how long tasks stayed on a CPU, by the cause that took them away):\n\n"
          "                    count     mean      min      p50      p90      p99    p99.9      max\n"
          "                  -------  -------  -------  -------  -------  -------  -------  -------\n\n"
          "  pull                  1   1.00 h   1.00 h   1.00 h   1.00 h   1.00 h   1.00 h   1.00 h\n"
          "  wake               1000  1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms\n"
          "                  -------  -------  -------  -------  -------  -------  -------  -------\n"
          "  total              1001   3.60 s  1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms   1.00 h\n"
          "\n\nRESIDENCY, histogram (stays that were longer than the column before):\n\n"
          "                    up to    up to    up to    up to    up to    up to    up to\n"
          "                  10.0 us   100 us  1.00 ms  10.0 ms   100 ms   1.00 s   10.0 s   longer\n"
          "                  -------  -------  -------  -------  -------  -------  -------  -------\n\n"
          "  pull                  0        0        0        0        0        0        0        1\n"
          "  wake                  0        0     1000        0        0        0        0        0\n"
          "                  -------  -------  -------  -------  -------  -------  -------  -------\n"
          "  total                 0        0     1000        0        0        0        0        1\n");
    trace.job.report.form = migtrace::Form::Json;
    auto json = nlohmann::json::parse(print(trace.job).text);
    CHECK(json["total"]["histogram"].size() == 8);
    CHECK(json["total"]["histogram"][2] == nlohmann::json{{"up_to_ns", 1'000'000}, {"count", 1000}});
    CHECK(json["total"]["histogram"][7] == nlohmann::json{{"up_to_ns", nullptr}, {"count", 1}});
    trace.job.report.form = migtrace::Form::Csv;
    CHECK_THAT(
        print(trace.job).text,
        Catch::StartsWith("by,cause,count,mean_ns,min_ns,p50_ns,p90_ns,p99_ns,p99_9_ns,max_ns,up_to_10000_ns,") &&
            Contains("\r\ncause,wake,1000,1000000,1000000,1000000,1000000,1000000,1000000,1000000,0,0,1000,0,0,0,0,0\r\n"));
}

TEST_CASE("no stays have no shortest, no longest and no percentiles") {
    Trace trace(move(0, 0, 1, 5, 2) + move(10, 1, 2, 5, 2));
    trace.job.residency = true;
    trace.job.report.form = migtrace::Form::Json;
    const auto pull = nlohmann::json::parse(print(trace.job).text)["causes"][0];
    CHECK(pull["count"] == 0);
    for (const char* name : {"mean_ns", "min_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "max_ns"}) {
        INFO(name);
        CHECK(pull[name].is_null());
    }
    CHECK(pull["histogram"][0]["count"] == 0);
    trace.job.report.form = migtrace::Form::Csv;
    CHECK_THAT(print(trace.job).text, Contains("\r\ncause,pull,0,,,,,,,,0,0,0,0,0,0,0,0\r\n"));
}

TEST_CASE("a return within the time counts with both causes") {
    Trace trace(move(0, 0, 1, 5, 1) + move(10, 1, 0, 5, 2) + move(21, 0, 1, 5, 1));
    auto json = returns(trace);
    CHECK(json["within_ns"] == 10'000'000);
    CHECK(json["total"]["count"] == 1);
    CHECK(json["pairs"][0]["cause_away"] == "pull");
    CHECK(json["pairs"][0]["cause_back"] == "wake");
    CHECK(json["pairs"][0]["mean_away_ns"] == 10e6);
    CHECK(json["processes"][0]["migrations"] == 3);
    CHECK(returns(trace, 11ms)["total"]["count"] == 2);
    CHECK(returns(trace, 9ms)["total"]["count"] == 0);
    CHECK(returns(trace, 9ms)["processes"].empty());
}

TEST_CASE("the way back may lead over other CPUs") {
    Trace trace(move(0, 0, 1, 5, 1) + move(1, 1, 2, 5, 2) + move(2, 2, 0, 5, 2) + move(3, 0, 1, 5, 1));
    auto json = returns(trace);
    CHECK(json["total"]["count"] == 2);
    CHECK(json["pairs"].size() == 2);
    CHECK(json["pairs"][0]["cause_back"] == "wake");
    CHECK(json["pairs"][0]["mean_away_ns"] == 2e6);
}

TEST_CASE("a task that is forked does not come back") {
    Trace trace(move(0, 0, 1, 5) + named(0.5, 5, "new", 8) + move(1, 1, 0, 5), kForkHeader);
    CHECK(returns(trace)["total"]["count"] == 0);
    Trace fork(move(0, 0, 1, 5) + move(1, 1, 0, 5, 6) + move(2, 0, 1, 5), kForkHeader);
    CHECK(returns(fork)["total"]["count"] == 0);
}

TEST_CASE("filters choose returns, and hide no migration of a task") {
    Trace trace(move(0, 0, 1, 5, 1) + move(1, 1, 0, 5, 2) + move(2, 0, 1, 5, 1));
    trace.job.walk.filters.cpu_to.include = {1};
    auto json = returns(trace);
    CHECK(json["total"]["count"] == 1);
    CHECK(json["pairs"][0]["cause_away"] == "wake");
}

TEST_CASE("who comes back most is listed first") {
    std::string events = named(0, 70000000, "wanderer");
    for (int i = 0; i < 6; i++) events += move(i + 1, i % 2, 1 - i % 2, 70000000, 1 + i % 2);
    for (int i = 0; i < 3; i++) events += move(i + 10, i % 2, 1 - i % 2, 9);
    Trace trace(events + move(1001, 3, 2, 1));
    trace.job.pingpong = 1500us;
    trace.job.report.top = 2;
    CHECK(print(trace.job).text ==
          "\n\nPINGPONG (back on a CPU within 1.50 ms of leaving it):\n\n"
          "                                                         mean\n"
          "  cause away      cause back        count  per sec  time away\n"
          "  --------------  --------------  -------  -------  ---------\n\n"
          "  pull            wake                  3     3.00    1.00 ms\n"
          "  wake            pull                  2     2.00    1.00 ms\n"
          "                                  -------  -------  ---------\n"
          "  total                                 7     6.99\n"
          "\n\nPINGPONG by process (the worst first):\n\n"
          "                               of all\n"
          "       pid    count  per sec    moves  most often away, back  comm\n"
          "  --------  -------  -------  -------  ---------------------  ----\n\n"
          "  70000000        5     5.00        6  pull, wake             wanderer\n"
          "         9        2     2.00        3  wake, wake\n");
    trace.job.report.form = migtrace::Form::Csv;
    trace.job.report.top = 1;
    CHECK_THAT(print(trace.job).text,
               Catch::StartsWith(
                   "by,pid,comm,cause_away,cause_back,count,per_second,mean_away_ns\r\ntotal,,,,,7,") &&
                   Contains("\r\ncauses,,,pull,wake,3,") && !Contains(",wake,wake,") &&
                   Contains("\r\nprocess,70000000,wanderer,wake,pull,2,"));
}
