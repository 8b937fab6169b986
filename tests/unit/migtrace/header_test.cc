/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/header.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using migtrace::header_text;
using migtrace::Role;
using migtrace::TraceHeader;
using Result = TraceHeader::Result;

namespace {

Result add(TraceHeader& header, std::string_view line) {
    return header.add(header_text(line).value(), "FILE:7");
}

}  // namespace

TEST_CASE("a header line may be indented, lack the blank behind # and be separated by tabs") {
    for (const char* line :
         {"# nr_cpus 8", "#nr_cpus 8", "   # nr_cpus 8", "\t#\tnr_cpus\t8", "#  nr_cpus \t 8 "}) {
        TraceHeader header;
        CHECK(add(header, line) == Result::Added);
        CHECK(header.nr_cpus() == 8u);
    }
    CHECK_FALSE(header_text("0x0 # no"));
    CHECK_FALSE(header_text("   "));
    CHECK_FALSE(header_text(""));
}

TEST_CASE("causes and other events have the roles that their names give them") {
    TraceHeader header;
    for (const char* line : {"# cause 7 wake", "# cause 3 pull", "# loc 11 mark", "# loc 8 copy_process",
                             "# loc 9 set_task_comm", "# loc 10 task_list", "# loc 20 something_new"})
        CHECK(add(header, line) == Result::Added);
    CHECK(header.role(7) == Role::Cause);
    CHECK(header.role(11) == Role::Mark);
    CHECK(header.role(8) == Role::Comm);
    CHECK(header.role(20) == Role::OtherLoc);
    CHECK(header.role(4) == Role::Unknown);
    CHECK(header.role(4000000000u) == Role::Unknown);
    CHECK(header.cause_index(3) == 0);
    CHECK(header.cause_index(7) == 1);
    CHECK(header.name(7) == "wake");
    CHECK(header.name(99) == "?");
}

TEST_CASE("the name of a cause is one word") {
    TraceHeader header;
    add(header, "# cause 7 try to wake");
    CHECK(header.name(7) == "try");
}

TEST_CASE("of two header lines that contradict each other the first counts") {
    TraceHeader header;
    add(header, "# nr_cpus 4");
    add(header, "# cause 1 pull");
    CHECK(add(header, "# nr_cpus 4") == Result::Repeated);
    CHECK(add(header, "# nr_cpus 8") == Result::Contradicts);
    CHECK(add(header, "# cause 1 push") == Result::Contradicts);
    CHECK(add(header, "# loc 1 pull") == Result::Contradicts);
    CHECK(header.nr_cpus() == 4u);
    CHECK(header.name(1) == "pull");
}

TEST_CASE("a major version other than 1 is an error that names line and version") {
    TraceHeader header;
    for (const char* line : {"# version 1", "# version 1.0", "# version 1.0.0", "# version 1.7.3"}) {
        TraceHeader one;
        CHECK(add(one, line) == Result::Added);
    }
    for (const char* line :
         {"# version 2.0.0", "# version 0.9.0", "# version 11.0.0", "# version 4294967295.0.0",
          "# version 99999999999999999999999.0.0"})
        CHECK_THROWS_WITH(add(header, line), Catch::Contains("FILE:7") && Catch::Contains("version"));
    CHECK_THROWS_WITH(add(header, "# version 2.0.0"), Catch::Contains("newer"));
    CHECK_THROWS_WITH(add(header, "# version 0.9.0"), !Catch::Contains("newer"));
    for (const char* line : {"# version", "# version x", "# version 1.", "# version 1.0.0.0",
                             "# version -1.0.0", "# version \xff.0.0"})
        CHECK(add(header, line) == Result::Malformed);
}

TEST_CASE("header lines with impossible numbers make no sense") {
    TraceHeader header;
    for (const char* line :
         {"# nr_cpus", "# nr_cpus 0", "# nr_cpus -1", "# nr_cpus 8193", "# nr_cpus 4x",
          "# nr_cpus 99999999999999999999", "# cause", "# cause 1", "# cause x y", "# cause -1 y",
          "# cause 4096 y", "# loc 99999999999 y", "# ts_field x", "# cpu", "# cpu 1",
          "# cpu 1 core 0 llc 0 node 0", "# cpu 9000 core 0 llc 0 node 0 capacity 1"})
        CHECK(add(header, line) == Result::Malformed);
    CHECK_THROWS_AS(add(header, "# ts_field 2"), base::Error);
    CHECK(add(header, "# ts_field 1") == Result::Repeated);
}

TEST_CASE("an unknown tag is told apart, and an empty header line means nothing") {
    TraceHeader header;
    CHECK(add(header, "# colour red") == Result::UnknownTag);
    CHECK(add(header, "#") == Result::Repeated);
}

TEST_CASE("where a CPU stands is read, with what later versions may add behind it") {
    TraceHeader header;
    CHECK(add(header, "# cpu 5 core 2 llc 1 node 0 capacity 446") == Result::Added);
    CHECK(add(header, "# cpu 6 core -1 llc -1 node -1 capacity -1 package 3") == Result::Added);
    CHECK(header.cpus().at(5).core == 2);
    CHECK(header.cpus().at(5).llc == 1);
    CHECK(header.cpus().at(5).node == 0);
    CHECK(header.cpus().at(5).capacity == 446);
    CHECK(header.cpus().at(6).core == -1);
    CHECK(header.cpus().size() == 2);
}
