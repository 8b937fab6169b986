/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/zero_pages.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "base/error.h"

namespace vmdirty {

namespace {

constexpr std::uint64_t kSamples = 65536;
/// In an entry of /proc/PID/pagemap: the page is in memory, or in swap (Documentation/admin-guide/mm/pagemap.rst).
constexpr std::uint64_t kPresent = std::uint64_t{1} << 63, kSwapped = std::uint64_t{1} << 62;

class Memory {
 public:
    explicit Memory(const vmhost::Process& process) : pagemap_(process.open("pagemap")), memory_(process.open("mem")) {}

    bool is_zero(std::uint64_t address) {
        std::uint64_t entry = 0;
        if (::pread(pagemap_.get(), &entry, sizeof entry, static_cast<off_t>(address / kPage * sizeof entry)) != sizeof entry) return false;
        if (!(entry & (kPresent | kSwapped))) return true;
        // To look would bring it back from swap.
        if (!(entry & kPresent)) return false;
        return ::pread(memory_.get(), page_.data(), kPage, static_cast<off_t>(address)) == static_cast<ssize_t>(kPage) &&
               std::all_of(page_.begin(), page_.end(), [](std::uint64_t word) { return word == 0; });
    }

 private:
    base::UniqueFd pagemap_, memory_;
    std::array<std::uint64_t, kPage / sizeof(std::uint64_t)> page_;
};

std::uint64_t address_of(const Layout& layout, std::uint64_t page) {
    const Range& range = layout.range_of(page);
    return range.begin + (page - range.first_page) * kPage;
}

}  // namespace

std::optional<std::uint64_t> count_zero_pages(const vmhost::Process& process, const Layout& layout) {
    const std::uint64_t pages = layout.pages(), samples = std::min(pages, kSamples);
    std::mt19937_64 random(pages);
    std::uint64_t zeros = 0;
    try {
        Memory memory(process);
        for (std::uint64_t i = 0; i < samples; i++) {
            // One of each part, as memory of programs comes in stretches.
            const auto begin = static_cast<std::uint64_t>(static_cast<unsigned __int128>(pages) * i / samples);
            const auto end = static_cast<std::uint64_t>(static_cast<unsigned __int128>(pages) * (i + 1) / samples);
            zeros += memory.is_zero(address_of(layout, begin + random() % (end - begin)));
        }
    } catch (const base::Error&) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(zeros) * static_cast<double>(pages) / static_cast<double>(samples)));
}

}  // namespace vmdirty
