/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/destination.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/unique_fd.h"
#include "vmmig/memory.h"
#include "vmmig/pacer.h"
#include "vmmig/network.h"

namespace vmmig {

namespace {

constexpr std::size_t kFrame = sizeof(Header) + kPage;
/// Read at once: small enough to stay in the cache until it is stored.
constexpr std::size_t kInbox = 64 * kFrame;

/// What is wrong with a header whose magic is unknown.
std::string nonsense(std::uint64_t magic, std::uint64_t pages) {
    if (__builtin_bswap64(magic) >> 4 == 0x12)
        return "its messages have another byte order: it runs on a machine of the other endianness";
    if (pages > 0)
        return fmt::format("behind a page comes {:#x} where a message should begin: its pages have another size than {}, or it "
                           "sends nonsense",
                           magic, kPage);
    return fmt::format("its first message has the magic {:#x}: it is no source of mig_mon", magic);
}

}  // namespace

/// One source.
class DestinationStream {
 public:
    DestinationStream(base::UniqueFd socket, const DestinationOptions& options, StreamCounters& counters)
        : socket_(std::move(socket)),
          peer_(peer_name(socket_.get())),
          pages_(std::max<std::uint64_t>(options.vm_bytes / kPage, 1)),
          memory_(std::min(pages_ * kPage, options.memory_bytes), Backing::Default),
          counters_(counters),
          random_(std::random_device()()) {
        prepare_stream(socket_.get());
    }

    const std::string& peer() const { return peer_; }

    /// Until it ends; returns why.
    std::string serve() {
        ::prctl(PR_SET_TIMERSLACK, 1);
        try {
            for (;;) {
                receive();
                std::size_t at = 0;
                while (const std::size_t size = message(at)) at += size;
                size_ -= at;
                std::memmove(inbox_.data(), inbox_.data() + at, size_);
            }
        } catch (const StreamEnd& end) {
            return end.why;
        }
    }

    /// From another thread: serve() returns.
    void end() { ::shutdown(socket_.get(), SHUT_RDWR); }

    /// From another thread: the latencies since the call before.
    base::Histogram take_latency() {
        std::lock_guard lock(mutex_);
        return std::exchange(latency_, {});
    }

 private:
    void receive() {
        ssize_t n;
        do n = ::recv(socket_.get(), inbox_.data() + size_, inbox_.size() - size_, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0) end_stream("receiving pages", errno);
        if (n == 0) throw StreamEnd{size_ ? "it went in the middle of a message" : "it has closed the connection"};
        size_ += static_cast<std::size_t>(n);
    }

    /// Does what the message at `at` wants, and returns its size; 0 when it is not there as a whole.
    std::size_t message(std::size_t at) {
        if (at + sizeof(Header) > size_) return 0;
        Header header;
        std::memcpy(&header, inbox_.data() + at, sizeof header);
        switch (header.magic) {
            case Magic::SendPage:
                if (at + kFrame > size_) {
                    // Nobody has to send the page to be told.
                    check(header.page_index);
                    return 0;
                }
                store(header.page_index, inbox_.data() + at + sizeof header);
                return kFrame;
            case Magic::Handshake:
                counters_.add(0, sizeof header);
                request();
                return sizeof header;
            default:
                throw StreamEnd{nonsense(static_cast<std::uint64_t>(header.magic), stored_)};
        }
    }

    void check(std::uint64_t page) const {
        if (page >= pages_)
            throw StreamEnd{fmt::format("it sent page {} of a VM that has {} here: give both ends the same -S", page, pages_)};
    }

    void store(std::uint64_t page, const char* data) {
        check(page);
        std::memcpy(memory_.data() + page % memory_.pages() * kPage, data, kPage);
        stored_++;
        counters_.add(1, kFrame);
        if (page == requested_) answered();
    }

    void answered() {
        const auto took = Clock::now() - asked_;
        {
            std::lock_guard lock(mutex_);
            latency_.record(static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count()));
        }
        counters_.add_request();
        request();
    }

    void request() {
        requested_ = std::uniform_int_distribution<std::uint64_t>(0, pages_ - 1)(random_);
        const Header header{Magic::RequestPage, requested_};
        asked_ = Clock::now();
        if (::send(socket_.get(), &header, sizeof header, MSG_NOSIGNAL) < 0) end_stream("requesting a page", errno);
    }

    base::UniqueFd socket_;
    std::string peer_;
    std::uint64_t pages_;  // of the VM
    Memory memory_;
    StreamCounters& counters_;
    std::vector<char> inbox_ = std::vector<char>(kInbox);
    std::size_t size_ = 0;
    std::uint64_t stored_ = 0;
    std::uint64_t requested_ = UINT64_MAX;  // none
    Clock::time_point asked_;
    std::minstd_rand random_;
    std::mutex mutex_;
    base::Histogram latency_;
};

struct Destination::Impl {
    DestinationOptions options;
    std::vector<base::UniqueFd> listening;
    base::UniqueFd news_fd, stop_fd;
    StreamCounters counters;
    StreamLaps laps{counters};

    struct Served {
        DestinationStream stream;
        std::jthread thread{};
        bool done = false;
        Served(base::UniqueFd socket, Impl& impl) : stream(std::move(socket), impl.options, impl.counters) {}
    };
    std::mutex mutex;  // guards what follows
    std::list<Served> served;
    std::vector<std::string> news;
    base::Histogram gone_latency;  // of streams that have ended since the last lap
    base::Histogram all_latency;   // of all laps

    std::jthread accepting;  // ends first

    explicit Impl(const DestinationOptions& wanted)
        : options(wanted),
          listening(listen_tcp(wanted.host, wanted.port)),
          news_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          stop_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!news_fd || !stop_fd) throw base::system_error("preparing to serve: eventfd()", errno);
    }

    void tell(std::string what) {
        std::lock_guard lock(mutex);
        news.push_back(std::move(what));
        ::eventfd_write(news_fd.get(), 1);
    }

    void accept_sources() {
        std::vector<pollfd> fds = {{stop_fd.get(), POLLIN, 0}};
        for (const auto& fd : listening) fds.push_back({fd.get(), POLLIN, 0});
        for (;;) {
            if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
                tell(fmt::format("no further source can be served: poll(): {}", std::strerror(errno)));
                return;
            }
            if (fds[0].revents) return;
            for (std::size_t i = 1; i < fds.size(); i++)
                if (fds[i].revents) accept_one(fds[i].fd);
        }
    }

    void accept_one(int fd) {
        base::UniqueFd socket(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket) {
            // Out of descriptors it would come back at once.
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                tell(fmt::format("a source could not be served: {}", std::strerror(errno)));
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
            return;
        }
        const std::string peer = peer_name(socket.get());
        forget_done();
        std::unique_lock lock(mutex);
        if (served.size() >= options.most_sources) {
            lock.unlock();
            tell(fmt::format("{} was sent away: {} sources are served already", peer, options.most_sources));
            return;
        }
        const std::size_t before = served.size();
        try {
            Served& source = served.emplace_back(std::move(socket), *this);
            source.thread = std::jthread([this, &source] { serve(source); });
            news.push_back(fmt::format("{} connected", peer));
        } catch (const std::exception& e) {
            if (served.size() > before) served.pop_back();
            news.push_back(fmt::format("{} could not be served: {}", peer, e.what()));
        }
        ::eventfd_write(news_fd.get(), 1);
    }

    void serve(Served& source) {
        const std::string why = source.stream.serve();
        const std::string peer = source.stream.peer();
        std::lock_guard lock(mutex);
        gone_latency.merge(source.stream.take_latency());
        source.done = true;
        news.push_back(fmt::format("{} ended: {}", peer, why));
        ::eventfd_write(news_fd.get(), 1);
    }

    /// Joins threads that have ended.
    void forget_done() {
        std::list<Served> gone;
        std::lock_guard lock(mutex);
        for (auto it = served.begin(); it != served.end();) {
            auto next = std::next(it);
            if (it->done) gone.splice(gone.end(), served, it);
            it = next;
        }
    }

    base::Histogram take_latency() {
        std::lock_guard lock(mutex);
        base::Histogram taken = std::exchange(gone_latency, {});
        for (Served& source : served) taken.merge(source.stream.take_latency());
        all_latency.merge(taken);
        return taken;
    }
};

Destination::Destination(const DestinationOptions& options) : impl_(std::make_unique<Impl>(options)) {
    impl_->accepting = std::jthread([impl = impl_.get()] { impl->accept_sources(); });
}

Destination::~Destination() { stop(); }

StreamFigures Destination::lap() {
    StreamFigures figures = impl_->laps.lap();
    figures.latency = impl_->take_latency();
    return figures;
}

StreamFigures Destination::stop() {
    ::eventfd_write(impl_->stop_fd.get(), 1);
    if (impl_->accepting.joinable()) impl_->accepting.join();
    {
        std::lock_guard lock(impl_->mutex);
        for (auto& source : impl_->served) source.stream.end();
    }
    for (auto& source : impl_->served)
        if (source.thread.joinable()) source.thread.join();
    StreamFigures figures = impl_->laps.total();
    impl_->take_latency();
    figures.latency = impl_->all_latency;
    return figures;
}

std::vector<std::string> Destination::news() {
    std::lock_guard lock(impl_->mutex);
    eventfd_t count;
    ::eventfd_read(impl_->news_fd.get(), &count);
    return std::exchange(impl_->news, {});
}

int Destination::news_fd() const { return impl_->news_fd.get(); }

unsigned Destination::sources() const {
    std::lock_guard lock(impl_->mutex);
    return static_cast<unsigned>(std::count_if(impl_->served.begin(), impl_->served.end(), [](const auto& s) { return !s.done; }));
}

}  // namespace vmmig
