/* SPDX-License-Identifier: GPL-2.0-only */
// dirtylog_verify: what stands beside memory that was saved, the System.map of a guest, and memory that looks like a kernel or like
// pages of dirtyram. The first two bytes tell how large the file of memory is.

#include <cstring>

#include "fuzz/harness.h"
#include "unit/vmverify/memory_ram.h"
#include "vmverify/findings.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::uint64_t file_size = data[0] << 8 | data[1];
    const std::string text(fuzz::text_of(data + 2, size - 2));
    fuzz::read([&] {
        std::uint64_t whole = 0;
        for (const auto& block : vmverify::parse_description(text, "file", file_size).blocks) {
            fuzz::require(block.size > 0 && block.size <= file_size, "a block that is empty, or larger than the file");
            whole += block.size;
        }
        fuzz::require(whole == file_size, "blocks that are not the file");
    });
    fuzz::read([&] {
        // The text as memory, too: it may begin like a kernel.
        const vmverify::Symbols symbols(vmverify::parse_system_map(text), MemoryRam({{"ram", text}}));
        symbols.describe(0, file_size, 4096);
        symbols.describe(1, 0, 1);
    });
    vmverify::Findings findings(nullptr, nullptr, {});
    const std::string half = text.substr(0, text.size() / 2), rest = text.substr(text.size() - half.size());
    if (half == rest) return 0;
    findings.add({0, 0, 1, half, rest});
    fuzz::require(findings.first() && findings.first()->offset < half.size(), "a first difference behind the page");
    return 0;
}
