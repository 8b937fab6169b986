/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The VMs that run on this host: their QEMUs, network cards and threads.

#include <sys/types.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "vmhost/process.h"
#include "vmhost/qemu.h"

namespace vmhost {

/// The threads of a QEMU.
struct VmThreads {
    std::map<unsigned, pid_t> vcpus;  ///< by number; empty when one thread has them all, or QEMU does not name its threads
    std::set<pid_t> all_vcpus;        ///< that run vCPUs: those of `vcpus`, or the one that has all
    std::set<pid_t> others;           ///< all the rest; all there are when QEMU does not name its threads (-name ...,debug-threads=on)
};

struct Vm {
    std::shared_ptr<const Process> process;
    QemuCommand command;
    std::vector<std::string> taps;  ///< its network interfaces on the host
    /// The name, or else "pid PID".
    std::string label() const;
    /// Of this moment: vCPUs come and go. Throws Error.
    VmThreads threads() const;
};

/// What the names of threads tell.
VmThreads sort_threads(const std::map<pid_t, std::string>& names);

/// "iff:" lines of /proc/PID/fdinfo/N: the interface that a descriptor of /dev/net/tun is attached to; empty for others.
std::string tap_of(const std::string& fdinfo);

/// The taps of this network namespace that a process has open now. Throws Error.
std::vector<std::string> taps_of(const Process& process);

/// All QEMUs of this host that this user may look at, by pid. Who runs what is told by /proc/PID/exe: what a program calls itself is
/// its own choice.
std::vector<Vm> running_vms();

}  // namespace vmhost
