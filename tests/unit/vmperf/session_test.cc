/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/session.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "base/error.h"

using namespace vmperf;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using State = Count::State;

namespace {

/// A thread with the name of one that runs a virtual CPU, busy until it ends.
class BusyThread {
 public:
    explicit BusyThread(const char* name) : thread_([this, name] {
          ::pthread_setname_np(::pthread_self(), name);
          tid_ = ::gettid();
          while (!stop_) ::sched_yield();
      }) {
        while (!tid_) ::sched_yield();
    }
    ~BusyThread() {
        stop_ = true;
        thread_.join();
        // The kernel lists it for a moment longer.
        while (::access(("/proc/self/task/" + std::to_string(tid_)).c_str(), F_OK) == 0) ::sched_yield();
    }

 private:
    std::atomic<bool> stop_ = false;
    std::atomic<pid_t> tid_ = 0;
    std::thread thread_;
};

vmhost::Vm this_vm() {
    vmhost::Vm vm;
    vm.process = std::make_shared<vmhost::Process>(::getpid());
    return vm;
}

Request request(const std::string& events, unsigned cpu = 0) {
    Request request;
    request.events = events;
    request.cpu = cpu;
    return request;
}

}  // namespace

TEST_CASE("virtual CPUs are counted, and what else QEMU does is shown apart") {
    const BusyThread first("CPU 0/TCG"), second("CPU 1/TCG");
    const vmhost::Vm vm = this_vm();
    KernelCounters counters;
    Session session(counters, vm, request("task-clock,cycles"), 100);
    std::this_thread::sleep_for(100ms);
    const Interval interval = session.interval();
    CHECK(interval.length == interval.seconds);
    REQUIRE(interval.counts.size() == 2);
    CHECK(interval.counts[0].count.value > 1'000'000);
    CHECK(session.interval().seconds > interval.seconds);
    const Total total = session.total("");
    CHECK(total.counts[0].count.value >= interval.counts[0].count.value);
    // This thread has slept.
    REQUIRE(total.others.size() == 2);
    CHECK(total.others[0].count.value < total.counts[0].count.value / 2);
    REQUIRE(total.vcpus.size() == 2);
    CHECK(total.vcpus[0].vcpu == 0);
    CHECK(total.vcpus[1].run_ns > 0);
}

TEST_CASE("one virtual CPU alone is counted without the others") {
    const BusyThread first("CPU 0/KVM");
    const vmhost::Vm vm = this_vm();
    KernelCounters counters;
    Session session(counters, vm, request("task-clock", 1), 100);
    std::this_thread::sleep_for(20ms);
    const Total total = session.total("so");
    CHECK(total.counts[0].count.value > 0);
    CHECK(total.others[0].count.value == 0);
    CHECK(total.vcpus.size() == 1);
    CHECK(total.reason == "so");
    CHECK_THROWS_WITH(Session(counters, vm, request("task-clock", 2), 100), Contains("the VM has 1"));
}

TEST_CASE("one thread for all virtual CPUs is counted as a whole only") {
    const BusyThread all("ALL CPUs/TCG");
    const vmhost::Vm vm = this_vm();
    KernelCounters counters;
    const Total total = Session(counters, vm, request("task-clock"), 100).total("");
    REQUIRE(total.vcpus.size() == 1);
    CHECK_FALSE(total.vcpus[0].vcpu);
    CHECK_THROWS_WITH(Session(counters, vm, request("task-clock", 1), 100), Contains("one thread"));
}

TEST_CASE("a QEMU that does not name its threads is counted whole") {
    const vmhost::Vm vm = this_vm();
    KernelCounters counters;
    const Total total = Session(counters, vm, request("task-clock"), 100).total("");
    CHECK(total.counts[0].count.state == State::Counted);
    CHECK(total.vcpus.empty());
    CHECK_THROWS_WITH(Session(counters, vm, request("task-clock", 1), 100), Contains("debug-threads=on"));
}

TEST_CASE("threads that come are counted, and what those that end have done stays") {
    const BusyThread first("CPU 0/TCG");
    const vmhost::Vm vm = this_vm();
    KernelCounters counters;
    Session session(counters, vm, request("task-clock"), 100);
    std::uint64_t with_second = 0;
    {
        const BusyThread second("CPU 1/TCG");
        session.follow();
        std::this_thread::sleep_for(50ms);
        const Total total = session.total("");
        CHECK(total.vcpus.size() == 2);
        with_second = total.counts[0].count.value;
    }
    session.follow();
    CHECK(session.total("").counts[0].count.value >= with_second);
}

TEST_CASE("a client has a number of counters") {
    const BusyThread first("CPU 0/TCG");
    const vmhost::Vm vm = this_vm();
    KernelCounters counters;
    CHECK_THROWS_WITH(Session(counters, vm, request("task-clock,page-faults"), 3), Contains("3 are left for this VM"));
}
