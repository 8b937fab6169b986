/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vmverify {

namespace {

constexpr std::string_view kBanner = "Linux version ";
constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kNamed = 3;

/// Where in the block the banner begins, which is `in_page` bytes into its page.
std::optional<std::uint64_t> find_banner(const Ram& ram, std::size_t block, std::uint64_t in_page) {
    const std::uint64_t whole = ram.blocks()[block].size;
    if (in_page + kBanner.size() > kPage) return std::nullopt;
    std::string chunk(4 << 20, '\0');
    for (std::uint64_t at = 0; at < whole; at += chunk.size()) {
        const std::size_t size = std::min<std::uint64_t>(chunk.size(), whole - at);
        ram.read(block, at, chunk.data(), size);
        for (std::uint64_t page = 0; page + in_page + kBanner.size() <= size; page += kPage)
            if (std::memcmp(chunk.data() + page + in_page, kBanner.data(), kBanner.size()) == 0) return at + page + in_page;
    }
    return std::nullopt;
}

}  // namespace

std::map<std::uint64_t, std::string> parse_system_map(const std::string& text) {
    std::map<std::uint64_t, std::string> symbols;
    std::string_view rest = text;
    for (std::size_t number = 1; !rest.empty(); number++) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        std::uint64_t address = 0;
        const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), address, 16);
        const auto digits = static_cast<std::size_t>(end - line.data());
        if (failure != std::errc() || line.size() < digits + 4 || line[digits] != ' ' || line[digits + 2] != ' ')
            throw base::Error(fmt::format("line {} of the System.map is none: {}", number, line.substr(0, 80)));
        // Absolute ones are no places, among them those of per-CPU variables.
        if (line[digits + 1] != 'A' && line[digits + 1] != 'a') symbols.emplace(address, line.substr(digits + 3));
    }
    return symbols;
}

Symbols::Symbols(std::map<std::uint64_t, std::string> symbols, const Ram& ram) : symbols_(std::move(symbols)) {
    const auto banner = std::find_if(symbols_.begin(), symbols_.end(), [](const auto& symbol) { return symbol.second == "linux_banner"; });
    if (banner == symbols_.end())
        throw base::Error("the System.map has no linux_banner: Debian's packages have a short one, and the whole in linux-image-VERSION-dbg");
    for (block_ = 0; block_ < ram.blocks().size(); block_++)
        if (const auto offset = find_banner(ram, block_, banner->first % kPage)) {
            to_address_ = banner->first - *offset;
            return;
        }
    throw base::Error("the VM's memory has no kernel that begins as the System.map says: is it that of another?");
}

std::string Symbols::describe(std::size_t block, std::uint64_t offset, std::uint64_t size) const {
    if (block != block_) return "";
    const std::uint64_t begin = offset + to_address_;
    auto symbol = symbols_.upper_bound(begin);
    // Before the first one and behind the last one there is no kernel.
    if (symbol == symbols_.begin() || symbol == symbols_.end()) return "";
    --symbol;
    std::vector<std::string> names;
    std::size_t more = 0;
    for (; symbol != symbols_.end() && (symbol->first < begin + size || symbol->first <= begin); ++symbol)
        if (names.size() < kNamed)
            names.push_back(symbol->second);
        else
            more++;
    return fmt::format("{}{}", fmt::join(names, ", "), more ? fmt::format(" and {} more", more) : "");
}

}  // namespace vmverify
