/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/line_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "migtrace/event.h"

using migtrace::Event;
using migtrace::Fault;
using migtrace::Record;
using migtrace::RunTracker;
using migtrace::Shape;

namespace {

/// Text with room behind it, as the scanner wants it.
struct Padded {
    std::string text;
    explicit Padded(const std::string& t, char fill = '\0') : text(t + std::string(migtrace::kScanAhead, fill)) {}
    const char* begin() const { return text.data(); }
    const char* end() const { return text.data() + text.size() - migtrace::kScanAhead; }
};

/// Whether `scan` takes the line that stands at the beginning, and then exactly as parse_event() reads it.
bool taken_by(migtrace::MigrationScanner& scan, const std::string& line, const char* begin, const char* end) {
    const char* at = begin;
    Record record{};
    std::uint32_t number = 41;
    if (scan(at, end, &record, 1, number) == 0) {
        CHECK(at == begin);
        CHECK(number == 41);
        return false;
    }
    Event event{};
    REQUIRE(migtrace::parse_event(std::string_view(line).substr(0, line.size() - 1), event) == Fault::None);
    REQUIRE(event.shape == Shape::Migration);
    CHECK(at == begin + line.size());
    CHECK(number == 42);
    CHECK(record.line == 42);
    CHECK(record.ts == event.ts);
    CHECK(record.cpu == event.cpu);
    CHECK(record.from == event.from);
    CHECK(record.to == event.to);
    CHECK(record.pid == event.pid);
    CHECK(record.code == event.number);
    return true;
}

/// The same for all scanners, with nothing behind the line and with `fill`.
bool taken(const std::string& line, char fill = '\0') {
    // What is behind an unfinished line would be a part of it.
    const std::string behind(line.ends_with('\n') ? 64 : 0, fill);
    const Padded last(line, fill), more(line + behind, fill);
    INFO(line);
    const bool all = taken_by(migtrace::scan_migrations, line, last.begin(), last.end());
    for (const Padded* text : {&last, &more}) {
        CHECK(taken_by(migtrace::scan_migrations, line, text->begin(), text->end()) == all);
        bool any = taken_by(migtrace::scan_migrations_sse2, line, text->begin(), text->end());
        if (migtrace::can_scan_avx2()) any |= taken_by(migtrace::scan_migrations_avx2, line, text->begin(), text->end());
        CHECK(any == all);
    }
    return all;
}

}  // namespace

TEST_CASE("migrations as the kernel writes them are scanned") {
#ifdef __SSE2__
    CHECK(taken("0x0000000000000000 0 0 0 0 1\n"));
    CHECK(taken("0x0123456789abcdef 1 2 3 4194304 7\n"));
    CHECK(taken("0xfedcba9876543210 63 62 61 99999999 18\n"));
    CHECK(taken("0xffffffffffffffff 10 9 99 1 4095\n"));
    CHECK(taken("0x0000000000000001 100 9 0 1 1\n"));
    CHECK(taken("0x0000000000000001 8191 8190 8189 4194304 4095\n"));
#endif
}

TEST_CASE("usual lines go the quickest way, those of odd shape the other") {
    const auto quick = [](const std::string& line) {
        const Padded text(line + std::string(64, '#'));
        return taken_by(migtrace::scan_migrations_avx2, line, text.begin(), text.end());
    };
    if (!migtrace::can_scan_avx2()) {
        WARN("this processor has no AVX2: its scanner is not tested");
        return;
    }
    std::mt19937 random(5);
    const auto below = [&random](unsigned limit) { return random() % limit; };
    for (int round = 0; round < 20000; round++)
        REQUIRE(quick(fmt::format("0x{:08x}{:08x} {} {} {} {} {}\n", random(), random(), below(1000), below(1000), below(1000),
                                  below(10) ? below(4'194'304) : below(100'000'000), below(100))));
    for (const char* line : {"0x0000000000000001 8191 8190 8189 1 7\n", "0x0000000000000001 0 0 1 1 4095\n"})
        CHECK_FALSE(quick(line));
}

TEST_CASE("any other line is left to the parser") {
    for (const char* line :
         {"", "\n", "0x0000000000000001 0 0 1 5 7", "0x0000000000000001 0 0 1 5\n", "0x0000000000000001 0 0 1 5 7 8\n",
          "0x0000000000000001 0 . . 5 9 : name\n", "0x0000000000000001 0 . . 5 11 0x00000001\n",
          "0x0000000000000001 0 0 1 5 7\r\n", "0x0000000000000001  0 0 1 5 7\n", "0x0000000000000001\t0 0 1 5 7\n",
          "0x0000000000000001 0 0 1 5 7 \n", " 0x0000000000000001 0 0 1 5 7\n", "0X0000000000000001 0 0 1 5 7\n",
          "0x000000000000000A 0 0 1 5 7\n", "0x00000000000000001 0 0 1 5 7\n", "0x000000000000001 0 0 1 5 7 \n",
          "0x000000000000000g 0 0 1 5 7\n", "0x000000000000000/ 0 0 1 5 7\n", "0x000000000000000: 0 0 1 5 7\n",
          "0x000000000000000` 0 0 1 5 7\n", "0x0000000000000001 -1 0 1 5 7\n", "0x0000000000000001 0 +1 1 5 7\n",
          "0x0000000000000001 0 0 1 5 4096\n", "0x0000000000000001 0 0 1 5 99999\n", "0x0000000000000001 10000 0 1 5 7\n",
          "0x0000000000000001 0 0 1 123456789 7\n", "0x0000000000000001 0 0 1 4 x\n", "0x0000000000000001 0 0 a 4 7\n",
          "0x0000000000000001 0 0 1: 4 7\n", "0x0000000000000001 0 0 1/4 7 5\n", "# cause 1 __migrate_task is a header\n",
          "0x0000000000000001 0 0 1 \xb2\xb3 7\n", "0x0000000000000001 0 0\n1 5 7\n"}) {
        CHECK_FALSE(taken(line));
        CHECK_FALSE(taken(line, '\n'));
        CHECK_FALSE(taken(line, '7'));
    }
}

TEST_CASE("a scanned line is what the parser makes of it, whatever byte is changed") {
    const std::string whole = "0x00000017487a68f1 12 3 45 12345 17\n";
    for (std::size_t i = 0; i < whole.size(); i++)
        for (int byte = 0; byte < 256; byte++) {
            std::string line = whole;
            line[i] = static_cast<char>(byte);
            if (std::count(line.begin(), line.end(), '\n') == 1 && line.back() == '\n') taken(line);
        }
}

TEST_CASE("scanning stops where there is no room, and goes on there") {
    std::string text;
    for (int i = 0; i < 100; i++) text += fmt::format("0x{:016x} {} 0 1 {} 7\n", i, i % 8, i * 1000);
    Padded padded(text);
    const char* at = padded.begin();
    std::uint32_t line = 0;
    std::vector<Record> records(100);
    std::size_t count = 0;
    while (std::size_t n = migtrace::scan_migrations(at, padded.end(), &records[count], std::min<std::size_t>(7, 100 - count), line))
        count += n;
#ifdef __SSE2__
    CHECK(count == 100);
    CHECK(line == 100);
    for (std::size_t i = 0; i < count; i++) CHECK(records[i].ts == i);
#endif
}

TEST_CASE("a run goes on while neighbours are swapped, and ends where time goes back") {
    RunTracker run;
    for (std::uint64_t ts : {10, 20, 30, 25, 40}) CHECK(run.add(ts));
    CHECK(run.swapped());
    CHECK(run.latest() == 40);
    for (std::uint64_t ts = 100; ts < 120; ts++) CHECK(run.add(ts));
    CHECK(run.add(104));  // the 16th from behind
    CHECK_FALSE(run.add(90));
    CHECK(run.add(90));
    CHECK(run.latest() == 90);
    CHECK_FALSE(run.swapped());
}

TEST_CASE("what a run accepts, a window of its length can sort") {
    std::mt19937 random(4);
    for (int round = 0; round < 200; round++) {
        RunTracker run;
        std::vector<std::uint64_t> held;
        std::uint64_t last = 0;
        for (int i = 0; i < 500; i++) {
            const std::uint64_t ts = static_cast<std::uint64_t>(i) * 2 + random() % 25;
            if (!run.add(ts)) break;
            held.push_back(ts);
            std::sort(held.begin(), held.end());
            if (held.size() > RunTracker::kSwapDistance) {
                REQUIRE(held.front() >= last);
                last = held.front();
                held.erase(held.begin());
            }
        }
    }
}

TEST_CASE("time stamps alone are scanned until a line is long, strange or goes back") {
#ifdef __SSE2__
    const std::string plain = "0x0000000000000010 0 0 1 5 7\n0x0000000000000011 63 62 61 12345 7\n";
    for (const std::string& odd :
         {std::string("# header\n"), std::string("0x000000000000000f 0 0 1 5 7\n"), std::string("\n"),
          std::string("0x0000000000000012 \n0x1 0 0 1 5 7\n"),
          "0x0000000000000012 0 . . . start_sched_clock 1281528519 500000\n" + std::string(40, 'x')}) {
        Padded padded(plain + odd + plain + std::string(40, '\n'));
        const char* at = padded.begin();
        RunTracker run;
        for (std::uint64_t i = 0; i < RunTracker::kSwapDistance; i++) run.add(16);
        CHECK(migtrace::scan_times(at, padded.end(), run) == 2);
        CHECK(at == padded.begin() + plain.size());
        CHECK(run.latest() == 0x11);
    }
#endif
}
