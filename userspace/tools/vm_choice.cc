/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm_choice.h"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "base/error.h"
#include "vmdirty/memory_choice.h"
#include "vmhost/libvirt.h"
#include "vmhost/qmp.h"
#include "vmhost/ram_blocks.h"

namespace po = base::po;
using base::UsageError;

namespace {

std::vector<std::string> given(const base::CommandLine& line) {
    std::vector<std::string> given;
    for (const char* option : {"pid", "qmp", "libvirt"})
        if (line.has(option)) given.push_back(option);
    return given;
}

}  // namespace

void add_vm_options(base::CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto what = line.group("What to watch").add_options();
    what("pid", po::value<int>()->value_name("PID"), "this process");
    what("qmp", text("SOCKET"), "the QEMU whose QMP socket this is; it tells where the memory of its VM lies");
    what("libvirt", text("DOMAIN"), "the QEMU of this domain of libvirt: a name, number or UUID; virsh asks it the same");
    what("connect", text("URI"), "with --libvirt: as virsh --connect");
    what("range", text("MEMORY"), "ram: the VM's (default for a QEMU), heap (default for others), all or ADDRESS-ADDRESS");
}

bool names_vm(const base::CommandLine& line) { return !given(line).empty(); }

VmChoice choose_vm(const base::CommandLine& line) {
    const auto names = given(line);
    if (names.size() > 1) throw UsageError(fmt::format("--{} and --{}: one process is watched", names[0], names[1]));
    if (names.empty()) throw UsageError("which process? --pid PID, --qmp SOCKET or --libvirt DOMAIN");
    const std::string& name = names[0];
    if (line.has("connect") && name != "libvirt") throw UsageError("--connect: that is for --libvirt");
    for (const char* option : {"qmp", "libvirt", "connect", "range"})
        if (line.has(option) && line.get<std::string>(option).empty()) throw UsageError(fmt::format("--{}: a value is missing", option));
    VmChoice vm;
    if (line.has("range")) vm.range = line.get<std::string>("range");
    if (line.has("connect")) vm.uri = line.get<std::string>("connect");
    if (name != "pid") {
        if (line.has("range")) throw UsageError(fmt::format("--range and --{}: QEMU tells where the memory is", name));
        (name == "qmp" ? vm.qmp : vm.domain) = line.get<std::string>(name);
        return vm;
    }
    vm.pid = line.get<int>("pid");
    if (vm.pid < 1) throw UsageError(fmt::format("--pid: {} is no process", vm.pid));
    if (vm.pid == ::getpid()) throw UsageError("--pid: this is the process that is asked to watch");
    return vm;
}

std::unique_ptr<vmhost::Monitor> monitor_of(const VmChoice& vm) {
    if (!vm.qmp.empty()) return std::make_unique<vmhost::Qmp>(vm.qmp);
    if (!vm.domain.empty()) return std::make_unique<vmhost::Libvirt>(vm.domain, vm.uri);
    return nullptr;
}

vmdirty::Layout memory_of(const VmChoice& vm, const vmhost::Process& process, vmhost::Monitor* monitor) {
    return monitor ? vmdirty::guest_memory(process, vmhost::ram_blocks(*monitor)) : vmdirty::choose_memory(process, vm.range);
}
