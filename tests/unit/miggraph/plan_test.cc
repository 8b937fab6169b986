/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/plan.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "miggraph/gnuplot.h"
#include "miggraph/input.h"
#include "miggraph/matrix_text.h"
#include "migtrace/cause_info.h"

using namespace miggraph;
using Names = std::vector<std::string>;

namespace {

const std::vector<Drawing> kTwo = {{"rate", {}, false}, {"cause", {}, false}};
const std::vector<Drawing> kTitled = {{"from cpu: 0", {}, true}};

}  // namespace

TEST_CASE("the format is the one asked for, that of the file's name, or PNG") {
    CHECK(choose_format("", "") == Format::Png);
    CHECK(choose_format("", "x.SVG") == Format::Svg);
    CHECK(choose_format("", "a.b/x") == Format::Png);
    CHECK(choose_format("pdf", "x.svg") == Format::Pdf);
    CHECK(choose_format("", "-") == Format::Png);
    CHECK(choose_format("Terminal", "") == Format::Terminal);
    CHECK_THROWS_AS(choose_format("", "x.jpg"), base::UsageError);
    CHECK_THROWS_AS(choose_format("gif", ""), base::UsageError);
}

TEST_CASE("files are called after input and graph, or after the title") {
    CHECK(file_names(kTwo, {}, "migrate.trace") ==
          Names{"migrate.trace-rate.png", "migrate.trace-cause.png"});
    CHECK(file_names(kTitled, {"", "", Format::Svg}, "stdin") == Names{"from cpu: 0.svg"});
    CHECK(file_names(kTwo, {"", "out", Format::Pdf}, "t") == Names{"out/t-rate.pdf", "out/t-cause.pdf"});
}

TEST_CASE("-o names one file, and gets the graph's name inserted for several") {
    CHECK(file_names(kTitled, {"x.png", "", Format::Png}, "t") == Names{"x.png"});
    CHECK(file_names(kTwo, {"x.png", "", Format::Png}, "t") == Names{"x-rate.png", "x-cause.png"});
    CHECK(file_names(kTwo, {"x.png", "d", Format::Png}, "t") == Names{"d/x-rate.png", "d/x-cause.png"});
    CHECK(file_names(kTitled, {"-", "", Format::Png}, "t") == Names{"-"});
    CHECK_THROWS_AS(file_names(kTwo, {"-", "", Format::Png}, "t"), base::UsageError);
    CHECK_THROWS_AS(file_names(kTwo, {"/dev/full", "", Format::Png}, "t"), base::UsageError);
    CHECK(file_names(kTitled, {"/dev/full", "", Format::Png}, "t") == Names{"/dev/full"});
    CHECK(file_names(kTwo, {"", "", Format::Terminal}, "t") == Names{"-", "-"});
    CHECK(file_names(kTwo, {"x", "", Format::Terminal}, "t") == Names{"x-rate", "x-cause"});
}

TEST_CASE("a size is width and height within reason") {
    CHECK(parse_size("1200x600", Format::Png).width == 1200);
    CHECK(parse_size("80X24", Format::Terminal).height == 24);
    for (const char* text :
         {"", "1200", "x600", "1200x", "1200x600x", "-1x600", "10x10", "1e3x600", "99999x600"})
        CHECK_THROWS_AS(parse_size(text, Format::Png), base::UsageError);
}

TEST_CASE("a file is known by its header, or by its first line") {
    CHECK(sniff("# version 1.0.0\n# cause 7 try_to_wake_up\n") == Kind::Trace);
    CHECK(sniff("\n0x0000011f7df3538c 0 . . . start_sched_clock 1 2\n") == Kind::Trace);
    CHECK(sniff("# version 1.0.0\n#period_msec 1000\n") == Kind::Stat);
    CHECK(sniff("# nr_cpus 4\n  # field 2 migrate") == Kind::Stat);
    CHECK(sniff("0.000 1\n") == Kind::Series);
    CHECK(sniff("") == Kind::Series);
}

TEST_CASE("a picture is whole when it has its begin and its end") {
    CHECK(
        is_whole_picture(Format::Png, std::string("\x89PNG\r\n\x1a\n....\0\0\0\0IEND\xae\x42\x60\x82", 24)));
    CHECK_FALSE(is_whole_picture(Format::Png, "\x89PNG\r\n\x1a\n...."));
    CHECK_FALSE(is_whole_picture(Format::Png, ""));
    CHECK(is_whole_picture(Format::Svg, "<?xml version='1.0'?><svg></svg>\n\n"));
    CHECK_FALSE(is_whole_picture(Format::Svg, "<?xml version='1.0'?><svg><g>"));
    CHECK(is_whole_picture(Format::Pdf, "%PDF-1.5\n...\n%%EOF\n"));
    CHECK_FALSE(is_whole_picture(Format::Pdf, "%PDF-1.5\n..."));
    CHECK_FALSE(is_whole_picture(Format::Terminal, " \n\f"));
}

TEST_CASE("all text from outside is quoted in what gnuplot is told") {
    Timeline line;
    line.times = {0, 1};
    line.lines = {{"a'b`id`", {1, 2}}, {"c", {1, 2}}};
    Script script = make_script({"t'; !rm\n", "s'x", line}, {}, "0");
    CHECK_THAT(script.commands,
               Catch::Contains("'t''; !rm '") && Catch::Contains("'s''x'") && Catch::Contains("'a''b`id`'"));
    CHECK(script.blocks.size() == 2);
}

TEST_CASE("a cause has its own colour, whatever stands beside it, and no other line has that") {
    for (std::size_t others : {1, 3, 20}) {
        Timeline graph;
        graph.times = {0, 1};
        for (std::size_t i = 0; i < others; i++) graph.lines.push_back({fmt::format("line {}", i), {1, 2}});
        graph.lines.push_back({"try_to_wake_up", {1, 2}, migtrace::cause_info("try_to_wake_up").colour});
        graph.lines.push_back({"pull_task", {1, 2}, migtrace::cause_info("pull_task").colour});
        const std::string commands = make_script({"t", "s", graph}, {}, "0").commands;
        for (const char* cause : {"try_to_wake_up", "pull_task"}) {
            const std::string colour(migtrace::cause_info(cause).colour);
            INFO(others << " and " << cause << " " << colour << "\n" << commands);
            const std::size_t at = commands.find("'" + colour + "'");
            REQUIRE(at != std::string::npos);
            CHECK_THAT(commands.substr(at, 60), Catch::Contains(cause));
            CHECK(commands.find("'" + colour + "'", at + 1) == std::string::npos);
        }
    }
}

TEST_CASE("a matrix in a terminal has counts when they fit, else shades") {
    CpuPairs pairs{{{0, 12345}, {3, 0}}};
    CHECK(matrix_text({"T", "", pairs}, pairs, 79) ==
          "T\nfrom\\to     0     1\n      0     .   12k\n      1     3     .\n\n");
    std::string shades = matrix_text({"T", "", pairs}, pairs, 10);
    CHECK_THAT(shades, Catch::Contains("    0  █\n") && Catch::Contains("    1 ░ \n"));
}
