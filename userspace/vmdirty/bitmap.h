/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A bit for each page, and the file of Qemu-DPT that holds them.

#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vmdirty {

/// Page i is bit (i mod 64) of word i / 64.
class Bitmap {
 public:
    explicit Bitmap(std::uint64_t pages) : pages_(pages), words_((pages + 63) / 64) {}
    /// A page for each bit.
    explicit Bitmap(std::vector<std::uint64_t> words) : pages_(words.size() * 64), words_(std::move(words)) {}

    std::uint64_t pages() const { return pages_; }
    const std::vector<std::uint64_t>& words() const { return words_; }
    bool test(std::uint64_t page) const { return words_[page / 64] >> page % 64 & 1; }
    /// Pages `begin` to `end` - 1.
    void set(std::uint64_t begin, std::uint64_t end);
    void clear();
    /// How many pages are set.
    std::uint64_t count() const { return count(0, pages_); }
    /// Of pages `begin` to `end` - 1.
    std::uint64_t count(std::uint64_t begin, std::uint64_t end) const;
    /// Calls `run(begin, end)` for each stretch of pages that are set, in order.
    template <class Run>
    void for_each_run(Run run) const {
        std::uint64_t page = 0;
        while ((page = next(page, 0)) < pages_) {
            const std::uint64_t end = next(page, ~std::uint64_t{0});
            run(page, end);
            page = end;
        }
    }

 private:
    /// The first page from `page` on whose bit differs from those of `same`; pages() if there is none.
    std::uint64_t next(std::uint64_t page, std::uint64_t same) const {
        for (std::uint64_t word = page / 64; word < words_.size(); word++) {
            std::uint64_t other = words_[word] ^ same;
            if (word == page / 64) other &= ~std::uint64_t{0} << page % 64;
            if (other) return std::min(word * 64 + static_cast<std::uint64_t>(std::countr_zero(other)), pages_);
        }
        return pages_;
    }
    std::uint64_t pages_;
    std::vector<std::uint64_t> words_;
};

/// Writes the words, little-endian, to a new file with mode 0600. Throws Error, also when the name exists, as whatever it is:
/// where anybody may make files, that may be a trap.
void write_bitmap(const std::string& path, const Bitmap& bitmap);

/// Reads such a file: a page for each bit, as it does not tell how many pages there are. Throws Error, also for what is no whole words.
Bitmap read_bitmap(const std::string& path);

}  // namespace vmdirty
