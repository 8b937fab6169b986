/* SPDX-License-Identifier: GPL-2.0-only */
// What says that it is a migrating QEMU, for vm_dirty_track: the same pages come out wherever the bytes are cut, and none is beyond its
// block. The first byte tells the size of pages and how bytes are cut.

#include <algorithm>

#include "fuzz/harness.h"
#include "vmdirty/ram_stream.h"

namespace {

/// What is told of an input, up to an error that refuses the rest.
std::string story(std::string_view bytes, std::uint32_t page_size, std::size_t most) {
    std::string told;
    const vmdirty::RamStream* blocks = nullptr;
    vmdirty::RamStream stream(page_size, [&](std::size_t block, std::uint64_t offset) {
        fuzz::require(block < blocks->blocks().size() && offset < blocks->blocks()[block].bytes && offset % page_size == 0, "a page that is none");
        told += fmt::format("page {} {:x}\n", block, offset);
    });
    blocks = &stream;
    try {
        while (!bytes.empty()) {
            const std::size_t n = stream.read({reinterpret_cast<const unsigned char*>(bytes.data()), std::min(bytes.size(), most)});
            fuzz::require(n > 0 && n <= most, "nothing, or more than there is, is read");
            bytes.remove_prefix(n);
        }
    } catch (const base::Error& error) {
        told += error.what();
    }
    return told;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes = fuzz::text_of(data + 1, size - 1);
    const std::uint32_t page_size = 1024u << data[0] % 4;
    const std::string whole = story(bytes, page_size, bytes.size() + 1);
    fuzz::require(story(bytes, page_size, 1u + data[0] / 4) == whole, "it matters where bytes are cut");
    return 0;
}
