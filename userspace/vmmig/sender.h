/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// One channel of a source: what goes out on one socket.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "vmmig/page_order.h"
#include "vmmig/stream.h"
#include "vmmig/window.h"
#include "vmmig/wire_reader.h"

namespace vmmig {

struct SenderOptions {
    PageOrder* precopy = nullptr;  ///< what it sends without being asked; nullptr: nothing
    bool postcopy = false;         ///< whether it sends what is requested
    double zero_pages = 0;         ///< the part of all pages that is zero and goes as a header only: 0 to 1
    std::uint64_t requested_pages = 1;  ///< of kPage, that a request wants
    std::optional<double> bytes_per_second;  ///< of precopy
    std::optional<std::uint64_t> window;     ///< see Window
};

/// What the largest packet holds that Linux makes before a network card cuts it up: 64 KiB with all headers. The rest of
/// what goes out at once is a packet of its own, which costs as much as a full one.
constexpr std::size_t kPacket = 65'000;

/// Frames one behind the other, as they go out.
class Frames {
 public:
    /// So many stay in the cache from one system call to the next, and are worth waking up the other end.
    static constexpr std::size_t kMost = 4 * kPacket / kFrame;

    explicit Frames(double zero_pages);
    /// Puts frames with these pages, kMost at most, in place of what was there.
    void put(std::span<const std::uint64_t> pages);
    /// What has not been sent.
    std::span<const char> rest() const { return {buffer_.data() + sent_, size() - sent_}; }
    /// The part of rest() up to the end of the frame that has begun; empty when none has.
    std::span<const char> rest_of_frame() const;
    /// Returns how many pages have been completed by sending so much of rest().
    std::size_t sent(std::size_t bytes);
    bool empty() const { return sent_ == size(); }

 private:
    std::size_t size() const { return ends_.empty() ? 0 : ends_.back(); }
    std::uint64_t zero_below_;  // pages whose hash is below are zero
    std::vector<char> buffer_;
    std::vector<std::size_t> ends_;
    std::size_t sent_ = 0, complete_ = 0;  // bytes, frames
};

class Sender {
 public:
    /// Works on a connected socket; counts in `counters`, and goes on while `go_on` says so.
    Sender(int socket, const SenderOptions& options, StreamCounters& counters, std::function<bool()> go_on);
    /// Until there is nothing more to send, or `go_on` says no. Throws StreamEnd. shutdown() of the socket by another
    /// thread ends it wherever it waits for the peer.
    void run();

 private:
    void send_precopy();
    void answer_requests();
    void send_both();
    void handshake();
    std::size_t send(std::span<const char> bytes, int flags);
    void send_all(Frames& frames);
    void receive(int flags);
    bool put_precopy(std::size_t most);
    void put_urgent();
    void put_what_may_go();
    bool send_what_fits();
    void wait_for_peer();
    void keep_window();
    void count(std::size_t pages, std::size_t bytes);

    const int socket_;
    const SenderOptions options_;
    StreamCounters& counters_;
    const std::function<bool()> go_on_;
    RequestReader requests_;
    Frames precopy_, urgent_;
    std::optional<Pacer> pacer_;
    std::uint64_t due_ = 0;  // pages, by pacer_
    Window window_;
    bool over_ = false;
};

}  // namespace vmmig
