/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/findings.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "guest/dirtyram_page.h"
#include "unit/vmverify/memory_ram.h"

using namespace vmverify;

namespace {

std::string dirtyram_page(std::uint32_t page, std::uint32_t round, std::uint32_t msec) {
    std::string bytes(4096, '\0');
    DirtyramRecord record{104, page, round, msec, 0, 512};
    for (; record.number < kDirtyramRecordsInPage; record.number++)
        dirtyram_encode(&record, dirtyram_page_hash(&record), reinterpret_cast<std::uint8_t*>(bytes.data()) + record.number * kDirtyramRecordBytes);
    return bytes;
}

Finding finding(const std::string& source, const std::string& destination, const History* history = nullptr, const Symbols* symbols = nullptr) {
    Findings findings(history, symbols, std::chrono::steady_clock::now());
    findings.add({0, 0, 1, source, destination});
    return findings.pages().at(0);
}

}  // namespace

TEST_CASE("a stale page of dirtyram tells how old it is") {
    const Finding stale = finding(dirtyram_page(17, 20, 1400), dirtyram_page(17, 12, 1000));
    CHECK(stale.written == "page 17 of 512 of dirtyram 104, of round 12; the source's is of round 20");
    CHECK(stale.age == std::chrono::milliseconds(400));
}

TEST_CASE("a page that dirtyram was writing counts as the newer") {
    const std::string half = dirtyram_page(17, 20, 1400).substr(0, 2048) + dirtyram_page(17, 19, 1350).substr(2048);
    CHECK(finding(half, dirtyram_page(17, 19, 1350)).age == std::chrono::milliseconds(50));
}

TEST_CASE("pages of dirtyram at one end only are told of as such") {
    CHECK(finding(dirtyram_page(17, 20, 1400), std::string(4096, 'x')).written ==
          "page 17 of 512 of dirtyram 104 at the source, something else at the destination");
    CHECK(finding(std::string(4096, 'x'), dirtyram_page(3, 1, 50)).written ==
          "page 3 of 512 of dirtyram 104 at the destination, something else at the source");
    CHECK(finding(dirtyram_page(17, 20, 1400), dirtyram_page(18, 20, 1400)).written ==
          "page 17 of 512 of dirtyram 104 at the source, page 18 of 512 of dirtyram 104 at the destination");
    CHECK(finding("a", "b").written.empty());
}

TEST_CASE("a page is as old as the last time the source had it so") {
    MemoryRam source({{"ram", std::string(8192, 'a')}});
    History history(4096, 1 << 20);
    history.note(source, 1);
    source.bytes(0).replace(0, 4096, 4096, 'b');
    history.note(source, 2);
    source.bytes(0).replace(0, 4096, 4096, 'c');
    history.note(source, 3);
    CHECK(finding(std::string(4096, 'c'), std::string(4096, 'b'), &history).pass == 2u);
    CHECK(finding(std::string(4096, 'c'), std::string(4096, 'a'), &history).pass == 1u);
    CHECK(finding(std::string(4096, 'c'), std::string(4096, 'b'), &history).age.has_value());
    CHECK_FALSE(finding(std::string(4096, 'c'), std::string(4096, 'x'), &history).pass);
    // A place that there was not.
    CHECK_FALSE(history.find(1, 0, std::string(4096, 'a')));
    CHECK_FALSE(history.find(0, 8192, std::string(4096, 'a')));
}

TEST_CASE("the memory that a history takes is limited, and the newest stays") {
    MemoryRam source({{"ram", std::string(8192, 'a')}});
    History history(4096, 3 * 2 * 8);
    for (char c = 'a'; c <= 'f'; c++) {
        source.bytes(0).assign(8192, c);
        history.note(source, static_cast<unsigned>(c));
    }
    CHECK(history.find(0, 0, std::string(4096, 'f')));
    CHECK(history.find(0, 0, std::string(4096, 'd')));
    CHECK_FALSE(history.find(0, 0, std::string(4096, 'c')));
}

TEST_CASE("the first difference is shown with what is around it") {
    std::string source(4096, '\0'), destination = source;
    destination[100] = 7;
    destination[4000] = 8;
    Findings findings(nullptr, nullptr, {});
    findings.add({2, 8192, 2, source, destination});
    findings.add({2, 12288, 2, source, destination});
    REQUIRE(findings.first());
    CHECK(findings.first()->block == 2);
    CHECK(findings.first()->offset == 8192 + 100);
    CHECK(findings.first()->begin == 8192 + 96);
    CHECK(findings.first()->first == source.substr(96, 32));
    CHECK(findings.first()->second == destination.substr(96, 32));
}

TEST_CASE("kernel symbols are found wherever the kernel was loaded to") {
    const auto map = parse_system_map(
        "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _text\nffffffff81200040 D linux_banner\nffffffff81200100 D jiffies\n"
        "ffffffff81200100 D jiffies_64\nffffffff81200200 D one\nffffffff81200300 D two\nffffffff81203000 D _end\n");
    // What begins like a banner, and does not lie as one, is none.
    std::string bytes(8 << 20, '\0');
    bytes.replace(0x1000, 14, "Linux version ");
    bytes.replace(0x600040, 14, "Linux version ");
    const MemoryRam ram({{"vga", std::string(4096, '\0')}, {"ram", bytes}});
    const Symbols symbols(map, ram);
    CHECK(symbols.describe(1, 0x600100, 16) == "jiffies");
    CHECK(symbols.describe(1, 0x600200, 16) == "one");
    CHECK(symbols.describe(1, 0x600210, 16) == "one");
    CHECK(symbols.describe(1, 0x600000, 4096) == "_text, linux_banner, jiffies and 2 more");
    CHECK(symbols.describe(1, 0x604000, 4096).empty());
    CHECK(symbols.describe(1, 0x100000, 4096).empty());
    CHECK(symbols.describe(0, 0x600100, 16).empty());
    CHECK_THROWS_WITH(Symbols(map, MemoryRam({{"ram", std::string(1 << 20, '\0')}})), Catch::Contains("no kernel"));
}

TEST_CASE("what is no System.map is refused") {
    CHECK_THROWS_WITH(Symbols(parse_system_map("ffffffffffffffff B The real System.map is in the linux-image-dbg package\n"), MemoryRam({})),
                      Catch::Contains("linux_banner"));
    for (const char* text : {"x\n", "ffffffff81000000\n", "ffffffff81000000 T\n", "ffffffff81000000 T \n", "g T x\n", "\n"})
        CHECK_THROWS_AS(parse_system_map(text), base::Error);
    CHECK(parse_system_map("").empty());
    CHECK(parse_system_map("ffffffff81000000 t x\t[module]").begin()->second == "x\t[module]");
}
