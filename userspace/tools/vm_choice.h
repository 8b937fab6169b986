/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Options that say which VM, or which process, is watched.

#include <memory>
#include <string>

#include "base/command_line.h"
#include "vmdirty/layout.h"
#include "vmhost/monitor.h"
#include "vmhost/process.h"

struct VmChoice {
    pid_t pid = 0;
    std::string qmp, domain, uri, range;
};

/// The group "What to watch".
void add_vm_options(base::CommandLine& line);
/// Whether one is given.
bool names_vm(const base::CommandLine& line);
/// Throws UsageError, also when none or several are given.
VmChoice choose_vm(const base::CommandLine& line);
/// Of the QEMU; null where a process was named. Throws Error when it cannot be reached.
std::unique_ptr<vmhost::Monitor> monitor_of(const VmChoice& vm);
/// What is watched of the process: what the monitor tells, if there is one. Throws Error.
vmdirty::Layout memory_of(const VmChoice& vm, const vmhost::Process& process, vmhost::Monitor* monitor);
