/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/ram_blocks.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace vmhost;

// As QEMU 7.2 prints them.
const char* const kBlocks =
    "              Block Name    PSize              Offset               Used              Total\r\n"
    "                  pc.ram    4 KiB  0x0000000000800000 0x0000000004000000 0x0000000004000000\r\n"
    "          0000:00:05.0/m    4 KiB  0x0000000000000000 0x0000000000800000 0x0000000000800000\r\n"
    "                  unused    4 KiB  0x0000000009000000 0x0000000000000000 0x0000000000800000\r\n"
    "0000:00:04.0/virtio-net-pci.rom    4 KiB  0x0000000005900000 0x0000000000040000 0x0000000000040000\r\n";
const char* const kRanges =
    "FlatView #0\r\n AS \"memory\", root: system\r\n AS \"cpu-memory-0\", root: system\r\n Root memory region: system\r\n"
    "  0000000000000000-000000000009ffff (prio 0, ram): pc.ram\r\n"
    "  00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem\r\n"
    "  00000000000e0000-00000000000fffff (prio 0, rom): pc.bios @0000000000020000\r\n"
    "  0000000000100000-0000000003ffffff (prio 0, ram): pc.ram @0000000000100000 KVM\r\n"
    "\r\nFlatView #1\r\n AS \"other\", root: x\r\n  0000000000000000-0000000000000fff (prio 0, ram): other\r\n";

TEST_CASE("blocks of memory are those that are used, in their order") {
    const auto blocks = parse_ram_blocks(kBlocks);
    REQUIRE(blocks.size() == 3);
    CHECK(blocks[0].name == "0000:00:05.0/m");
    CHECK(blocks[1].name == "pc.ram");
    CHECK(blocks[1].offset == 0x800000);
    CHECK(blocks[1].used == 0x4000000);
    CHECK(blocks[1].address == 0);
}

TEST_CASE("later QEMUs tell where blocks lie") {
    const auto blocks = parse_ram_blocks(
        "              Block Name    PSize              Offset               Used              Total                HVA  RO\r\n"
        "                  pc.ram    4 KiB  0x0000000000000000 0x0000000004000000 0x0000000004000000 0x00007f2f1be00000  rw\r\n");
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].address == 0x7f2f1be00000);
}

TEST_CASE("what is no list of blocks is refused") {
    for (const char* text : {"", "unknown command", "Block Name PSize Offset Used Total\npc.ram 4 KiB 1 2 3\n", "Block Name\npc.ram\n",
                             "Block Name HVA\npc.ram 4 KiB 0x1 0x2 0x3\n"}) {
        INFO(text);
        CHECK_THROWS_AS(parse_ram_blocks(text), base::Error);
    }
}

TEST_CASE("a guest's memory is what lies in the address space of that name") {
    const auto ranges = parse_guest_ranges(kRanges);
    REQUIRE(ranges.size() == 3);
    CHECK(ranges[0].block == "pc.ram");
    CHECK(ranges[1].block == "pc.bios");
    CHECK(ranges[1].offset == 0x20000);
    CHECK(ranges[2].begin == 0x100000);
    CHECK(ranges[2].block == "pc.ram");
    CHECK(parse_guest_ranges("x\nAS \"memory\"\n(prio 0, ram): a\n-): (prio \n1-2 (prio 0, ram): a @x\n").empty());
}

TEST_CASE("an address in the process is the last word") {
    CHECK(parse_host_address("Host virtual address for 0x0 (pc.ram) is 0x7f2f1be00000\r\n") == 0x7f2f1be00000);
    CHECK(parse_host_address("No memory is mapped at address 0xe0000000") == 0);
    CHECK(parse_host_address("Host virtual address for 0x0 (pc.ram) is x") == 0);
}
