/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Machines that QEMU emulates, and what they need to boot.

#include <cstdint>
#include <string>
#include <vector>

#include "vmverify/guest.h"

namespace vmverify {

struct MachineKind {
    const char* name;          ///< of --machine
    const char* about;
    const char* program;       ///< QEMU
    const char* machine;       ///< -machine
    const char* cpu;           ///< -cpu; empty: QEMU's own choice
    const char* architecture;  ///< of the guest, as Debian names it
    const char* console;       ///< the kernel's name of the first serial line
    bool needs_device_tree;
    std::uint64_t least_memory;    ///< bytes, with the guest that is made here
    const char* default_memory;
};

const std::vector<MachineKind>& machine_kinds();
/// Throws UsageError.
const MachineKind& machine_kind(const std::string& name);

/// How the guest's memory is mapped in QEMU.
enum class HostPages { Small, Huge2M };

struct MachineOptions {
    std::uint64_t memory = 0;  ///< bytes
    unsigned cpus = 2;
    HostPages pages = HostPages::Small;
    std::string accelerator = "tcg,thread=multi";
    std::string program;                ///< QEMU; empty: that of the kind
    std::string kernel, initrd, append;  ///< paths; more words for the kernel
    std::string device_tree;
    std::vector<std::string> more;      ///< further words for QEMU
};

/// The command line, without monitor, console and what makes it a destination. Throws Error when the machine cannot boot so.
std::vector<std::string> command_line(const MachineKind& kind, const MachineOptions& options);

}  // namespace vmverify
