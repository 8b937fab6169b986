/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/dirtier.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/unique_fd.h"
#include "vmmig/pacer.h"

namespace vmmig {

namespace {

using std::chrono::nanoseconds;

/// As many pages are written between two looks at what else there is to do.
constexpr std::uint64_t kBatch = 1024;
/// So many writes before its own a random page is fetched into the cache.
constexpr std::size_t kAhead = 32;
/// The same for sequential writing, where a thread has more pages than a cache of the second level has lines: what stays
/// in that is fetched faster than it is asked for, as all pages have their first bytes in the same set of the first level.
constexpr std::uint64_t kAheadInSequence = 16;
constexpr std::uint64_t kPagesInCache = 48 << 10;
/// What pre-heating writes: not zero, and what sequential writing finds in its first round.
constexpr std::uint8_t kFirst = 1;

/// The clock that measures accesses: the cycle counter where there is one, as clock_gettime() takes as long as an access.
/// Not the kind that waits for the access before it (rdtscp): pages are fetched side by side, and waiting for each takes
/// twice as long as the work. What must show does so: behind an access that faults, the counter is read after the fault.
std::uint64_t ticks() {
#ifdef __x86_64__
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
#endif
}

/// Counts accesses by their ticks. Nearly all take few, and these cost one addition each.
class TickCounts {
 public:
    void record(std::uint64_t ticks) {
        if (ticks < few_.size())
            few_[ticks]++;
        else
            many_.record(ticks);
    }
    /// All of them, which are forgotten here.
    base::Histogram take() {
        for (std::size_t ticks = 0; ticks < few_.size(); ticks++)
            if (few_[ticks]) many_.record(ticks, std::exchange(few_[ticks], 0));
        return std::exchange(many_, {});
    }

 private:
    std::array<std::uint64_t, 1024> few_{};
    base::Histogram many_;
};

/// xorshift64* (Vigna, 2016): a few instructions, and what shows in no pattern of pages.
class Random {
 public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 | 1) {}
    std::uint64_t operator()() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1d;
    }
    /// One of 0 .. end - 1.
    std::uint64_t below(std::uint64_t end) {
        return static_cast<std::uint64_t>(static_cast<unsigned __int128>((*this)()) * end >> 64);
    }

 private:
    std::uint64_t state_;
};

nanoseconds cpu_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

void sleep_until(Clock::time_point when) {
    const auto since = std::chrono::duration_cast<nanoseconds>(when.time_since_epoch()).count();
    const timespec time = {since / 1'000'000'000, since % 1'000'000'000};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
}

/// What all threads share.
struct Shared {
    const DirtyOptions& options;
    Memory& memory;
    int ended_fd;
    std::atomic<bool> stop = false;
    std::atomic<unsigned> lap = 0;      // threads hand over their latencies when it changes
    std::atomic<unsigned> working = 0;  // threads
    std::mutex mutex;
    std::condition_variable handed_over;
    std::optional<std::string> corruption;
};

/// One thread, and its part of the memory.
class DirtyThread {
 public:
    DirtyThread(Shared& shared, unsigned index) : shared_(shared), random_(index + 1) {
        const std::uint64_t pages = shared.memory.pages(), threads = shared.options.threads;
        begin_ = pages * index / threads;
        part_ = static_cast<double>(index) / threads;
        end_ = pages * (index + 1) / threads;
        hot_ = std::clamp<std::uint64_t>(
            static_cast<std::uint64_t>(static_cast<double>(end_ - begin_) * shared.options.working_set), 1, end_ - begin_);
        hot_below_ = shared.options.working_set >= 1
                         ? 0
                         : static_cast<std::uint64_t>(shared.options.hot_writes * 4294967296.0);
        at_ = begin_;
        for (std::uint8_t*& page : ahead_) page = random_page();
    }

    void run() {
        // Sleeps otherwise last up to 50 us longer than asked for.
        ::prctl(PR_SET_TIMERSLACK, 1);
        if (!shared_.options.schedule.empty())
            follow_schedule();
        else if (shared_.options.bytes_per_second)
            keep_rate(*shared_.options.bytes_per_second, Clock::time_point::max());
        else
            while (go_on()) write(kBatch);
        hand_over();
        if (--shared_.working == 0) ::eventfd_write(shared_.ended_fd, 1);
    }

    std::uint64_t pages() const { return pages_.load(std::memory_order_relaxed); }
    bool handed_over(unsigned lap) const { return lap_ == lap; }
    /// Under the mutex: the latencies that were handed over, in ticks.
    base::Histogram take() { return std::exchange(done_, {}); }

 private:
    bool go_on() {
        if (shared_.lap.load(std::memory_order_relaxed) != lap_) hand_over();
        return !shared_.stop.load(std::memory_order_relaxed);
    }

    void hand_over() {
        std::lock_guard lock(shared_.mutex);
        lap_ = shared_.lap;
        done_.merge(latency_.take());
        shared_.handed_over.notify_all();
    }

    void follow_schedule() {
        Clock::time_point until = Clock::now();
        for (const RateStep& step : shared_.options.schedule) {
            until += step.time;
            keep_rate(step.bytes_per_second, until);
        }
    }

    void keep_rate(double bytes_per_second, Clock::time_point until) {
        const double rate = bytes_per_second / kPage / shared_.options.threads;
        if (!(rate > 0)) {
            while (go_on() && Clock::now() < until)
                sleep_until(std::min(until, Clock::now() + std::chrono::milliseconds(100)));
            return;
        }
        // Threads take turns, or all of them would wait for as long until their first page.
        const auto phase = nanoseconds(std::llround(1e9 * std::min(part_ / rate, 100.0)));
        Pacer pacer(rate, Clock::now() - phase);
        while (go_on() && Clock::now() < until) {
            // A stop is noticed in a tenth of a second, however seldom a page is due.
            const auto next = std::min({pacer.next(), until, Clock::now() + std::chrono::milliseconds(100)});
            sleep_until(next);
            if (next < pacer.next()) continue;
            for (std::uint64_t due = pacer.due(Clock::now()); due > 0 && go_on();) {
                const std::uint64_t count = std::min(due, kBatch);
                write(count);
                due -= count;
            }
        }
    }

    void write(std::uint64_t count) {
        if (shared_.options.pattern == Pattern::Sequential)
            shared_.options.latency ? write_sequentially<true>(count) : write_sequentially<false>(count);
        else
            shared_.options.latency ? write_randomly<true>(count) : write_randomly<false>(count);
        pages_.store(pages_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }

    /// An access that began at `before`, which is when the next begins afterwards.
    void record_until_now(std::uint64_t& before) {
        const std::uint64_t now = ticks();
        latency_.record(now - before);
        before = now;
    }

    template <bool kTimed>
    void write_sequentially(std::uint64_t count) {
        std::uint8_t* const data = shared_.memory.data();
        const std::size_t ahead = end_ - begin_ > kPagesInCache ? kAheadInSequence * kPage : 0;
        std::uint64_t before = kTimed ? ticks() : 0;
        while (count > 0) {
            const std::uint64_t run = std::min(count, end_ - at_);
            const auto next = static_cast<std::uint8_t>(found_ + 1);
            for (std::uint64_t page = at_; page < at_ + run; page++) {
                auto* byte = static_cast<volatile std::uint8_t*>(data + page * kPage);
                __builtin_prefetch(data + page * kPage + ahead, 1);
                if (const std::uint8_t seen = *byte; seen != found_) [[unlikely]] {
                    report_corruption(page, seen);
                    return;
                }
                *byte = next;
                if constexpr (kTimed) record_until_now(before);
            }
            count -= run;
            at_ += run;
            if (at_ == end_) {
                at_ = begin_;
                found_ = next;
            }
        }
    }

    std::uint8_t* random_page() {
        const std::uint64_t word = random_();
        // Bits that do not decide on the page.
        const bool hot = static_cast<std::uint32_t>(word) < hot_below_;
        const std::uint64_t among = hot ? hot_ : end_ - begin_;
        const auto page = static_cast<std::uint64_t>(static_cast<unsigned __int128>(hot_below_ ? random_() : word) * among >> 64);
        return shared_.memory.data() + (begin_ + page) * kPage;
    }

    /// Pages are fetched long before they are written, so that many are under way.
    template <bool kTimed>
    void write_randomly(std::uint64_t count) {
        // Reading the counter holds up what is under way, less so when nothing but writes is.
        constexpr std::size_t kGroup = kTimed ? 8 : 1;
        while (count > 0) {
            const std::size_t group = static_cast<std::size_t>(std::min({count, std::uint64_t{kGroup}, std::uint64_t{kAhead - ahead_at_}}));
            std::uint8_t** const pages = &ahead_[ahead_at_];
            std::uint64_t before = kTimed ? ticks() : 0;
            for (std::size_t i = 0; i < group; i++) {
                *static_cast<volatile std::uint8_t*>(pages[i]) = static_cast<std::uint8_t>(count);
                if constexpr (kTimed) record_until_now(before);
            }
            for (std::size_t i = 0; i < group; i++) {
                pages[i] = random_page();
                // Does not fault: that is left to the write.
                __builtin_prefetch(pages[i], 1);
            }
            count -= group;
            ahead_at_ = (ahead_at_ + group) % kAhead;
        }
    }

    void report_corruption(std::uint64_t page, std::uint8_t seen) {
        std::lock_guard lock(shared_.mutex);
        if (!shared_.corruption)
            shared_.corruption =
                fmt::format("memory is corrupted: the first byte of page {} (offset {:#x}) was written as {:#04x} and is {:#04x}",
                            page, page * kPage, found_, seen);
        shared_.stop = true;
    }

    Shared& shared_;
    std::uint64_t begin_, end_;  // pages
    double part_;                // of the threads that come before this one
    std::uint64_t hot_;          // pages from begin_ on
    std::uint64_t hot_below_;    // of 2^32
    std::uint64_t at_;
    std::uint8_t found_ = kFirst;
    Random random_;
    std::array<std::uint8_t*, kAhead> ahead_;  // the random pages that come next
    std::size_t ahead_at_ = 0;
    std::atomic<std::uint64_t> pages_ = 0;
    unsigned lap_ = 0;
    TickCounts latency_;
    base::Histogram done_;
};

}  // namespace

double DirtyFigures::bytes_per_second() const {
    const double seconds = std::chrono::duration<double>(wall).count();
    return seconds > 0 ? static_cast<double>(pages) * kPage / seconds : 0;
}

double DirtyFigures::load() const {
    return wall.count() > 0 ? static_cast<double>(cpu.count()) / static_cast<double>(wall.count()) : 0;
}

struct Dirtier::Impl {
    DirtyOptions options;
    Memory memory;
    base::UniqueFd ended;
    Shared shared;
    std::vector<std::unique_ptr<DirtyThread>> threads;
    // What lap() and stop() count from.
    struct Mark {
        std::uint64_t pages = 0;
        Clock::time_point wall;
        nanoseconds cpu{};
    } begin, last;
    // The clock of accesses against the clock on the wall, at the start.
    std::uint64_t first_tick = 0;
    base::Histogram latency;  // of all laps, ns
    std::vector<std::jthread> running;  // ends first

    explicit Impl(const DirtyOptions& wanted)
        : options(wanted),
          memory(options.bytes, options.backing),
          ended(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          shared{options, memory, ended.get(), {}, {}, {}, {}, {}, {}} {
        if (!ended) throw base::system_error("preparing to watch threads: eventfd()", errno);
        options.threads = static_cast<unsigned>(std::clamp<std::uint64_t>(options.threads, 1, memory.pages()));
        memory.preheat(kFirst);
        for (unsigned i = 0; i < options.threads; i++) threads.push_back(std::make_unique<DirtyThread>(shared, i));
    }

    Mark now() const {
        Mark mark{0, Clock::now(), cpu_time()};
        for (const auto& thread : threads) mark.pages += thread->pages();
        return mark;
    }

    static DirtyFigures between(const Mark& from, const Mark& to) {
        return {to.pages - from.pages, to.wall - from.wall, to.cpu - from.cpu, {}};
    }

    double nanoseconds_per_tick() const {
#ifdef __x86_64__
        const auto passed = static_cast<double>((Clock::now() - begin.wall).count());
        return passed / static_cast<double>(ticks() - first_tick);
#else
        return 1;
#endif
    }

    /// What the threads have measured and handed over.
    base::Histogram take_latency() {
        base::Histogram in_ticks;
        std::lock_guard lock(shared.mutex);
        for (const auto& thread : threads) in_ticks.merge(thread->take());
        base::Histogram taken = in_ticks.scaled(nanoseconds_per_tick());
        latency.merge(taken);
        return taken;
    }

    void end() {
        shared.stop = true;
        running.clear();
    }
};

Dirtier::Dirtier(const DirtyOptions& options) : impl_(std::make_unique<Impl>(options)) {}

Dirtier::~Dirtier() { impl_->end(); }

void Dirtier::start() {
    impl_->first_tick = ticks();
    impl_->begin = impl_->last = impl_->now();
    if (impl_->options.pattern == Pattern::Once) return;
    impl_->shared.working = impl_->options.threads;
    for (const auto& thread : impl_->threads) impl_->running.emplace_back([&thread = *thread] { thread.run(); });
}

DirtyFigures Dirtier::lap() {
    if (impl_->options.latency) {
        std::unique_lock lock(impl_->shared.mutex);
        const unsigned lap = ++impl_->shared.lap;
        // A thread that sleeps long has nothing new to tell.
        impl_->shared.handed_over.wait_for(lock, std::chrono::milliseconds(20), [&] {
            return std::all_of(impl_->threads.begin(), impl_->threads.end(),
                               [lap](const auto& thread) { return thread->handed_over(lap); });
        });
    }
    const Impl::Mark now = impl_->now();
    DirtyFigures figures = Impl::between(impl_->last, now);
    impl_->last = now;
    if (impl_->options.latency) figures.latency = impl_->take_latency();
    return figures;
}

DirtyFigures Dirtier::stop() {
    // Threads that sleep take a while to notice, and write nothing in it.
    const Clock::time_point until = Clock::now();
    impl_->end();
    Impl::Mark last = impl_->now();
    last.wall = until;
    DirtyFigures figures = Impl::between(impl_->begin, last);
    impl_->take_latency();
    figures.latency = impl_->latency;
    return figures;
}

std::optional<std::string> Dirtier::corruption() const {
    std::lock_guard lock(impl_->shared.mutex);
    return impl_->shared.corruption;
}

int Dirtier::ended_fd() const { return impl_->ended.get(); }

const Memory& Dirtier::memory() const { return impl_->memory; }

std::array<std::uint64_t, 21> latency_buckets(const base::Histogram& nanoseconds) {
    std::array<std::uint64_t, 21> count{};
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < count.size(); i++) {
        const std::uint64_t up_to =
            i + 1 < count.size() ? nanoseconds.at_most((std::uint64_t{1} << i) * 1000) : nanoseconds.count();
        count[i] = up_to - before;
        before = up_to;
    }
    return count;
}

}  // namespace vmmig
