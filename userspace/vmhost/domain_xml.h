/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What libvirt says of a domain (https://libvirt.org/formatdomain.html).

#include <sys/types.h>

#include <string>
#include <vector>

#include "vmhost/qemu.h"

namespace vmhost {

struct Domain {
    pid_t pid = 0;  ///< of its QEMU, as libvirt's own file says, not its XML; 0: not known
    std::string name, uuid;
    std::vector<std::string> macs, taps;           ///< of its network cards, and their other ends on the host; in small letters
    std::vector<QemuCommand::Channel> channels;    ///< ports of virtio-serial that are sockets of the host
};

/// Throws Error for what is no description of a domain.
Domain parse_domain(const std::string& xml);

}  // namespace vmhost
