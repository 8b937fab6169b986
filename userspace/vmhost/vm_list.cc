/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/vm_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>

#include "base/error.h"
#include "base/terminal.h"
#include "vmhost/peer.h"

namespace vmhost {

void add_domain(Vm& vm, const std::vector<Domain>& domains) {
    QemuCommand& command = vm.command;
    // Whoever may run a QEMU may give it another's UUID.
    const auto domain = std::ranges::find_if(
        domains, [&](const Domain& one) { return one.pid == vm.process->pid() && !one.uuid.empty() && boost::iequals(one.uuid, command.uuid); });
    if (domain == domains.end()) return;
    command.name = domain->name;
    // It may have been given some since it was started, and libvirt may have opened the socket of a channel itself.
    for (const std::string& mac : domain->macs)
        if (std::ranges::find(command.macs, mac) == command.macs.end()) command.macs.push_back(mac);
    for (const auto& channel : domain->channels) {
        const auto known = std::ranges::find(command.channels, channel.name, &QemuCommand::Channel::name);
        if (known == command.channels.end()) command.channels.push_back(channel);
        else if (known->path.empty()) *known = channel;
    }
}

void VmList::refresh() {
    std::map<pid_t, VmPtr> now;
    for (Vm& vm : running_vms()) {
        // The same process, not one that has got its pid: whoever waits for its end goes on.
        const pid_t pid = vm.process->pid();
        add_domain(vm, domains_);
        const auto known = vms_.find(pid);
        if (known != vms_.end() && known->second->process->running()) vm.process = known->second->process;
        now[pid] = std::make_shared<const Vm>(std::move(vm));
    }
    vms_ = std::move(now);
}

/// Null when it is none, or more than one.
template <class Test>
VmPtr VmList::only(Test test) const {
    VmPtr found;
    for (const auto& [pid, vm] : vms_) {
        try {
            if (!vm->process->running() || !test(*vm)) continue;
        } catch (const base::Error&) {
            // It ends just now.
            continue;
        }
        if (found) return nullptr;
        found = vm;
    }
    return found;
}

VmPtr VmList::named(const std::string& name) const {
    std::vector<VmPtr> found;
    for (const auto& [pid, vm] : vms_)
        if (vm->command.name == name || (!vm->command.uuid.empty() && boost::iequals(vm->command.uuid, name)) || std::to_string(pid) == name)
            found.push_back(vm);
    if (found.size() == 1) return found[0];
    const std::string shown = base::printable(name);
    if (found.empty()) throw base::UsageError(fmt::format("no VM '{}' runs on this host (perf_kvm_server --list shows those that do)", shown));
    throw base::UsageError(fmt::format("{} VMs are called '{}': name one by its UUID or the pid of its QEMU", found.size(), shown));
}

VmPtr VmList::with_tap(const std::string& tap) const {
    // What a VM has is looked at only if it had this one.
    const auto in = [&](const std::vector<std::string>& taps) { return std::ranges::find(taps, tap) != taps.end(); };
    return only([&](const Vm& vm) { return in(vm.taps) && in(taps_of(*vm.process)); });
}

VmPtr VmList::with_socket(std::uint64_t inode) const {
    return only([&](const Vm& vm) { return has_socket(*vm.process, inode); });
}

VmPtr VmList::with_mac(const std::string& mac) const {
    const std::string wanted = boost::to_lower_copy(mac);
    return only([&](const Vm& vm) { return std::ranges::find(vm.command.macs, wanted) != vm.command.macs.end(); });
}

}  // namespace vmhost
