/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/probe.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/network.h"
#include "base/unique_fd.h"
#include "vmmig/packet.h"

namespace vmmig {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

/// So many packets are taken one after another: time goes on, and Ctrl-C ends it, however much comes.
constexpr int kMostAtOnce = 1024;
/// A server does not believe that so many packets were lost.
constexpr std::uint64_t kMostLost = std::uint64_t{1} << 40;

std::uint64_t nanoseconds_of(Clock::time_point time) {
    return static_cast<std::uint64_t>(nanoseconds(time.time_since_epoch()).count());
}

/// Waits for a packet, a signal, or `when`.
enum class Woken { Time, Signal, Packet };
Woken wait(int socket, int signals, Clock::time_point when) {
    const auto left = std::max<nanoseconds>(when - Clock::now(), nanoseconds(0));
    const timespec time = {left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    pollfd fds[] = {{signals, POLLIN, 0}, {socket, POLLIN, 0}};
    const int ready = ::ppoll(fds, 2, &time, nullptr);
    if (ready < 0 && errno != EINTR) throw base::system_error("waiting: ppoll()", errno);
    if (ready <= 0) return Woken::Time;
    return fds[0].revents ? Woken::Signal : Woken::Packet;
}

/// Whether an error of a socket is about the network, which is what is watched.
bool is_of_network(int error) {
    return error == ECONNREFUSED || error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN || error == EHOSTDOWN ||
           error == ENOBUFS || error == EPERM || error == EADDRNOTAVAIL || error == ENODEV || error == EAGAIN;
}

ProbeFigures figures_of(const OutageWatch& watch, Clock::time_point now) {
    ProbeFigures figures;
    figures.received = watch.received();
    figures.lost = watch.lost();
    figures.duplicates = watch.duplicates();
    figures.reordered = watch.reordered();
    figures.gaps = watch.gaps();
    figures.outages = watch.outages();
    figures.quiet = watch.quiet(now);
    return figures;
}

/// The end of each second, and of the whole.
class Seconds {
 public:
    Seconds(std::optional<nanoseconds> duration)
        : next_(Clock::now() + std::chrono::seconds(1)),
          end_(duration ? Clock::now() + *duration : Clock::time_point::max()) {}
    Clock::time_point next() const { return std::min(next_, end_); }
    bool over(Clock::time_point now) const { return now >= end_; }
    /// Whether a second has ended.
    bool ended(Clock::time_point now) {
        if (now < next_) return false;
        next_ = std::max(next_ + std::chrono::seconds(1), now);
        return true;
    }

 private:
    Clock::time_point next_, end_;
};

class Client {
 public:
    Client(const ProbeOptions& options, const ProbeListener& listener)
        : options_(options),
          listener_(listener),
          socket_(base::connect_udp(options.host, options.port)),
          watch_(options.interval),
          session_((static_cast<std::uint64_t>(std::random_device()()) << 32) | std::random_device()()) {}

    ProbeFigures run(const base::StopSignals& signals) {
        Seconds seconds(options_.duration);
        Clock::time_point next = Clock::now();
        if (listener_.first && options_.round_trip) listener_.first(options_.interval);
        for (;;) {
            const Woken woken = wait(socket_.get(), signals.fd(), std::min(next, seconds.next()));
            if (woken == Woken::Signal) break;
            if (woken == Woken::Packet) receive();
            const auto now = Clock::now();
            if (seconds.over(now)) break;
            if (now >= next) {
                late_.record(static_cast<std::uint64_t>(nanoseconds(now - next).count()));
                send(now);
                // After a pause of ours nothing is made up for.
                next = std::max(next + options_.interval, now);
            }
            if (seconds.ended(now) && listener_.second) listener_.second(figures(now));
        }
        receive();
        const auto now = Clock::now();
        if (!options_.round_trip) {
            send_packet({session_, sent_, nanoseconds_of(now), 0});
            return figures(now);
        }
        if (const auto lasting = watch_.finish(now, std::nullopt, pause_); lasting && listener_.outage) listener_.outage(*lasting);
        await_last_answers();
        ProbeFigures all = figures(now);
        all.lost = sent_ - std::min(sent_, all.received);
        return all;
    }

 private:
    /// Those that are under way, where they take no longer than they should.
    void await_last_answers() {
        const auto until = Clock::now() + std::min<nanoseconds>(options_.interval, std::chrono::milliseconds(100));
        while (watch_.received() < sent_ && Clock::now() < until) {
            // Another signal is not waited for.
            wait(socket_.get(), -1, until);
            receive();
        }
    }

    void send(Clock::time_point now) {
        if (sent_ > 0) pause_ = std::max<nanoseconds>(pause_, now - last_sent_);
        last_sent_ = now;
        send_packet({session_, sent_++, nanoseconds_of(now), static_cast<std::uint64_t>(options_.interval.count())});
    }

    void send_packet(const Packet& packet) {
        const auto data = pack(packet);
        if (::send(socket_.get(), data.data(), data.size(), MSG_DONTWAIT) >= 0) return;
        if (!is_of_network(errno)) throw base::system_error(fmt::format("cannot send to {}", options_.host), errno);
        refused_++;
    }

    /// All that is there: answers that have queued up belong to the moment in which the first of them came.
    void receive() {
        char buffer[2048];
        for (int i = 0; i < kMostAtOnce; i++) {
            const ssize_t n = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (n < 0) {
                if (!is_of_network(errno)) throw base::system_error(fmt::format("cannot receive from {}", options_.host), errno);
                refused_++;
                continue;
            }
            answer(unpack(buffer, static_cast<std::size_t>(n)));
        }
    }

    void answer(const std::optional<Packet>& packet) {
        const auto now = Clock::now();
        std::optional<std::uint64_t> number;
        if (packet) {
            // Of another client that had this port before, or made up.
            if (packet->session != session_ || packet->number >= sent_) return;
            number = packet->number;
            const std::uint64_t at = nanoseconds_of(now);
            latency_.record(at > packet->sent ? at - packet->sent : 0);
        }
        if (const auto ended = watch_.arrived(now, number, pause_); ended && listener_.outage) listener_.outage(*ended);
        pause_ = {};
    }

    ProbeFigures figures(Clock::time_point now) const {
        ProbeFigures figures = figures_of(watch_, now);
        figures.sent = sent_;
        figures.latency = latency_;
        figures.refused = refused_;
        figures.late = late_;
        return figures;
    }

    const ProbeOptions& options_;
    const ProbeListener& listener_;
    base::UniqueFd socket_;
    OutageWatch watch_;
    std::uint64_t session_, sent_ = 0, refused_ = 0;
    Clock::time_point last_sent_;
    nanoseconds pause_{};  // the longest between two packets sent, since the last answer
    base::Histogram latency_, late_;
};

class Server {
 public:
    Server(const ProbeOptions& options, const ProbeListener& listener)
        : options_(options),
          listener_(listener),
          socket_(base::bind_udp(options.host, options.port, "is another mig_mon running? --port takes another port")) {}

    ProbeFigures run(const base::StopSignals& signals) {
        Seconds seconds(options_.duration);
        for (;;) {
            const Woken woken = wait(socket_.get(), signals.fd(), seconds.next());
            if (woken == Woken::Signal) break;
            if (woken == Woken::Packet) receive();
            const auto now = Clock::now();
            if (seconds.ended(now) && listener_.second) listener_.second(figures(now));
            if (seconds.over(now)) break;
        }
        const auto now = Clock::now();
        if (!options_.round_trip)
            if (const auto lasting = watch_.finish(now, std::nullopt); lasting && listener_.outage) listener_.outage(*lasting);
        return figures(now);
    }

 private:
    void receive() {
        char data[65536], control[256];
        sockaddr_storage from{};
        iovec part{data, sizeof data};
        for (int i = 0; i < kMostAtOnce; i++) {
            part.iov_len = sizeof data;
            msghdr message{};
            message.msg_name = &from;
            message.msg_namelen = sizeof from;
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            const ssize_t n = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (n < 0) {
                if (!is_of_network(errno)) throw base::system_error("cannot receive packets", errno);
                continue;
            }
            const std::optional<Packet> packet = unpack(data, static_cast<std::size_t>(n));
            const bool counts = !packet || packet->interval_ns > 0;
            received_ += counts;
            if (options_.round_trip) {
                // From the address that it was sent to: the control data that came with it says which.
                part.iov_len = static_cast<std::size_t>(n);
                message.msg_flags = 0;
                if (::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) refused_++;
            }
            if (counts)
                count(packet, message);
            else
                end(*packet);
        }
    }

    /// The client sends no more.
    void end(const Packet& packet) {
        if (options_.round_trip || session_ != packet.session || !believed(packet)) return;
        const auto lasting = watch_.finish(Clock::now(), packet.number - first_);
        if (lasting && listener_.outage) listener_.outage(*lasting);
    }

    /// Whether it may be true what it says about packets before it.
    bool believed(const Packet& packet) const {
        return packet.number >= first_ && packet.number < first_ + watch_.received() + kMostLost;
    }

    void count(const std::optional<Packet>& packet, const msghdr& message) {
        const std::uint64_t session = packet ? packet->session : 0;
        const auto now = Clock::now();
        // One client is measured; others have to wait until it has ended.
        if (!session_ || (*session_ != session && now - heard_ > patience()))
            begin(session, packet, message);
        else if (*session_ != session)
            return;
        heard_ = now;
        if (options_.round_trip) return;
        if (packet && packet->number >= first_ && !believed(*packet)) return;
        const bool known = watch_.interval().has_value();
        const auto ended = watch_.arrived(now, packet ? std::optional(packet->number - std::min(first_, packet->number))
                                                               : std::nullopt,
                                          pause_before(packet));
        if (!known && watch_.interval() && listener_.first) listener_.first(*watch_.interval());
        if (ended && listener_.outage) listener_.outage(*ended);
    }

    /// How long the client took from the packet before this one, if that is the one that came last.
    nanoseconds pause_before(const std::optional<Packet>& packet) {
        if (!packet) return {};
        const Packet before = std::exchange(last_, *packet);
        if (packet->number != before.number + 1 || packet->sent < before.sent) return {};
        return nanoseconds(std::min<std::uint64_t>(packet->sent - before.sent, INT64_MAX));
    }

    nanoseconds patience() const {
        return std::max<nanoseconds>(std::chrono::seconds(1), 2 * watch_.interval().value_or(nanoseconds(0)));
    }

    /// Another client, or one that was started again, is measured from now on.
    void begin(std::uint64_t session, const std::optional<Packet>& packet, const msghdr& message) {
        session_ = session;
        first_ = packet ? packet->number : 0;
        std::optional<nanoseconds> interval;
        if (packet && packet->interval_ns > 0 && packet->interval_ns < 86'400'000'000'000)
            interval = nanoseconds(packet->interval_ns);
        watch_ = OutageWatch(interval);
        if (interval && listener_.first && !options_.round_trip) listener_.first(*interval);
        if (listener_.peer)
            listener_.peer(base::address_name(*static_cast<const sockaddr*>(message.msg_name), message.msg_namelen));
    }

    ProbeFigures figures(Clock::time_point now) const {
        ProbeFigures figures = figures_of(watch_, now);
        figures.received = received_;
        figures.sent = options_.round_trip ? received_ - refused_ : 0;
        return figures;
    }

    const ProbeOptions& options_;
    const ProbeListener& listener_;
    base::UniqueFd socket_;
    std::optional<std::uint64_t> session_;
    Clock::time_point heard_;  // of the session
    std::uint64_t first_ = 0;  // number of the session's first packet that was seen
    Packet last_;             // that came
    OutageWatch watch_{std::nullopt};
    std::uint64_t received_ = 0, refused_ = 0;
};

}  // namespace

ProbeFigures probe_client(const ProbeOptions& options, const base::StopSignals& signals, const ProbeListener& listener) {
    ::prctl(PR_SET_TIMERSLACK, 1);
    return Client(options, listener).run(signals);
}

ProbeFigures probe_server(const ProbeOptions& options, const base::StopSignals& signals, const ProbeListener& listener) {
    return Server(options, listener).run(signals);
}

}  // namespace vmmig
