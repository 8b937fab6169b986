/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <future>

#include "base/error.h"
#include "vmverify/checksum.h"

namespace vmverify {

namespace {

constexpr std::size_t kChunk = 8 << 20;

struct Pair {
    std::size_t first, second;  // numbers of the block in both
};

/// Names are not unique in what people save.
std::vector<Pair> pair_up(const Ram& first, const Ram& second, std::vector<std::string>& left_out) {
    std::vector<Pair> pairs;
    std::vector<bool> taken(second.blocks().size());
    for (std::size_t i = 0; i < first.blocks().size(); i++) {
        const Block& block = first.blocks()[i];
        const auto same = std::find_if(second.blocks().begin(), second.blocks().end(), [&](const Block& b) {
            return b.name == block.name && !taken[static_cast<std::size_t>(&b - second.blocks().data())];
        });
        if (same == second.blocks().end()) {
            left_out.push_back(fmt::format("{}: only the first has it", block.name));
            continue;
        }
        const auto j = static_cast<std::size_t>(same - second.blocks().begin());
        taken[j] = true;
        if (same->size == block.size)
            pairs.push_back({i, j});
        else
            left_out.push_back(fmt::format("{}: {} bytes in the first, {} in the second", block.name, block.size, same->size));
    }
    for (std::size_t j = 0; j < taken.size(); j++)
        if (!taken[j]) left_out.push_back(fmt::format("{}: only the second has it", second.blocks()[j].name));
    return pairs;
}

struct Sums {
    BsdSum sum;
    Sha256 sha256;
    void add(std::string_view data) {
        sum.add(data);
        sha256.add(data);
    }
};

/// Pages of `page_size` bytes that differ in two chunks which begin at `offset` of the block.
void compare_chunk(std::string_view first, std::string_view second, std::uint64_t offset, std::uint64_t page_size, std::size_t block,
                   Comparison& result, const std::function<void(const DifferentPage&)>& each) {
    for (std::uint64_t at = 0; at < first.size(); at += page_size) {
        result.pages++;
        const auto a = first.substr(at, page_size), b = second.substr(at, page_size);
        if (std::memcmp(a.data(), b.data(), a.size()) == 0) continue;
        std::uint64_t bytes = 0;
        for (std::size_t i = 0; i < a.size(); i++) bytes += a[i] != b[i];
        result.different_pages++;
        result.different_bytes += bytes;
        each({block, offset + at, bytes, a, b});
    }
}

}  // namespace

Comparison compare(const Ram& first, const Ram& second, std::uint64_t page_size, const std::function<void(const DifferentPage&)>& each,
                   const std::function<void(std::uint64_t)>& progress) {
    if (page_size == 0 || kChunk % page_size) throw base::Error(fmt::format("pages cannot have {} bytes", page_size));
    Comparison result;
    std::string a(kChunk, '\0'), b(kChunk, '\0');
    Sums sums[2];
    std::uint64_t done = 0;
    for (const Pair& pair : pair_up(first, second, result.left_out)) {
        result.blocks.push_back(first.blocks()[pair.first]);
        const std::uint64_t whole = result.blocks.back().size;
        for (std::uint64_t at = 0; at < whole; at += kChunk) {
            const std::size_t size = std::min<std::uint64_t>(kChunk, whole - at);
            const std::string_view in_a(a.data(), size), in_b(b.data(), size);
            // Most of the time goes into the sums: those of the second are made beside all else.
            second.read(pair.second, at, b.data(), size);
            auto of_second = std::async(std::launch::async, [&] { sums[1].add(in_b); });
            first.read(pair.first, at, a.data(), size);
            sums[0].add(in_a);
            compare_chunk(in_a, in_b, at, page_size, result.blocks.size() - 1, result, each);
            of_second.get();
            done += size;
            if (progress) progress(done);
        }
    }
    for (std::size_t i = 0; i < 2; i++) result.checksums[i] = {sums[i].sum.text(), sums[i].sha256.text()};
    return result;
}

}  // namespace vmverify
