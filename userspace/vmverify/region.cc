/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/region.h"

#include <fmt/format.h>

#include <cstring>

#include "base/error.h"

namespace vmverify {

vmdirty::Layout shared_memory(const vmhost::Process& process, std::uint64_t size) {
    vmdirty::Layout layout;
    for (const auto& mapping : process.maps())
        if (mapping.shared && mapping.end - mapping.begin == size && mapping.path.starts_with("/memfd:") && layout.pages() == 0)
            layout.add(mapping.begin, mapping.end, "shared memory");
    if (layout.pages() == 0) throw base::Error(fmt::format("QEMU (process {}) has mapped no shared memory of {} bytes", process.pid(), size));
    return layout;
}

RegionCopy::RegionCopy(const Ram& original, std::uint64_t size) : original_(original), bytes_(size, '\0') { blocks_ = original.blocks(); }

void RegionCopy::read(std::size_t, std::uint64_t offset, char* to, std::size_t size) const { std::memcpy(to, bytes_.data() + offset, size); }

void RegionCopy::copy(const vmdirty::Bitmap& dirty) {
    passes_++;
    dirty.for_each_run([&](std::uint64_t begin, std::uint64_t end) {
        const std::uint64_t from = begin * vmdirty::kPage, bytes = (end - begin) * vmdirty::kPage;
        original_.read(0, from, bytes_.data() + from, bytes);
        pages_ += end - begin;
    });
}

}  // namespace vmverify
