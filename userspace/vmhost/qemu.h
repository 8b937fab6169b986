/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What the command line of a QEMU says of its VM.

#include <cstdint>
#include <string>
#include <vector>

namespace vmhost {

struct QemuCommand {
    std::vector<std::uint64_t> ram;  ///< sizes in bytes that the VM's memory, or a part of it, may have: -m, -object memory-backend-...
    std::string name;                ///< of the VM; empty without -name
};

/// Whether a process that was started so is a QEMU that emulates a machine.
bool is_qemu(const std::vector<std::string>& words);

/// Words that it cannot make sense of are passed over: QEMU has accepted them.
QemuCommand parse_qemu_command(const std::vector<std::string>& words);

}  // namespace vmhost
