/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/command_line.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using base::CommandLine;
using base::Operands;
using base::UsageError;
namespace po = boost::program_options;

namespace {

/// A command line with options of every kind, read from `words`.
struct Parsed {
    CommandLine line;
    Parsed(std::vector<const char*> words, Operands operands = Operands::Anywhere)
        : line({"tool", "[OPTION]...", "Does things.\n", ""}, operands) {
        line.group("Options").add_options()("output,o", po::value<std::string>(), "where to")(
            "period", po::value<long>(), "length")("period_all", po::bool_switch(), "all")(
            "pid", po::value<std::vector<long>>()->composing(), "pids")("comm", po::value<std::string>(), "name")(
            "stats", po::bool_switch(), "statistics")("strict", po::bool_switch(), "newer than stats")(
            "ts_local", po::bool_switch(), "local time");
        line.alias("ts_loc", "ts_local");
        line.keep_prefixes_of({"period", "period_all", "pid", "comm", "stats", "ts_local"});
        words.insert(words.begin(), "tool");
        line.parse(static_cast<int>(words.size()), words.data());
    }
};

}  // namespace

TEST_CASE("one dash is as good as two, and case does not matter") {
    CHECK(Parsed({"-stats"}).line.flag("stats"));
    CHECK(Parsed({"--STATS"}).line.flag("stats"));
    CHECK_FALSE(Parsed({}).line.flag("stats"));
}

TEST_CASE("a unique prefix is enough, and an old one keeps its meaning when options are added") {
    CHECK(Parsed({"--st"}).line.flag("stats"));
    CHECK(Parsed({"--str"}).line.flag("strict"));
    CHECK(Parsed({"--ts_l"}).line.flag("ts_local"));
    CHECK(Parsed({"--ts-local"}).line.flag("ts_local"));
    CHECK_THROWS_AS(Parsed({"--peri"}), UsageError);
    CHECK(Parsed({"--period=7"}).line.get<long>("period") == 7);
}

TEST_CASE("the last value of an option counts, and lists add up") {
    CHECK(Parsed({"--period", "1", "--period", "2"}).line.get<long>("period") == 2);
    CHECK(Parsed({"--pid", "1", "--pid=+2"}).line.get<std::vector<long>>("pid") == std::vector<long>{1, 2});
}

TEST_CASE("a text option takes the next word whatever it looks like") {
    CHECK(Parsed({"--comm", "--stats"}).line.get<std::string>("comm") == "--stats");
    CHECK(Parsed({"--comm", ""}).line.get<std::string>("comm").empty());
    CHECK(Parsed({"--comm="}).line.get<std::string>("comm").empty());
    CHECK(Parsed({"-o", "file"}).line.get<std::string>("output") == "file");
}

TEST_CASE("a value that is not a number, is missing or is not wanted is refused") {
    CHECK_THROWS_AS(Parsed({"--period", "0x10"}), UsageError);
    CHECK_THROWS_AS(Parsed({"--period", ""}), UsageError);
    CHECK_THROWS_AS(Parsed({"--period"}), UsageError);
    CHECK_THROWS_AS(Parsed({"--stats=1"}), UsageError);
    CHECK_THROWS_AS(Parsed({"--nosuch"}), UsageError);
}

TEST_CASE("operands stand anywhere, end the options, or are refused") {
    using Words = std::vector<std::string>;
    CHECK(Parsed({"a", "--stats", "-", "--", "--b"}).line.operands() == Words{"a", "-", "--b"});
    Parsed command({"--stats", "ls", "--period"}, Operands::EndOptions);
    CHECK(command.line.operands() == Words{"ls", "--period"});
    CHECK_THROWS_AS(Parsed({"a"}, Operands::None), UsageError);
}

TEST_CASE("a number may be glued to an option of one letter") {
    CHECK(Parsed({"-o2000"}).line.get<std::string>("output") == "2000");
    CHECK(Parsed({"-o5=6"}).line.get<std::string>("output") == "5=6");
    CHECK_THROWS_AS(Parsed({"-h5"}), UsageError);
    CHECK_THROWS_AS(Parsed({"-p5"}), UsageError);
}
