/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Is the memory of two VMs the same, byte for byte?

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmverify/ram.h"

namespace vmverify {

/// A page that differs.
struct DifferentPage {
    std::size_t block = 0;         ///< number of its block in Comparison::blocks
    std::uint64_t offset = 0;      ///< of the page in the block
    std::uint64_t bytes = 0;       ///< how many of it differ
    std::string_view first, second;  ///< the page in both; valid during the call
};

struct Checksums {
    std::string sum;     ///< of sum -r
    std::string sha256;
};

struct Comparison {
    std::vector<Block> blocks;              ///< that were compared
    std::vector<std::string> left_out;      ///< those that only one has, or has with another size, and why
    std::uint64_t pages = 0;                ///< compared
    std::uint64_t different_pages = 0, different_bytes = 0;
    std::array<Checksums, 2> checksums;     ///< of all that was compared, block after block
    bool identical() const { return different_pages == 0 && left_out.empty(); }
};

/// Compares blocks of the same name and size, and calls `each` for each page that differs, in order. `progress` is told how
/// many bytes are done. Throws Error.
Comparison compare(const Ram& first, const Ram& second, std::uint64_t page_size, const std::function<void(const DifferentPage&)>& each,
                   const std::function<void(std::uint64_t)>& progress = {});

}  // namespace vmverify
