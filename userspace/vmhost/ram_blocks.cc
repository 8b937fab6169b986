/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/ram_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace vmhost {

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    boost::split(lines, text, boost::is_any_of("\r\n"), boost::token_compress_on);
    for (std::string& line : lines) boost::trim(line);
    std::erase(lines, "");
    return lines;
}

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    boost::split(words, line, boost::is_any_of(" \t"), boost::token_compress_on);
    return words;
}

/// Hexadecimal, with "0x" in front or without.
std::optional<std::uint64_t> hexadecimal(std::string_view word) {
    if (word.starts_with("0x")) word.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
    if (failure != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return value;
}

/// "0000000000100000-0000000003ffffff (prio 0, ram): pc.ram @0000000000100000 KVM"
std::optional<GuestRange> parse_guest_range(const std::string& line) {
    const auto dash = line.find('-'), kind = line.find(" (prio "), name = line.find("): ");
    if (dash == line.npos || kind == line.npos || name == line.npos || dash > kind || kind > name) return std::nullopt;
    const std::string what = line.substr(line.rfind(' ', name) + 1, name - line.rfind(' ', name) - 1);
    if (what != "ram" && what != "rom" && what != "ramd" && what != "romd" && what != "nv-ram") return std::nullopt;
    const auto begin = hexadecimal(std::string_view(line).substr(0, dash));
    if (!begin) return std::nullopt;
    GuestRange range{*begin, 0, line.substr(name + 3)};
    if (const auto at = range.block.find(" @"); at != std::string::npos) {
        const auto offset = hexadecimal(words_of(range.block.substr(at + 2))[0]);
        if (!offset) return std::nullopt;
        range.offset = *offset;
        range.block.resize(at);
    }
    if (range.block.ends_with(" KVM")) range.block.resize(range.block.size() - 4);
    return range;
}

bool is_of(const GuestRange& range, const RamBlock& block) {
    return block.name == range.block || block.name.ends_with("/" + range.block);
}

/// For QEMUs whose `info ramblock` does not tell addresses.
void locate(Monitor& monitor, std::vector<RamBlock>& blocks) {
    for (const GuestRange& range : parse_guest_ranges(monitor.human("info mtree -f"))) {
        const auto block = std::find_if(blocks.begin(), blocks.end(), [&](const RamBlock& b) { return is_of(range, b); });
        if (block == blocks.end() || block->address || range.offset >= block->used) continue;
        const std::uint64_t address = parse_host_address(monitor.human(fmt::format("gpa2hva {:#x}", range.begin)));
        if (address > range.offset) block->address = address - range.offset;
    }
}

}  // namespace

std::vector<RamBlock> parse_ram_blocks(const std::string& text) {
    // "pc.ram  4 KiB  OFFSET USED TOTAL", and since 8.0 " HVA RO": below the names of the columns.
    const std::vector<std::string> lines = lines_of(text);
    if (lines.empty() || !lines[0].starts_with("Block Name")) throw base::Error("QEMU's `info ramblock` prints no list of blocks");
    const bool told = lines[0].find("HVA") != std::string::npos;
    std::vector<RamBlock> blocks;
    for (std::size_t i = 1; i < lines.size(); i++) {
        const std::vector<std::string> words = words_of(lines[i]);
        const auto number = [&](std::size_t word) {
            const auto value = word < words.size() && words[word].starts_with("0x") ? hexadecimal(words[word]) : std::nullopt;
            if (!value) throw base::Error(fmt::format("QEMU's `info ramblock` has a line that is none: {}", lines[i]));
            return *value;
        };
        const RamBlock block{words[0], number(3), number(4), told ? number(6) : 0};
        if (block.used > 0) blocks.push_back(block);
    }
    std::sort(blocks.begin(), blocks.end(), [](const RamBlock& a, const RamBlock& b) { return a.offset < b.offset; });
    return blocks;
}

std::vector<GuestRange> parse_guest_ranges(const std::string& text) {
    std::vector<GuestRange> ranges;
    bool in_memory = false;
    for (const std::string& line : lines_of(text)) {
        if (line.starts_with("FlatView")) in_memory = false;
        if (line.starts_with("AS \"memory\"")) in_memory = true;
        if (!in_memory) continue;
        if (const auto range = parse_guest_range(line)) ranges.push_back(*range);
    }
    return ranges;
}

std::uint64_t parse_host_address(const std::string& text) {
    // "Host virtual address for 0x0 (pc.ram) is 0x7f2f1be00000"
    const std::string line = boost::trim_copy(text);
    const auto is = line.rfind(" is ");
    if (!line.starts_with("Host virtual address") || is == std::string::npos) return 0;
    return hexadecimal(std::string_view(line).substr(is + 4)).value_or(0);
}

std::vector<RamBlock> ram_blocks(Monitor& monitor) {
    std::vector<RamBlock> blocks = parse_ram_blocks(monitor.human("info ramblock"));
    if (std::any_of(blocks.begin(), blocks.end(), [](const RamBlock& b) { return b.address == 0; })) locate(monitor, blocks);
    std::erase_if(blocks, [](const RamBlock& b) { return b.address == 0; });
    return blocks;
}

}  // namespace vmhost
