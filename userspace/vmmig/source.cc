/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/source.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/network.h"
#include "base/unique_fd.h"
#include "vmmig/sender.h"
#include "vmmig/wire_reader.h"

namespace vmmig {

namespace {

bool needs_hello(const SourceOptions& options) {
    return options.channels != 1 || options.urgent_channel || options.zero_pages > 0 || options.page_size != kPage;
}

/// Of the first channel.
Hello hello_of(const SourceOptions& options) {
    Hello hello;
    hello.page_size = options.page_size;
    if (options.urgent_channel) hello.flags |= Hello::kUrgentChannel;
    if (options.zero_pages > 0) hello.flags |= Hello::kZeroPages;
    hello.vm_size = options.vm_bytes;
    std::random_device random;
    hello.session = std::uint64_t{random()} << 32 | random();
    hello.channels = options.channels + options.urgent_channel;
    return hello;
}

/// More of what the destination sends. False at the end of the stream. Throws StreamEnd, also when nothing comes for
/// base::kSilentMsec.
bool receive_more(int socket, std::string& bytes) {
    pollfd fd{socket, POLLIN, 0};
    int ready;
    do ready = ::poll(&fd, 1, base::kSilentMsec);
    while (ready < 0 && errno == EINTR);
    if (ready == 0) throw StreamEnd{fmt::format("the destination has said nothing for {} s", base::kSilentMsec / 1000)};
    std::array<char, 4096> more;
    const ssize_t n = ::recv(socket, more.data(), more.size(), 0);
    if (n < 0) end_stream("receiving", errno);
    bytes.append(more.data(), static_cast<std::size_t>(n));
    return n > 0;
}

/// Throws StreamEnd unless the destination agrees to what `hello` says.
void agree(int socket, const Hello& hello) {
    const std::string message = write_hello({hello, {}});
    if (::send(socket, message.data(), message.size(), MSG_NOSIGNAL) < 0) end_stream("sending HELLO", errno);
    std::string bytes;
    HelloMessage answer;
    while (read_hello(bytes, answer) == 0)
        if (!receive_more(socket, bytes))
            throw StreamEnd{"it has closed the connection instead of answering HELLO; an original mig_mon knows neither "
                            "--channels, --urgent-channel, --zero-pages nor --page-size"};
    if (!answer.refusal.empty()) throw StreamEnd{"it refuses: " + answer.refusal};
}

}  // namespace

struct Source::Impl {
    SourceOptions options;
    std::vector<base::UniqueFd> sockets;
    std::string peer;
    base::UniqueFd news;
    std::atomic<bool> stopping = false, ended = false;
    std::atomic<unsigned> sending = 0;  // channels whose precopy has not come to its end
    std::atomic<unsigned> serving = 0;  // threads that are not done with their channel
    StreamCounters counters;
    std::optional<StreamLaps> laps;
    std::unique_ptr<PageOrder> order;
    EmulatedPrecopy* migration = nullptr;  // order, if it is one
    mutable std::mutex mutex;
    std::optional<std::string> failure;
    std::vector<std::jthread> threads;

    explicit Impl(const SourceOptions& wanted) : options(wanted), news(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!news) throw base::system_error("preparing to watch the stream: eventfd()", errno);
        Hello hello = hello_of(options);
        for (; hello.channel < hello.channels; hello.channel++) {
            sockets.push_back(base::connect_tcp(options.host, options.port, "is `mig_mon vm -d` running there?"));
            if (peer.empty()) peer = base::peer_name(sockets[0].get());
            if (needs_hello(options)) open_channel(hello);
        }
    }

    void open_channel(const Hello& hello) {
        try {
            agree(sockets[hello.channel].get(), hello);
        } catch (const StreamEnd& end) {
            throw base::Error(fmt::format("the destination {}: {}", peer, end.why));
        }
    }

    std::uint64_t vm_pages() const { return std::max<std::uint64_t>(options.vm_bytes / kPage, 1); }

    void prepare_order() {
        if (!options.precopy) return;
        sending = options.channels;
        if (!options.migration) {
            order = std::make_unique<Passes>(vm_pages(), options.passes);
            return;
        }
        auto emulated = std::make_unique<EmulatedPrecopy>(*options.migration, Clock::now(), [this] { ::eventfd_write(news.get(), 1); });
        migration = emulated.get();
        order = std::move(emulated);
    }

    SenderOptions sender_options(unsigned channel) const {
        SenderOptions sender;
        const bool urgent = channel == options.channels;
        if (!urgent) sender.precopy = order.get();
        sender.postcopy = options.postcopy && (options.urgent_channel ? urgent : channel == 0);
        sender.zero_pages = options.zero_pages;
        sender.requested_pages = options.page_size / kPage;
        if (options.bytes_per_second) sender.bytes_per_second = *options.bytes_per_second / options.channels;
        sender.window = options.window;
        return sender;
    }

    bool go_on() const {
        return !stopping && !(options.most_bytes && counters.bytes.load(std::memory_order_relaxed) >= *options.most_bytes);
    }

    void serve(unsigned channel) {
        ::prctl(PR_SET_TIMERSLACK, 1);
        const SenderOptions sender = sender_options(channel);
        try {
            Sender(sockets[channel].get(), sender, counters, [this] { return go_on(); }).run();
            if (sender.precopy || stopping) await_delivery(sockets[channel].get());
        } catch (const StreamEnd& end) {
            fail(end.why);
        }
        serving--;
        if (!sender.precopy && order && !failed()) return;
        // The last channel with precopy ends the stream, or whichever fails.
        const bool last = !sender.precopy || --sending == 0;
        if (last && migration && !stopping && !failed()) migration->delivered(Clock::now());
        if (!last && !failed()) return;
        ended = true;
        ::eventfd_write(news.get(), 1);
    }

    void fail(const std::string& why) {
        std::lock_guard lock(mutex);
        if (!stopping && !ended && !failure) failure = why;
    }
    bool failed() const {
        std::lock_guard lock(mutex);
        return failure.has_value();
    }

    /// The destination closes the connection, too, when it has read everything.
    static void await_delivery(int socket) {
        ::shutdown(socket, SHUT_WR);
        std::string requests;
        while (receive_more(socket, requests)) requests.clear();
    }
};

Source::Source(const SourceOptions& options) : impl_(std::make_unique<Impl>(options)) {}

Source::~Source() { stop(); }

void Source::start() {
    impl_->prepare_order();
    impl_->laps.emplace(impl_->counters);
    impl_->serving = static_cast<unsigned>(impl_->sockets.size());
    for (unsigned channel = 0; channel < impl_->sockets.size(); channel++)
        impl_->threads.emplace_back([impl = impl_.get(), channel] { impl->serve(channel); });
}

StreamFigures Source::lap() { return impl_->laps->lap(); }

StreamFigures Source::stop() {
    impl_->stopping = true;
    const StreamFigures figures = impl_->laps ? impl_->laps->total() : StreamFigures();
    // They end with a whole page, so that the destination sees no accident, unless that takes long.
    const auto patience = Clock::now() + std::chrono::milliseconds(500);
    while (impl_->serving > 0 && Clock::now() < patience) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    // Wakes the threads wherever they wait.
    for (const auto& socket : impl_->sockets) ::shutdown(socket.get(), SHUT_RDWR);
    impl_->threads.clear();
    return figures;
}

int Source::news_fd() const { return impl_->news.get(); }

bool Source::take_news() {
    eventfd_t count;
    ::eventfd_read(impl_->news.get(), &count);
    return impl_->ended;
}

std::optional<std::string> Source::failure() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->failure;
}

EmulatedPrecopy* Source::migration() { return impl_->migration; }

const std::string& Source::peer() const { return impl_->peer; }

}  // namespace vmmig
