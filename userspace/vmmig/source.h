/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The source of an emulated migration: sends the pages of a VM that does not exist.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "vmmig/precopy.h"
#include "vmmig/stream.h"
#include "vmmig/wire.h"

namespace vmmig {

struct SourceOptions {
    std::string host;
    std::uint16_t port = kPort;
    std::uint64_t vm_bytes = kDefaultVm;
    bool precopy = false;   ///< page after page, over and over
    bool postcopy = false;  ///< what the destination requests, before anything else
    std::optional<double> bytes_per_second;   ///< of precopy
    std::optional<std::uint64_t> most_bytes;  ///< ends by itself when so much has been sent
    std::optional<std::uint64_t> passes;      ///< ends by itself after so many over the VM
    std::optional<PrecopyOptions> migration;  ///< precopy is a whole one, of vm_bytes
    std::optional<std::uint64_t> window;      ///< see Window
    // Each of these, unless it is as here, opens the stream with HELLO.
    unsigned channels = 1;        ///< for precopy; the first is for requested pages as well
    bool urgent_channel = false;  ///< one more, for requested pages alone
    double zero_pages = 0;        ///< the part of the pages that is zero: 0 to 1
    std::uint32_t page_size = kPage;  ///< what is requested at once; see Hello
};

/// Connections and the threads that serve them.
class Source {
 public:
    /// Connects. Throws base::Error, also when the destination does not agree to the options.
    explicit Source(const SourceOptions& options);
    ~Source();
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    void start();
    /// Since start(), or since the call before.
    StreamFigures lap();
    /// Ends the stream, in the middle of a page if need be. What was done since start().
    StreamFigures stop();

    /// Readable (poll) when an iteration or the stream has ended by itself, until take_news().
    int news_fd() const;
    /// Whether the stream has ended by itself; failure() tells why, if it had not come to its end.
    bool take_news();
    std::optional<std::string> failure() const;
    /// The migration, after start(), if there is one.
    EmulatedPrecopy* migration();
    /// "192.0.2.1:12323"
    const std::string& peer() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmmig
