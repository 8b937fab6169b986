/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A migration from QEMU to QEMU that takes as many passes over the memory as it shall.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/signals.h"
#include "vmhost/qmp.h"

namespace vmverify {

struct MigrationOptions {
    std::string uri;                              ///< "unix:/run/x", "tcp:host:4321"; empty: somebody else starts it
    bool listens = false;                         ///< the destination was told its URI when it was started
    std::vector<std::string> capabilities;        ///< for both
    std::optional<std::uint64_t> bandwidth;       ///< bytes a second
    std::chrono::milliseconds downtime{300};      ///< that is allowed once there were enough passes
    unsigned passes = 1;                          ///< at least
    std::chrono::seconds patience{600};           ///< until all is over
};

/// A migration that took longer than it may.
class TimedOut : public base::Error {
 public:
    using Error::Error;
};

struct MigrationFigures {
    std::uint64_t page_size = 4096;  ///< what QEMU counts as a page in this machine
    unsigned passes = 0;             ///< over the dirty pages, as QEMU counts them (dirty-sync-count)
    std::uint64_t bytes = 0;         ///< sent for memory
    std::chrono::milliseconds total{0}, downtime{0};
    std::chrono::milliseconds allowed{0};  ///< downtime, as it had to be allowed in the end
    std::uint64_t postcopy_bytes = 0;      ///< of these, after the VM had been handed over
    std::uint64_t multifd_bytes = 0;       ///< of these, through the channels of multifd
    std::chrono::steady_clock::time_point stopped;  ///< when the source had ceased to run, and was seen to have
};

/// From `source`, which runs, to `destination`, which waits (-incoming defer) and does not run afterwards: it is told `stop`.
/// One of them may be null: it is on another host. With the capability postcopy-ram the rest follows by postcopy after the
/// passes. The downtime that is allowed is doubled when the migration does not end otherwise. Calls `each_pass` in between with
/// what QEMU counts. Whatever ends it before it is over, a signal too, cancels it: the
/// source goes on, with the settings that it had. Throws Error, Interrupted.
MigrationFigures migrate(vmhost::Qmp* source, vmhost::Qmp* destination, const MigrationOptions& options, base::StopSignals& signals,
                         const std::function<void(const MigrationFigures&)>& each_pass);

/// Enables capabilities. Throws Error.
void set_capabilities(vmhost::Qmp& qmp, const std::vector<std::string>& names);

}  // namespace vmverify
