/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Memory of a device that is copied by what a tracker of dirty pages tells, and by nothing else.

#include <string>

#include "vmdirty/interval.h"
#include "vmdirty/layout.h"
#include "vmhost/process.h"
#include "vmverify/ram.h"

namespace vmverify {

/// The mapping of a memfd with that many bytes that QEMU shares, with the name that its monitor gives the block. Throws Error when
/// there is none.
vmdirty::Layout shared_memory(const vmhost::Process& process, vmhost::Monitor& monitor, std::uint64_t size);

/// The copy. A page that a tracker misses is in it as it was.
class RegionCopy : public Ram {
 public:
    RegionCopy(const Ram& original, std::uint64_t size);
    void read(std::size_t block, std::uint64_t offset, char* to, std::size_t size) const override;
    /// Copies the pages that are set.
    void copy(const vmdirty::Bitmap& dirty);
    std::uint64_t pages() const { return pages_; }  ///< that were copied
    unsigned passes() const { return passes_; }

 private:
    const Ram& original_;
    std::string bytes_;
    std::uint64_t pages_ = 0;
    unsigned passes_ = 0;
};

}  // namespace vmverify
