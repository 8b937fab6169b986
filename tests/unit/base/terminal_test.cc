/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/terminal.h"

#include <catch2/catch.hpp>

using base::printable;
using namespace std::string_literals;

TEST_CASE("control bytes are shown as numbers") {
    CHECK(printable("a\x1b[31mb\a\n\t\x7f\0c"s) == "a\\x1b[31mb\\x07\\x0a\\x09\\x7f\\x00c");
    CHECK(printable("a\nb\tc\x1b", "\n\t") == "a\nb\tc\\x1b");
}

TEST_CASE("text in UTF-8 stays as it is") {
    for (const char* text : {"", "plain", "na\xc3\xafve", "\xe4\xb8\xad", "\xf0\x9f\x90\xa7", "\\x1b"})
        CHECK(printable(text) == text);
}

TEST_CASE("control characters of two bytes and bytes that are no UTF-8 are shown as numbers") {
    CHECK(printable("\xc2\x9b"
                    "31m") == "\\xc2\\x9b31m");
    CHECK(printable("\x9b"
                    "31m") == "\\x9b31m");
    CHECK(printable("\xc2\xa0") == "\xc2\xa0");
    CHECK(printable("\xc0\x9b \xe0\x82\x9b \xf0\x80\x82\x9b \xc3") ==
          "\\xc0\\x9b \\xe0\\x82\\x9b \\xf0\\x80\\x82\\x9b \\xc3");
    CHECK(printable("\xed\xa0\x80 \xf4\x90\x80\x80") == "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80");
}
