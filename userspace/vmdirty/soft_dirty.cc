/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/soft_dirty.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "vmdirty/own_pages.h"
#include "vmdirty/stop.h"

namespace vmdirty {

namespace {

constexpr std::uint64_t kBit = std::uint64_t{1} << 55;
/// Read at once, of 8 bytes each.
constexpr std::uint64_t kEntries = 1 << 16;

}  // namespace

std::string SoftDirty::obstacle() {
    const base::UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
    const base::UniqueFd clear(::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC));
    if (!pagemap || !clear) return fmt::format("/proc/self/pagemap and clear_refs: {}", std::strerror(errno));
    OwnPages pages(2);
    pages.write(0);
    pages.write(1);
    // A kernel without CONFIG_MEM_SOFT_DIRTY takes that, and no bit is ever set.
    if (::write(clear.get(), "4", 1) != 1) return fmt::format("/proc/self/clear_refs: {}", std::strerror(errno));
    pages.write(1);
    std::uint64_t entries[2];
    if (::pread(pagemap.get(), entries, sizeof entries, static_cast<off_t>(pages.begin() / kPage * sizeof entries[0])) != sizeof entries)
        return fmt::format("/proc/self/pagemap: {}", std::strerror(errno));
    return !(entries[0] & kBit) && (entries[1] & kBit) ? "" : "the kernel has no soft-dirty bits (CONFIG_MEM_SOFT_DIRTY)";
}

SoftDirty::SoftDirty(const Target& target)
    : Tracker(target), pagemap_(target.process.open("pagemap")), clear_(target.process.open("clear_refs", O_WRONLY)), entries_(kEntries) {}

void SoftDirty::read(const Range& range, Bitmap& dirty) {
    for (std::uint64_t page = 0; page < range.pages();) {
        const std::size_t wanted = std::min(kEntries, range.pages() - page) * sizeof entries_[0];
        const ssize_t n = ::pread(pagemap_.get(), entries_.data(), wanted,
                                  static_cast<off_t>((range.begin / kPage + page) * sizeof entries_[0]));
        if (n < 0 && errno == EINTR) continue;
        const auto read = n < 0 ? 0 : static_cast<std::size_t>(n) / sizeof entries_[0];
        if (read == 0) throw base::system_error(fmt::format("cannot read /proc/{}/pagemap", target_.process.pid()), n < 0 ? errno : ESRCH);
        for (std::size_t i = 0; i < read; i++)
            if (entries_[i] & kBit) dirty.set(range.first_page + page + i, range.first_page + page + i + 1);
        page += read;
    }
}

void SoftDirty::read(Bitmap& dirty) {
    const Stop stop(target_.process);
    for (const Range& range : target_.layout.ranges()) read(range, dirty);
    if (::pwrite(clear_.get(), "4", 1, 0) != 1)
        throw base::system_error(fmt::format("cannot clear the soft-dirty bits of process {}", target_.process.pid()), errno);
}

}  // namespace vmdirty
