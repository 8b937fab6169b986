/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/command.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "base/subprocess.h"

using migreport::shell_quoted;
using migreport::stats_command;

TEST_CASE("plain words stay as they are, others are quoted") {
    CHECK(shell_quoted("build/migrate.trace-1_2") == "build/migrate.trace-1_2");
    CHECK(shell_quoted("") == "''");
    CHECK(shell_quoted("my trace") == "'my trace'");
    CHECK(shell_quoted("it's") == "'it'\\''s'");
    CHECK(shell_quoted("a\nb'\\") == "$'a\\x0ab\\'\\\\'");
    CHECK(shell_quoted("na\xc3\xafve") == "'na\xc3\xafve'");
    CHECK(shell_quoted("\xff") == "$'\\xff'");
}

TEST_CASE("bash reads a quoted word as it was, whatever is in it") {
    std::string every;
    for (int byte = 1; byte < 256; byte++) every += static_cast<char>(byte);
    for (const std::string& word :
         {every, std::string("$(id) `id` $HOME \"x\" 'y' \\ ; & | < > * ? # ~ ! {a,b}"), std::string("-n"),
          std::string("\x01"), std::string("a\x01")}) {
        const auto said =
            base::run({"bash", "-c", "printf %s " + shell_quoted(word)}, std::chrono::seconds(20));
        REQUIRE(said.success());
        CHECK(said.output == word);
    }
}

TEST_CASE("a file that looks like an option is none") {
    CHECK(migreport::file_operand("-o") == "./-o");
    CHECK(migreport::file_operand("-") == "-");
    CHECK(migreport::file_operand("a b") == "'a b'");
}

TEST_CASE("a command repeats files, filters and window") {
    migreport::Source source{.files = {"a", "b c"}};
    CHECK(stats_command(source, "--stats") == "migrate_stats --stats a 'b c'");
    source.filters.cause.exclude = {"pull_task"};
    source.filters.pid.include = {3, 4};
    source.window.begin_mark = 42;
    source.window.end_ns = 5'000'000'000;
    CHECK(stats_command(source, "--stats") ==
          "migrate_stats --stats --cause_exclude pull_task --pid 3 --pid 4 --begin_mark 0x2a --end_sec 5 a "
          "'b c'");
    CHECK(stats_command(source, "--mark", migreport::Repeat::PidOnly) ==
          "migrate_stats --mark --pid 3 --pid 4 --begin_mark 0x2a --end_sec 5 a 'b c'");
}

TEST_CASE("what has no effect on a report is not in its command") {
    migreport::Source source{.files = {"a"}, .max_cpu = 3};
    source.filters.pid.include = {222};
    CHECK(stats_command(source, "--stats --output csv") == "migrate_stats --stats --output csv --pid 222 --max_cpu 3 a");
    CHECK(stats_command(source, "--period 5 --period_all") == "migrate_stats --period 5 --period_all --pid 222 --max_cpu 3 a");
    CHECK(stats_command(source, "--residency") == "migrate_stats --residency --pid 222 a");
    CHECK(stats_command(source, "--mark", migreport::Repeat::PidOnly) == "migrate_stats --mark a");
}

TEST_CASE("a filter by name is the same in a command") {
    migreport::Source source{.files = {}};
    source.filters.comm.include = {"X: y"};
    CHECK(stats_command(source, "--stats") == "migrate_stats --stats --comm 'X: y' -");
}
