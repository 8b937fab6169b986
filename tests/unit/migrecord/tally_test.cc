/* SPDX-License-Identifier: GPL-2.0-only */
#include "migrecord/tally.h"

#include <catch2/catch.hpp>

using migrecord::Tally;

namespace {

const char* const kTrace =
    "# version 1.0.0\n# nr_cpus 4\n# ts_field 1\n# cause 7 try_to_wake_up\n"
    "0x0000000000001000 0 . . . start_sched_clock 1281528519 890590\n"
    "0x0000000000001100 0 . . 1 10 : 0 1 2 3 7\n"
    "0x0000000000001200 0 1 2 1 7\n"
    "0x0000000000001001 3 . . . start_sched_clock 1281528519 890591\n"
    "0x0000000000001300 3 2 1 17 7\n"
    "0x0000000000001150 3 . . 17 11 0x00000001\n";

const char* const kStat =
    "# version 1.0.0\n# period_msec 100\n# gettimeofday 1281528519 890590\n# ts_field 1\n"
    "# field 2 pull_task\n# field 3 migrate\n# field 4 from cpu: 0 migrate\n"
    "0.000 1 10 5\n0.100 2 20 5\n";

}  // namespace

TEST_CASE("a trace is counted the same in one piece and byte by byte") {
    for (std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
        Tally tally;
        std::string text = kTrace;
        for (std::size_t at = 0; at < text.size(); at += step)
            tally.add(std::string_view(text).substr(at, step));
        tally.finish();
        CHECK(tally.bytes() == text.size());
        CHECK(tally.lines() == 6);
        CHECK(tally.migrations() == 2);
        CHECK(tally.cpus() == 2);
        CHECK(tally.span_ns() == 0x300);
    }
}

TEST_CASE("the periods of a stat file are counted and its migrations added up") {
    Tally tally;
    tally.add(kStat);
    tally.finish();
    CHECK(tally.lines() == 2);
    CHECK(tally.migrations() == 30);
    CHECK(tally.period_msec() == 100);
    CHECK(tally.started());
}

TEST_CASE("a header alone has no events") {
    Tally tally;
    tally.add("# version 1.0.0\n# period_msec 100\n");
    tally.finish();
    CHECK(tally.lines() == 0);
    CHECK_FALSE(tally.started());
    CHECK(tally.span_ns() == 0);
}

TEST_CASE("a last line without an end counts") {
    Tally tally;
    tally.add("0x0000000000001200 0 1 2 1 7");
    CHECK(tally.lines() == 0);
    tally.finish();
    CHECK(tally.migrations() == 1);
}
