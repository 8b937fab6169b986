/* SPDX-License-Identifier: GPL-2.0-only */
// What takes a machine with performance counters of its own, and a CPU that can run guests: `make check-pmu`.

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "kvm_guest.h"
#include "recording.h"
#include "vmperf/counter.h"

using namespace vmperf;
using State = Count::State;

namespace {

/// Of two instructions each.
void loop(std::uint64_t rounds) {
#if defined(__x86_64__)
    asm volatile("1: sub $1, %0; jnz 1b" : "+r"(rounds));
#elif defined(__aarch64__)
    asm volatile("1: subs %0, %0, #1; b.ne 1b" : "+r"(rounds));
#else
#error "a loop of two instructions is missing for this architecture"
#endif
}

/// A thread that does what it is told to while others count it.
class Worker {
 public:
    Worker() : thread_([this] { run(); }) { tid_.wait(0); }
    ~Worker() {
        go([this] { end_ = true; });
        thread_.join();
    }
    pid_t tid() const { return tid_; }
    /// Returns when it is done.
    void go(std::function<void()> work) {
        work_ = std::move(work);
        busy_ = true;
        busy_.notify_all();
        busy_.wait(true);
    }

 private:
    void run() {
        tid_ = static_cast<pid_t>(::syscall(SYS_gettid));
        tid_.notify_all();
        while (!end_) {
            busy_.wait(false);
            work_();
            busy_ = false;
            busy_.notify_all();
        }
    }
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> busy_{false};
    bool end_ = false;
    std::function<void()> work_;
    std::thread thread_;
};

std::vector<Count> count(CounterSource& source, const std::string& events, Worker& worker, const std::function<void()>& work) {
    Counters counters(source, parse_events(events), {worker.tid()});
    counters.enable();
    worker.go(work);
    return counters.read();
}

std::vector<Count> count(const std::string& events, const std::function<void()>& work) {
    KernelCounters kernel;
    Worker worker;
    return count(kernel, events, worker, work);
}

constexpr std::uint64_t kRounds = 20'000'000;
/// More than any PMU has counters for.
const std::string kMany = "cycles:u,cycles:u,cycles:u,cycles:u,cycles:u,cycles:u,cycles:u,cycles:u,"
                          "cycles:u,cycles:u,cycles:u,cycles:u,cycles:u,cycles:u,cycles:u,cycles:u";

}  // namespace

TEST_CASE("instructions of another thread are counted one by one") {
    const auto counts = count("instructions:u,cycles:u,task-clock", [] { loop(kRounds); });
    REQUIRE(counts[0].state == State::Counted);
    REQUIRE(counts[1].state == State::Counted);
    std::cout << fmt::format("# {} instructions in {} cycles; {} were meant\n", counts[0].value, counts[1].value, 2 * kRounds);
    // A little more for starting and ending; each interrupt is one more, where the hardware counts so.
    CHECK(counts[0].value == Approx(2.0 * kRounds).epsilon(0.001));
    CHECK(counts[0].share() == 1);
    CHECK(counts[1].value > kRounds / 8);
    CHECK(counts[2].state == State::Counted);
}

TEST_CASE("events that share counters are told with their share, and scaled") {
    const auto work = [] {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
        while (std::chrono::steady_clock::now() < until) loop(100'000);
    };
    const auto counts = count(kMany, work);
    std::vector<double> scaled;
    for (const Count& one : counts) {
        REQUIRE(one.state == State::Counted);
        scaled.push_back(one.scaled());
    }
    const auto [least, most] = std::ranges::minmax_element(counts, {}, &Count::share);
    CHECK(least->share() < 0.9);
    CHECK(most->running <= most->enabled);
    std::ranges::sort(scaled);
    CHECK(scaled.front() > 0.9 * scaled.back());
    // As if there was one only.
    const auto alone = count("cycles:u,task-clock", work);
    CHECK(alone[0].share() == 1);
    const double rate = alone[0].scaled() / static_cast<double>(alone[1].value);
    std::cout << fmt::format("# {} events had a counter for {:.0f} to {:.0f} % of the time; scaled they are {:.1f} % apart\n", counts.size(),
                             100 * least->share(), 100 * most->share(), 100 * (scaled.back() / scaled.front() - 1));
    CHECK(scaled[scaled.size() / 2] / static_cast<double>(counts[0].enabled) == Approx(rate).epsilon(0.1));
}

TEST_CASE("what the PMU does not have is told, and the rest is counted") {
    // There is no PMU with all of these.
    const auto counts = count("cycles:u,node-prefetch-misses,iTLB-prefetches", [] { loop(kRounds); });
    CHECK(counts[0].state == State::Counted);
    CHECK((counts[1].state == State::NotSupported || counts[2].state == State::NotSupported));
}

TEST_CASE("what a guest executes and what its host does for it are told apart") {
    // No guest is started for nothing.
    REQUIRE(count("instructions", [] { loop(kRounds); })[0].state == State::Counted);
    std::unique_ptr<KvmGuest> guest;
    try {
        guest = std::make_unique<KvmGuest>(kRounds);
    } catch (const std::exception& error) {
        FAIL("no guest can run here: " << error.what());
    }
    const auto counts = count("instructions:G,instructions:H,instructions,instructions:uH", [&] { guest->run(); });
    for (const Count& one : counts) REQUIRE(one.state == State::Counted);
    std::cout << fmt::format("# instructions of the guest {:.0f}, of the host {:.0f}, of both {:.0f}, of the host's user space {:.0f}\n",
                             counts[0].scaled(), counts[1].scaled(), counts[2].scaled(), counts[3].scaled());
    CHECK(counts[0].scaled() == Approx(2.0 * kRounds).epsilon(0.01));
    CHECK(counts[1].scaled() > 0);
    CHECK(counts[1].scaled() < 0.5 * counts[0].scaled());
    CHECK(counts[2].scaled() == Approx(counts[0].scaled() + counts[1].scaled()).epsilon(0.01));
    CHECK(counts[3].scaled() < counts[1].scaled());
}

/// What tests/unit/vmperf/recorded_pmu.txt was made with: pmu_tests "[.record]"
TEST_CASE("answers for tests without a PMU", "[.record]") {
    recording::Recorder recorder(std::cout);
    Worker worker;
    const auto work = [] {
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
        while (std::chrono::steady_clock::now() < until) loop(100'000);
    };
    count(recorder, "cycles:u,instructions:u,task-clock,cache-misses:u," + kMany, worker, work);
}
