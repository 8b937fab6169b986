/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/region.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "vmhost/ram_blocks.h"

namespace vmverify {

vmdirty::Layout shared_memory(const vmhost::Process& process, vmhost::Monitor& monitor, std::uint64_t size) {
    const auto blocks = vmhost::ram_blocks(monitor);
    vmdirty::Layout layout;
    for (const auto& mapping : process.maps()) {
        if (!mapping.shared || mapping.end - mapping.begin != size || !mapping.path.starts_with("/memfd:")) continue;
        const auto block = std::ranges::find(blocks, mapping.begin, &vmhost::RamBlock::address);
        if (block == blocks.end()) continue;
        layout.add(mapping.begin, mapping.end, block->name);
        return layout;
    }
    throw base::Error(fmt::format("QEMU (process {}) has mapped no shared memory of {} bytes", process.pid(), size));
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
