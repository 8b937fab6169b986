/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/command.h"

#include <catch2/catch.hpp>

using migreport::stats_command;

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
