/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "miggraph/drawing.h"
#include "miggraph/stat_table.h"
#include "migtrace/cause_info.h"
#include "migtrace/trace_reader.h"

using namespace miggraph;
using namespace std::chrono_literals;

namespace {

struct TemporaryFile {
    std::string path = "/tmp/migscope-test-XXXXXX";
    explicit TemporaryFile(const std::string& text) {
        REQUIRE((::close(::mkstemp(path.data())) == 0));
        std::ofstream(path) << text;
    }
    ~TemporaryFile() { ::unlink(path.c_str()); }
};

const char* const kHeader =
    "# version 1.0.0\n# nr_cpus 64\n# ts_field 1\n# cause 1 push\n# cause 7 wake\n# cause 8 never\n";

std::string migration(double seconds, int from, int to, int cause) {
    return fmt::format("0x{:016x} {} {} {} 1 {}\n", static_cast<std::uint64_t>(1e12 + seconds * 1e9), to,
                       from, to, cause);
}

Table count(const std::string& events, std::optional<std::chrono::nanoseconds> period, bool all = false) {
    TemporaryFile file(kHeader + events);
    migtrace::TraceReader reader({{file.path}, false});
    return count_trace(reader, period, all, "the trace");
}

std::vector<std::string> column_names(const Table& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) names.push_back(column.name);
    return names;
}

/// CPU after CPU; 2.5 s from the first to the last.
std::string two_cpus() {
    return migration(0, 1, 0, 7) + migration(0.1, 1, 0, 7) + migration(1.5, 2, 0, 1) +
           migration(2.5, 1, 0, 7) + migration(0.2, 0, 1, 7);
}

}  // namespace

TEST_CASE("names of fields say what they count") {
    CHECK(parse_field_name("migrate").kind == FieldName::Total);
    CHECK(parse_field_name("across nodes").kind == FieldName::Distance);
    CHECK(parse_field_name("distance unknown").kind == FieldName::Distance);
    CHECK(parse_field_name("try_to_wake_up").kind == FieldName::Cause);
    CHECK(parse_field_name("from cpu: 3").kind == FieldName::FromCpu);
    CHECK(parse_field_name("from cpu: 3").from == 3);
    CHECK(parse_field_name("to cpu: 12").to == 12);
    auto pair = parse_field_name("from cpu: 3 to cpu: 12");
    CHECK(pair.kind == FieldName::Pair);
    CHECK(pair.from == 3);
    CHECK(pair.to == 12);
    for (const char* name :
         {"from cpu: x", "from cpu: 1 to cpu: ", "from cpu: 1 x", "to cpu: 99999999999", ""})
        CHECK(parse_field_name(name).kind == FieldName::Cause);
}

TEST_CASE("a period is chosen that gives between 80 and 200 points") {
    CHECK(nice_period(10s) == 50ms);
    CHECK(nice_period(141s) == 1s);
    CHECK(nice_period(1s) == 5ms);
    CHECK(nice_period(1ms) == 1ms);
    CHECK(nice_period(0s) == 1ms);
    for (auto duration = 200ms; duration < 100h; duration += duration / 7) {
        auto points = duration / nice_period(duration);
        CHECK(points >= 80);
        CHECK(points <= 200);
    }
}

TEST_CASE("a trace is counted in periods that are over, as rates, and in full by CPU") {
    Table table = count(two_cpus(), 1s);
    CHECK(table.begins == std::vector<double>{0, 1});
    CHECK(column_names(table) == std::vector<std::string>{"push", "wake", "never", "migrate"});
    CHECK(table.columns[0].rates == std::vector<double>{0, 1});
    CHECK(table.columns[1].rates == std::vector<double>{3, 0});
    CHECK(table.columns[3].rates == std::vector<double>{3, 1});
    CHECK(table.migrations == 5);
    CHECK(table.seconds == 2.5);
    // 64 CPUs are possible; three are seen.
    CHECK(table.pairs.size() == 3);
    CHECK(table.pairs[1][0] == 3);
    CHECK(table.left == std::vector<double>{1, 3, 1});
    CHECK(table.arrived == std::vector<double>{4, 1, 0});
    CHECK(count(two_cpus(), 500ms).columns[3].rates == std::vector<double>{6, 0, 0, 2, 0});
}

TEST_CASE("all fields of migrate_stats are counted when asked for, but no pairs that nobody went") {
    Table table = count(two_cpus(), 1s, true);
    CHECK(column_names(table) == std::vector<std::string>{"push", "wake", "never", "migrate", "from cpu: 0",
                                                          "to cpu: 0", "from cpu: 1", "to cpu: 1",
                                                          "from cpu: 2", "to cpu: 2", "from cpu: 0 to cpu: 1",
                                                          "from cpu: 1 to cpu: 0", "from cpu: 2 to cpu: 0"});
    CHECK(table.columns[5].rates == std::vector<double>{2, 1});   // to cpu: 0
    CHECK(table.columns[12].rates == std::vector<double>{0, 1});  // 2 to 0
}

TEST_CASE("periods that make no picture are refused with advice") {
    CHECK_THROWS_WITH(count("", {}), Catch::Contains("no events"));
    CHECK_THROWS_WITH(count(two_cpus(), 3s), Catch::Contains("shorter --period"));
    CHECK_THROWS_WITH(count(two_cpus(), 1us), Catch::Contains("longer --period"));
    CHECK(count(migration(0, 0, 1, 7), {}).begins.size() == 1);
}

TEST_CASE("a damaged trace takes no memory for CPUs and centuries that there are not") {
    CHECK_THROWS_WITH(count(migration(0, 0, 2147483647, 1), std::nullopt, true), Catch::Contains("without field"));
    const Table stray = count(migration(0, 0, 2147483647, 1), std::nullopt);
    CHECK(stray.pairs.size() == 2);
    CHECK(stray.axis.names == std::vector<std::string>{"0", "2147483647"});
    CHECK_THROWS_WITH(count("0x0000000000000001 0 0 1 1 1\n0xffffffffffffffff 0 0 1 1 1\n", std::nullopt),
                      Catch::Contains("damaged"));
}

TEST_CASE("a damaged time stamp does not make a picture of centuries, and is told") {
    std::string events;
    for (int i = 0; i < 100; i++) events += migration(0.01 * i, 1, 0, 7);
    CHECK(count(events, {}).warnings.empty());
    const Table table = count(events + "0x7fffffffffffffff 0 1 0 1 7\n", 10ms);
    CHECK(table.begins.size() == 99);
    REQUIRE(table.warnings.size() == 1);
    CHECK_THAT(table.warnings[0], Catch::Contains(fmt::format("--end_ts 0x{:x} ", static_cast<std::uint64_t>(1e12 + 0.99e9))));
    CHECK(table.migrations == 101);
    // A trace that goes on after a pause is none.
    CHECK(count(migration(0, 1, 0, 7) + migration(1e7, 0, 1, 7), {}).warnings.empty());
}

TEST_CASE("CPUs of a large machine are put together") {
    std::string events;
    for (int cpu = 0; cpu < 1024; cpu++) events += migration(0.001 * cpu, cpu, (cpu + 1) % 1024, 7);
    const Table table = count(events, {});
    CHECK(table.cpus == 1024);
    CHECK(table.axis.unit == "block of CPUs");
    REQUIRE(table.pairs.size() == 256);
    CHECK(table.axis.names.at(1) == "4-7");
    CHECK(table.pairs[0][0] == 3);
    CHECK(table.pairs[0][1] == 1);
    CHECK(table.left == std::vector<double>(256, 4.0));

    std::vector<std::string> notes;
    TemporaryFile stat("# version 1.0.0\n# period_msec 1000\n# ts_field 1\n# field 2 from cpu: 4095\n# field 3 to cpu: 7\n"
                       "0.000 4 2\n");
    CHECK(read_stat(stat.path, notes).axis.names == std::vector<std::string>{"7", "4095"});
}

TEST_CASE("a kernel's stat file and one of migrate_stats give rates and sums") {
    std::vector<std::string> notes;
    TemporaryFile kernel(
        "# version 1.0.0\n# period_msec 500\n# ts_field 1\n# field 2 wake\n# field 3 migrate\n"
        "0.000 1 2\n0.500 3 4\n");
    Table table = read_stat(kernel.path, notes);
    CHECK(table.period == 0.5);
    CHECK(table.columns[1].rates == std::vector<double>{4, 8});
    CHECK(table.migrations == 6);
    CHECK(table.pairs.empty());

    // period_msec is 1000 there whatever the period, because values are rates.
    TemporaryFile stats(
        "# version 1.0.0\n# period_msec 1000\n# ts_field 1\n# field 2 migrate\n# field 3 from cpu: 0 to cpu: "
        "1\n"
        "0.000 8.00 2.00\n0.500 4.00 2.00\n");
    table = read_stat(stats.path, notes);
    CHECK(table.columns[0].rates == std::vector<double>{8, 4});
    CHECK(table.migrations == 6);
    REQUIRE(table.pairs.size() == 2);
    CHECK(table.pairs[0][1] == 2);
    CHECK(table.left == std::vector<double>{2, 0});
    CHECK(notes.empty());
    TemporaryFile empty("# version 1.0.0\n# period_msec 1000\n# ts_field 1\n# field 2 migrate\n");
    CHECK_THROWS_WITH(read_stat(empty.path, notes), Catch::Contains("no period"));
}

TEST_CASE("figures are those that were asked for, or all that the input gives") {
    std::vector<std::string> notes;
    auto names = [&](const Table& table, const std::vector<Graph>& wanted) {
        std::string list;
        for (const auto& drawing : make_drawings(table, wanted, "x", "", notes)) list += drawing.name + " ";
        return list;
    };
    Table trace = count(two_cpus(), 1s);
    CHECK(names(trace, {}) == "rate cause pair cpu ");
    CHECK(names(trace, {Graph::Cpu, Graph::Rate}) == "cpu rate ");
    CHECK(names(trace, {Graph::Field}) == "push wake never migrate ");
    Table still = count(
        "0x0000000000000001 0 . . . start_sched_clock 1 2\n0x0000000100000000 0 . . . start_sched_clock 1 "
        "2\n",
        1s);
    CHECK(names(still, {}) == "rate ");
    CHECK(notes == std::vector<std::string>{"x: no graph 'cause', 'pair', 'cpu': there are no migrations"});
    notes.clear();
    trace.pairs.clear();
    CHECK(names(trace, {Graph::Rate, Graph::Pair}) == "rate ");
    CHECK(notes.size() == 1);
    notes.clear();
    CHECK_THROWS_WITH(names(trace, {Graph::Pair}),
                      "x: there is nothing to draw: no graph 'pair': it does not tell from which CPU to which tasks went");
}

TEST_CASE("subtitles count what is shown") {
    std::vector<std::string> notes;
    auto subtitle = [&](const Table& table, Graph graph) {
        return make_drawings(table, {graph}, "x", "", notes).at(0).figure.subtitle;
    };
    CHECK(subtitle(count(two_cpus(), 1s), Graph::Rate) ==
          "x: 4 of 5 migrations, 3 of 64 CPUs in use, 2.5 s, periods of 1.0 s");
    CHECK(subtitle(count(two_cpus(), 1s), Graph::Pair) == "x: 5 migrations, 3 of 64 CPUs in use, 2.5 s");
    const Table late = count("0x000000e8d4a51000 0 . . . start_sched_clock 1 2\n" + migration(1.5, 1, 0, 7), 1s);
    CHECK(subtitle(late, Graph::Rate) == "x: 0 of 1 migration, 2 of 64 CPUs in use, 1.5 s, periods of 1.0 s");
    CHECK(subtitle(late, Graph::Cpu) == "x: 1 migration, 2 of 64 CPUs in use, 1.5 s");
    CHECK_THROWS_WITH(make_drawings(late, {Graph::Cause}, "x", "", notes), Catch::Contains("which is not over"));
}

TEST_CASE("the legend has causes that occur, the largest first, with their share") {
    std::vector<std::string> notes;
    auto drawing = make_drawings(count(two_cpus(), 500ms), {Graph::Cause}, "x", "", notes).at(0);
    const auto& lines = std::get<Timeline>(drawing.figure.content).lines;
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].name == "wake  75 %");
    CHECK(lines[1].name == "push  25 %");
    // Whatever its place, and whether it is known or not.
    for (const auto& [line, cause] : {std::pair{0, "wake"}, std::pair{1, "push"}})
        CHECK(lines[static_cast<std::size_t>(line)].colour == migtrace::cause_info(cause).colour);
}

TEST_CASE("fields whose names make the same file get different ones") {
    Table table = count(two_cpus(), 1s);
    table.columns[0].name = "a/b";
    table.columns[1].name = "a_b";
    std::vector<std::string> notes;
    auto drawings = make_drawings(table, {Graph::Field}, "x", "", notes);
    CHECK(drawings[0].name == "a_b");
    CHECK(drawings[1].name == "a_b-2");
}

TEST_CASE("a list of graphs is read, and an unknown one is named") {
    CHECK(parse_graphs("rate, CAUSE,rate") == std::vector<Graph>{Graph::Rate, Graph::Cause});
    CHECK_THROWS_WITH(parse_graphs("rate,pie"), Catch::Contains("'pie'"));
    CHECK_THROWS_AS(parse_graphs(""), base::UsageError);
}
