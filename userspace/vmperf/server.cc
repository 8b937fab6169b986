/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <list>
#include <map>
#include <set>

#include "base/error.h"
#include "base/network.h"
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
        : options_(std::move(options)), counters_(counters), events_(supported_events(counters)), look_(loop_) {
        for (base::UniqueFd& fd : options_.tcp) listeners_.emplace_back(loop_, fd.release(), Way::Tcp);
        if (options_.administrator) listeners_.emplace_back(loop_, options_.administrator.release(), Way::Administrator);
    }

    void run(base::StopSignals& signals) {
        asio::posix::stream_descriptor stop(loop_, ::fcntl(signals.fd(), F_DUPFD_CLOEXEC, 0));
        stop.async_wait(stop.wait_read, [this](const Code&) { end(); });
        look_for_vms();
        await_look();
        if (options_.domains) options_.domains->start({[this](auto running) { pass_on(std::move(running)); }, [this](auto why) { pass_on(why); }});
        for (Listener& listener : listeners_) accept(listener);
        loop_.run();
        options_.domains.reset();
    }

 private:
    struct Listener {
        Listener(asio::io_context& loop, int fd, Way client) : socket(loop, fd), pause(loop), way(client) {}
        asio::posix::stream_descriptor socket;
        asio::steady_timer pause;
        const Way way;
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
            if (accept_one(listener)) return accept(listener);
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
        silent_.push_back(connection.get());
        // Whoever means it says so at once: those that have been silent for longest go.
        if (silent_.size() > options_.limits.silent) silent_.front()->drop("too many connections that say nothing");
        connection->start();
        return true;
    }

    std::shared_ptr<Connection> open(base::UniqueFd fd, int family, Way way, const std::string& name) {
        Connection::Protocol::socket socket(loop_, Connection::Protocol(family, 0), fd.get());
        fd.release();
        auto connection = std::make_shared<Connection>(*this, std::move(socket), way, name);
        connections_.insert(connection);
        return connection;
    }

    vmhost::VmPtr admit(Connection& connection, const Request& hello) override {
        silent_.remove(&connection);
        const vmhost::VmPtr vm = find_vm(connection, hello);
        if (watching_.size() >= options_.limits.clients)
            throw base::Error(fmt::format("{} clients are served already; try again later", watching_.size()));
        const auto of_it = std::ranges::count_if(watching_, [&](const auto& one) { return one.second == vm->process->pid(); });
        if (connection.way() != Way::Administrator && of_it >= options_.limits.clients_of_vm)
            throw base::Error(fmt::format("{} clients watch this VM already; try again later", of_it));
        watching_[&connection] = vm->process->pid();
        if (options_.verbose) base::tell(fmt::format("{}: watches {}", connection.name(), vm->label()));
        return vm;
    }

    vmhost::VmPtr find_vm(Connection& connection, const Request& hello) {
        if (connection.way() == Way::Administrator) {
            if (!is_administrator(connection.fd(), options_.callers)) throw base::Error("only root, and whoever runs this server, may watch all VMs");
            if (hello.vm.empty()) throw base::UsageError("which VM? perf_kvm_server --list shows them");
            look_for_vms();
            return vms_.named(hello.vm);
        }
        if (!hello.vm.empty()) throw base::UsageError("a guest watches itself: to name a VM is for the administrator of the host");
        if (connection.way() == Way::Channel) return channel_vm(connection);
        try {
            return vm_of_connection(connection.fd(), hello.mac, vms_, options_.callers);
        } catch (const base::Error&) {
            // It may have been started just now.
            if (Clock::now() - looked_ < kLookAgain) throw;
            look_for_vms();
            return vm_of_connection(connection.fd(), hello.mac, vms_, options_.callers);
        }
    }

    vmhost::VmPtr channel_vm(Connection& connection) {
        for (const auto& [pid, watched] : watched_)
            for (const auto& [path, channel] : watched->channels)
                if (channel.lock().get() == &connection) return vms_.all().at(pid);
        throw base::Error("the VM of this channel has ended");
    }

    void dismiss(Connection& connection) override { watching_.erase(&connection); }

    void closed(Connection& connection) override {
        silent_.remove(&connection);
        connections_.erase(connection.shared_from_this());
        if (ending_ && connections_.empty()) loop_.stop();
    }

    // VMs.

    void await_look() {
        look_.expires_after(kLookForVms);
        look_.async_wait([this](const Code& error) {
            if (error) return;
            look_for_vms();
            await_look();
        });
    }

    void look_for_vms() {
        vms_.refresh();
        looked_ = Clock::now();
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
            base::UniqueFd fd = base::connect_unix(channel.path, "does its QEMU listen there?", SOCK_NONBLOCK);
            if (!is_channel_of(fd.get(), vm, channel)) throw base::Error(fmt::format("at {} listens another process than its QEMU", channel.path));
            const auto connection = open(std::move(fd), AF_UNIX, Way::Channel, name);
            known = connection;
            connection->start();
        } catch (const base::Error& error) {
            log(name, error.what());
        }
    }

    void end() {
        ending_ = true;
        look_.cancel();
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
    asio::steady_timer look_;
    std::list<Listener> listeners_;
    std::set<std::shared_ptr<Connection>> connections_;
    std::list<Connection*> silent_;           // the one that has been so for longest is the first
    std::map<Connection*, pid_t> watching_;
    vmhost::VmList vms_;
    Clock::time_point looked_;
    std::map<pid_t, std::unique_ptr<Watched>> watched_;
    QuietLog log_;
    bool ending_ = false;
};

Server::Server(ServerOptions options, CounterSource& counters) : impl_(std::make_unique<Impl>(std::move(options), counters)) {}
Server::~Server() = default;

void Server::run(base::StopSignals& signals) { impl_->run(signals); }

}  // namespace vmperf
