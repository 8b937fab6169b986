/* SPDX-License-Identifier: GPL-2.0-only */
// What migrate_export prints.
#include "migtrace/chrome_trace.h"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "migtrace/support.h"

using namespace test;
using nlohmann::json;

namespace {

json exported(const std::string& events, const migtrace::WalkOptions& options = {},
              const std::string& header = kHeader + kStart) {
    TempFile file(header + events);
    char* memory = nullptr;
    std::size_t size = 0;
    std::FILE* out = ::open_memstream(&memory, &size);
    {
        migtrace::Output output(out);
        migtrace::TraceReader reader({.files = {file.path()}});
        migtrace::ChromeTrace trace(output);
        migtrace::walk(reader, options, {&trace});
        output.flush();
    }
    std::fclose(out);
    const std::string text(memory, size);
    ::free(memory);
    return json::parse(text);
}

std::vector<json> with_phase(const json& trace, const std::string& phase) {
    std::vector<json> all;
    for (const json& event : trace["traceEvents"])
        if (event["ph"] == phase) all.push_back(event);
    return all;
}

/// Slices of a track lie one inside the other or apart: viewers drop others.
void check_nesting(const json& trace) {
    std::map<int, std::vector<std::pair<double, double>>> tracks;
    for (const json& s : with_phase(trace, "X"))
        tracks[s["tid"].get<int>()].push_back(
            {s["ts"].get<double>(), s["ts"].get<double>() + s["dur"].get<double>()});
    for (const auto& [tid, slices] : tracks)
        for (std::size_t i = 0; i < slices.size(); i++)
            for (std::size_t k = i + 1; k < slices.size(); k++) {
                const bool apart = slices[i].second <= slices[k].first + 1e-6;
                const bool inside = slices[k].second <= slices[i].second + 1e-6;
                CHECK((apart || inside));
            }
}

}  // namespace

TEST_CASE("every CPU is a track with its name, in the order of the numbers") {
    const json trace = exported("");
    std::map<int, std::string> names;
    std::map<int, int> places;
    for (const json& event : with_phase(trace, "M")) {
        if (event["name"] == "thread_name") names[event["tid"]] = event["args"]["name"];
        if (event["name"] == "thread_sort_index") places[event["tid"]] = event["args"]["sort_index"];
    }
    CHECK(names == std::map<int, std::string>{{1, "CPU 0"}, {2, "CPU 1"}, {3, "CPU 2"}, {4, "CPU 3"}});
    CHECK(places == std::map<int, int>{{1, 0}, {2, 1}, {3, 2}, {4, 3}});
}

TEST_CASE("a migration has the name that the process had then, although it gets another at once") {
    const json trace = exported(named(1, 7, "sh") + move(2, 0, 1, 7) +
                                named(2.0001, 7, "a name that is longer than others"));
    for (const json& slice : with_phase(trace, "X")) CHECK(slice["name"] == "sh");
}

TEST_CASE("a stray CPU does not make thousands of empty tracks") {
    auto tracks = [](const json& trace) {
        std::vector<int> cpus;
        for (const json& event : with_phase(trace, "M"))
            if (event["name"] == "thread_name") cpus.push_back(event["tid"].get<int>() - 1);
        return cpus;
    };
    const std::string events = move(1, 2, 0, 7) + move(2, 0, 7999, 7) + mark(3, "0x1");
    CHECK(tracks(exported(events)) == std::vector{0, 1, 2, 3, 7999});
    std::string no_cpus = kHeader;
    no_cpus.erase(no_cpus.find("# nr_cpus 4\n"), 12);
    CHECK(tracks(exported(events, {}, no_cpus + kStart)) == std::vector{2, 0, 7999});
    CHECK(tracks(exported(move(1, 511, 0, 7), {}, no_cpus + kStart)).size() == 512);
}

TEST_CASE("a migration is two slices and an arrow, its category the cause") {
    const json trace = exported(named(1, 7, "a \"b\"\xff") + move(2.000003, 3, 1, 7));
    const auto slices = with_phase(trace, "X"), begins = with_phase(trace, "s"),
               ends = with_phase(trace, "f");
    REQUIRE(slices.size() == 2);
    CHECK(slices[0]["tid"] == 4);
    CHECK(slices[1]["tid"] == 2);
    for (const json& slice : slices) {
        CHECK(slice["ts"].get<double>() == Approx(2000.003));
        CHECK(slice["dur"] == 1.0);
        CHECK(slice["cat"] == "wake");
        CHECK(slice["name"] == "a \"b\"\xef\xbf\xbd");
        CHECK(slice["args"] ==
              json{{"pid", 7}, {"from", 3}, {"to", 1}, {"recorded_by", 3}, {"cause", "wake"}});
    }
    REQUIRE(begins.size() == 1);
    REQUIRE(ends.size() == 1);
    CHECK(begins[0]["tid"] == 4);
    CHECK(ends[0]["tid"] == 2);
    CHECK(ends[0]["bp"] == "e");
    for (const char* same : {"id", "cat", "name", "ts"}) CHECK(begins[0][same] == ends[0][same]);
    CHECK(begins[0]["ts"] == slices[0]["ts"]);
}

TEST_CASE("every arrow has a number of its own") {
    std::string events;
    for (int i = 0; i < 500; i++) events += move(i * 0.001, i % 4, (i + 1) % 4, 7);
    const json trace = exported(events);
    std::map<int, int> seen;
    for (const json& event : with_phase(trace, "s")) seen[event["id"].get<int>()]++;
    CHECK(seen.size() == 500);
    for (const json& event : with_phase(trace, "f")) CHECK(seen.count(event["id"].get<int>()) == 1);
}

TEST_CASE("slices of migrations close to one another do not overlap") {
    std::string events;
    for (int i = 0; i < 100; i++)
        events += fmt::format("{} 0 {} {} 7 2\n", at(i * 300 / 7), i % 3, (i + 1) % 3);
    // At the same moment.
    for (int i = 0; i < 10; i++) events += fmt::format("{} 0 0 1 {} 2\n", at(10000), i);
    events += fmt::format("{} 0 0 1 3 2\n", at(10400));
    const json trace = exported(events);
    CHECK(with_phase(trace, "X").size() == 222);
    check_nesting(trace);
}

TEST_CASE("a mark is an instant of all tracks") {
    const auto marks = with_phase(exported(mark(5, "0x0000002a") + move(6, 0, 1, 7)), "i");
    REQUIRE(marks.size() == 1);
    CHECK(marks[0]["s"] == "g");
    CHECK(marks[0]["name"] == "mark 0x2a");
    CHECK(marks[0]["ts"] == 5000.0);
}

TEST_CASE("filters and window act on what is exported") {
    migtrace::WalkOptions options;
    options.filters.cause.include = {"pull"};
    options.window.begin_mark = 1;
    const json trace = exported(
        move(1, 0, 1, 7, 1) + mark(2, "0x00000001") + move(3, 0, 1, 7, 2) + move(4, 1, 0, 7, 1), options);
    const auto begins = with_phase(trace, "s");
    REQUIRE(begins.size() == 1);
    CHECK(begins[0]["ts"] == 4000.0);
}

TEST_CASE("a process without a name goes by its number, and a migration to the same CPU has no arrow") {
    const json trace = exported(move(1, 2, 2, 7));
    REQUIRE(with_phase(trace, "X").size() == 1);
    CHECK(with_phase(trace, "X")[0]["name"] == "pid 7");
    CHECK(with_phase(trace, "s").empty());
}

TEST_CASE("what cannot be a CPU is left out, and empty input is an empty picture") {
    CHECK(
        with_phase(
            exported("0x0000000000000005 0 0 8192 7 2\n0x0000000000000006 2000000000 . . 7 11 0x00000001\n"),
            "X")
            .empty());
    CHECK(exported("", {}, "")["traceEvents"].empty());
}

TEST_CASE("the wall clock of the start is told where it is known") {
    CHECK(exported(move(1, 0, 1, 7))["otherData"]["start_time"] == "2010-08-11T12:08:39.500000000Z");
    CHECK_FALSE(exported(move(1, 0, 1, 7), {}, kHeader)["otherData"].contains("start_time"));
}
