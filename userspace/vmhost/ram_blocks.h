/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Where the memory of a VM lies in the process that runs it, as QEMU's monitor tells.

#include <cstdint>
#include <string>
#include <vector>

#include "vmhost/monitor.h"

namespace vmhost {

struct RamBlock {
    std::string name;           ///< "pc.ram", "0000:00:02.0/vga.vram"
    std::uint64_t offset = 0;   ///< in the numbering of all blocks
    std::uint64_t used = 0;     ///< bytes
    std::uint64_t address = 0;  ///< in the process; 0: not told
};

/// What `info ramblock` prints, by offset, without blocks that are not used. Addresses are told by QEMU 8.0 and later. Throws
/// Error for what it cannot have printed.
std::vector<RamBlock> parse_ram_blocks(const std::string& text);

/// A stretch of the guest's physical memory.
struct GuestRange {
    std::uint64_t begin = 0;   ///< physical address
    std::uint64_t offset = 0;  ///< of it in the block
    std::string block;         ///< its name, perhaps without the device in front
};

/// RAM and ROM in the address space "memory", of what `info mtree -f` prints.
std::vector<GuestRange> parse_guest_ranges(const std::string& text);

/// What `gpa2hva` prints: an address in the process; 0 for an error.
std::uint64_t parse_host_address(const std::string& text);

/// All blocks with their addresses, by offset; without those of which QEMU does not tell them: before 8.0 what the guest has not
/// mapped. Throws Error.
std::vector<RamBlock> ram_blocks(Monitor& monitor);

}  // namespace vmhost
