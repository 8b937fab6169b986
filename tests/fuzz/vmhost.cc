/* SPDX-License-Identifier: GPL-2.0-only */
// vm_dirty_track: any text as what /proc and QEMU's monitor say.

#include <boost/algorithm/string.hpp>

#include "fuzz/harness.h"
#include "vmhost/process.h"
#include "vmhost/qemu.h"
#include "vmhost/ram_blocks.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::text_of(data, size));
    fuzz::read([&] {
        for (const auto& mapping : vmhost::parse_maps(text)) fuzz::require(mapping.begin <= mapping.end, "a mapping that ends before it begins");
    });
    fuzz::read([&] {
        std::uint64_t before = 0;
        for (const auto& block : vmhost::parse_ram_blocks(text)) {
            fuzz::require(block.used > 0 && block.offset >= before, "a block that is not used, or out of order");
            before = block.offset;
        }
    });
    for (const auto& range : vmhost::parse_guest_ranges(text)) fuzz::require(range.block.find('\n') == std::string::npos, "a name of two lines");
    vmhost::parse_host_address(text);
    std::vector<std::string> words;
    boost::split(words, text, [](char c) { return c == '\0' || c == '\n'; });
    vmhost::is_qemu(words);
    fuzz::require(!vmhost::parse_qemu_command(words).ram.empty(), "a VM without memory");
    return 0;
}
