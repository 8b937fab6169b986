/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/stat_file.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;
using Catch::Contains;
using migtrace::Form;
using Item = migtrace::Extraction::Item;

namespace {

const std::string kStatHeader =
    "# version 1.0.0\n# period_msec 500\n# gettimeofday 1281528519 890590\n# ts_field 1\n"
    "# field 2 pull\n# field 3 from cpu: 0 to cpu: 1\n# field 4 migrate\n";
const std::string kRows = "0.000 1 2 3\n0.500 4 5 9\n1.000 0 0 0\n";

struct Stat {
    TempFile file;
    migtrace::Extraction job{};
    explicit Stat(const std::string& text) : file(text) { job.files = {file.path()}; }
    std::string item(Item item) {
        job.item = item;
        return print(job).text;
    }
    std::string extract(unsigned field) {
        job.field = field;
        return item(Item::Values);
    }
};

}  // namespace

TEST_CASE("items of the header are printed") {
    Stat stat(kStatHeader + "# nr_cpus 4\n" + kRows);
    CHECK(stat.item(Item::Version) == "1.0.0\n");
    CHECK(stat.item(Item::PeriodMsec) == "500\n");
    CHECK(stat.item(Item::NrCpus) == "4\n");
    CHECK(stat.item(Item::MinField) == "2\n");
    CHECK(stat.item(Item::MaxField) == "4\n");
    stat.job.field = 3;
    CHECK(stat.item(Item::FieldName) == "from cpu: 0 to cpu: 1\n");
    stat.job.name = "from cpu: 0 to cpu: 1";
    CHECK(stat.item(Item::FieldNumber) == "3\n");
}

TEST_CASE("an item that the header does not have is an error") {
    Stat stat("0.000 1 2\n");
    for (Item item : {Item::Version, Item::PeriodMsec, Item::NrCpus, Item::MinField, Item::MaxField,
                      Item::FieldName, Item::FieldNumber})
        CHECK_THROWS_WITH(stat.item(item), Contains("item not found"));
    CHECK(stat.item(Item::TsField) == "1\n");
    Stat named(kStatHeader);
    for (const char* name : {"mig", "migrate ", "Migrate", "", "from cpu: 0"}) {
        named.job.name = name;
        CHECK_THROWS_WITH(named.item(Item::FieldNumber), Contains("item not found") && Contains(fmt::format("'{}'", name)));
    }
}

TEST_CASE("messages about the header name the file, and the line that makes no sense") {
    auto item = [](const std::string& text, Item item, const std::string& said) {
        Stat stat(text);
        stat.job.field = 99;
        stat.job.name = "x";
        CHECK_THROWS_WITH(stat.item(item), Contains(stat.file.path() + said));
    };
    for (Item wanted : {Item::PeriodMsec, Item::MinField, Item::FieldName, Item::FieldNumber, Item::Values})
        item("# version 1.0.0\n", wanted, ": the header has no ");
    item(kStatHeader, Item::Values, ": there is no field 99");
    const std::string bad = "# field 2 x\n# field 99 y\n# period_msec a b\n# nr_cpus 0\n# gettimeofday 1\n# version x\n0.000 1\n";
    item(bad, Item::PeriodMsec, ":3: the header line '# period_msec a b' makes no sense");
    item(bad, Item::Values, ":3: the header line '# period_msec a b' makes no sense, so rates");
    item(bad, Item::NrCpus, ":4: the header line '# nr_cpus 0' makes no sense");
    item(bad, Item::Version, ":6: the header line '# version x' makes no sense");
    item("# field x y\n", Item::MaxField, ":1: the header line '# field x y' makes no sense");
    item("# field 99 y\n# period_msec 0\n", Item::Values, ":2: the header says '# period_msec 0'");
    Stat clock("# field 99 y\n# period_msec 1\n# gettimeofday 1\n0.000 1\n");
    clock.job.times.gmt = true;
    CHECK_THROWS_WITH(clock.extract(99), Contains(clock.file.path() + ":3: the header line '# gettimeofday 1' makes no sense"));
}

TEST_CASE("of two equal fields the first counts") {
    Stat stat("# field 5 twice\n# field 3 twice\n# field 5 other\n");
    stat.job.name = "twice";
    CHECK(stat.item(Item::FieldNumber) == "5\n");
    stat.job.field = 5;
    CHECK(stat.item(Item::FieldName) == "twice\n");
}

TEST_CASE("values are rates per second") {
    CHECK(Stat(kStatHeader + kRows).extract(4) == "0.000 6.00\n0.500 18.00\n1.000 0.00\n");
    CHECK(Stat("# period_msec 7\n# field 2 x\n0.000 -5\n0.007 1.5\n").extract(2) ==
          "0.000 -714.29\n0.007 214.29\n");
}

TEST_CASE("times are printed in the order gmt, local, rel, and two at once bring rel") {
    ::setenv("TZ", "JST-9", 1);
    Stat stat(kStatHeader + "0.500 4 5 9\n");
    stat.job.times = {.gmt = true};
    CHECK(stat.extract(2) == "12:08:40.391  8.00\n");
    stat.job.times = {.rel = true, .gmt = true};
    CHECK(stat.extract(2) == "12:08:40.391 0.500 8.00\n");
    stat.job.times = {.gmt = true, .local = true, .date = true};
    CHECK(stat.extract(2) == "2010/08/11 12:08:40.391 2010/08/11 21:08:40.391 0.500 8.00\n");
    stat.job.times = {.date = true};
    CHECK(stat.extract(2) == "0.500 8.00\n");
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
}

TEST_CASE("milliseconds carry in integers, and negative times are times") {
    const std::string header = "# period_msec 1000\n# gettimeofday 1281528519 999600\n# field 2 x\n";
    Stat stat(header + "0.000 1\n0.998 1\n1.000 1\n-1.001 1\n8.191 1\n4.3514 1\n4.3515 1\n7 1\n");
    stat.job.times = {.rel = true, .gmt = true};
    CHECK(stat.extract(2) ==
          "12:08:40.000 0.000 1.00\n12:08:40.998 0.998 1.00\n12:08:41.000 1.000 1.00\n12:08:38.999 -1.001 "
          "1.00\n"
          "12:08:48.191 8.191 1.00\n12:08:44.351 4.351 1.00\n12:08:44.352 4.352 1.00\n12:08:47.000 7.000 "
          "1.00\n");
}

TEST_CASE("limits hold their ends, and times are compared as text") {
    Stat stat(kStatHeader + kRows);
    stat.job.begin_msec = 500;
    CHECK(stat.extract(2) == "0.500 8.00\n1.000 0.00\n");
    stat.job.end_msec = 500;
    CHECK(stat.extract(2) == "0.500 8.00\n");
    stat.job.begin_msec = stat.job.end_msec = std::nullopt;
    stat.job.begin_gmt = "2010/08/11 12:08:40";
    CHECK(stat.extract(2) == "0.500 8.00\n1.000 0.00\n");
    stat.job.end_gmt = "2010/08/11 12:08:40.391";
    CHECK(stat.extract(2) == "0.500 8.00\n");
    stat.job.end_gmt = "2010/08/11 12:08:40";
    CHECK(stat.extract(2).empty());
    stat.job.begin_gmt = "";
    CHECK(stat.extract(2) == "0.000 2.00\n");
}

TEST_CASE("a field outside of the header's is an error") {
    for (unsigned field : {0u, 1u, 5u, 4000000000u})
        CHECK_THROWS_WITH(Stat(kStatHeader + kRows).extract(field), Contains("2 to 4"));
    CHECK_THROWS_WITH(Stat("# period_msec 1\n0.000 1\n").extract(2), Contains("no fields"));
    CHECK_THROWS_AS(Stat("").extract(2), base::Error);
    CHECK(Stat(kStatHeader).extract(2).empty());
}

TEST_CASE("a missing period, and one of 0, is an error") {
    CHECK_THROWS_WITH(Stat("# field 2 x\n0.000 1\n").extract(2), Contains("period_msec"));
    CHECK_THROWS_WITH(Stat("# field 2 x\n# period_msec 0\n0.000 1\n").extract(2), Contains("period_msec 0"));
}

TEST_CASE("the wall clock is an error only when it is needed and missing") {
    Stat stat("# field 2 x\n# period_msec 1000\n0.000 1\n");
    CHECK(stat.extract(2) == "0.000 1.00\n");
    stat.job.times.gmt = true;
    CHECK_THROWS_WITH(stat.extract(2), Contains("gettimeofday"));
    stat.job.times = {};
    stat.job.end_local = "2010";
    CHECK_THROWS_WITH(stat.extract(2), Contains("gettimeofday"));
}

TEST_CASE("a value or time that is no number is an error that names the line") {
    for (const char* row :
         {"0.000 a 2 3\n", "0.000\n", "x 1 2 3\n", "hello world\n", "0.000 nan 2 3\n", "0.000 inf 1 1\n",
          "0.000 1x 2 3\n", "0x0000011f7df3538c 17.00\n", "0.0.0 1 2 3\n", ". 1\n", "1e9 1\n"}) {
        INFO(row);
        Stat stat(kStatHeader + "0.000 1 2 3\n" + row);
        CHECK_THROWS_WITH(stat.extract(2), Contains(stat.file.path() + ":9"));
    }
}

TEST_CASE("only the field that is asked for has to be a number") {
    CHECK(Stat(kStatHeader + "0.000 1\n0.500 2 x y\n").extract(2) == "0.000 2.00\n0.500 4.00\n");
    CHECK_THROWS_WITH(Stat(kStatHeader + "0.000 1\n").extract(4), Contains("no field 4"));
}

TEST_CASE("the time may be any field") {
    CHECK(Stat("# ts_field 3\n# period_msec 1000\n# field 2 x\n5 6 0.000 1\n").extract(2) == "0.000 6.00\n");
}

TEST_CASE("indented headers, tabs, CRLF, blank lines and a missing last line feed are fine") {
    CHECK(Stat("  #version 1.0.0\r\n#\tperiod_msec\t1000\r\n# field 2 migrate\r\n\r\n  0.000\t 1 \r\n "
               "\r\n1.000 2")
              .extract(2) == "0.000 1.00\n1.000 2.00\n");
    Stat stat("# field 2 migrate\r\n");
    stat.job.field = 2;
    CHECK(stat.item(Item::FieldName) == "migrate\n");
}

TEST_CASE("another major version is an error, and unknown tags are warned of") {
    CHECK_THROWS_AS(Stat("# version 2.0.0\n" + kStatHeader + kRows).extract(2), base::Error);
    Stat stat("# colour red\n# period_msec x\n" + kStatHeader + kRows);
    stat.extract(2);
    CHECK(print(stat.job).warnings.size() == 2);
}

TEST_CASE("what migrate_stats prints for periods is a stat file") {
    Trace trace(move(100, 0, 1, 5) + move(700, 0, 1, 5) + move(1200, 0, 1, 5));
    TempFile file(trace.period(500));
    migtrace::StatTable table = migtrace::read_stat({file.path()});
    CHECK(table.header.period_msec == 1000u);
    CHECK(table.header.nr_cpus == 4u);
    CHECK(table.header.gettimeofday->usec == 500000);
    CHECK(table.fields == std::vector<unsigned>{2});
    CHECK(table.time_msec == std::vector<std::int64_t>{0, 500});
    CHECK(table.rate(1, 0) == 2);
}

TEST_CASE("a stat file can be read as a table") {
    TempFile file(kStatHeader + kRows);
    migtrace::StatTable table = migtrace::read_stat({file.path()});
    REQUIRE(table.rows() == 3);
    CHECK(table.time_msec[1] == 500);
    CHECK(table.at(1, 2) == 9);
    CHECK(table.rate(1, 2) == 18);
    CHECK(table.header.fields.at(3) == "from cpu: 0 to cpu: 1");
    TempFile bad(kStatHeader + "0.000 1 2\n");
    CHECK_THROWS_WITH(migtrace::read_stat({bad.path()}), Contains(bad.path() + ":8"));
}

TEST_CASE("fields are found in any order, whatever blanks stand between them") {
    std::string line;
    std::vector<std::string> words;
    for (unsigned i = 0; i < 60; i++) {
        words.push_back(std::to_string(i * i * i * i));
        line += std::string(i % 19 + (i > 0), i % 3 ? ' ' : '\t') + words.back();
    }
    for (const char* end : {"", " ", " \t               "}) {
        TempFile file(line + end + "\n");
        migtrace::StatReader reader({file.path()});
        REQUIRE(reader.next());
        for (unsigned i = 0; i < 1000; i++) {
            const unsigned field = i < 60 ? i : i * 37 % 60;
            CHECK(reader.value(field + 1) == std::stod(words[field]));
            CHECK(reader.count(field + 1) == std::stoull(words[field]));
        }
        CHECK_THROWS_WITH(reader.value(61), Contains("no field 61, only 60"));
        CHECK_THROWS_WITH(reader.value(1000), Contains("no field 1000, only 60"));
        CHECK_THROWS_WITH(reader.value(0), Contains("no field 0"));
        CHECK(reader.value(60) == std::stod(words[59]));
    }
}

TEST_CASE("rates of counts are rounded as those of any number") {
    std::uint64_t random = 1;
    for (std::uint64_t period : {1, 3, 7, 8, 64, 100, 640, 1000, 1024, 3000, 86'400'000}) {
        std::string rows, expected;
        for (unsigned i = 0; i < 500; i++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            const std::uint64_t count = (random >> 16) % (i % 2 ? 1000 : 10'000'000'000);
            rows += fmt::format("{}.000 {}\n", i, count);
            expected += fmt::format("{}.000 {:.2f}\n", i,
                                    static_cast<double>(count) / (static_cast<double>(period) / 1000.0));
        }
        CHECK(Stat(fmt::format("# period_msec {}\n# field 2 x\n", period) + rows).extract(2) == expected);
    }
}

TEST_CASE("JSON of a stat file is an object per line") {
    Stat stat(kStatHeader + "0.500 4 5 9\n");
    stat.job.form = Form::Json;
    CHECK(stat.extract(4) ==
          "{\"type\":\"value\",\"rel_msec\":500,\"time\":\"2010-08-11T12:08:40.391000000Z\",\"per_second\":"
          "18}\n");
    CHECK(stat.item(Item::Version) == "{\"type\":\"header\",\"version\":\"1.0.0\"}\n");
    CHECK(stat.item(Item::PeriodMsec) == "{\"type\":\"header\",\"period_msec\":500}\n");
}

TEST_CASE("CSV of a stat file has titles, and a line per period") {
    Stat stat(kStatHeader + "0.500 4 5 9\n");
    stat.job.form = Form::Csv;
    CHECK(stat.extract(4) == "rel_msec,time,per_second\r\n500,2010-08-11T12:08:40.391000000Z,18\r\n");
    CHECK(stat.item(Item::PeriodMsec) == "period_msec\r\n500\r\n");
    Stat without_clock("# period_msec 500\n# field 2 a,b\n1.000 3\n");
    without_clock.job.form = Form::Csv;
    without_clock.job.field = 2;
    CHECK(without_clock.item(Item::FieldName) == "field_name\r\n\"a,b\"\r\n");
    CHECK(without_clock.extract(2) == "rel_msec,time,per_second\r\n1000,,6\r\n");
}

TEST_CASE("values in front of the names of their fields are an error, wherever the names come") {
    const std::string names = "# field 2 migrate\n";
    for (const std::string& text : {"0.000 1\n" + names + "1.000 2\n", "0.000 1\n" + names}) {
        TempFile file("# period_msec 1000\n" + text);
        CHECK_THROWS_WITH(migtrace::read_stat({file.path()}), Contains("in front of the header lines that name their fields"));
    }
}
