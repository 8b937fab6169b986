/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The destination of emulated migrations: stores the pages that come, and requests others.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vmmig/stream.h"
#include "vmmig/wire.h"

namespace vmmig {

struct DestinationOptions {
    std::string host;  ///< the address to listen at; empty: all of them
    std::uint16_t port = kPort;
    std::uint64_t vm_bytes = kDefaultVm;
    /// A VM that is larger is stored in so much memory, several of its pages in the same place.
    std::uint64_t memory_bytes = 256u << 20;
    unsigned most_channels = 512;  ///< connections at once, of all sources
};

/// Serves every source that connects, each channel with a thread, each source with memory of its own.
class Destination {
 public:
    /// Listens. Throws base::Error.
    explicit Destination(const DestinationOptions& options);
    ~Destination();
    Destination(const Destination&) = delete;
    Destination& operator=(const Destination&) = delete;

    /// All sources together, since the call before.
    StreamFigures lap();
    /// Ends all streams. What was done in all.
    StreamFigures stop();

    /// What has happened, a sentence each: who came, who went, and why. news_fd() is readable (poll) when there is some.
    std::vector<std::string> news();
    int news_fd() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmmig
