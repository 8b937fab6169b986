/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/source.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "vmmig/memory.h"
#include "vmmig/pacer.h"
#include "vmmig/network.h"

namespace vmmig {

namespace {

constexpr std::size_t kFrame = sizeof(Header) + kPage;
/// Frames that go out in one system call: they stay in the cache from one call to the next.
constexpr std::size_t kFrames = 32;
/// Requests are small, and a destination of ours has one under way.
constexpr std::size_t kMostRequests = 4096;

/// Frames with the next pages of the VM.
class Frames {
 public:
    explicit Frames(std::uint64_t pages) : pages_(pages), buffer_(kFrames * kFrame) {
        // Something that no link or storage compresses away.
        std::uint64_t word = 1;
        for (std::size_t i = 0; i + 8 <= buffer_.size(); i += 8) {
            word = word * 6364136223846793005 + 1442695040888963407;
            std::memcpy(buffer_.data() + i, &word, 8);
        }
    }

    /// `count` <= kFrames frames with the pages behind those of the call before.
    const char* next(std::size_t count) {
        for (std::size_t i = 0; i < count; i++) {
            put(i, next_);
            if (++next_ == pages_) next_ = 0;
        }
        return buffer_.data();
    }

 private:
    void put(std::size_t frame, std::uint64_t page) {
        const Header header{Magic::SendPage, page};
        std::memcpy(buffer_.data() + frame * kFrame, &header, sizeof header);
    }
    std::uint64_t pages_, next_ = 0;
    std::vector<char> buffer_;
};

}  // namespace

struct Source::Impl {
    SourceOptions options;
    base::UniqueFd socket;
    std::string peer;
    base::UniqueFd ended;
    std::atomic<bool> stopping = false;
    StreamCounters counters;
    std::optional<StreamLaps> laps;
    mutable std::mutex mutex;
    std::optional<std::string> failure;
    std::jthread thread;

    explicit Impl(const SourceOptions& wanted)
        : options(wanted), socket(connect_tcp(wanted.host, wanted.port)), peer(peer_name(socket.get())) {
        ended.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!ended) throw base::system_error("preparing to watch the stream: eventfd()", errno);
    }

    std::uint64_t vm_pages() const { return std::max<std::uint64_t>(options.vm_bytes / kPage, 1); }

    void serve() {
        ::prctl(PR_SET_TIMERSLACK, 1);
        try {
            if (!options.postcopy)
                send_precopy();
            else if (!options.precopy)
                answer_requests();
            else
                send_both();
        } catch (const StreamEnd& end) {
            std::lock_guard lock(mutex);
            if (!stopping) failure = end.why;
        }
        ::eventfd_write(ended.get(), 1);
    }

    bool go_on() const {
        return !stopping && !(options.most_bytes && counters.bytes.load(std::memory_order_relaxed) >= *options.most_bytes);
    }

    /// As much as there is room for, or, with `wait`, everything. Returns what was sent.
    std::size_t send(const char* data, std::size_t size, bool wait) {
        std::size_t sent = 0;
        while (sent < size) {
            const ssize_t n = ::send(socket.get(), data + sent, size - sent, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
            if (n < 0) end_stream("sending pages", errno);
            sent += static_cast<std::size_t>(n);
            if (!wait) break;
        }
        return sent;
    }

    void send_precopy() {
        Frames frames(vm_pages());
        std::optional<Pacer> pacer;
        if (options.bytes_per_second) pacer.emplace(*options.bytes_per_second / kFrame, Clock::now());
        while (go_on()) {
            std::uint64_t due = kFrames;
            if (pacer) {
                std::this_thread::sleep_until(pacer->next());
                due = pacer->due(Clock::now());
            }
            while (due > 0 && go_on()) {
                const std::size_t n = std::min<std::uint64_t>(due, kFrames);
                send(frames.next(n), n * kFrame, true);
                counters.add(n, n * kFrame);
                due -= n;
            }
        }
    }

    void handshake() {
        const Header header{Magic::Handshake, 0};
        send(reinterpret_cast<const char*>(&header), sizeof header, true);
        counters.add(0, sizeof header);
    }

    // Requests.
    std::vector<char> inbox = std::vector<char>(64 * sizeof(Header));
    std::size_t inbox_size = 0;
    std::deque<std::uint64_t> urgent;

    /// Takes requests from the socket, waiting for the first if `wait`.
    void receive(bool wait) {
        const ssize_t n = ::recv(socket.get(), inbox.data() + inbox_size, inbox.size() - inbox_size, wait ? 0 : MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (n < 0) end_stream("receiving requests", errno);
        if (n == 0) throw StreamEnd{"the destination has closed the connection"};
        inbox_size += static_cast<std::size_t>(n);
        std::size_t at = 0;
        for (; at + sizeof(Header) <= inbox_size; at += sizeof(Header)) {
            Header header;
            std::memcpy(&header, inbox.data() + at, sizeof header);
            if (header.magic != Magic::RequestPage)
                throw StreamEnd{fmt::format("the destination sent a message with the magic {:#x}, which is no request for a page",
                                            static_cast<std::uint64_t>(header.magic))};
            if (urgent.size() == kMostRequests)
                throw StreamEnd{fmt::format("the destination has requested {} pages without waiting for one", kMostRequests)};
            urgent.push_back(header.page_index);
        }
        inbox_size -= at;
        std::memmove(inbox.data(), inbox.data() + at, inbox_size);
    }

    /// The frame with the page that was requested first.
    const char* urgent_frame(std::vector<char>& frame) {
        const Header header{Magic::SendPage, urgent.front()};
        std::memcpy(frame.data(), &header, sizeof header);
        urgent.pop_front();
        return frame.data();
    }

    void answered() {
        counters.add_request();
        counters.add(1, kFrame);
    }

    void answer_requests() {
        std::vector<char> frame(kFrame, 'x');
        handshake();
        while (go_on()) {
            receive(true);
            while (!urgent.empty()) {
                send(urgent_frame(frame), kFrame, true);
                answered();
            }
        }
    }

    /// Precopy, and between two of its frames whatever was requested meanwhile. Nothing waits but poll().
    void send_both() {
        Frames frames(vm_pages());
        std::vector<char> urgent_buffer(kFrame, 'x');
        handshake();
        const char* chunk = nullptr;
        std::size_t at = kFrames * kFrame, urgent_at = kFrame;  // all sent
        while (go_on()) {
            pollfd fd{socket.get(), POLLIN | POLLOUT, 0};
            if (::poll(&fd, 1, -1) < 0 && errno != EINTR) end_stream("waiting: poll()", errno);
            if (fd.revents & (POLLIN | POLLHUP | POLLERR)) receive(false);
            if (!(fd.revents & POLLOUT)) continue;
            if (urgent_at == kFrame && at % kFrame == 0 && !urgent.empty()) {
                urgent_frame(urgent_buffer);
                urgent_at = 0;
            }
            if (urgent_at < kFrame) {
                urgent_at += send(urgent_buffer.data() + urgent_at, kFrame - urgent_at, false);
                if (urgent_at == kFrame) answered();
                continue;
            }
            if (at == kFrames * kFrame) {
                chunk = frames.next(kFrames);
                at = 0;
            }
            // Only to the end of the frame when somebody waits.
            const std::size_t end = urgent.empty() ? kFrames * kFrame : (at + kFrame - 1) / kFrame * kFrame;
            const std::size_t sent = send(chunk + at, end - at, false);
            counters.add((at + sent) / kFrame - at / kFrame, sent);
            at += sent;
        }
    }
};

Source::Source(const SourceOptions& options) : impl_(std::make_unique<Impl>(options)) {}

Source::~Source() { stop(); }

void Source::start() {
    impl_->laps.emplace(impl_->counters);
    impl_->thread = std::jthread([impl = impl_.get()] { impl->serve(); });
}

StreamFigures Source::lap() { return impl_->laps->lap(); }

StreamFigures Source::stop() {
    impl_->stopping = true;
    // Wakes the thread wherever it waits.
    ::shutdown(impl_->socket.get(), SHUT_RDWR);
    if (impl_->thread.joinable()) impl_->thread.join();
    return impl_->laps ? impl_->laps->total() : StreamFigures();
}

int Source::ended_fd() const { return impl_->ended.get(); }

std::optional<std::string> Source::failure() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->failure;
}

const std::string& Source::peer() const { return impl_->peer; }

}  // namespace vmmig
