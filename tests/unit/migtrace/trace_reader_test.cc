/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/trace_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;
using migtrace::Event;
using migtrace::ReadOptions;
using migtrace::TraceReader;

namespace {

/// All events as short text.
std::vector<std::string> read_all(TraceReader& reader) {
    std::vector<std::string> all;
    Event e;
    while (reader.next(e)) {
        std::string line = fmt::format("{:x} {} {}", e.ts, e.cpu, e.number);
        if (e.shape == migtrace::Shape::Migration) line += fmt::format(" {}>{} {}", e.from, e.to, e.pid);
        if (e.shape == migtrace::Shape::Comm) line += fmt::format(" {} {}", e.pid, e.comm());
        all.push_back(line);
    }
    return all;
}

std::vector<std::string> read_all(const std::string& text) {
    TempFile file(text);
    TraceReader reader({{file.path()}});
    return read_all(reader);
}

/// A pipe into which a thread writes `text`, as a file name.
class Fifo {
 public:
    explicit Fifo(std::string text) : text_(std::move(text)) {
        ::unlink(placeholder_.path().c_str());
        REQUIRE(::mkfifo(placeholder_.path().c_str(), 0600) == 0);
        writer_ = std::thread([this] {
            int fd = ::open(placeholder_.path().c_str(), O_WRONLY);
            for (std::size_t done = 0; done < text_.size();) {
                ssize_t n = ::write(fd, text_.data() + done, text_.size() - done);
                if (n <= 0) break;
                done += static_cast<std::size_t>(n);
            }
            ::close(fd);
        });
    }
    ~Fifo() { writer_.join(); }
    const std::string& path() const { return placeholder_.path(); }

 private:
    TempFile placeholder_{""};
    std::string text_;
    std::thread writer_;
};

/// Lines of a trace on four CPUs: CPU after CPU with swapped neighbours, and sorted.
struct TwoOrders {
    std::string kernel, sorted;
    explicit TwoOrders(int events, unsigned seed = 5) {
        std::mt19937 random(seed);
        std::vector<std::vector<std::string>> cpus(4);
        for (int c = 0; c < 4; c++)
            cpus[static_cast<std::size_t>(c)].push_back(
                fmt::format("{} {} . . . start_sched_clock 5 {}\n", at(c), c, c));
        long long ns = 100;
        for (int i = 0; i < events; i++) {
            ns += random() % 3;  // equal time stamps too
            const auto cpu = random() % 4;
            auto& lines = cpus[cpu];
            if (random() % 10 == 0)
                lines.push_back(fmt::format("{} {} . . {} 9 : name {}\n", at(ns), cpu, random() % 50, i));
            else
                lines.push_back(fmt::format("{} {} {} {} {} 2\n", at(ns), cpu, random() % 4, random() % 4,
                                            random() % 50));
            if (random() % 20 == 0 && lines.size() > 2)
                std::swap(lines[lines.size() - 1], lines[lines.size() - 2]);
        }
        std::vector<std::string> all;
        kernel = sorted = kHeader;
        for (const auto& lines : cpus)
            for (const auto& line : lines) {
                kernel += line;
                all.push_back(line);
            }
        std::sort(all.begin(), all.end());
        for (const auto& line : all) sorted += line;
    }
};

}  // namespace

TEST_CASE("a trace CPU after CPU with swapped neighbours reads like the sorted one") {
    TwoOrders trace(20000);
    const auto expected = read_all(trace.sorted);
    CHECK(expected.size() == 20004);
    CHECK(read_all(trace.kernel) == expected);
}

TEST_CASE("lines in any order read like sorted ones") {
    TwoOrders trace(20000);
    std::vector<std::string> lines;
    for (std::size_t from = 0; from < trace.sorted.size();) {
        std::size_t to = trace.sorted.find('\n', from) + 1;
        lines.push_back(trace.sorted.substr(from, to - from));
        from = to;
    }
    const auto expected = read_all(trace.sorted);
    SECTION("backwards, so the header is last") {
        std::reverse(lines.begin(), lines.end());
    }
    SECTION("shuffled, header and all") {
        std::shuffle(lines.begin(), lines.end(), std::mt19937(3));
    }
    SECTION("rotated") {
        std::rotate(lines.begin(), lines.begin() + 9000, lines.end());
    }
    std::string text;
    for (const auto& line : lines) text += line;
    CHECK(read_all(text) == expected);
}

TEST_CASE(
    "equal time stamps come in the order of the sorted file even from a file that is sorted by time only") {
    const std::string a = at(5) + " 1 0 1 5 2\n", b = at(5) + " 0 . . 5 9 : x\n", c = at(5) + " 10 0 1 5 2\n";
    const auto sorted = read_all(kHeader + kStart + b + a + c);
    CHECK(read_all(kHeader + kStart + c + a + b) == sorted);
    CHECK(read_all(kHeader + kStart + a + c + b) == sorted);
    CHECK(sorted.at(1).ends_with("5 x"));
}

TEST_CASE("pipes read like files, sorted or not, short or long") {
    for (int events : {100, 150000}) {
        TwoOrders trace(events);
        TempFile file(trace.sorted);
        TraceReader by_file({{file.path()}});
        const auto expected = read_all(by_file);
        for (const auto* text : {&trace.sorted, &trace.kernel}) {
            Fifo fifo(*text);
            TraceReader reader({{fifo.path()}});
            CHECK(read_all(reader) == expected);
            CHECK(reader.nr_cpus() == 4);
            CHECK(reader.start().wall_us == 5'000'000);
        }
    }
}

TEST_CASE("a pipe that goes back in time after it looked sorted is an error that says what to do") {
    TwoOrders trace(150000);
    Fifo fifo(trace.sorted + kStart);
    TraceReader reader({{fifo.path()}});
    CHECK_THROWS_WITH(read_all(reader), Catch::Contains("back in time") && Catch::Contains("sort"));
}

TEST_CASE("several files are one stream, whichever comes first") {
    TwoOrders trace(1000);
    const std::size_t half = trace.sorted.find('\n', trace.sorted.size() / 2) + 1;
    TempFile one(trace.sorted.substr(0, half)), other(kHeader + trace.sorted.substr(half));
    const auto expected = read_all(trace.sorted);
    TraceReader forward({{one.path(), other.path()}}), backward({{other.path(), one.path()}});
    CHECK(read_all(forward) == expected);
    CHECK(read_all(backward) == expected);
    CHECK(forward.warnings().empty());
}

TEST_CASE("a file that vanishes or a second file that is missing is an error before any event") {
    TwoOrders trace(10);
    TempFile file(trace.sorted);
    TraceReader reader({{file.path(), "/nonexistent/second"}});
    Event event;
    CHECK_THROWS_WITH(reader.next(event), Catch::Contains("/nonexistent/second"));
}

TEST_CASE("lines that make no sense are skipped, counted and reported once with the first place") {
    TempFile file(kHeader + kStart + move(1, 0, 1, 5) + "garbage\n" + at(9) + " 0 0\n" + move(2, 0, 1, 5) +
                  at(2'000'001) + " 0 1");
    TraceReader reader({{file.path()}});
    CHECK(read_all(reader).size() == 3);
    CHECK(reader.skipped_lines() == 3);
    REQUIRE(reader.warnings().size() == 1);
    CHECK_THAT(reader.warnings()[0], Catch::Contains("3 lines") && Catch::Contains(file.path() + ":12"));
}

TEST_CASE("lines that make no sense count wherever they stand, and the first in the file is the one named") {
    const std::string garbage = "garbage\n", first = kHeader + garbage + move(20, 0, 1, 5) + "0x\n",
                      second = garbage + move(10, 1, 0, 5);
    for (const auto& texts : {std::vector<std::string>{first + second}, {first, second}, {first, garbage, second}}) {
        std::vector<std::unique_ptr<TempFile>> files;
        ReadOptions options;
        for (const std::string& text : texts)
            options.files.push_back(files.emplace_back(std::make_unique<TempFile>(text))->path());
        TraceReader reader(options);
        CHECK(read_all(reader).size() == 2);
        CHECK(reader.skipped_lines() == (texts.size() == 3 ? 4 : 3));
        CHECK_THAT(reader.warnings().at(0), Catch::Contains("the first is " + files[0]->path() + ":10:"));
    }
}

TEST_CASE("with strict a line that makes no sense is an error that names it") {
    for (const char* bad : {"garbage\n", "0x01 0 -1 1 5 7\n", "# nr_cpus x\n"}) {
        TempFile file(kHeader + kStart + bad + move(1, 0, 1, 5));
        TraceReader reader({{file.path()}, true});
        CHECK_THROWS_WITH(read_all(reader), Catch::Contains(file.path() + ":11"));
    }
}

TEST_CASE("a line whose fields do not fit its kind of event makes no sense") {
    for (const std::string& bad :
         {at(7) + " 0 . . 5 2 : name\n", at(7) + " 0 0 1 5 9\n", at(7) + " 0 . . 5 11\n",
          at(7) + " 0 . . 5 11 : name\n", at(7) + " 0 . . 5 9 0x12\n", at(7) + " 0 . . 5 2 0x1\n"}) {
        INFO(bad);
        TempFile file(kHeader + kStart + bad);
        TraceReader reader({{file.path()}});
        CHECK(read_all(reader).size() == 1);
        CHECK(reader.skipped_lines() == 1);
    }
}

TEST_CASE("events that the header or this version does not know are skipped with a warning") {
    TempFile file("# loc 20 later\n" + kHeader + kStart + move(1, 0, 1, 5) + at(2) + " 0 0 1 5 99\n" + at(3) +
                  " 0 . . 5 20 what ever\n" + at(4) + " 0 0 1 5 0\n");
    TraceReader reader({{file.path()}, true});
    CHECK(read_all(reader).size() == 2);
    CHECK(reader.skipped_lines() == 0);
    REQUIRE(reader.warnings().size() == 1);
    CHECK_THAT(reader.warnings()[0], Catch::Contains("3 events"));
}

TEST_CASE("unknown header tags are warned of once, and contradictions of names too") {
    TempFile file("# colour red\n# shape round\n# cause 2 other\n# nr_cpus 4\n" + kHeader + "# nr_cpus 8\n" +
                  kStart);
    TraceReader reader({{file.path()}});
    read_all(reader);
    CHECK(reader.header().name(2) == "other");
    REQUIRE(reader.warnings().size() == 2);
    CHECK_THAT(reader.warnings()[0], Catch::Contains("2 header lines") && Catch::Contains("'colour'"));
    CHECK_THAT(reader.warnings()[1], Catch::Contains("contradict") && Catch::Contains("cause 2 wake"));
}

TEST_CASE("a whole trace warns of nothing, and neither does an empty one") {
    for (const std::string& text :
         {kHeader + kStart + move(1, 0, 1, 5), std::string(), std::string("\n  \n\t\n\r\n"), kHeader}) {
        TempFile file(text);
        TraceReader reader({{file.path()}});
        read_all(reader);
        CHECK(reader.warnings().empty());
    }
}

TEST_CASE("without a start line the first event is the start, and that is warned of") {
    TempFile file(kHeader + move(2, 0, 1, 5) + move(1, 0, 1, 5));
    TraceReader reader({{file.path()}});
    CHECK(reader.start().ts == 100'001'000'000);
    CHECK_FALSE(reader.start().known);
    read_all(reader);
    REQUIRE(reader.warnings().size() == 1);
    CHECK_THAT(reader.warnings()[0], Catch::Contains("start_sched_clock"));
}

TEST_CASE("the first start line in time is the start, wherever it stands") {
    TempFile file(kHeader + at(500) + " 1 . . . start_sched_clock 7 0\n" + kStart + move(-1, 0, 1, 5));
    TraceReader reader({{file.path()}});
    CHECK(reader.start().ts == 100'000'000'000);
    CHECK(reader.start().wall_us == 1281528519500000);
    CHECK(reader.start().known);
}

TEST_CASE("without nr_cpus there are as many CPUs as the largest one seen needs") {
    const std::string header = "# cause 2 wake\n";
    TempFile file(header + kStart + move(1, 2, 6, 5) + move(2, 3, 1, 5)), none("");
    CHECK(TraceReader({{file.path()}}).nr_cpus() == 7);
    CHECK(TraceReader({{none.path()}}).nr_cpus() == 1);
    TempFile huge(header + kStart + move(1, 2, 2000000000, 5));
    CHECK(TraceReader({{huge.path()}}).nr_cpus() == migtrace::kMostCpus);
}

TEST_CASE("a version that cannot be read is an error wherever it stands") {
    TempFile front("# version 2.0.0\n" + kHeader + kStart), back(kStart + "# version 2.0.0\n");
    CHECK_THROWS_AS(read_all("# version 2.0.0\n"), base::Error);
    CHECK_THROWS_AS(TraceReader({{front.path()}}).nr_cpus(), base::Error);
    CHECK_THROWS_AS(TraceReader({{back.path()}}).nr_cpus(), base::Error);
    CHECK_THROWS_AS(TraceReader({{front.path()}}).find_version(), base::Error);
}

TEST_CASE("the version is found, or nothing when the trace does not say") {
    TempFile with(kStart + "# version 1.7.3\n"), without("# nr_cpus 4\n" + kStart);
    CHECK(TraceReader({{with.path()}}).find_version() == "1.7.3");
    CHECK(TraceReader({{without.path()}}).find_version().empty());
}

TEST_CASE("CRLF is not part of names") {
    std::string text = kHeader + kStart + named(1, 5, "my app") + move(2, 0, 1, 5), crlf;
    for (char c : text) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(read_all(crlf) == read_all(text));
    CHECK(read_all(crlf).at(1).ends_with("5 my app"));
}

TEST_CASE("a last line without a line feed counts when it is whole") {
    std::string text = kHeader + kStart + move(2, 0, 1, 5);
    const auto expected = read_all(text);
    text.pop_back();
    CHECK(read_all(text) == expected);
}

TEST_CASE("an input that ends in the middle of a line is told as that") {
    TempFile file(kHeader + kStart + move(2, 0, 1, 5) + at(3) + " 0 1");
    TraceReader reader({{file.path()}});
    read_all(reader);
    REQUIRE(reader.warnings().size() == 1);
    CHECK_THAT(reader.warnings()[0], Catch::Contains("ends in the middle"));
}
