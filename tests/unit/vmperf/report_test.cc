/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/report.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace vmperf;
using Catch::Matchers::Contains;
using State = Count::State;

namespace {

std::vector<EventCount> some() {
    return {{"task-clock", "msec", 1e-6, {State::Counted, 1'250'000'000, 2'000'000'000, 2'000'000'000}},
            {"context-switches", "", 1, {State::Counted, 1'250'000, 5, 5}},
            {"cycles:u", "", 1, {State::Counted, 1'000'000, 1000, 500}},
            {"instructions:u", "", 1, {State::Counted, 3'000'000, 1000, 1000}},
            {"branches", "", 1, {State::Counted, 400, 1, 1}},
            {"branch-misses", "", 1, {State::Counted, 10, 1, 1}},
            {"LLC-loads", "", 1, {State::Counted, 200, 1, 1}},
            {"LLC-load-misses", "", 1, {State::Counted, 3, 1, 1}},
            {"bus-cycles", "", 1, {State::NotSupported, 0, 0, 0}},
            {"ref-cycles", "", 1, {State::NotCounted, 0, 9, 0}}};
}

}  // namespace

TEST_CASE("a report looks like that of perf stat") {
    CHECK(total_text(some(), "'make'", 2.5) == R"(
 Performance counter stats for 'make':

          1,250.00 msec task-clock                       #    0.500 CPUs utilized
         1,250,000      context-switches                 #    1.000 M/sec
         2,000,000      cycles:u                         #    0.002 GHz                   (50.00%)
         3,000,000      instructions:u                   #     1.50 insn per cycle
               400      branches                         #  320.000 /sec
                10      branch-misses                    #    2.50% of all branches
               200      LLC-loads                        #  160.000 /sec
                 3      LLC-load-misses                  #    1.50% of all LLC-loads
   <not supported>      bus-cycles
     <not counted>      ref-cycles

       2.500000000 seconds time elapsed

)");
    CHECK(interval_text({some()[1]}, 0.5, 0.5, true) == R"(#           time             counts unit events
     0.500000000          1,250,000      context-switches
)");
}

TEST_CASE("counts survive JSON, and what makes no sense is told") {
    const auto json = to_json(some());
    CHECK(json[2].at("value") == 1'000'000);
    CHECK(json[2].at("scaled") == 2'000'000);
    CHECK_FALSE(json[3].contains("scaled"));
    const auto counts = counts_from_json(nlohmann::json::parse(json.dump()));
    REQUIRE(counts.size() == some().size());
    CHECK(total_text(counts, "'make'", 2.5) == total_text(some(), "'make'", 2.5));
    for (const char* text : {"{}", "[1]", R"([{"event": "a"}])", R"([{"event": 1, "state": "counted"}])", R"([{"event": "a", "state": "x"}])",
                             R"([{"event": "a", "state": "counted", "value": "1"}])"})
        CHECK_THROWS_WITH(counts_from_json(nlohmann::json::parse(text)), Contains("makes no sense"));
}

TEST_CASE("names and numbers of others are printed as they may be") {
    const auto parsed = [](const std::string& more) {
        return counts_from_json(nlohmann::json::parse(
            R"([{"event": "\u001b[2J", "state": "counted", "enabled_ns": 18446744073709551615, "running_ns": 1)" + more + "}]"));
    };
    CHECK_THAT(total_text(parsed(R"(, "value": 18446744073709551615, "unit": "msec")"), "'make'", 1), Contains("\\x1b[2J") && Contains("e+38"));
    for (const char* more : {R"(, "scale": -1)", R"(, "scale": 1e300)", R"(, "unit": 3)"})
        CHECK_THROWS_WITH(parsed(more), Contains("makes no sense"));
    CHECK_THROWS_WITH(parsed(R"(, "unit": ")" + std::string(300, 'x') + "\""), Contains("a name of 300 bytes"));
    CHECK_THROWS_WITH(seconds_from_json(nlohmann::json::parse(R"({"seconds": 1e300})")), Contains("no time"));
}

TEST_CASE("what only the host knows is told below") {
    Total total;
    total.seconds = 2;
    total.vcpus = {{0, 1'500'000'000, 20'000'000, 1234}, {std::nullopt, 0, 0, 0}};
    total.others = {{"page-faults", "", 1, {State::Counted, 7, 1, 1}}, {"cycles", "", 1, {State::NotSupported, 0, 0, 0}}};
    CHECK(host_text(total) == R"( On the host:

   vCPU      on a CPU ms     waiting ms  waiting   migrations
      0         1,500.00          20.00    1.00%        1,234
    all             0.00           0.00    0.00%            0

 QEMU's other threads:

                 7      page-faults

)");
    CHECK(host_text({}).empty());
    Total all_threads;
    all_threads.counts = some();
    CHECK_THAT(host_text(all_threads), Catch::Matchers::Contains("all are counted") && Catch::Matchers::Contains("debug-threads=on"));
}

TEST_CASE("CSV is that of perf stat") {
    Total total;
    total.counts = {some()[0], some()[2], some()[8], {"cpu/event=1,umask=2/", "", 1, {State::Counted, 5, 1, 1}}};
    total.vcpus = {{1, 1'500'000'000, 20'000'000, 3}};
    total.others = {{"page-faults", "", 1, {State::Counted, 7, 1, 1}}};
    CHECK(total_csv(total) == R"(1250.00,msec,task-clock,2000000000,100.00
2000000,,cycles:u,500,50.00
<not supported>,,bus-cycles,0,0.00
5,,"cpu/event=1,umask=2/",1,100.00
1500.00,msec,vcpu/1/run,,
20.00,msec,vcpu/1/wait,,
3,,vcpu/1/migrations,,
7,,others/page-faults,1,100.00
)");
    CHECK(interval_csv({some()[1]}, 0.5) == "0.500000000,1250000,,context-switches,5,100.00\n");
}

TEST_CASE("of an interval is told what came in it") {
    const std::vector<Count> before = {{State::Counted, 10, 100, 50}, {State::Counted, 7, 5, 5}};
    const auto counts = since({{State::Counted, 15, 200, 150}, {State::Counted, 7, 9, 5}}, before);
    CHECK(counts[0].value == 5);
    CHECK(counts[0].share() == 1);
    CHECK(counts[1].state == State::NotCounted);
}
