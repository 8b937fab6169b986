/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/cpu_matrix.h"

#include <algorithm>

namespace migtrace {

std::uint32_t CpuMatrix::new_block() {
    blocks_.emplace_back();
    return static_cast<std::uint32_t>(blocks_.size() - 1);
}

CpuMatrix::Sums CpuMatrix::sums() const {
    Sums sums{std::vector<std::uint64_t>(cpus_), std::vector<std::uint64_t>(cpus_)};
    for_each([&](unsigned from, unsigned to, std::uint64_t count) {
        sums.from[from] += count;
        sums.to[to] += count;
        sums.total += count;
    });
    return sums;
}

void CpuMatrix::clear() {
    std::fill(index_.begin(), index_.end(), kNone);
    blocks_.assign(1, Block{});
}

}  // namespace migtrace
