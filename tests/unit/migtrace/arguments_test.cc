/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/arguments.h"

#include <catch2/catch.hpp>

using migtrace::is_time_prefix;
using migtrace::parse_mark;
using migtrace::parse_seconds;
using migtrace::parse_signed_seconds;

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
                             "2010/8/11", "2010/08/11  12", "2010/13", "2010/00/11", "2010/12/32", "2010/08/11 24",
                             "2010/08/11 12:60"})
        CHECK_FALSE(is_time_prefix(text));
}

TEST_CASE("seconds have up to nine decimals") {
    CHECK(parse_seconds("0") == 0u);
    CHECK(parse_seconds("12") == 12'000'000'000u);
    CHECK(parse_seconds("12.5") == 12'500'000'000u);
    CHECK(parse_seconds("0012.000000007") == 12'000'000'007u);
    CHECK(parse_seconds("18446744072.999999999") == 18'446'744'072'999'999'999u);
    CHECK(parse_seconds(".5") == 500'000'000u);
    CHECK(parse_seconds("5.") == 5'000'000'000u);
    for (const char* text : {"", ".", "..5", "1.0000000001", "1.2.3", "-1", "1.-5", "+1", "1 ", " 1",
                             "1e3", "x", "18446744073.709551616", "99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_seconds(text));
    }
}

TEST_CASE("seconds may have a sign, and too many are as many as there can be") {
    CHECK(parse_signed_seconds("0.25") == 250'000'000);
    CHECK(parse_signed_seconds("+2") == 2'000'000'000);
    CHECK(parse_signed_seconds("-.5") == -500'000'000);
    CHECK(parse_signed_seconds("-1.000000001") == -1'000'000'001);
    for (const char* text : {"9223372037", "9223372036854775807", "18446744073709551615"}) CHECK(parse_signed_seconds(text) == INT64_MAX);
    CHECK(parse_signed_seconds("-9223372036854775808") == -INT64_MAX);
    for (const char* text : {"", "-", "-.", "+-1", "1e3", "0.1234567890", "2s"}) {
        INFO(text);
        CHECK_FALSE(parse_signed_seconds(text));
    }
}
