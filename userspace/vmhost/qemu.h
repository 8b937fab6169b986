/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What the command line of a QEMU says of its VM.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace vmhost {

struct QemuCommand {
    std::vector<std::uint64_t> ram;  ///< sizes in bytes that the VM's memory, or a part of it, may have: -m, -object memory-backend-...
    std::string name;                ///< of the VM; empty without -name
    std::string uuid;                ///< of the VM; empty without -uuid
    unsigned vcpus = 1;              ///< that it starts with: -smp
    std::vector<std::string> macs;   ///< of its network cards, in small letters
    struct Channel {
        std::string name;  ///< as the guest sees it: /dev/virtio-ports/NAME
        std::string path;  ///< the socket at which QEMU listens for the host's end; empty when it was given one that listens (fd=...)
    };
    std::vector<Channel> channels;  ///< ports of virtio-serial that are sockets of the host
};

/// Whether a process that was started so is a QEMU that emulates a machine.
bool is_qemu(const std::vector<std::string>& words);

/// Words that it cannot make sense of are passed over: QEMU has accepted them.
QemuCommand parse_qemu_command(const std::vector<std::string>& words);

/// The QEMUs of this host whose VM has this UUID, as far as their command lines can be read.
std::vector<pid_t> qemu_processes(const std::string& uuid);

}  // namespace vmhost
