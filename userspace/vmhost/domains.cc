/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/domains.h"

#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/terminal.h"

namespace vmhost {

namespace {

using Session = std::unique_ptr<virConnect, decltype(&::virConnectClose)>;
using Text = std::unique_ptr<char, decltype(&::free)>;
using DomainPtr = std::unique_ptr<virDomain, decltype(&::virDomainFree)>;

constexpr std::chrono::seconds kAgain{10};
/// Whoever answers nothing for three times as long is gone.
constexpr int kKeepAlive = 5;  // s
/// How long the end of this process waits for an event.
constexpr int kStep = 200;  // ms
constexpr std::chrono::seconds kLastWords{2};

[[noreturn]] void fail(const std::string& doing) {
    const char* why = ::virGetLastErrorMessage();
    throw base::Error(fmt::format("libvirt: {}: {}", doing, base::printable(why ? why : "no reason is told")));
}

/// Errors are told as such; libvirt would print them, too.
void be_quiet() {
    ::virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
}

Session open(const std::string& uri) {
    be_quiet();
    Session session(::virConnectOpenReadOnly(uri.empty() ? nullptr : uri.c_str()), ::virConnectClose);
    if (!session) fail("cannot connect");
    return session;
}

/// Libvirt's own files tell which process is a domain's QEMU: that of the system in /run, that of a user among his.
pid_t pid_of(const std::string& name, virConnect* session) {
    const Text uri(::virConnectGetURI(session), ::free);
    std::string folder = "/run/libvirt/qemu";
    if (uri && std::string_view(uri.get()).ends_with("/session")) {
        const char* runtime = ::getenv("XDG_RUNTIME_DIR");
        folder = (runtime ? runtime : "") + std::string("/libvirt/qemu/run");
    }
    pid_t pid = 0;
    std::ifstream(fmt::format("{}/{}.pid", folder, name)) >> pid;
    return pid;
}

std::vector<Domain> list(virConnect* session) {
    virDomainPtr* found = nullptr;
    const int count = ::virConnectListAllDomains(session, &found, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (count < 0) fail("cannot list domains");
    std::vector<DomainPtr> domains;
    for (int i = 0; i < count; i++) domains.emplace_back(found[i], ::virDomainFree);
    ::free(found);
    std::vector<Domain> running;
    for (const DomainPtr& domain : domains) {
        const Text xml(::virDomainGetXMLDesc(domain.get(), 0), ::free);
        // It has ended meanwhile.
        if (!xml) continue;
        try {
            running.push_back(parse_domain(xml.get()));
            running.back().pid = pid_of(running.back().name, session);
        } catch (const base::Error&) {
            // One that is described in an unknown way does not hide the others.
        }
    }
    return running;
}

/// A connection on which libvirt tells of changes.
class Connection {
 public:
    explicit Connection(const std::string& uri) : session_(open(uri)) {
        ::virConnectSetKeepAlive(session_.get(), kKeepAlive, 3);
        if (::virConnectDomainEventRegister(session_.get(), changed, this, nullptr)) fail("cannot be told of domains that come and go");
    }
    ~Connection() { ::virConnectDomainEventDeregister(session_.get(), changed); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool alive() const { return ::virConnectIsAlive(session_.get()) == 1; }
    /// Whether one has come or gone since this was asked last.
    bool take_change() { return std::exchange(changed_, false); }
    std::vector<Domain> domains() const { return list(session_.get()); }

 private:
    static int changed(virConnectPtr, virDomainPtr, int, int, void* self) {
        static_cast<Connection*>(self)->changed_ = true;
        return 0;
    }
    Session session_;
    bool changed_ = true;
};

}  // namespace

std::vector<Domain> running_domains(const std::string& uri) { return list(open(uri).get()); }

/// What the thread and whoever has started it share.
class DomainWatch::Work {
 public:
    explicit Work(std::string uri) : uri_(std::move(uri)) {
        ::virEventRegisterDefaultImpl();
        try_to_connect();
    }

    void run(News news) {
        news_ = std::move(news);
        // Events are waited for with a time limit, so that this thread can end.
        const int timer = ::virEventAddTimeout(kStep, [](int, void*) {}, nullptr, nullptr);
        while (!stopped()) {
            if (connection_) watch();
            tell_trouble();
            std::unique_lock lock(mutex_);
            changes_.wait_for(lock, kAgain, [this] { return stopping_; });
            lock.unlock();
            try_to_connect();
        }
        connection_.reset();
        ::virEventRemoveTimeout(timer);
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changes_.notify_all();
    }

    /// Whether the thread has ended soon.
    bool stop() {
        std::unique_lock lock(mutex_);
        stopping_ = true;
        changes_.notify_all();
        return changes_.wait_for(lock, kLastWords, [this] { return ended_; });
    }

 private:
    void try_to_connect() {
        try {
            connection_ = std::make_unique<Connection>(uri_);
            trouble_told_ = false;
        } catch (const std::exception& error) {
            trouble_ = error.what();
        }
    }

    /// While the connection holds.
    void watch() {
        trouble_ = "libvirt has ended";
        try {
            while (!stopped() && connection_->alive()) {
                if (connection_->take_change()) tell(connection_->domains());
                ::virEventRunDefaultImpl();
            }
        } catch (const std::exception& error) {
            trouble_ = error.what();
        }
        connection_.reset();
        tell({});
    }

    void tell(std::vector<Domain> domains) {
        const std::lock_guard lock(mutex_);
        if (!stopping_) news_.changed(std::move(domains));
    }

    void tell_trouble() {
        const std::lock_guard lock(mutex_);
        if (!stopping_ && !std::exchange(trouble_told_, true)) news_.trouble(trouble_);
    }

    bool stopped() {
        const std::lock_guard lock(mutex_);
        return stopping_;
    }

    const std::string uri_;
    News news_;
    std::unique_ptr<Connection> connection_;  // null while libvirt is away
    std::string trouble_;
    bool trouble_told_ = false;
    std::mutex mutex_;
    std::condition_variable changes_;
    bool stopping_ = false, ended_ = false;
};

DomainWatch::DomainWatch(std::string uri) : work_(std::make_shared<Work>(std::move(uri))) {}

void DomainWatch::start(News news) {
    thread_ = std::thread([work = work_, news = std::move(news)] { work->run(news); });
}

DomainWatch::~DomainWatch() {
    if (!thread_.joinable()) return;
    if (work_->stop()) thread_.join();
    else thread_.detach();
}

}  // namespace vmhost
