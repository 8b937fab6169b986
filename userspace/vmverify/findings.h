/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What can be told of pages that differ: what is in them, and how old it is.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "vmverify/compare.h"
#include "vmverify/history.h"
#include "vmverify/symbols.h"

namespace vmverify {

struct Finding {
    std::size_t block = 0;
    std::uint64_t offset = 0, bytes = 0;             ///< as in DifferentPage
    std::optional<unsigned> pass;                    ///< after so many passes of the migration the source had it as the destination has it
    std::optional<std::chrono::nanoseconds> age;     ///< so long before the source stopped, or before it wrote what it has
    std::string written;                             ///< who has written it, where that can be told
    std::string symbols;                             ///< of the guest's kernel
};

/// The first byte that differs, and those around it.
struct FirstDifference {
    std::size_t block = 0;
    std::uint64_t offset = 0;        ///< of the byte in the block
    std::uint64_t begin = 0;         ///< of what follows
    std::string first, second;       ///< up to 32 bytes of both
};

class Findings {
 public:
    /// What is not there is not told of. `stopped`: when the source had run.
    Findings(const History* history, const Symbols* symbols, History::Time stopped) : history_(history), symbols_(symbols), stopped_(stopped) {}

    void add(const DifferentPage& page);
    /// Those of the first 10,000 pages, in order.
    const std::vector<Finding>& pages() const { return pages_; }
    const std::optional<FirstDifference>& first() const { return first_; }

 private:
    const History* history_;
    const Symbols* symbols_;
    History::Time stopped_;
    std::vector<Finding> pages_;
    std::optional<FirstDifference> first_;
};

}  // namespace vmverify
