/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What the guest's kernel keeps at a place of its memory, by its System.map.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "vmverify/ram.h"

namespace vmverify {

/// Lines "ffffffff81000000 T _text": symbols by address. Throws Error for text that is no System.map.
std::map<std::uint64_t, std::string> parse_system_map(const std::string& text);

class Symbols {
 public:
    /// Finds the kernel in the memory of the VM by its banner ("Linux version ..."), wherever it was loaded to. Throws Error
    /// when it is not there.
    Symbols(std::map<std::uint64_t, std::string> symbols, const Ram& ram);

    /// Those that begin in `size` bytes from `offset` on of the block, with the one that `offset` is in: "jiffies, jiffies_64 and 3
    /// more". Empty where the kernel has none.
    std::string describe(std::size_t block, std::uint64_t offset, std::uint64_t size) const;

 private:
    std::map<std::uint64_t, std::string> symbols_;
    std::size_t block_ = 0;
    std::uint64_t to_address_ = 0;  // offset plus this, modulo 2^64
};

}  // namespace vmverify
