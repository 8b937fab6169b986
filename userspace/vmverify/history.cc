/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/history.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace vmverify {

namespace {

constexpr std::size_t kChunk = 4 << 20;

std::uint64_t hash(std::string_view page) { return XXH3_64bits(page.data(), page.size()); }

}  // namespace

void History::note(const Ram& ram, unsigned pass) {
    const std::uint64_t bytes = ram.size() / page_size_ * sizeof(std::uint64_t);
    while (!moments_.empty() && bytes * (moments_.size() + 1) > most_) moments_.erase(moments_.begin());
    Moment moment{pass, std::chrono::steady_clock::now(), {}};
    std::string chunk(kChunk, '\0');
    for (std::size_t block = 0; block < ram.blocks().size(); block++) {
        auto& hashes = moment.hashes.emplace_back();
        const std::uint64_t whole = ram.blocks()[block].size;
        for (std::uint64_t at = 0; at < whole; at += kChunk) {
            const std::size_t size = std::min<std::uint64_t>(kChunk, whole - at);
            ram.read(block, at, chunk.data(), size);
            for (std::size_t page = 0; page < size; page += page_size_)
                hashes.push_back(hash(std::string_view(chunk.data() + page, std::min<std::size_t>(page_size_, size - page))));
        }
    }
    moments_.push_back(std::move(moment));
}

std::optional<History::Match> History::find(std::size_t block, std::uint64_t offset, std::string_view page) const {
    const std::uint64_t wanted = hash(page);
    for (auto moment = moments_.rbegin(); moment != moments_.rend(); ++moment) {
        if (block >= moment->hashes.size() || offset / page_size_ >= moment->hashes[block].size()) continue;
        if (moment->hashes[block][offset / page_size_] == wanted) return Match{moment->pass, moment->time};
    }
    return std::nullopt;
}

}  // namespace vmverify
