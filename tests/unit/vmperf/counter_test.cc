/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/counter.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <thread>

#include "base/error.h"

using namespace vmperf;
using State = Count::State;

namespace {

/// What a kernel with a PMU of two counters and four hardware events answered, for a thread: `perf stat -e ...` on a machine where each had
/// a counter for half of the time. Software events are never without.
class RecordedGroup : public CounterGroup {
 public:
    int add(const perf_event_attr& attr) override {
        if (attr.type == PERF_TYPE_HARDWARE && attr.config == PERF_COUNT_HW_BUS_CYCLES) return ENOENT;
        if (attr.type == PERF_TYPE_RAW) return EMFILE;
        attrs_.push_back(attr);
        return 0;
    }
    void enable() override { enabled_ = true; }
    std::vector<Reading> read() override {
        std::vector<Reading> readings;
        for (const auto& attr : attrs_) {
            if (!enabled_) readings.push_back({});
            else if (attr.type == PERF_TYPE_SOFTWARE) readings.push_back({1'000'000'000, 1'000'000'000, 1'000'000'000});
            else if (attr.config == PERF_COUNT_HW_REF_CPU_CYCLES) readings.push_back({0, 1'000'000'000, 0});
            else readings.push_back({1'500'000'000, 1'000'000'000, 500'000'000});
        }
        return readings;
    }

 private:
    std::vector<perf_event_attr> attrs_;
    bool enabled_ = false;
};

class Recorded : public CounterSource {
 public:
    std::unique_ptr<CounterGroup> group(pid_t) override {
        groups++;
        return std::make_unique<RecordedGroup>();
    }
    int groups = 0;
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

TEST_CASE("threads that have ended are no error") {
    pid_t gone = 0;
    { Runner runner; gone = runner.tid(); }
    KernelCounters kernel;
    Counters counters(kernel, parse_events("task-clock"), {gone});
    counters.enable();
    CHECK(counters.read()[0].state == State::NotCounted);
}

TEST_CASE("hardware events that share counters are scaled, and what the PMU does not have is told") {
    Recorded kernel;
    Counters counters(kernel, parse_events("cycles,task-clock,bus-cycles,faults,ref-cycles"), {1, 2});
    // Those of software together, of hardware each by itself.
    CHECK(kernel.groups == 2 * 4);
    CHECK(counters.read()[0].state == State::NotCounted);
    counters.enable();
    const auto counts = counters.read();
    CHECK(counts[0].state == State::Counted);
    CHECK(counts[0].value == 3'000'000'000);
    CHECK(counts[0].scaled() == Approx(6e9));
    CHECK(counts[0].share() == Approx(0.5));
    CHECK(counts[1].scaled() == 2e9);
    CHECK(counts[1].share() == 1);
    CHECK(counts[2].state == State::NotSupported);
    CHECK(counts[4].state == State::NotCounted);
    CHECK(counts[4].scaled() == 0);
}

TEST_CASE("too many open files are told with what to do") {
    Recorded kernel;
    CHECK_THROWS_WITH(Counters(kernel, parse_events("r1"), {1}), Catch::Matchers::Contains("ulimit -n"));
}
