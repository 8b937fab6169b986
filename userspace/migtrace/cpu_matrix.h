/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How many migrations there were from each CPU to each CPU.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "migtrace/record.h"

namespace migtrace {

/// Counts from each CPU to each CPU below a limit. What does not occur takes next to no memory, as machines have
/// thousands of CPUs, damaged traces name CPUs that no machine has, and tasks go to a few CPUs near by: a row consists of
/// blocks of kBlock columns, which come with their first count.
class CpuMatrix {
 public:
    explicit CpuMatrix(unsigned cpus = 0)
        : cpus_(cpus), row_blocks_((cpus + kBlock - 1) / kBlock), index_(std::size_t{cpus} * row_blocks_) {
        clear();
    }

    /// A migration from or to a CPU beyond the limit is not counted.
    void count(std::uint32_t from, std::uint32_t to) {
        if (from >= cpus_ || to >= cpus_) return;
        std::uint32_t& block = index_[from * std::size_t{row_blocks_} + to / kBlock];
        if (block == kNone) block = new_block();
        blocks_[block][to % kBlock]++;
    }
    void count(std::span<const Record> migrations) {
        // What cannot change here stays in registers: a store could change it for all that the compiler knows.
        const unsigned cpus = cpus_, row_blocks = row_blocks_;
        const std::uint32_t* const index = index_.data();
        Block* blocks = blocks_.data();
        for (const Record& r : migrations) {
            if ((r.from >= cpus) | (r.to >= cpus)) continue;
            const std::uint32_t block = index[r.from * std::size_t{row_blocks} + r.to / kBlock];
            if (block == kNone) {
                count(r.from, r.to);
                blocks = blocks_.data();
            } else
                blocks[block][r.to % kBlock]++;
        }
    }

    unsigned cpus() const { return cpus_; }
    std::uint64_t at(unsigned from, unsigned to) const {
        return blocks_[index_[from * std::size_t{row_blocks_} + to / kBlock]][to % kBlock];
    }
    /// Calls `f(from, to, count)` for each count above 0, ordered by `from` and `to`.
    template <class F>
    void for_each(F f) const {
        for (unsigned from = 0; from < cpus_; from++)
            for (unsigned b = 0; b < row_blocks_; b++) {
                const std::uint32_t block = index_[from * std::size_t{row_blocks_} + b];
                if (block == kNone) continue;
                for (unsigned i = 0; i < kBlock; i++)
                    if (const std::uint64_t count = blocks_[block][i]) f(from, b * kBlock + i, count);
            }
    }

    struct Sums {
        std::vector<std::uint64_t> from, to;  ///< by CPU
        std::uint64_t total = 0;
        bool used(unsigned cpu) const { return from[cpu] || to[cpu]; }
    };
    Sums sums() const;

    void clear();

 private:
    static constexpr unsigned kBlock = 64;
    static constexpr std::uint32_t kNone = 0;  // a block of zeros
    using Block = std::array<std::uint64_t, kBlock>;

    std::uint32_t new_block();
    unsigned cpus_, row_blocks_;
    std::vector<std::uint32_t> index_;  // into blocks_, row by row
    std::vector<Block> blocks_;
};

}  // namespace migtrace
