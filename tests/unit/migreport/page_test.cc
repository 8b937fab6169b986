/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/page.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "migreport/html.h"
#include "migreport/scale.h"
#include "migtrace/cause_info.h"
#include "migtrace/support.h"

using namespace test;
using Catch::Contains;

namespace {

std::string page_of(const std::string& events, migreport::Source source = {},
                    const std::string& header = kHeader + kStart, const std::string& title = "") {
    const TempFile file(header + events);
    source.files = {file.path()};
    return make_page(*migreport::collect(source, [](std::uint64_t, std::uint64_t) {}), source, title);
}

}  // namespace

TEST_CASE("text cannot leave its place") {
    CHECK(migreport::escaped("<a href=\"x\">&'") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    CHECK(migreport::escaped("na\xc3\xafve \xff\x1b\r\t") == "na\xc3\xafve \\xff\\x1b\\x0d\\x09");
    CHECK(migreport::escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");
}

TEST_CASE("large numbers are grouped by style alone") {
    CHECK(migreport::grouped(1234u) == "1234");
    CHECK(migreport::grouped(12345u) == "12<span class=\"g\">345</span>");
    CHECK(migreport::grouped("1234567.89") == "1<span class=\"g\">234</span><span class=\"g\">567</span>.89");
    CHECK(migreport::grouped("0.50") == "0.50");
}

TEST_CASE("ticks are round numbers") {
    CHECK(migreport::round_step(10, 5) == 2);
    CHECK(migreport::round_step(9, 8) == 2);
    CHECK(migreport::round_step(0.03, 5) == Approx(0.01));
    CHECK(migreport::tick_label(0.3, 0.1) == "0.3");
    CHECK(migreport::tick_label(200, 100) == "200");
    CHECK(migreport::decade_label(0) == "1 ns");
    CHECK(migreport::decade_label(5) == "100 us");
    CHECK(migreport::decade_label(10) == "10 s");
}

TEST_CASE("a cause has a colour of its own, and one that is not known always the same") {
    CHECK(migtrace::cause_info("pull_task").colour != migtrace::cause_info("try_to_wake_up").colour);
    CHECK(migtrace::cause_info("some_new").colour == migtrace::cause_info("some_new").colour);
    CHECK(migtrace::cause_info("some_new").name == "some_new");
}

TEST_CASE("names from a trace and the title are text and nothing else") {
    const std::string evil = "</td><script>alert(1)</script>\"'&\x1b\xff";
    const std::string page =
        page_of(named(1, 5, evil) + move(2, 0, 1, 5), {}, kHeader + kStart, "<b>title & \"more\"</b>");
    CHECK_THAT(page,
               !Contains("<script>alert") && !Contains("<b>title") && !Contains("\x1b") && !Contains("\xff"));
    CHECK_THAT(page, Contains("&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\x1b\\xff"));
    CHECK_THAT(page, Contains("<title>&lt;b&gt;title &amp; &quot;more&quot;&lt;/b&gt;</title>"));
}

TEST_CASE("names of causes from a hostile header are text too") {
    const std::string header =
        "# version 1.1.0\n# nr_cpus 2\n# cause 1 <script>\"\n# cpu 0 core 0 llc 0 node 0 capacity 1\n"
        "# cpu 1 core 1 llc 0 node 0 capacity 1\n";
    const std::string page =
        page_of(move(1, 0, 1, 5, 1) + move(2, 1, 0, 5, 1) + move(3, 0, 1, 5, 1), {}, header);
    CHECK_THAT(page, Contains("&lt;script&gt;&quot;") && !Contains("<script>\""));
}

TEST_CASE("what a trace does not have is said in words") {
    CHECK_THAT(page_of(""), Contains("There is no migration") && Contains("There is no mark") &&
                                Contains("does not tell where its CPUs stand"));
    CHECK_THAT(page_of(move(1, 0, 0, 5), {}, "# version 1.0.0\n# nr_cpus 1\n# cause 2 wake\n"),
               Contains("The machine has one CPU"));
    CHECK_THAT(page_of(move(1, 0, 1, 5)),
               Contains("No task came back") && Contains("No stay has both its ends"));
}

TEST_CASE("an empty input is an error") {
    CHECK_THROWS_WITH(page_of("", {}, ""), Contains("is empty"));
    CHECK_THROWS_WITH(page_of("hello\n", {}, ""), Contains("no trace"));
}

TEST_CASE("filters choose what is counted, and stays are those of the task all the same") {
    const std::string events =
        move(1, 0, 1, 5, 1) + move(11, 1, 2, 5, 2) + move(31, 2, 3, 5, 1) + move(41, 0, 1, 6, 2);
    migreport::Source source;
    source.filters.cause.include = {"wake"};
    const TempFile file(kHeader + kStart + events);
    source.files = {file.path()};
    const auto all = migreport::collect(source, [](std::uint64_t, std::uint64_t) {});
    CHECK(all->counters.total() == 2);
    CHECK(all->processes.count() == 2);
    // From 1 to 11 ms; a walk that sees nothing but wakeups could not know it.
    CHECK(all->residency.all().count() == 1);
    CHECK(all->residency.all().max() == 10'000'000);
    source.filters.cause.include = {"nosuch"};
    CHECK_THROWS_WITH(migreport::collect(source, [](std::uint64_t, std::uint64_t) {}), Contains("'nosuch'"));
}

TEST_CASE("processes are ordered as summary_pid orders them") {
    std::string events;
    for (int i = 0; i < 3; i++)
        for (int pid : {9, 7, 8}) events += move(1 + i * 10 + pid, 0, 1, pid, pid == 7 ? 1 : 2);
    events += move(99, 0, 1, 12, 2);
    const TempFile file(kHeader + kStart + events);
    const auto all = migreport::collect({.files = {file.path()}}, [](std::uint64_t, std::uint64_t) {});
    const auto top = all->processes.top(3);
    REQUIRE(top.size() == 3);
    CHECK(top[0].pid == 7);
    CHECK(top[1].pid == 8);
    CHECK(top[2].pid == 9);
    CHECK(top[0].causes == std::vector<std::uint64_t>{3, 0});
    CHECK(all->processes.count() == 4);
}

TEST_CASE("of many marks the first are listed, and all are counted") {
    std::string events = move(0.5, 0, 1, 5);
    for (int i = 0; i < 500; i++) events += mark(1 + i, fmt::format("0x{:08x}", i));
    const TempFile file(kHeader + kStart + events);
    const auto all = migreport::collect({.files = {file.path()}}, [](std::uint64_t, std::uint64_t) {});
    CHECK(all->marks.count() == 500);
    CHECK(all->marks.first().size() == migreport::Marks::kMost);
    CHECK_THAT(page_of(events), Contains("The first 200 of 500 marks"));
}

TEST_CASE("the page is the same for the same trace") {
    const std::string events = move(1, 0, 1, 5) + mark(2, "0x2a") + move(3, 1, 0, 5);
    const TempFile file(kHeader + kStart + events);
    const migreport::Source source{.files = {file.path()}};
    auto page = [&] {
        return make_page(*migreport::collect(source, [](std::uint64_t, std::uint64_t) {}), source, "");
    };
    CHECK(page() == page());
}

TEST_CASE("a few events far behind all others do not flatten the causes over time") {
    std::string events;
    for (int ms = 1; ms <= 200; ms++) events += move(ms, ms % 2, 1 - ms % 2, 5);
    auto late = [&](int count) {
        std::string text;
        for (int i = 0; i < count; i++) text += move(1e9 + i, 0, 1, 5);
        return text;
    };
    const char* damaged = "as it does when a time stamp is damaged";
    const std::string end = fmt::format(" --end_ts 0x{:x} ", 100'200'000'000);
    CHECK_THAT(page_of(events), !Contains(damaged));
    CHECK_THAT(page_of(events + late(1)), Contains(damaged) && Contains("--period_all --period_cause" + end));
    CHECK_THAT(page_of(events + late(4)), Contains(damaged));
    CHECK_THAT(page_of(events + mark(1e9, "0x00000001")), Contains(damaged));
    // These are a part of the trace, and so is one of a few.
    CHECK_THAT(page_of(events + late(5)), !Contains(damaged) && !Contains(end));
    CHECK_THAT(page_of(move(1, 0, 1, 5) + late(1)), !Contains(damaged));
}
