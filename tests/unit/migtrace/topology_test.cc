/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/topology.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;
using Catch::Contains;
using migtrace::Distance;

namespace {

std::string cpu(int number, int core, int llc, int node) {
    return fmt::format("# cpu {} core {} llc {} node {} capacity 1024\n", number, core, llc, node);
}

/// Two threads of a core, another core, another cache, another node; as on x86, cores are numbered anew in
/// each package.
const std::string kCpus =
    cpu(0, 0, 0, 0) + cpu(1, 0, 0, 0) + cpu(2, 1, 0, 0) + cpu(3, 0, 1, 0) + cpu(4, 0, 2, 1);

Distance between(const std::string& lines, unsigned from, unsigned to) {
    migtrace::TraceHeader header;
    for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1)
        header.add(lines.substr(at + 2, lines.find('\n', at) - at - 2), "test");
    return migtrace::DistanceTable(header).between(from, to);
}

}  // namespace

TEST_CASE("the distance of two CPUs is the smallest thing that they share") {
    CHECK(between(kCpus, 0, 1) == Distance::Core);
    CHECK(between(kCpus, 1, 0) == Distance::Core);
    CHECK(between(kCpus, 0, 2) == Distance::Cache);
    CHECK(between(kCpus, 2, 3) == Distance::Node);
    CHECK(between(kCpus, 3, 4) == Distance::Nodes);
}

TEST_CASE("cores with the same number behind different caches are not the same core") {
    CHECK(between(kCpus, 0, 3) == Distance::Node);
    CHECK(between(kCpus, 0, 4) == Distance::Nodes);
}

TEST_CASE("what is unknown is never guessed") {
    CHECK(between("", 0, 1) == Distance::Unknown);
    CHECK(between(kCpus, 0, 5) == Distance::Unknown);
    CHECK(between(kCpus, 8191, 0) == Distance::Unknown);
    CHECK(between(cpu(0, -1, -1, -1) + cpu(1, -1, -1, -1), 0, 1) == Distance::Unknown);
    // Nodes that differ are enough; the same node says nothing about caches.
    CHECK(between(cpu(0, -1, -1, 0) + cpu(1, -1, -1, 1), 0, 1) == Distance::Nodes);
    CHECK(between(cpu(0, -1, -1, 0) + cpu(1, -1, -1, 0), 0, 1) == Distance::Unknown);
    CHECK(between(cpu(0, 0, -1, 0) + cpu(1, 1, -1, 0), 0, 1) == Distance::Unknown);
    CHECK(between(cpu(0, 0, -1, 0) + cpu(1, 0, -1, 0), 0, 1) == Distance::Unknown);
    // A shared cache is known without the node, different caches may be on different nodes.
    CHECK(between(cpu(0, 0, 0, -1) + cpu(1, 1, 0, -1), 0, 1) == Distance::Cache);
    CHECK(between(cpu(0, 0, 0, -1) + cpu(1, 1, 1, -1), 0, 1) == Distance::Unknown);
    CHECK(between(cpu(0, -1, 0, 0) + cpu(1, 1, 0, 0), 0, 1) == Distance::Unknown);
}

TEST_CASE("migrations are counted by distance, for each cause and process") {
    Trace trace(named(0.5, 7, "far") + move(1, 0, 1, 5) + move(2, 0, 2, 5, 1) + move(3, 0, 3, 6) +
                    move(4, 0, 4, 7) + move(5, 4, 0, 7) + move(1000, 0, 5, 8),
                kCpus + kHeader + kStart);
    trace.job.topology = true;
    CHECK(print(trace.job).text ==
          "\n\nTOPOLOGY by cause (how far tasks moved):\n\n"
          "                   within   within   across   across\n"
          "                     core    cache   caches    nodes  unknown    total  per sec\n"
          "                  -------  -------  -------  -------  -------  -------  -------\n\n"
          "  pull                  0        1        0        0        0        1     1.00\n"
          "  wake                  1        0        1        2        1        5     5.00\n"
          "                  -------  -------  -------  -------  -------  -------  -------\n"
          "  total                 1        1        1        2        1        6     6.00\n"
          "  per sec            1.00     1.00     1.00     2.00     1.00     6.00\n"
          "  share            16.7 %   16.7 %   16.7 %   33.3 %   16.7 %\n"
          "\n\nTOPOLOGY by process (the farthest first):\n\n"
          "            within   within   across   across\n"
          "      pid     core    cache   caches    nodes  unknown    total  per sec  comm\n"
          "  -------  -------  -------  -------  -------  -------  -------  -------  ----\n\n"
          "        7        0        0        0        2        0        2     2.00  far\n"
          "        6        0        0        1        0        0        1     1.00\n"
          "        5        1        1        0        0        0        2     2.00\n"
          "        8        0        0        0        0        1        1     1.00\n");
    trace.job.report.top = 1;
    CHECK_THAT(print(trace.job).text, Catch::EndsWith("  far\n"));
    trace.job.walk.filters.cause.include = {"pull"};
    CHECK_THAT(print(trace.job).text,
               Contains("  total                 0        1        0        0        0        1 "));
}

TEST_CASE("JSON and CSV tell distances with names for programs") {
    Trace trace(named(0.5, 5, "a,b") + move(1, 0, 1, 5) + move(1000, 0, 4, 5), kCpus + kHeader + kStart);
    trace.job.topology = true;
    trace.job.report.form = migtrace::Form::Json;
    auto json = nlohmann::json::parse(print(trace.job).text);
    CHECK(json["type"] == "topology");
    CHECK(json["total"]["within_core"] == 1);
    CHECK(json["total"]["across_nodes"] == 1);
    CHECK(json["causes"][1]["name"] == "wake");
    CHECK(json["causes"][1]["per_second"] == 2.0);
    CHECK(json["processes"][0]["comm"] == "a,b");
    trace.job.report.form = migtrace::Form::Csv;
    CHECK(print(trace.job).text ==
          "by,cause,pid,comm,within_core,within_cache,across_caches,across_nodes,unknown,count,per_second\r\n"
          "total,,,,1,0,0,1,0,2,2\r\n"
          "cause,pull,,,0,0,0,0,0,0,0\r\n"
          "cause,wake,,,1,0,0,1,0,2,2\r\n"
          "process,,5,\"a,b\",1,0,0,1,0,2,2\r\n");
}

TEST_CASE("a trace without topology is an error when nothing else is asked for") {
    Trace trace(move(1, 0, 1, 5));
    trace.job.topology = true;
    CHECK_THROWS_WITH(print(trace.job), Contains("# cpu") && Contains("--topology"));
    trace.job.stats = true;
    const Printed printed = print(trace.job);
    CHECK_THAT(printed.text, Contains("CAUSE") && !Contains("TOPOLOGY"));
    REQUIRE(printed.warnings.size() == 1);
    CHECK_THAT(printed.warnings[0], Contains("--topology is left out"));
}

TEST_CASE("distances are columns of a stat file") {
    const std::string events = move(1, 0, 1, 5) + move(2, 0, 4, 5) + move(3, 0, 7, 5) + move(2000, 0, 1, 5);
    Trace trace(events, kCpus + kHeader + kStart);
    trace.job.periods.emplace();
    trace.job.periods->topology = true;
    CHECK_THAT(trace.period(1000),
               Contains("# field 2 migrate\n# field 3 within core\n# field 4 within cache\n"
                        "# field 5 across caches\n# field 6 across nodes\n"
                        "# field 7 distance unknown\n"));
    CHECK(rows(trace.period(1000)) == std::vector<std::string>{"0.000  3.00 1.00 0.00 0.00 1.00 1.00"});
    trace.job.periods->pairs = trace.job.periods->cpus = trace.job.periods->causes = true;
    CHECK_THAT(rows(trace.period(1000)).at(0), Catch::EndsWith(" 1.00 0.00 0.00 1.00 1.00"));

    Trace old(events);
    old.job.periods = migtrace::PeriodOptions{.topology = true};
    old.job.report.period_msec = 1000;
    CHECK_THROWS_WITH(print(old.job), Contains("--period_topology"));
    old.job.periods->all = true;
    const Printed printed = print(old.job);
    CHECK(rows(printed.text) == std::vector<std::string>{"0.000  3.00 0.00 0.00 0.00 0.00 3.00"});
    CHECK(printed.warnings.size() == 1);
}
