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

namespace {

constexpr std::uint64_t kPeriod = 1000;

ReadOptions by_periods(const std::string& path) {
    return {.files = {path}, .order = ReadOptions::Order::Periods, .period = kPeriod, .optimistic = true};
}

/// With another line behind about that part of the text.
std::string with_line(std::string text, double part, const std::string& line) {
    const auto near = static_cast<std::size_t>(part * static_cast<double>(text.size()));
    return text.insert(text.find('\n', near) + 1, line);
}

/// Rates per period, and warnings.
Printed rates(const std::string& trace) {
    Trace printed(trace, "");
    printed.job.periods.emplace();
    printed.job.periods->msec = printed.job.report.period_msec = 1;
    printed.job.periods->all = printed.job.periods->pairs = true;
    return print(printed.job);
}

std::string sort_lines(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t to = text.find('\n', from) + 1;
        lines.push_back(text.substr(from, to - from));
        from = to;
    }
    std::sort(lines.begin(), lines.end());
    return fmt::format("{}", fmt::join(lines, ""));
}

/// CPU after CPU, 400 us between two migrations of each.
std::string raw_trace(const std::string& header, int cpus, int events) {
    std::string text = header;
    for (int cpu = 0; cpu < cpus; cpu++) {
        text += fmt::format("{} {} . . . start_sched_clock 5 {}\n", at(cpu), cpu, cpu);
        for (int i = 1; i <= events; i++) text += move(i * 0.4 + cpu * 0.001, cpu, (cpu + i) % 4, i % 50);
    }
    return text;
}

}  // namespace

TEST_CASE("samples tell where the part of each CPU begins") {
    const TwoOrders trace(20000);
    const TempFile file(trace.kernel), sorted(trace.sorted);
    TraceReader reader(by_periods(file.path())), expected({{sorted.path()}});
    reader.header();
    CHECK_THROWS_AS(reader.look_ahead(), migtrace::OutOfOrder);  // it is a guess until all has been read
    std::vector<std::string> got, wanted;
    std::uint64_t period = 0;
    const auto text_of = [](const Event& e) { return fmt::format("{} {} {} {} {}", e.ts, e.cpu, e.from, e.to, e.pid); };
    Event e;
    while (reader.next(e)) {
        if (e.shape != migtrace::Shape::Migration) continue;
        got.push_back(text_of(e));
        const std::uint64_t in = (e.ts - reader.start().ts - 1) / kPeriod;
        CHECK(in >= period);
        period = in;
    }
    CHECK_NOTHROW(reader.look_ahead());
    while (expected.next(e))
        if (e.shape == migtrace::Shape::Migration) wanted.push_back(text_of(e));
    std::sort(got.begin(), got.end());
    std::sort(wanted.begin(), wanted.end());
    CHECK(got == wanted);
}

TEST_CASE("what samples do not see changes nothing in the rates") {
    const std::string plain = raw_trace(kHeader, 4, 2000);
    const std::string start = at(-1000) + " 2 . . . start_sched_clock 4 999999\n";
    for (const std::string& text :
         {plain, with_line(plain, 0.3, start), with_line(plain, 0.6, move(1, 2, 3, 7)),
          with_line(plain, 0.55, move(1, 2, 3, 7) + move(2, 3, 2, 7) + move(3, 2, 3, 7)),
          with_line(plain, 0.8, named(5, 9, "late")), raw_trace(kHeader, 40, 6), raw_trace(kHeader, 200, 30)}) {
        const Printed raw = rates(text), sorted = rates(sort_lines(text));
        CHECK(raw.text == sorted.text);
        CHECK(raw.warnings == sorted.warnings);
        CHECK(rows(raw.text).size() > 1);
    }
    const std::string late = raw_trace("# version 1.0.0\n# nr_cpus 4\n# cause 1 pull\n# cause 2 wake\n", 4, 2000);
    CHECK(rates(with_line(late, 0.7, "# cause 3 push\n")).text == rates(sort_lines(late + "# cause 3 push\n")).text);
}

TEST_CASE("a line that makes no sense is named by its number, also where only samples were read first") {
    const std::string text = raw_trace(kHeader, 4, 2000);
    const std::string odd = with_line(text, 0.5, "nonsense\n");
    const auto number = std::count(odd.begin(), odd.begin() + static_cast<std::ptrdiff_t>(odd.find("nonsense")), '\n') + 1;
    const Printed printed = rates(odd);
    REQUIRE(printed.warnings.size() == 1);
    CHECK_THAT(printed.warnings[0], Catch::Contains(fmt::format(":{}:", number)));
    CHECK(printed.text == rates(text).text);
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

TEST_CASE("a pipe in the order of time is told as it comes") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto write = [&](const std::string& text) { REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size())); };
    write("# version 1.2.0\n# nr_cpus 2\n# cause 7 try_to_wake_up\n# order time\n0x10 0 . . . start_sched_clock 5 0\n0x20 1 0 1 9 7\n# lost 1 3\n");
    ReadOptions options;
    options.files = {"/dev/fd/" + std::to_string(ends[0])};
    int waits = 0;
    options.before_wait = [&] {
        if (++waits == 1) write("0x30 0 1 0 9 7\n");
        if (waits == 2) ::close(ends[1]);
    };
    TraceReader reader(options);
    Event event{};
    REQUIRE(reader.next(event));
    CHECK(event.ts == 0x10);
    REQUIRE(reader.next(event));
    CHECK(event.ts == 0x20);
    CHECK(waits == 0);
    REQUIRE(reader.next(event));
    CHECK(event.ts == 0x30);
    CHECK(waits == 1);
    CHECK_FALSE(reader.next(event));
    CHECK(reader.lost() == std::map<unsigned, std::uint64_t>{{1, 3}});
    REQUIRE(reader.warnings().size() == 1);
    CHECK(reader.warnings()[0] == "3 events of CPU 1 were lost before anybody could read them: take a larger buffer, or filters");
    ::close(ends[0]);
}
