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
    /// What is called in its thread.
    struct News {
        std::function<void(std::vector<Domain>)> changed;  ///< with the domains that run: at first, and when one has come or gone
        std::function<void(std::string)> trouble;          ///< with why libvirt is away; once, until it has come back
    };
    /// Connects, with the rights that the process has now: libvirt may admit nobody later whom it does not know. Does not throw: while libvirt is
    /// away there are no domains, and it is tried again each 10 s.
    explicit DomainWatch(std::string uri);
    void start(News news);
    /// Nothing is called any more. A thread that waits for a daemon that does not answer is left behind.
    ~DomainWatch();
    DomainWatch(const DomainWatch&) = delete;
    DomainWatch& operator=(const DomainWatch&) = delete;

 private:
    class Work;
    std::shared_ptr<Work> work_;
    std::thread thread_;
};

}  // namespace vmhost
