/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/destination.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/network.h"
#include "base/unique_fd.h"
#include "vmmig/pacer.h"
#include "vmmig/session.h"
#include "vmmig/wake_ups.h"
#include "vmmig/wire_reader.h"

namespace vmmig {

namespace {

/// Random numbers below `count`.
std::uint64_t pick(std::mt19937_64& random, std::uint64_t count) {
    return std::uniform_int_distribution<std::uint64_t>(0, count - 1)(random);
}

}  // namespace

/// One channel of a source.
class DestinationStream : private PageReader::Listener {
 public:
    DestinationStream(base::UniqueFd socket, const DestinationOptions& options, Sessions& sessions, StreamCounters& counters)
        : socket_(std::move(socket)),
          peer_(base::peer_name(socket_.get())),
          wake_ups_(socket_.get()),
          reader_(*this, std::max<std::uint64_t>(options.vm_bytes / kPage, 1)),
          sessions_(sessions),
          memory_(vm_memory(options.vm_bytes, options.memory_bytes)),
          counters_(counters),
          random_(std::random_device()()) {
        base::prepare_stream(socket_.get());
    }

    const std::string& peer() const { return peer_; }

    /// Until it ends; returns why.
    std::string serve() {
        ::prctl(PR_SET_TIMERSLACK, 1);
        std::string why;
        try {
            for (;;) receive();
        } catch (const StreamEnd& end) {
            why = end.why;
        } catch (const base::Error& error) {
            why = error.what();
        }
        // A source that waits for its pages to be read sees that they have been, and one that still sends that nobody reads.
        {
            std::lock_guard lock(mutex_);
            socket_.reset();
        }
        memory_.reset();  // takes longer
        return why;
    }

    /// From another thread: serve() returns.
    void end() {
        std::lock_guard lock(mutex_);
        if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
    }

    /// From another thread: the latencies since the call before.
    base::Histogram take_latency() {
        std::lock_guard lock(mutex_);
        return std::exchange(latency_, {});
    }

 private:
    void receive() {
        const std::span<char> room = reader_.room();
        ssize_t n;
        do n = ::recv(socket_.get(), room.data(), room.size(), 0);
        while (n < 0 && errno == EINTR);
        const bool time_over = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (n < 0 && !time_over) end_stream("receiving pages", errno);
        // Whoever connects and says nothing takes the place of a source.
        if (!reader_.begun() && Clock::now() - since_ > std::chrono::milliseconds(base::kSilentMsec))
            throw StreamEnd{fmt::format("it has sent no message within {} s", base::kSilentMsec / 1000)};
        wake_ups_.have_read(time_over ? 0 : static_cast<std::size_t>(n), room.size());
        if (time_over) return;
        if (n == 0) throw StreamEnd{reader_.in_message() ? "it went in the middle of a message" : "it has closed the connection"};
        const std::uint64_t before = stored_;
        reader_.take(static_cast<std::size_t>(n));
        counters_.add(stored_ - before, static_cast<std::size_t>(n));
    }

    void page(std::uint64_t index, const char* data) override {
        std::uint8_t* place = memory_->data() + index % memory_->pages() * kPage;
        if (data)
            std::memcpy(place, data, kPage);
        else
            std::memset(place, 0, kPage);
        stored_++;
        if (index == awaited_) arrived();
    }

    void handshake() override {
        wake_ups_.always_at_once();
        request();
    }

    void hello(const Hello& hello) override {
        HelloMessage answer{hello, {}};
        try {
            memory_ = sessions_.join(hello);
        } catch (const StreamEnd& end) {
            answer.refusal = end.why;
        }
        send(write_hello(answer), "answering HELLO");
        if (!answer.refusal.empty()) throw StreamEnd{"it was refused: " + answer.refusal};
        pages_each_ = hello.page_size / kPage;
    }

    /// The frame for which it waits; those of a large page come in order.
    void arrived() {
        reader_.await(++awaited_);
        if (awaited_ < requested_end_) return;
        const auto took = Clock::now() - asked_;
        {
            std::lock_guard lock(mutex_);
            latency_.record(static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count()));
        }
        counters_.add_request();
        request();
    }

    void request() {
        awaited_ = pick(random_, std::max<std::uint64_t>(reader_.pages() / pages_each_, 1)) * pages_each_;
        requested_end_ = awaited_ + pages_each_;
        reader_.await(awaited_);
        const Header header{Magic::RequestPage, awaited_};
        asked_ = Clock::now();
        send({reinterpret_cast<const char*>(&header), sizeof header}, "requesting a page");
    }

    void send(std::string_view bytes, const char* what) {
        if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) end_stream(what, errno);
    }

    base::UniqueFd socket_;
    std::string peer_;
    const Clock::time_point since_ = Clock::now();
    WakeUps wake_ups_;
    PageReader reader_;
    Sessions& sessions_;
    std::shared_ptr<Memory> memory_;
    StreamCounters& counters_;
    std::uint64_t stored_ = 0;
    std::uint64_t pages_each_ = 1;  // of kPage, that a request wants
    std::uint64_t awaited_ = UINT64_MAX, requested_end_ = 0;  // of the page that was requested, if any
    Clock::time_point asked_;
    std::mt19937_64 random_;
    std::mutex mutex_;
    base::Histogram latency_;
};

struct Destination::Impl {
    DestinationOptions options;
    std::vector<base::UniqueFd> listening;
    base::UniqueFd news_fd, stop_fd;
    StreamCounters counters;
    StreamLaps laps{counters};
    Sessions sessions{options.memory_bytes};

    struct Served {
        DestinationStream stream;
        std::jthread thread{};
        bool done = false;
        Served(base::UniqueFd socket, Impl& impl) : stream(std::move(socket), impl.options, impl.sessions, impl.counters) {}
    };
    std::mutex mutex;  // guards what follows
    std::list<Served> served;
    std::vector<std::string> news;
    base::Histogram gone_latency;  // of streams that have ended since the last lap
    base::Histogram all_latency;   // of all laps

    bool out_of_room = false;  // of `accepting`
    std::jthread accepting;    // ends first

    explicit Impl(const DestinationOptions& wanted)
        : options(wanted),
          listening(base::listen_tcp(wanted.host, wanted.port, {"is another mig_mon running? -p takes another port"})),
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
                if (!std::exchange(out_of_room, true)) tell(fmt::format("sources have to wait: {}", std::strerror(errno)));
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
            return;
        }
        out_of_room = false;
        const std::string peer = base::peer_name(socket.get());
        forget_done();
        std::unique_lock lock(mutex);
        if (served.size() >= options.most_channels) {
            lock.unlock();
            tell(fmt::format("{} was sent away: {} connections are served already", peer, options.most_channels));
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

}  // namespace vmmig
