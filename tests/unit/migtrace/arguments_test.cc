/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/arguments.h"

#include <catch2/catch.hpp>

using migtrace::is_time_prefix;
using migtrace::parse_mark;

TEST_CASE("marks and time stamps may be decimal, hexadecimal, binary or octal") {
    CHECK(parse_mark("0") == 0u);
    CHECK(parse_mark("42") == 42u);
    CHECK(parse_mark("0x2a") == 42u);
    CHECK(parse_mark("0X2A") == 42u);
    CHECK(parse_mark("0b101010") == 42u);
    CHECK(parse_mark("0B101010") == 42u);
    CHECK(parse_mark("052") == 42u);
    CHECK(parse_mark("00") == 0u);
    CHECK(parse_mark("0x0000011fd2f93019") == 0x11fd2f93019u);
    CHECK(parse_mark("18446744073709551615") == UINT64_MAX);
    CHECK(parse_mark("0xffffffffffffffff") == UINT64_MAX);
    CHECK(parse_mark("01777777777777777777777") == UINT64_MAX);
}

TEST_CASE("anything else is no mark") {
    for (const char* text : {"",
                             "x",
                             "-1",
                             "+1",
                             "08",
                             "0o17",
                             "0x",
                             "0b",
                             "0b2",
                             "0xg",
                             "1 ",
                             " 1",
                             "1.5",
                             "0x1_0",
                             "1e3",
                             "18446744073709551616",
                             "0x10000000000000000",
                             "02000000000000000000000",
                             "0x-1",
                             "٣"}) {
        INFO(text);
        CHECK_FALSE(parse_mark(text));
    }
}

TEST_CASE("a time is yyyy/mm/dd hh:mm:ss.mmm or the beginning of that") {
    for (const char* text :
         {"2010/08/11 12:08:43.891", "2010/08/11 12:08:43", "2010/08/11 1", "2010/", "2", ""})
        CHECK(is_time_prefix(text));
    for (const char* text : {"2010-08-11", "x", "12:08:43", "2010/08/11T12:08:43", "2010/08/11 12:08:43.8912",
                             "2010/8/11", "2010/08/11  12"})
        CHECK_FALSE(is_time_prefix(text));
}
