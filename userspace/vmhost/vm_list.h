/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The VMs of this host as they come and go.

#include <map>
#include <memory>
#include <string>

#include "vmhost/domain_xml.h"
#include "vmhost/vm.h"

namespace vmhost {

using VmPtr = std::shared_ptr<const Vm>;

/// Adds what libvirt knows of a VM, when it is one of `domains`, by pid and UUID.
void add_domain(Vm& vm, const std::vector<Domain>& domains);

class VmList {
 public:
    /// Looks again. What is known of a VM that still runs is replaced, not changed: whoever holds it keeps what it was.
    void refresh();
    /// What libvirt knows of them is added to what is found from now on.
    void know(std::vector<Domain> domains) { domains_ = std::move(domains); }
    const std::map<pid_t, VmPtr>& all() const { return vms_; }

    /// By name, UUID or pid. Throws UsageError for none, and for a name that several have.
    VmPtr named(const std::string& name) const;
    /// Those below look at the VMs themselves, not at what was known of them; null when there is none that runs.
    VmPtr with_tap(const std::string& tap) const;
    VmPtr with_socket(std::uint64_t inode) const;
    /// The only one with this MAC; null also when several claim it.
    VmPtr with_mac(const std::string& mac) const;

 private:
    template <class Test>
    VmPtr only(Test test) const;
    std::map<pid_t, VmPtr> vms_;
    std::vector<Domain> domains_;
};

}  // namespace vmhost
