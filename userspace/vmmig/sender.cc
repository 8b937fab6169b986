/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/sender.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <thread>

#include "base/network.h"

namespace vmmig {

namespace {

/// Precopy that goes out at once when requested pages may have to go in between.
constexpr std::size_t kBothFrames = kPacket / kFrame;

constexpr std::chrono::milliseconds kNap{100};

/// A bandwidth is a limit: what the destination did not take in time is not sent faster later, but for short pauses.
constexpr std::chrono::milliseconds kMakeUp{50};

[[noreturn]] void end_unread() {
    throw StreamEnd{fmt::format("the destination has read nothing for {} s, or is gone", base::kSilentMsec / 1000)};
}

/// Spreads indices evenly over all numbers.
std::uint64_t hash(std::uint64_t page) {
    page = (page ^ page >> 31) * 0x9fb21c651e98df25;
    return (page ^ page >> 28) * 0xd6e8feb86659fd93;
}

std::uint64_t hash_limit(double part) {
    return part >= 1 ? UINT64_MAX : static_cast<std::uint64_t>(std::max(part, 0.0) * std::ldexp(1.0, 64));
}

timespec time_until(Clock::time_point when) {
    const auto left = std::clamp<std::chrono::nanoseconds>(when - Clock::now(), {}, std::chrono::hours(1));
    return {static_cast<time_t>(left.count() / 1'000'000'000), static_cast<long>(left.count() % 1'000'000'000)};
}

/// Of the path, as the kernel knows it; 0 when it does not.
std::chrono::nanoseconds shortest_round_trip(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size)) return {};
    // ~0 means that there has been none.
    return info.tcpi_min_rtt == UINT32_MAX ? std::chrono::microseconds(0) : std::chrono::microseconds(info.tcpi_min_rtt);
}

}  // namespace

Frames::Frames(double zero_pages) : zero_below_(hash_limit(zero_pages)), buffer_(kMost * kFrame) {
    // Something that no link or storage compresses away.
    std::uint64_t word = 1;
    for (std::size_t i = 0; i + 8 <= buffer_.size(); i += 8) {
        word = word * 6364136223846793005 + 1442695040888963407;
        std::memcpy(buffer_.data() + i, &word, 8);
    }
    ends_.reserve(kMost);
}

void Frames::put(std::span<const std::uint64_t> pages) {
    ends_.clear();
    sent_ = complete_ = 0;
    std::size_t at = 0;
    for (const std::uint64_t page : pages) {
        const bool zero = hash(page) < zero_below_;
        const Header header{Magic::SendPage, zero ? page | kZeroPage : page};
        std::memcpy(buffer_.data() + at, &header, sizeof header);
        at += zero ? sizeof header : kFrame;
        ends_.push_back(at);
    }
}

std::span<const char> Frames::rest_of_frame() const {
    const std::size_t begin = complete_ == 0 ? 0 : ends_[complete_ - 1];
    if (empty() || sent_ == begin) return {};
    return rest().first(ends_[complete_] - sent_);
}

std::size_t Frames::sent(std::size_t bytes) {
    sent_ += bytes;
    const std::size_t before = complete_;
    while (complete_ < ends_.size() && ends_[complete_] <= sent_) complete_++;
    return complete_ - before;
}

Sender::Sender(int socket, const SenderOptions& options, StreamCounters& counters, std::function<bool()> go_on)
    : socket_(socket),
      options_(options),
      counters_(counters),
      go_on_(std::move(go_on)),
      requests_(options.requested_pages),
      precopy_(options.zero_pages),
      urgent_(options.zero_pages),
      window_(options.window, Clock::now()) {}

void Sender::run() {
    // The size of a frame differs where pages are zero; the rate is that of bytes.
    const double frame = static_cast<double>(kFrame) - options_.zero_pages * static_cast<double>(kPage);
    if (options_.precopy && options_.bytes_per_second) pacer_.emplace(*options_.bytes_per_second / frame, Clock::now(), kMakeUp);
    if (options_.postcopy) handshake();
    if (options_.precopy && options_.postcopy)
        send_both();
    else if (options_.precopy)
        send_precopy();
    else
        answer_requests();
}

/// Returns what has been sent: all, or with MSG_DONTWAIT what there is room for.
std::size_t Sender::send(std::span<const char> bytes, int flags) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | flags);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && (flags & MSG_DONTWAIT)) break;
        // Which of both comes first depends on the kernel at the other end.
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETIMEDOUT)) end_unread();
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            throw StreamEnd{"the destination has closed the connection; if it still runs it tells why"};
        if (n < 0) end_stream("sending pages", errno);
        sent += static_cast<std::size_t>(n);
        if (flags & MSG_DONTWAIT) break;
    }
    return sent;
}

void Sender::count(std::size_t pages, std::size_t bytes) {
    counters_.add(pages, bytes);
    for (std::uint64_t done = requests_.done(); done > 0; done--) counters_.add_request();
}

void Sender::send_all(Frames& frames) {
    const std::size_t bytes = send(frames.rest(), 0);
    count(frames.sent(bytes), bytes);
}

void Sender::handshake() {
    const Header header{Magic::Handshake, 0};
    send({reinterpret_cast<const char*>(&header), sizeof header}, 0);
    count(0, sizeof header);
}

/// Takes requests from the socket.
void Sender::receive(int flags) {
    const std::span<char> room = requests_.room();
    const ssize_t n = ::recv(socket_, room.data(), room.size(), flags);
    const bool nothing = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    // One request is always under way.
    if (nothing && !(flags & MSG_DONTWAIT))
        throw StreamEnd{fmt::format("the destination has requested no page for {} s", base::kSilentMsec / 1000)};
    if (nothing || (n < 0 && errno == EINTR)) return;
    if (n < 0 && errno == ETIMEDOUT) end_unread();
    if (n < 0) end_stream("receiving requests", errno);
    if (n == 0) throw StreamEnd{"the destination has closed the connection"};
    requests_.take(static_cast<std::size_t>(n));
}

/// Puts up to `most` pages into precopy_. False when there are no more.
bool Sender::put_precopy(std::size_t most) {
    std::array<std::uint64_t, Frames::kMost> pages;
    const std::size_t n = options_.precopy->next(std::span(pages).first(std::min(most, pages.size())), Clock::now());
    precopy_.put(std::span(pages).first(n));
    return n > 0;
}

void Sender::put_urgent() {
    std::array<std::uint64_t, Frames::kMost> pages;
    std::size_t n = 0;
    while (n < pages.size() && !requests_.empty()) pages[n++] = requests_.next();
    urgent_.put(std::span(pages).first(n));
}

void Sender::send_precopy() {
    while (go_on_()) {
        std::size_t due = Frames::kMost;
        if (pacer_) {
            // Not for so long that nobody can end it.
            std::this_thread::sleep_until(std::min(pacer_->next(), Clock::now() + kNap));
            if (Clock::now() < pacer_->next()) continue;
            due = pacer_->due(Clock::now());
        }
        while (due > 0 && go_on_()) {
            const std::size_t n = std::min(due, Frames::kMost);
            if (!put_precopy(n)) return;
            send_all(precopy_);
            due -= n;
        }
    }
}

void Sender::answer_requests() {
    while (go_on_()) {
        receive(0);
        while (!requests_.empty() && go_on_()) {
            put_urgent();
            send_all(urgent_);
        }
    }
}

/// Precopy, and between two of its frames whatever was requested meanwhile. Nothing waits but poll().
void Sender::send_both() {
    while (go_on_()) {
        receive(MSG_DONTWAIT);
        put_what_may_go();
        if (over_) return;
        if (!send_what_fits()) wait_for_peer();
    }
}

void Sender::put_what_may_go() {
    if (!urgent_.empty() || !precopy_.rest_of_frame().empty()) return;
    if (!requests_.empty()) {
        put_urgent();
        return;
    }
    if (!precopy_.empty()) return;
    const auto now = Clock::now();
    if (window_.stale(now)) keep_window();
    if (now >= window_.opens()) window_.open();
    std::uint64_t may = std::min<std::uint64_t>(window_.room() / kFrame, kBothFrames);
    if (pacer_) {
        if (due_ == 0 && now >= pacer_->next()) due_ = pacer_->due(now);
        may = std::min(may, due_);
        due_ -= may;
    }
    if (may > 0) over_ = !put_precopy(may);
}

/// Returns whether there was something to send, and room for some of it.
bool Sender::send_what_fits() {
    if (!urgent_.empty()) {
        const std::size_t bytes = send(urgent_.rest(), MSG_DONTWAIT);
        count(urgent_.sent(bytes), bytes);
        if (urgent_.empty()) window_.answered(Clock::now());
        return bytes > 0;
    }
    // Only to the end of the frame when somebody waits.
    const std::size_t bytes = send(requests_.empty() ? precopy_.rest() : precopy_.rest_of_frame(), MSG_DONTWAIT);
    window_.sent(bytes);
    count(precopy_.sent(bytes), bytes);
    return bytes > 0;
}

/// Until there is room for what is to be sent, or a request, or time for something to be sent.
void Sender::wait_for_peer() {
    const bool sending = !urgent_.empty() || !precopy_.empty();
    pollfd fd{socket_, static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0};
    timespec timeout{base::kSilentMsec / 1000, 0};
    if (!sending) {
        const bool closed = window_.room() < kFrame;
        timeout = time_until(closed ? window_.opens() : pacer_->next());
    }
    const int ready = ::ppoll(&fd, 1, &timeout, nullptr);
    if (ready < 0 && errno != EINTR) end_stream("waiting: poll()", errno);
    if (ready == 0 && sending) end_unread();
}

void Sender::keep_window() { window_.update(Clock::now(), shortest_round_trip(socket_)); }

}  // namespace vmmig
