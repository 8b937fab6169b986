/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/trace_check.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;
using Catch::Contains;

namespace {

std::string refusal(const std::string& text) {
    Trace trace(text, "");
    try {
        trace.stats();
    } catch (const base::Error& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("what has nothing of a trace is refused, with the first line that makes no sense") {
    CHECK_THAT(refusal("a letter\nto somebody\n"),
               Contains(" is no trace: skipped 2 lines") && Contains(":1"));
    CHECK_THAT(refusal("# a script\n"), Contains(" is no trace: skipped 1 header line"));
    CHECK_THAT(refusal("# field nobody\nnothing\n"), Contains("stat file"));
}

TEST_CASE("a stat file is called by its name, and its readers are told") {
    for (const char* text :
         {"# version 1.0.0\n# period_msec 1000\n# ts_field 1\n# field 2 migrate\n0.000 1\n",
          "# version 1.0.0\n# period_msec 1000\n# nr_cpus 2\n"})
        CHECK_THAT(refusal(text), Contains("is a stat file") && Contains("migrate_extract"));
}

TEST_CASE("little of a trace is a trace") {
    const std::string start = kStart, some = move(1, 0, 1, 5);
    for (const std::string& text :
         {std::string(), std::string("\n \t\n"), std::string("# version 1.0.0\n"), kHeader, start, some,
          "junk\n" + some, "junk\n" + start, "junk\n" + kHeader, std::string("# nr_cpus 4\njunk\n"),
          std::string("# cpu 0 core 0 llc 0 node 0 capacity 1\njunk\n")})
        CHECK(refusal(text) == "");
}
