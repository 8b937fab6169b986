/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Serves guests, and the administrator of the host: one thread, one event loop.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/signals.h"
#include "base/unique_fd.h"
#include "vmhost/domains.h"
#include "vmperf/caller.h"
#include "vmperf/connection.h"
#include "vmperf/counter.h"

namespace vmperf {

struct ServerOptions {
    std::vector<base::UniqueFd> tcp;   ///< sockets that listen for guests
    base::UniqueFd administrator;      ///< a Unix socket that listens for whoever may watch all VMs; may be none
    CallerRules callers;
    std::shared_ptr<TapMarks> marks;   ///< those of `callers`, to be kept up to date; may be none
    Limits limits;
    std::unique_ptr<vmhost::DomainWatch> domains;  ///< of libvirt; may be none: VMs are known by their processes alone
    bool verbose = false;              ///< every session is logged
};

class Server {
 public:
    Server(ServerOptions options, CounterSource& counters);
    ~Server();
    /// Until a signal comes; sessions are ended then, and told why. Throws Error.
    void run(base::StopSignals& signals);

 private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmperf
