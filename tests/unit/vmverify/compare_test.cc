/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/compare.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "unit/vmverify/memory_ram.h"
#include "vmverify/checksum.h"

using namespace vmverify;

namespace {

struct Page {
    std::size_t block;
    std::uint64_t offset, bytes;
    bool operator==(const Page&) const = default;
};

struct Result {
    Comparison comparison;
    std::vector<Page> pages;
};

Result compared(const Ram& first, const Ram& second, std::uint64_t page_size = 4096) {
    Result result;
    result.comparison = compare(first, second, page_size,
                                [&](const DifferentPage& page) { result.pages.push_back({page.block, page.offset, page.bytes}); });
    return result;
}

std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(i * 31 + i / 4096);
    return bytes;
}

}  // namespace

TEST_CASE("the same memory is identical, and both have its sums") {
    // More than one chunk, and an end that is no whole page.
    const MemoryRam ram({{"pc.ram", pattern((20 << 20) + 100)}, {"pc.bios", pattern(4096)}});
    const auto [comparison, pages] = compared(ram, ram);
    CHECK(comparison.identical());
    CHECK(pages.empty());
    CHECK(comparison.pages == 5120 + 1 + 1);
    Sha256 sha;
    sha.add(pattern((20 << 20) + 100) + pattern(4096));
    CHECK(comparison.checksums[0].sha256 == sha.text());
    CHECK(comparison.checksums[1].sha256 == comparison.checksums[0].sha256);
    CHECK(comparison.checksums[1].sum == comparison.checksums[0].sum);
}

TEST_CASE("every byte that is changed is found, at its page") {
    const MemoryRam first({{"a", pattern(9 << 20)}, {"b", pattern(8192)}});
    const std::uint64_t at = GENERATE(0, 1, 4095, 4096, (8 << 20) - 1, 8 << 20, (9 << 20) - 1);
    MemoryRam second = first;
    second.bytes(0)[at] ^= 1;
    second.bytes(1)[8191] ^= 0x80;
    const auto [comparison, pages] = compared(first, second);
    CHECK_FALSE(comparison.identical());
    CHECK(pages == std::vector<Page>{{0, at / 4096 * 4096, 1}, {1, 4096, 1}});
    CHECK(comparison.different_bytes == 2);
    CHECK(comparison.checksums[0].sha256 != comparison.checksums[1].sha256);
    CHECK(comparison.checksums[0].sum != comparison.checksums[1].sum);
}

TEST_CASE("pages are as large as the machine has them") {
    const MemoryRam first({{"a", pattern(8192)}});
    MemoryRam second = first;
    second.bytes(0)[1024] ^= 1;
    second.bytes(0)[2047] ^= 1;
    second.bytes(0)[2048] ^= 1;
    CHECK(compared(first, second, 1024).pages == std::vector<Page>{{0, 1024, 2}, {0, 2048, 1}});
    CHECK_THROWS_AS(compared(first, second, 0), base::Error);
    CHECK_THROWS_AS(compared(first, second, 1000), base::Error);
}

TEST_CASE("blocks are compared by their names, in whatever order they come") {
    const MemoryRam first({{"a", pattern(4096)}, {"b", pattern(8192)}}), second({{"b", pattern(8192)}, {"a", pattern(4096)}});
    CHECK(compared(first, second).comparison.identical());
}

TEST_CASE("what only one has is told of, and is not identical") {
    const MemoryRam both({{"a", pattern(4096)}, {"b", pattern(4096)}}), one({{"a", pattern(4096)}}),
        larger({{"a", pattern(4096)}, {"b", pattern(8192)}});
    CHECK(compared(both, one).comparison.left_out == std::vector<std::string>{"b: only the first has it"});
    CHECK(compared(one, both).comparison.left_out == std::vector<std::string>{"b: only the second has it"});
    CHECK(compared(both, larger).comparison.left_out == std::vector<std::string>{"b: 4096 bytes in the first, 8192 in the second"});
    CHECK_FALSE(compared(both, one).comparison.identical());
}

TEST_CASE("two blocks of one name are two") {
    const MemoryRam first({{"a", pattern(4096)}, {"a", std::string(4096, 'x')}});
    MemoryRam second = first;
    CHECK(compared(first, second).comparison.identical());
    second.bytes(1)[5] = 'y';
    CHECK(compared(first, second).pages == std::vector<Page>{{1, 0, 1}});
}
