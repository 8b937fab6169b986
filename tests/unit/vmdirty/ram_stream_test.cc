/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/ram_stream.h"

#include <catch2/catch.hpp>
#include <utility>

#include "base/error.h"

using namespace vmdirty;
using Pages = std::vector<std::pair<std::size_t, std::uint64_t>>;

namespace {

std::string number(std::uint64_t value, int bytes) {
    std::string text;
    while (bytes-- > 0) text += static_cast<char>(value >> 8 * bytes);
    return text;
}

std::string name(const std::string& text) { return static_cast<char>(text.size()) + text; }

std::string footer(unsigned section) { return "\x7e" + number(section, 4); }

const std::string kHead = "QEVM" + number(3, 4) + "\x07" + number(2, 4) + "pc";

std::string begin(const std::vector<RamStream::Block>& blocks) {
    std::uint64_t total = 0;
    std::string list;
    for (const auto& block : blocks) {
        total += block.bytes;
        list += name(block.name) + number(block.bytes, 8);
    }
    return "\x01" + number(2, 4) + name("ram") + number(0, 4) + number(4, 4) + number(total | 4, 8) + list + number(0x10, 8) + footer(2);
}

std::string part(const std::string& pages) { return "\x02" + number(2, 4) + pages + number(0x10, 8) + footer(2); }

std::string page(std::uint64_t offset, const std::string& block = "") {
    return number(offset | (block.empty() ? 0x28 : 0x08), 8) + (block.empty() ? "" : name(block)) + std::string(4096, 'x');
}

std::string zero(std::uint64_t offset, const std::string& block = "") {
    return number(offset | (block.empty() ? 0x22 : 0x02), 8) + (block.empty() ? "" : name(block)) + number(0, 1);
}

const std::string kBegin = kHead + begin({{"pc.ram", 0x8000}, {"vga.vram", 0x2000}});

/// All of it, in pieces; how often it stands between sections goes to `ends`.
Pages read(const std::string& text, std::size_t piece, int* ends = nullptr) {
    Pages pages;
    RamStream stream(4096, [&](std::size_t block, std::uint64_t offset) { pages.emplace_back(block, offset); });
    for (std::size_t at = 0; at < text.size();) {
        at += stream.read({reinterpret_cast<const unsigned char*>(text.data()) + at, std::min(piece, text.size() - at)});
        if (ends) *ends += stream.between_sections();
    }
    return pages;
}

}  // namespace

TEST_CASE("a migration stream tells which pages it has, wherever it is cut") {
    const std::string text =
        kBegin + part(page(0, "pc.ram") + zero(0x1000) + zero(0x1000, "vga.vram") + page(0)) + part(page(0x1000) + zero(0x7000, "pc.ram")) + part("");
    const Pages wanted = {{0, 0}, {0, 0x1000}, {1, 0x1000}, {1, 0}, {1, 0x1000}, {0, 0x7000}};
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, text.size()}) {
        INFO(piece);
        int ends = 0;
        CHECK(read(text, piece, &ends) == wanted);
        CHECK(ends >= 3);
    }
}

TEST_CASE("reading stops where a section ends") {
    Pages pages;
    RamStream stream(4096, [&](std::size_t block, std::uint64_t offset) { pages.emplace_back(block, offset); });
    const std::string text = kBegin + part(zero(0, "pc.ram")) + part(zero(0x1000));
    const auto read_on = [&](std::size_t from) {
        return from + stream.read({reinterpret_cast<const unsigned char*>(text.data()) + from, text.size() - from});
    };
    const auto first = read_on(0), second = read_on(first);
    CHECK(first == kBegin.size());
    CHECK(stream.between_sections());
    CHECK(pages == Pages{{0, 0}});
    CHECK(read_on(second) == text.size());
    CHECK(pages.size() == 2);
}

TEST_CASE("what is no migration stream is refused") {
    const auto wrong = [](const std::string& text, const std::string& why) { CHECK_THROWS_WITH(read(text, 100), Catch::Contains(why)); };
    wrong("GET / HTTP", "it begins as none");
    wrong(kHead + "\x04" + number(1, 4), "a section of type 4");
    wrong(kHead + "\x02" + number(2, 4), "has not begun");
    wrong(kHead + "\x01" + number(3, 4) + name("vf\x1bio") + number(0, 4) + number(1, 4), "'vf\\x1bio' of version 1");
    wrong(kHead + "\x05" + name("x") + number(0, 4), "'x' is not known");
    wrong("QEVM" + number(3, 4) + "\x07" + number(0xffffffff, 4), "the name of the machine");
    wrong(kBegin + part(zero(0)), "a page of no block");
    wrong(kBegin + part(zero(0, "pc.rom")), "'pc.rom', which is no block");
    wrong(kBegin + part(zero(0x2000, "vga.vram")), "which has 0x2000 bytes");
    wrong(kBegin + part(number(0x40, 8)), "flags 0x40");
    wrong(kBegin + "\x02" + number(2, 4) + number(0x10, 8) + footer(3), "without an end");
    wrong(kHead + begin({{"a", 0}}), "no memory");
    wrong(kHead + begin({{"", 0x1000}}), "a list of blocks");
    wrong(kBegin + begin({{"a", 0x1000}}), "a second list");
    CHECK_THROWS_AS(RamStream(3000, nullptr), base::Error);
    CHECK_THROWS_AS(RamStream(0, nullptr), base::Error);
}
