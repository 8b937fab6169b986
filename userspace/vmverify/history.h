/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How old is a page that a migration lost? While the source runs, each page's hash is noted now and then; a page of the
// destination that is one of those was copied then, and not again.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "vmverify/ram.h"

namespace vmverify {

class History {
 public:
    using Time = std::chrono::steady_clock::time_point;

    /// `most`: bytes of hashes (XXH3, 8 bytes a page) that are kept; of more, the oldest are dropped.
    History(std::uint64_t page_size, std::uint64_t most) : page_size_(page_size), most_(most) {}

    /// Notes all pages. The VM may run: a page that is written meanwhile is noted as it never was.
    void note(const Ram& ram, unsigned pass);

    struct Match {
        unsigned pass;  ///< as given to note()
        Time time;      ///< when it was called
    };
    /// When the page was like this the last time.
    std::optional<Match> find(std::size_t block, std::uint64_t offset, std::string_view page) const;

 private:
    struct Moment {
        unsigned pass;
        Time time;
        std::vector<std::vector<std::uint64_t>> hashes;  // of each block
    };
    std::uint64_t page_size_, most_;
    std::vector<Moment> moments_;
};

}  // namespace vmverify
