/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which VM a connection comes from. What a guest says of itself is not asked: it may lie. MAC and IP addresses may lie, too.

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "vmhost/vm_list.h"
#include "vmperf/tap_marks.h"

namespace vmperf {

struct CallerRules {
    std::shared_ptr<const TapMarks> marks;  ///< null: it cannot be told from which tap a packet came
    uid_t administrator = 0;                ///< who, besides root, may watch all VMs
    bool trust_mac = false;  ///< believe the MAC that a client tells, when nothing better is at hand
};

/// The VM at the other end of a TCP connection: the one whose QEMU has the other socket (user-mode networking) or the tap that it came
/// from, or the one that `mac` says, if the rules allow that. Throws Error, which says why it cannot be told and what to do.
vmhost::VmPtr vm_of_connection(int tcp_socket, const std::string& mac, const vmhost::VmList& vms, const CallerRules& rules);

/// Whether the other end of a Unix socket may watch all VMs. Throws Error.
bool is_administrator(int unix_socket, const CallerRules& rules);

/// Connected, without waiting, to a VM's channel. What a command line says is not believed: nobody is connected to but this VM's QEMU. Throws
/// Error.
base::UniqueFd connect_to_channel(const vmhost::Vm& vm, const std::string& path);

}  // namespace vmperf
