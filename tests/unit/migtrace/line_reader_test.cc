/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/line_reader.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "migtrace/support.h"

using migtrace::LineReader;
using test::TempFile;
using Lines = std::vector<std::string>;

namespace {

Lines read_all(LineReader& reader) {
    Lines lines;
    std::string_view line;
    while (reader.next(line)) lines.emplace_back(line);
    return lines;
}

}  // namespace

TEST_CASE("files are one stream, and the end of a file ends its last line") {
    TempFile a("one\ntwo"), empty(""), b("three\n\nfour\n");
    LineReader reader({a.path(), empty.path(), b.path()});
    CHECK(read_all(reader) == Lines{"one", "two", "three", "", "four"});
    CHECK(reader.place(2) == a.path() + ":2");
    CHECK(reader.place(3) == b.path() + ":1");
    CHECK(reader.place(5) == b.path() + ":3");
}

TEST_CASE("CRLF and LF end a line, and a lone carriage return does not") {
    TempFile file("a\r\nb\r\r\nc\rd\n\r\n");
    LineReader reader({file.path()});
    CHECK(read_all(reader) == Lines{"a", "b\r", "c\rd", ""});
}

TEST_CASE("a line that is too long is cut, reported and does not swallow the next one") {
    for (std::size_t length : {10u, 11u, 4096u, 262144u, 300000u, 1000000u}) {
        TempFile file("first\n" + std::string(length, 'x') + "\nlast\n" + std::string(length, 'y'));
        LineReader reader({file.path()}, 10);
        std::string_view line;
        REQUIRE(reader.next(line));
        CHECK_FALSE(reader.too_long());
        REQUIRE(reader.next(line));
        CHECK(reader.too_long() == (length > 10));
        CHECK(line == std::string(10, 'x'));
        REQUIRE(reader.next(line));
        CHECK(line == "last");
        CHECK(reader.number() == 3);
        REQUIRE(reader.next(line));
        CHECK(line == std::string(10, 'y'));
        CHECK_FALSE(reader.next(line));
    }
}

TEST_CASE("lines keep their bytes wherever the buffer ends") {
    std::string text;
    Lines expected;
    for (int i = 0; i < 60000; i++) {
        expected.push_back(std::to_string(i) +
                           std::string(static_cast<std::size_t>(i % 41), static_cast<char>(i)));
        for (char& c : expected.back())
            if (c == '\n' || c == '\r') c = ' ';
        text += expected.back() + '\n';
    }
    TempFile file(text);
    LineReader reader({file.path()});
    CHECK(read_all(reader) == expected);
    reader.rewind();
    CHECK(read_all(reader) == expected);
}

TEST_CASE("a last line without a line feed is told apart") {
    TempFile file("whole\nbroken o");
    LineReader reader({file.path()});
    std::string_view line;
    REQUIRE(reader.next(line));
    CHECK_FALSE(reader.unfinished());
    REQUIRE(reader.next(line));
    CHECK(reader.unfinished());
    CHECK(line == "broken o");
}

TEST_CASE("a missing file and a directory are errors that name them") {
    std::string_view line;
    LineReader missing({"/nonexistent/trace"});
    CHECK_THROWS_WITH(missing.next(line),
                      Catch::Contains("/nonexistent/trace") && Catch::Contains("No such file"));
    LineReader directory({"/tmp"});
    CHECK_THROWS_WITH(directory.next(line), Catch::Contains("/tmp") && Catch::Contains("directory"));
}

TEST_CASE("a file name is a file, never a command") {
    std::string_view line;
    LineReader reader({"echo hello |"});
    CHECK_THROWS_AS(reader.next(line), base::Error);
}

TEST_CASE("only files with a size are read twice") {
    TempFile full("x\n"), empty("");
    CHECK(LineReader({full.path()}).rereadable());
    CHECK_FALSE(LineReader({full.path(), empty.path()}).rereadable());
    CHECK_FALSE(LineReader({"/dev/null"}).rereadable());
    CHECK_FALSE(LineReader({"/nonexistent"}).rereadable());
}
