/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The domains that run under libvirt on this host. Its calls wait for its daemon, so they have a thread of their own.

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "vmhost/domain_xml.h"

namespace vmhost {

/// Those that run now. `uri` as virsh takes it, empty for its default; read-only. Throws Error.
std::vector<Domain> running_domains(const std::string& uri);

class DomainWatch {
 public:
    /// Calls `changed` in its thread with the domains that run: at first, and when one has come or gone. While libvirt is away there are none;
    /// it is tried again each 10 s.
    DomainWatch(std::string uri, std::function<void(std::vector<Domain>)> changed);
    /// `changed` is not called any more. A thread that waits for a daemon that does not answer is left behind.
    ~DomainWatch();
    DomainWatch(const DomainWatch&) = delete;
    DomainWatch& operator=(const DomainWatch&) = delete;

 private:
    class Work;
    std::shared_ptr<Work> work_;
    std::thread thread_;
};

}  // namespace vmhost
