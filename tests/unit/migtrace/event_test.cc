/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/event.h"

#include <catch2/catch.hpp>

using migtrace::Event;
using migtrace::Fault;
using migtrace::parse_event;
using migtrace::Shape;

namespace {

Event parsed(std::string_view line) {
    Event event{};
    REQUIRE(parse_event(line, event) == Fault::None);
    return event;
}

Fault fault(std::string_view line) {
    Event event{};
    return parse_event(line, event);
}

}  // namespace

TEST_CASE("a migration is read") {
    Event e = parsed("0x0000011f80ee440c 1 2 3 4194304 7");
    CHECK(e.shape == Shape::Migration);
    CHECK(e.ts == 0x11f80ee440c);
    CHECK(e.cpu == 1);
    CHECK(e.from == 2);
    CHECK(e.to == 3);
    CHECK(e.pid == 4194304);
    CHECK(e.number == 7);
}

TEST_CASE("time stamps use all 64 bits, in upper and lower case") {
    CHECK(parsed("0xffffffffffffffff 0 0 1 5 7").ts == UINT64_MAX);
    CHECK(parsed("0X0000011F80EE440C 0 0 1 5 7").ts == 0x11f80ee440c);
    CHECK(parsed("0x8000000000000001 0 0 1 5 7").ts == 0x8000000000000001);
    CHECK(fault("0x1ffffffffffffffff 0 0 1 5 7") == Fault::OutOfRange);
}

TEST_CASE("fields may be separated by any run of blanks and tabs, in front too") {
    Event e = parsed("  \t0x0000000000000001\t 1  2\t\t3 5 \t7 ");
    CHECK(e.cpu == 1);
    CHECK(e.to == 3);
    CHECK(e.number == 7);
    CHECK(parsed("0x01\t0\t.\t.\t5\t9\t:\tname").comm() == "name");
    CHECK(parsed("0x01\t0\t.\t.\t.\tstart_sched_clock\t12\t34").wall_us == 12'000'034);
}

TEST_CASE("a comm is what follows the first colon between blanks, whatever it holds") {
    CHECK(parsed("0x01 0 . . 5 9 : my app").comm() == "my app");
    CHECK(parsed("0x01 0 . . 5 9 : X: server : 2").comm() == "X: server : 2");
    CHECK(parsed("0x01 0 . . 5 9 :   lead").comm() == "  lead");
    CHECK(parsed("0x01 0 . . 5 9 : trail ").comm() == "trail ");
    CHECK(parsed("0x01 0 . . 5 9 : ").comm().empty());
    CHECK(parsed("0x01 0 . . 5 9 :").comm().empty());
    CHECK(parsed("0x01 0 . . 5 9 : \t tab").comm() == "\t tab");
    CHECK(parsed("0x01 0 . . 5 9 : raw\xff\xa0").comm() == "raw\xff\xa0");
    CHECK(parsed("0x01 0 . . 5 9 : # 0x1 2 3").comm() == "# 0x1 2 3");
    CHECK(parsed("0x01 0 . . 5 9 : :").comm() == ":");
}

TEST_CASE("a comm longer than any kernel writes makes no sense") {
    CHECK(parsed("0x01 0 . . 5 9 : " + std::string(255, 'x')).comm().size() == 255);
    CHECK(fault("0x01 0 . . 5 9 : " + std::string(256, 'x')) == Fault::TooLong);
}

TEST_CASE("a mark has 64 bits") {
    CHECK(parsed("0x01 0 . . 5 11 0x00000000").mark == 0);
    CHECK(parsed("0x01 0 . . 5 11 0xffffffffffffffff").mark == UINT64_MAX);
    CHECK(parsed("0x01 0 . . 5 11 0X2A").mark == 0x2a);
    CHECK(parsed("0x01 0 . . 5 11 0x2a").shape == Shape::Mark);
}

TEST_CASE("an end of line that has no known form leaves it to the header what the line is") {
    for (const char* line : {"0x01 0 . . 5 11", "0x01 0 . . 5 20 whatever", "0x01 0 . . 5 11 42",
                             "0x01 0 . . 5 11 0x1ffffffffffffffff", "0x01 0 . . 5 9 :glued"})
        CHECK(parsed(line).shape == Shape::Other);
}

TEST_CASE("lines that are cut short are told") {
    const std::string whole = "0x0000011f80ee440c 1 2 3 4 7";
    for (const char* line :
         {"0x0000011f80ee440c", "0x0000011f80ee440c 1", "0x0000011f80ee440c 1 2", "0x0000011f80ee440c 1 2 3",
          "0x0000011f80ee440c 1 2 3 4", "0x0000011f80ee440c 1 .", "0x0000011f80ee440c 1 . .",
          "0x0000011f80ee440c 1 . . 5", "0x0000011f80ee440c 1 . . . start_sched_clock",
          "0x01 1 . . . start_sched_clock 5"}) {
        INFO(line);
        CHECK(fault(line) != Fault::None);
    }
    CHECK(fault("0x0000011f80ee440c 1 2 3 4") == Fault::Short);
}

TEST_CASE("what is no number, negative or too large is no event") {
    for (const char* line : {"garbage line here",
                             "12 0 0 1 5 7",
                             "0x 0 0 1 5 7",
                             "0xg 0 0 1 5 7",
                             "0x-1 0 0 1 5 7",
                             "0x01 x 0 1 5 7",
                             "0x01 -1 0 1 5 7",
                             "0x01 0 -1 1 5 7",
                             "0x01 0 1 -1 5 7",
                             "0x01 0 0 1 -5 7",
                             "0x01 0 0 1 5 -7",
                             "0x01 0 0 1 5 7x",
                             "0x01 +1 0 1 5 7",
                             "0x01 0 . 1 5 7",
                             "0x01 0 0 . 5 7",
                             "0x01 0 0 1 . 7",
                             "0x01 0 0 1 5 x",
                             "0x01 4294967296 0 1 5 7",
                             "0x01 0 2147483648 1 5 7",
                             "0x01 0 0 1 5 70000",
                             "0x01 0 0 1 5 4096",
                             "0x01 0 . . 5 x : name",
                             "0x01 0 . . x 9 : name",
                             "0x01 0 . . . no_start 1 2",
                             "0x01 0 . . . start_sched_clock x 2",
                             "0x01 0 . . . start_sched_clock 1 1000000",
                             "0x01 0 . . . start_sched_clock 9999999999999 0",
                             "0x01 0 . . . start_sched_clock -1 0",
                             "# cause 1 x",
                             "."}) {
        INFO(line);
        CHECK(fault(line) != Fault::None);
    }
}

TEST_CASE("what later versions add behind a migration is ignored") {
    CHECK(parsed("0x01 0 2 3 5 7 0x99 more").shape == Shape::Migration);
}

TEST_CASE("lines with the same time stamp come in the order of LC_ALL=C sort") {
    const std::vector<std::string> sorted = {"0x07 0 . . . start_sched_clock 5 6",
                                             "0x07 0 . . 12 9 : b",
                                             "0x07 0 . . 5 11 0x00000007",
                                             "0x07 0 . . 5 9 : a",
                                             "0x07 0 0 1 5 7",
                                             "0x07 0 1 0 1 7",
                                             "0x07 10 0 1 5 7",
                                             "0x07 2 . . 5 9 : same ts",
                                             "0x07 2 2 3 5 7",
                                             "0x07 3 3 0 5 7"};
    std::vector<Event> events;
    for (auto line = sorted.rbegin(); line != sorted.rend(); ++line) events.push_back(parsed(*line));
    migtrace::sort_equal_times(events);
    for (std::size_t i = 0; i < sorted.size(); i++) {
        Event expected = parsed(sorted[i]);
        INFO(sorted[i]);
        CHECK(events[i].cpu == expected.cpu);
        CHECK(events[i].shape == expected.shape);
        CHECK(events[i].pid == expected.pid);
    }
}
