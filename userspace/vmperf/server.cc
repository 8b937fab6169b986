/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <cstring>
#include <list>
#include <map>
#include <set>

#include "base/error.h"
#include "base/network.h"
#include "base/terminal.h"
#include "base/tool_main.h"
#include "vmhost/domains.h"
#include "vmhost/vm_list.h"
#include "vmperf/event.h"
#include "vmperf/log.h"

namespace vmperf {

namespace asio = boost::asio;
using Code = boost::system::error_code;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

using Way = Connection::Way;
using Json = nlohmann::ordered_json;

constexpr auto kLookForVms = 5s;
/// When a client comes from a VM that is not known yet.
constexpr auto kLookAgain = 100ms;
/// Without room for another connection, until the next try.
constexpr auto kPause = 100ms;
/// What the clients of one VM may take of a window: the others are served in what is left.
constexpr auto kWindow = 1s;
constexpr auto kShare = 250ms;
/// For clients to take what they are told at the end.
constexpr auto kLastWords = 3s;

const char* kind_of(const Event& event) {
    switch (event.attr.type) {
        case PERF_TYPE_HARDWARE: return "hardware";
        case PERF_TYPE_HW_CACHE: return "cache";
        case PERF_TYPE_SOFTWARE: return "software";
        default: return "pmu";
    }
}

/// Which of those with a name of their own can be counted here: tried with this thread.
Json supported_events(CounterSource& source) {
    Json list = Json::array();
    for (const std::string& name : event_names()) {
        try {
            const Event event = parse_event(name);
            list.push_back({{"event", name}, {"kind", kind_of(event)}, {"supported", source.group(0)->add(event.attr) == 0}});
        } catch (const base::UsageError&) {
            // A PMU that counts what is not told in terms that are known here.
        }
    }
    return list;
}

}  // namespace

class Server::Impl : public ConnectionOwner {
 public:
    Impl(ServerOptions options, CounterSource& counters)
        : options_(std::move(options)), counters_(counters), events_(supported_events(counters)), look_(loop_), last_words_(loop_), links_(loop_) {
        // Who connects may be gone before he is accepted.
        for (const base::UniqueFd& fd : options_.tcp) ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
        if (options_.administrator) ::fcntl(options_.administrator.get(), F_SETFL, O_NONBLOCK);
        for (base::UniqueFd& fd : options_.tcp) listeners_.emplace_back(loop_, fd.release(), Way::Tcp);
        if (options_.administrator) listeners_.emplace_back(loop_, options_.administrator.release(), Way::Administrator);
    }

    void run(base::StopSignals& signals) {
        asio::posix::stream_descriptor stop(loop_, ::fcntl(signals.fd(), F_DUPFD_CLOEXEC, 0));
        stop.async_wait(stop.wait_read, [this](const Code&) { end(); });
        look_for_vms();
        look_.expires_after(kLookForVms);
        await_look();
        if (options_.domains) options_.domains->start({[this](auto running) { pass_on(std::move(running)); }, [this](auto why) { pass_on(why); }});
        for (Listener& listener : listeners_) accept(listener);
        await_links();
        while (!loop_.stopped()) {
            try {
                loop_.run();
            } catch (const std::exception& error) {
                // One client's fault is not the others'.
                log("server", error.what());
            }
        }
        options_.domains.reset();
    }

 private:
    struct Listener {
        Listener(asio::io_context& loop, int fd, Way client) : socket(loop, fd), pause(loop), way(client) {}
        asio::posix::stream_descriptor socket;
        asio::steady_timer pause;
        const Way way;
    };
    /// What the clients of a VM took of the server's time.
    struct Spent {
        Clock::time_point since;
        Clock::duration time{};
    };
    /// What is kept of each VM while it runs.
    struct Watched {
        Watched(asio::io_context& loop, int pidfd) : end(loop, pidfd) {}
        asio::posix::stream_descriptor end;
        std::map<std::string, std::weak_ptr<Connection>> channels;  // by path
    };

    CounterSource& counters() override { return counters_; }
    const Limits& limits() const override { return options_.limits; }
    const Json& events() override { return events_; }

    void log(const std::string& who, const std::string& what) override {
        // Not the port: a guest has many.
        const std::string line = log_.line(who.substr(0, who.rfind(':')), what, Clock::now());
        if (!line.empty()) base::tell(line);
    }

    // Clients.

    void accept(Listener& listener) {
        listener.socket.async_wait(listener.socket.wait_read, [this, &listener](const Code& error) {
            if (error) return;
            bool room = false;
            try {
                room = accept_one(listener);
            } catch (const std::exception& failure) {
                log("clients", failure.what());
            }
            if (room) return accept(listener);
            listener.pause.expires_after(kPause);
            listener.pause.async_wait([this, &listener](const Code& stopped) {
                if (!stopped) accept(listener);
            });
        });
    }

    /// False when there is no room for another.
    bool accept_one(Listener& listener) {
        base::UniqueFd fd(::accept4(listener.socket.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd) {
            const bool room = errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
            if (!room) log("clients", fmt::format("cannot take another: {}", std::strerror(errno)));
            return room;
        }
        if (listener.way == Way::Tcp) base::prepare_stream(fd.get());
        const std::string name = listener.way == Way::Tcp ? base::peer_name(fd.get()) : "the administrator";
        const int family = listener.way == Way::Tcp ? AF_INET : AF_UNIX;
        const auto connection = open(std::move(fd), family, listener.way, name);
        connection->origin = origin(*connection);
        waits(*connection);
        connection->start();
        return true;
    }

    /// A guest has as many addresses as it likes, but one tap.
    std::string origin(Connection& connection) {
        if (connection.way() == Way::Administrator) return "administrator";
        const std::string tap = options_.marks ? options_.marks->tap_of(connection.fd()) : "";
        return tap.empty() ? connection.name().substr(0, connection.name().rfind(':')) : "tap " + tap;
    }

    /// Whoever means it says so at once: of whom there are most the one goes that has been silent for longest.
    void waits(Connection& connection) override {
        waiting_.remove(&connection);
        waiting_.push_back(&connection);
        if (waiting_.size() <= options_.limits.silent) return;
        std::map<std::string, std::size_t> origins;
        for (const Connection* one : waiting_) origins[one->origin]++;
        const auto most = std::ranges::max_element(origins, {}, [](const auto& one) { return one.second; });
        const auto oldest = std::ranges::find(waiting_, most->first, [](const Connection* one) { return one->origin; });
        // Not at once: it may be this one that is handled just now.
        asio::post(loop_, [oldest = (*oldest)->shared_from_this()] { oldest->make_room(); });
        waiting_.erase(oldest);
    }

    std::shared_ptr<Connection> open(base::UniqueFd fd, int family, Way way, const std::string& name) {
        Connection::Protocol::socket socket(loop_, Connection::Protocol(family, 0), fd.get());
        fd.release();
        auto connection = std::make_shared<Connection>(*this, std::move(socket), way, name);
        connections_.insert(connection);
        return connection;
    }

    vmhost::VmPtr admit(Connection& connection, const Request& hello) override {
        waiting_.remove(&connection);
        const vmhost::VmPtr vm = find_vm(connection, hello);
        if (connection.way() != Way::Administrator && !has_time(vm->process->pid()))
            throw base::Error("this VM keeps the server busy; try again later");
        if (watching_.size() >= options_.limits.clients)
            throw base::Error(fmt::format("{} clients are served already; try again later", watching_.size()));
        const auto of_it = std::ranges::count_if(watching_, [&](const auto& one) { return one.second == vm->process->pid(); });
        if (connection.way() != Way::Administrator && of_it >= options_.limits.clients_of_vm)
            throw base::Error(fmt::format("{} client{} this VM already; try again later", of_it, of_it == 1 ? " watches" : "s watch"));
        watching_[&connection] = vm->process->pid();
        if (options_.verbose) base::tell(base::printable(fmt::format("{}: watches {}", connection.name(), vm->label())));
        return vm;
    }

    vmhost::VmPtr find_vm(Connection& connection, const Request& hello) {
        if (connection.way() == Way::Administrator) {
            if (!is_administrator(connection.fd(), options_.callers)) throw base::Error("only root, and whoever runs this server, may watch all VMs");
            if (hello.vm.empty()) throw base::UsageError("which VM? perf_kvm_server --list shows them");
            return with_second_look([&] { return vms_.named(hello.vm); });
        }
        if (!hello.vm.empty()) throw base::UsageError("a guest watches itself: to name a VM is for the administrator of the host");
        if (connection.way() == Way::Channel) return channel_vm(connection);
        return with_second_look([&] { return vm_of_connection(connection.fd(), hello.mac, vms_, options_.callers); });
    }

    template <class Find>
    vmhost::VmPtr with_second_look(Find find) {
        try {
            return find();
        } catch (const base::Error&) {
            // It may have been started just now.
            if (Clock::now() - looked_ < kLookAgain) throw;
            look_for_vms();
            return find();
        }
    }

    vmhost::VmPtr channel_vm(Connection& connection) {
        for (const auto& [pid, watched] : watched_)
            for (const auto& [path, channel] : watched->channels)
                if (channel.lock().get() == &connection) return vms_.all().at(pid);
        throw base::Error("the VM of this channel has ended");
    }

    std::size_t counters_left(const Connection& connection) const override {
        std::size_t left = options_.limits.counters;
        if (connection.way() == Way::Administrator) return left;
        for (const auto& other : connections_)
            if (other->vm() && other->way() != Way::Administrator && other->vm()->process->pid() == connection.vm()->process->pid())
                left -= std::min(left, other->counters());
        return left;
    }

    bool has_time(const Connection& connection) const override {
        return connection.way() == Way::Administrator || !connection.vm() || has_time(connection.vm()->process->pid());
    }

    bool has_time(pid_t vm) const {
        const auto spent = spent_.find(vm);
        return spent == spent_.end() || Clock::now() - spent->second.since > kWindow || spent->second.time < kShare;
    }

    void took(const Connection& connection, Clock::duration time) override {
        if (!connection.vm() || connection.way() == Way::Administrator) return;
        Spent& spent = spent_[connection.vm()->process->pid()];
        if (Clock::now() - spent.since > kWindow) spent = {Clock::now(), {}};
        spent.time += time;
    }

    void close(std::unique_ptr<Session> session) override {
        asio::post(closer_, [session = std::shared_ptr<Session>(std::move(session))]() mutable { session.reset(); });
    }

    void dismiss(Connection& connection) override { watching_.erase(&connection); }

    void closed(Connection& connection) override {
        waiting_.remove(&connection);
        connections_.erase(connection.shared_from_this());
        if (ending_ && connections_.empty()) loop_.stop();
    }

    // VMs.

    void await_look() {
        look_.async_wait([this](const Code& error) {
            if (error || ending_) return;
            look_for_vms();
            look_.expires_after(kLookForVms);
            await_look();
        });
    }

    /// What cannot be looked at now is looked at again soon.
    void look_for_vms() {
        if (ending_) return;
        try {
            look();
        } catch (const std::exception& error) {
            log("VMs", error.what());
        }
    }

    void look() {
        vms_.refresh();
        looked_ = Clock::now();
        std::erase_if(spent_, [&](const auto& one) { return !vms_.all().contains(one.first); });
        std::erase_if(watched_, [&](const auto& one) { return !vms_.all().contains(one.first); });
        mark_taps();
        for (const auto& [pid, vm] : vms_.all()) {
            auto& watched = watched_[pid];
            if (!watched) watch(watched, *vm);
            for (const auto& channel : vm->command.channels)
                if (channel.name == kChannelName && !channel.path.empty()) listen_at(*watched, *vm, channel);
        }
    }

    void mark_taps() {
        if (!options_.marks) return;
        std::set<std::string> taps;
        for (const auto& [pid, vm] : vms_.all()) taps.insert(vm->taps.begin(), vm->taps.end());
        try {
            options_.marks->follow(taps);
        } catch (const base::Error& error) {
            log("taps", error.what());
        }
    }

    /// A network card that comes has its tap at once, and its first packet may be for us.
    void await_links() {
        base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
        sockaddr_nl address{};
        address.nl_family = AF_NETLINK;
        address.nl_groups = RTMGRP_LINK;
        // Without it they are found a little later.
        if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address)) return;
        links_.assign(fd.release());
        await_link();
    }

    void await_link() {
        links_.async_wait(links_.wait_read, [this](const Code& error) {
            if (error || ending_) return;
            char text[8192];
            // What has changed does not matter; nor what was lost.
            while (::recv(links_.native_handle(), text, sizeof text, 0) > 0 || errno == ENOBUFS) continue;
            // Many at once are one.
            if (look_.expiry() > Clock::now() + kLookAgain) {
                look_.expires_after(kLookAgain);
                await_look();
            }
            await_link();
        });
    }

    /// From the thread that waits for libvirt.
    void pass_on(std::vector<vmhost::Domain> running) {
        asio::post(loop_, [this, domains = std::move(running)]() mutable {
            vms_.know(std::move(domains));
            look_for_vms();
        });
    }

    void pass_on(const std::string& trouble) {
        asio::post(loop_, [this, trouble] { log("domains", trouble + "; VMs are known by their processes alone"); });
    }

    void watch(std::unique_ptr<Watched>& watched, const vmhost::Vm& vm) {
        watched = std::make_unique<Watched>(loop_, ::fcntl(vm.process->pidfd(), F_DUPFD_CLOEXEC, 0));
        watched->end.async_wait(watched->end.wait_read, [this, pid = vm.process->pid()](const Code& error) {
            if (!error) vm_ended(pid);
        });
    }

    void vm_ended(pid_t pid) {
        std::vector<std::shared_ptr<Connection>> watchers;
        for (const auto& connection : connections_)
            if (connection->vm() && connection->vm()->process->pid() == pid) watchers.push_back(connection);
        for (const auto& connection : watchers) connection->end("the VM has ended");
        watched_.erase(pid);
        look_for_vms();
    }

    void listen_at(Watched& watched, const vmhost::Vm& vm, const vmhost::QemuCommand::Channel& channel) {
        auto& known = watched.channels[channel.path];
        if (!known.expired()) return;
        const std::string name = fmt::format("channel of {}", vm.label());
        try {
            const auto connection = open(connect_to_channel(vm, channel.path), AF_UNIX, Way::Channel, name);
            known = connection;
            connection->start();
        } catch (const base::Error& error) {
            log(name, error.what());
        }
    }

    void end() {
        ending_ = true;
        look_.cancel();
        links_.close();
        last_words_.expires_after(kLastWords);
        last_words_.async_wait([this](const Code&) { loop_.stop(); });
        for (Listener& listener : listeners_) {
            listener.socket.close();
            listener.pause.cancel();
        }
        const auto connections = connections_;
        for (const auto& connection : connections) {
            connection->end("the server ends");
            if (connection->way() == Way::Channel) connection->drop("");
        }
        if (connections_.empty()) loop_.stop();
    }

    asio::io_context loop_{1};
    ServerOptions options_;
    CounterSource& counters_;
    const Json events_;
    asio::steady_timer look_, last_words_;
    asio::posix::stream_descriptor links_;  // tells of network interfaces that come and go
    std::list<Listener> listeners_;
    std::set<std::shared_ptr<Connection>> connections_;
    std::list<Connection*> waiting_;  // the one that does for longest is the first
    std::map<Connection*, pid_t> watching_;
    vmhost::VmList vms_;
    Clock::time_point looked_;
    std::map<pid_t, std::unique_ptr<Watched>> watched_;
    std::map<pid_t, Spent> spent_;
    QuietLog log_;
    bool ending_ = false;
    asio::thread_pool closer_{1};
};

Server::Server(ServerOptions options, CounterSource& counters) : impl_(std::make_unique<Impl>(std::move(options), counters)) {}
Server::~Server() = default;

void Server::run(base::StopSignals& signals) { impl_->run(signals); }

}  // namespace vmperf
