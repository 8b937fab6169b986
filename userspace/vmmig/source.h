/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The source of an emulated migration: sends the pages of a VM that does not exist.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "vmmig/stream.h"
#include "vmmig/wire.h"

namespace vmmig {

struct SourceOptions {
    std::string host;
    std::uint16_t port = kPort;
    std::uint64_t vm_bytes = kDefaultVm;
    bool precopy = false;   ///< page after page, over and over
    bool postcopy = false;  ///< what the destination requests, before anything else
    std::optional<double> bytes_per_second;  ///< of precopy
    std::optional<std::uint64_t> most_bytes;  ///< ends by itself when so much has been sent
};

/// A connection and the thread that serves it.
class Source {
 public:
    /// Connects. Throws base::Error.
    explicit Source(const SourceOptions& options);
    ~Source();
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    void start();
    /// Since start(), or since the call before.
    StreamFigures lap();
    /// Ends the stream, in the middle of a page if need be. What was done since start().
    StreamFigures stop();

    /// Readable (poll) when the stream has ended by itself; failure() tells why.
    int ended_fd() const;
    std::optional<std::string> failure() const;
    /// "192.0.2.1:12323"
    const std::string& peer() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmmig
