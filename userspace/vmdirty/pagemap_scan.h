/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The tracker by PAGEMAP_SCAN: memory that was registered for asynchronous write protection, of which the kernel tells what
// has been written and protects it again, in one step for each page, so that no write is missed. Linux 6.7 and later.

#include <array>

#include "vmdirty/pagemap_abi.h"
#include "vmdirty/tracker.h"

namespace vmdirty {

class PagemapScan : public Tracker {
 public:
    /// Registers the memory: closing `userfaultfd`, of the target's process, ends that. Throws Error.
    PagemapScan(const Target& target, base::UniqueFd userfaultfd);

    /// Why it does not work on this host; empty if it does.
    static std::string obstacle();

 private:
    void read(Bitmap& dirty) override;
    void protect(std::uint64_t begin, std::uint64_t end, const std::string& name);
    [[noreturn]] void refuse(std::uint64_t begin, std::uint64_t end, const std::string& name, int error) const;
    void protect_new(const Range& range, Bitmap& dirty);
    void scan(const Range& range, Bitmap& dirty);
    base::UniqueFd userfaultfd_, pagemap_;
    std::array<PageRegion, 8192> regions_;
};

}  // namespace vmdirty
