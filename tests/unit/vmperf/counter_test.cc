/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/counter.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "pmu/recording.h"

using namespace vmperf;
using State = Count::State;

namespace {

/// A kernel that has no more descriptors.
class FullTable : public CounterSource {
    class Group : public CounterGroup {
     public:
        int add(const perf_event_attr&) override { return EMFILE; }
        void enable() override {}
        std::vector<Reading> read() override { return {}; }
    };

 public:
    std::unique_ptr<CounterGroup> group(pid_t) override { return std::make_unique<Group>(); }
};

/// A thread that runs until the object ends.
class Runner {
 public:
    Runner() : thread_([this] {
          tid_ = static_cast<pid_t>(::syscall(SYS_gettid));
          while (!stop_) ::sched_yield();
      }) {
        while (!tid_) std::this_thread::yield();
    }
    ~Runner() {
        stop_ = true;
        thread_.join();
    }
    pid_t tid() const { return tid_; }

 private:
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("the kernel counts the software events of threads") {
    KernelCounters kernel;
    std::optional<Counters> counters;
    {
        Runner one, other;
        counters.emplace(kernel, parse_events("task-clock,context-switches,page-faults,dummy"), std::set{one.tid()});
        CHECK(counters->read()[0].state == State::NotCounted);
        counters->enable();
        while (counters->read()[0].value < 10'000'000) std::this_thread::yield();
        const auto first = counters->read();
        CHECK(first[0].state == State::Counted);
        CHECK(first[0].running == first[0].enabled);
        CHECK(first[0].value == Approx(first[0].enabled).epsilon(0.01));
        CHECK(first[3].value == 0);
        // One more, which counts from now on.
        counters->follow({one.tid(), other.tid()});
        CHECK(counters->threads() == 2);
        const auto before = counters->read()[0].value;
        while (counters->read()[0].value < before + 10'000'000) std::this_thread::yield();
    }
    // What has ended has counted all the same.
    const auto after = counters->read();
    CHECK(after[0].value > 20'000'000);
    CHECK(after[0].value == counters->read()[0].value);
}

TEST_CASE("there is a number of counters, and what is closed is free again") {
    KernelCounters kernel(3);
    const auto events = parse_events("task-clock,page-faults");
    {
        Runner runner;
        const Counters counters(kernel, events, {runner.tid()});
        CHECK_THROWS_WITH(Counters(kernel, events, {runner.tid()}), Catch::Matchers::Contains("Too many open files"));
    }
    Runner runner;
    CHECK_NOTHROW(Counters(kernel, events, {runner.tid()}));
}

TEST_CASE("a thread that is another process's by the time it is opened is not counted") {
    Runner runner;
    KernelCounters kernel;
    Counters counters(kernel, parse_events("task-clock"), {runner.tid()}, [](pid_t) { return false; });
    counters.enable();
    CHECK(counters.threads() == 0);
}

TEST_CASE("threads that have ended are no error") {
    pid_t gone = 0;
    { Runner runner; gone = runner.tid(); }
    KernelCounters kernel;
    Counters counters(kernel, parse_events("task-clock"), {gone});
    counters.enable();
    CHECK(counters.read()[0].state == State::NotCounted);
}

TEST_CASE("hardware events that share counters are scaled, and what the PMU does not have is told") {
    std::ifstream answers(RECORDED_PMU);
    recording::Player kernel(answers);
    std::string events = "cycles:u,instructions:u,task-clock,cache-misses:u";
    for (int i = 0; i < 16; i++) events += ",cycles:u";
    Counters counters(kernel, parse_events(events), {1});
    counters.enable();
    const auto counts = counters.read();
    CHECK(counts[0].state == State::Counted);
    CHECK(counts[0].value == 81'347'340);
    CHECK(counts[0].share() == Approx(0.39375).epsilon(1e-4));
    CHECK(counts[0].scaled() == Approx(206'593'876).epsilon(1e-8));
    // The emulated CPU takes two cycles for each instruction.
    CHECK(counts[0].scaled() == Approx(2 * counts[1].scaled()).epsilon(0.01));
    CHECK(counts[2].value == 209'560'768);
    CHECK(counts[2].share() == 1);
    CHECK(counts[3].state == State::NotSupported);
    for (std::size_t i = 4; i < counts.size(); i++) CHECK(counts[i].scaled() == Approx(counts[0].scaled()).epsilon(0.002));
}

TEST_CASE("too many open files are told with what to do") {
    FullTable kernel;
    CHECK_THROWS_WITH(Counters(kernel, parse_events("r1"), {1}), Catch::Matchers::Contains("ulimit -n"));
}
