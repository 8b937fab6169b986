/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/text_table.h"

#include <catch2/catch.hpp>
#include <functional>

using migtrace::short_time;
using migtrace::TextTable;

namespace {

std::string printed(TextTable& table, const std::function<void()>& rows) {
    char* memory = nullptr;
    std::size_t size = 0;
    std::FILE* file = ::open_memstream(&memory, &size);
    migtrace::Output output(file);
    table.print(output, rows);
    output.flush();
    std::fclose(file);
    std::string text(memory, size);
    ::free(memory);
    return text;
}

}  // namespace

TEST_CASE("columns are as wide as their widest cell") {
    TextTable table(
        {{{}, TextTable::Side::Left, 0}, {{"count"}}, {{"per", "sec"}}, {{"comm"}, TextTable::Side::Left}});
    const auto rows = [&] {
        table.row({"a", "1", "2", "x"});
        table.row({"long", "18446744073709551615", "1.00", "a long name"});
        table.rule();
        table.row({"total", "2", "", ""});
    };
    CHECK(printed(table, rows) ==
          "                                per\n"
          "                        count   sec  comm\n"
          "         --------------------  ----  ----\n"
          "\n"
          "  a                         1     2  x\n"
          "  long   18446744073709551615  1.00  a long name\n"
          "         --------------------  ----\n"
          "  total                     2\n");
}

TEST_CASE("times have three digits and the unit that suits them") {
    CHECK(short_time(0) == "0 ns");
    CHECK(short_time(999) == "999 ns");
    CHECK(short_time(999.6) == "1.00 us");
    CHECK(short_time(1234) == "1.23 us");
    CHECK(short_time(9996) == "10.0 us");
    CHECK(short_time(99960) == "100 us");
    CHECK(short_time(999600) == "1.00 ms");
    CHECK(short_time(45.6e6) == "45.6 ms");
    CHECK(short_time(1e9) == "1.00 s");
    CHECK(short_time(789e9) == "789 s");
    CHECK(short_time(3599e9) == "3599 s");
    CHECK(short_time(3600e9) == "1.00 h");
    CHECK(short_time(1e6 * 3600e9) == "1000000 h");
}
