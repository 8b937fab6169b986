/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/text.h"

#include <catch2/catch.hpp>

using namespace miggraph;

TEST_CASE("text for a picture is one line of valid UTF-8") {
    CHECK(printable("a\nb\tc\x7f"
                    "d") == "a b c d");
    CHECK(printable("Grüße ✓ 𝄞") == "Grüße ✓ 𝄞");
    CHECK(printable("\xff\xc0\x80x") == "\ufffd\ufffd\ufffdx");
    CHECK(printable("\xe2\x82") == "\ufffd\ufffd");            // cut in the middle
    CHECK(printable("\xed\xa0\x80") == "\ufffd\ufffd\ufffd");  // a surrogate
    CHECK(printable("a\u202eb\u0085c") == "a b c");            // turns the line around; C1
    CHECK(printable("äöüß", 3) == "äöü…");
    CHECK(printable("äöü", 3) == "äöü");
    CHECK(printable("").empty());
}

TEST_CASE("a string for gnuplot cannot be left by what stands in it") {
    CHECK(gnuplot_string("it's") == "'it''s'");
    CHECK(gnuplot_string("'; system 'x") == "'''; system ''x'");
    CHECK(gnuplot_string("`id` \"x\" @m \\n\nq") == "'`id` \"x\" @m \\n q'");
    CHECK(gnuplot_string("") == "''");
}

TEST_CASE("a title makes the name of a file in one directory") {
    CHECK(file_name("try_to_wake_up") == "try_to_wake_up");
    CHECK(file_name("from cpu: 0 to cpu: 1") == "from cpu: 0 to cpu: 1");
    CHECK(file_name("../../etc/passwd") == "_._.._etc_passwd");
    CHECK(file_name("..") == "_.");
    CHECK(file_name("-rf") == "_rf");
    CHECK(file_name("a\nb") == "a_b");
    CHECK(file_name("") == "graph");
    CHECK(file_name(std::string(500, 'x')).size() == 200);
    CHECK(file_name(std::string(199, 'x') + "ä") == std::string(199, 'x'));
}

TEST_CASE("a graph's name goes in front of the extension") {
    CHECK(insert_name("x.png", "cause") == "x-cause.png");
    CHECK(insert_name("d.v/x", "cause") == "d.v/x-cause");
    CHECK(insert_name("/a b/x.y.svg", "rate") == "/a b/x.y-rate.svg");
}

TEST_CASE("a count fits into the cell of a matrix") {
    CHECK(short_count(0) == "0");
    CHECK(short_count(9999) == "9999");
    CHECK(short_count(10000) == "10k");
    CHECK(short_count(999600) == "1.0M");
    CHECK(short_count(1234567) == "1.2M");
    CHECK(short_count(99e9) == "99G");
}

TEST_CASE("characters that the font of the pictures lacks are replaced, not drawn as boxes over the picture") {
    CHECK(miggraph::gnuplot_string("é → Ж 'x' 日本") == "'é → Ж ''x'' \ufffd\ufffd'");
}
