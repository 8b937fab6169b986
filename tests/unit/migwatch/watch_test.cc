/* SPDX-License-Identifier: GPL-2.0-only */
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "migwatch/rates.h"
#include "migwatch/stat_tail.h"
#include "migwatch/stream.h"
#include "migwatch/view.h"

using namespace migwatch;

namespace {

const std::string kHeader = "# version 1.2.0\n# nr_cpus 4\n# cause 4 pull_task\n# cause 7 try_to_wake_up\n# loc 9 set_task_comm\n# order time\n";

std::string migration(int from, int to, int pid, int cause = 7) { return fmt::format("0x0000000000001000 0 {} {} {} {}\n", from, to, pid, cause); }

Look look_at(const std::string& text, double seconds = 1) {
    Rates rates;
    TraceStream stream("in", rates);
    stream.add(text);
    return rates.look(seconds);
}

std::vector<std::string> names(const std::vector<Row>& rows) {
    std::vector<std::string> names;
    for (const Row& row : rows) names.push_back(row.name);
    return names;
}

}  // namespace

TEST_CASE("migrations are counted by cause, by pair and by process, which has the name that it has then") {
    const Look look = look_at(kHeader + "0x10 0 . . 7 9 : first\n" + migration(0, 1, 7) + migration(1, 0, 7, 4) + "0x20 0 . . 7 9 : make: cc1\n" + migration(0, 1, 7) +
                              migration(0, 1, 8) + "# lost 3 12\n");
    CHECK(look.migrations == 4);
    CHECK(look.lost == 12);
    REQUIRE(look.causes.size() == 2);
    CHECK(look.causes[0].name == "pull_task");
    CHECK(look.causes[0].now == 1);
    CHECK(look.causes[1].now == 3);
    CHECK(names(look.pairs) == std::vector<std::string>{"0 > 1", "1 > 0"});
    CHECK(look.pairs[0].now == 3);
    REQUIRE(look.processes.size() == 2);
    CHECK(look.processes[0].name == "make: cc1");
    CHECK(look.processes[0].now == 3);
    CHECK(look.processes[1].name.empty());
}

TEST_CASE("pieces may be cut anywhere, and what makes no sense is counted") {
    const std::string text = kHeader + migration(0, 1, 7) + "what\n" + migration(2, 3, 8);
    for (std::size_t cut = 0; cut <= text.size(); cut++) {
        Rates rates;
        TraceStream stream("in", rates);
        stream.add(text.substr(0, cut));
        stream.add(text.substr(cut));
        REQUIRE(rates.look(1).migrations == 2);
        REQUIRE(stream.skipped_lines() == 1);
    }
    Rates rates;
    TraceStream stream("in", rates);
    stream.add(kHeader);
    for (int i = 0; i < 3; i++) stream.add(std::string(100'000, 'x'));
    stream.add("\n" + migration(0, 1, 1));
    CHECK(rates.look(1).migrations == 1);
    CHECK(stream.skipped_lines() == 1);
    TraceStream foreign("net.json", rates);
    CHECK_THROWS_WITH(foreign.add("{\"type\":1}\n"), "net.json, line 1: this is no trace");
    CHECK_THROWS_AS(TraceStream("in", rates).add("# version 2.0.0\n"), base::Error);
}

TEST_CASE("a look begins anew, and totals go on") {
    Rates rates;
    rates.migration(1, "a", 0, 1, "pull_task");
    CHECK(rates.look(1).processes[0].now == 1);
    rates.migration(1, "a", 0, 1, "pull_task");
    rates.migration(1, "a", 0, 1, "pull_task");
    const Look look = rates.look(2);
    CHECK(look.migrations == 2);
    CHECK(look.total == 3);
    CHECK(look.processes[0].now == 2);
    CHECK(look.processes[0].total == 3);
    CHECK(rates.look(1).processes[0].now == 0);
}

TEST_CASE("millions of processes do not fill memory") {
    Rates rates;
    for (int pid = 1; pid <= 200'000; pid++) rates.migration(pid, "fork", 0, 1, "sched_fork");
    CHECK(rates.look(1).processes.empty());
    rates.migration(1, "a", 0, 1, "sched_fork");
    CHECK(rates.look(1).processes.size() == 1);
}

TEST_CASE("causes that others have counted count instead") {
    const base::TemporaryFolder folder;
    const std::string path = folder.path() + "/stat";
    base::OutputFile file(path);
    file.write("# version 1.0.0\n# period_msec 1000\n# field 2 pull_task\n# field 3 try_to_wake_up\n# field 4 migrate\n0.000 8 16 24\n1.000 1 2 3\n");
    file.commit();
    StatTail tail(path);
    Rates rates;
    rates.migration(1, "a", 0, 1, "pull_task");
    tail.read(rates);
    tail.read(rates);
    const Look look = rates.look(1);
    REQUIRE(names(look.causes) == std::vector<std::string>{"pull_task", "try_to_wake_up"});
    CHECK(look.causes[0].now == 9);
    CHECK(look.causes[1].now == 18);
    rates.migration(1, "a", 0, 1, "pull_task");
    CHECK(rates.look(1).causes[0].now == 0);
}

TEST_CASE("causes that there were none of are not shown") {
    Rates rates;
    rates.counted("pull_task", 0);
    CHECK(rates.look(1).causes.empty());
    rates.counted("pull_task", 2);
    CHECK(names(rates.look(1).causes) == std::vector<std::string>{"pull_task"});
    CHECK(rates.look(1).causes[0].now == 0);
}

TEST_CASE("the sums of all looks") {
    Rates rates;
    for (int i = 0; i < 3; i++) rates.migration(1, "a", 0, 1, "pull_task");
    rates.look(1);
    rates.lost(7);
    CHECK(view_sums(rates.look(1), 2) == "3 migrations in 2.0 s, 1.5/s; 7 events lost");
    CHECK(view_sums(Rates().look(1), 0) == "0 migrations in 0.0 s, 0.0/s");
}

TEST_CASE("rows go by rate, total or name") {
    std::vector<Row> rows = {{"b", 1, 0, 0, 5, 5}, {"a", 2, 0, 0, 1, 100}, {"c", 3, 0, 0, 5, 7}};
    sort_rows(rows, Sort::Rate, false);
    CHECK(names(rows) == std::vector<std::string>{"c", "b", "a"});
    sort_rows(rows, Sort::Total, false);
    CHECK(names(rows) == std::vector<std::string>{"a", "c", "b"});
    sort_rows(rows, Sort::Name, true);
    CHECK(names(rows) == std::vector<std::string>{"c", "b", "a"});
}

TEST_CASE("a view fits into the width, and names cannot send control characters") {
    std::string text = kHeader;
    for (int pid = 1; pid < 30; pid++) text += fmt::format("0x10 0 . . {} 9 : name\x1b[31m of \xc3\xbc {}\n", pid, std::string(40, 'x')) + migration(pid % 4, (pid + 1) % 4, pid);
    for (const std::size_t width : {10u, 40u, 80u, 200u}) {
        ViewOptions options;
        options.width = width;
        const auto lines = view(look_at(text), options, 0);
        CHECK(lines.size() == 3 + options.rows);
        for (const std::string& line : lines) {
            CHECK(line.size() <= width);
            CHECK(std::all_of(line.begin(), line.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; }));
        }
    }
    const auto object = nlohmann::json::parse(view_json(look_at(text, 2), {}, 5));
    CHECK(object["per_second"] == 14.5);
    CHECK(object["processes"].size() == 10);
    CHECK(object["causes"][0]["cause"] == "try_to_wake_up");
    CHECK(object["pairs"][0]["from"] == 1);
}
