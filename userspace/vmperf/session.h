/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What one client has counted of one VM.

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "vmhost/vm.h"
#include "vmperf/counter.h"
#include "vmperf/protocol.h"
#include "vmperf/report.h"

namespace vmperf {

/// The counts of an interval.
struct Interval {
    double seconds = 0;  ///< its end, since the start
    double length = 0;   ///< s
    std::vector<EventCount> counts;
};

class Session {
 public:
    /// Counts from now on. Throws UsageError for an event or a virtual CPU that there is not, and for more than `most_counters`; Error when
    /// the kernel refuses.
    Session(CounterSource& source, const vmhost::Vm& vm, const Request& request, std::size_t most_counters);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// The time at which counting began: seconds since 1970.
    double begun() const { return begun_; }
    /// Since the sample before.
    Interval interval();
    /// Since the start. `reason`: why it ends, empty when the client wants so.
    Total total(const std::string& reason);
    /// Threads come and go: to be called each second or so.
    void follow();
    /// How many it has.
    std::size_t counters() const { return counters_; }

 private:
    using Clock = std::chrono::steady_clock;
    enum OfVcpu { kMigrations, kRun };  // what is counted of each thread that runs vCPUs
    /// A thread that runs vCPUs.
    struct Vcpu {
        std::optional<unsigned> number;
        std::uint64_t wait_before = 0, wait_now = 0;  // ns
        Counters counters;
    };
    struct Threads {
        std::set<pid_t> counted, others;
        std::map<pid_t, std::optional<unsigned>> vcpus;  // those of `counted` that run vCPUs
    };
    Threads threads() const;
    void watch(const Threads& threads);
    Counters::StillThere still_there() const {
        return [this](pid_t thread) { return vm_.process->has_thread(thread); };
    }
    std::optional<std::uint64_t> waited(pid_t thread) const;
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

    CounterSource& source_;
    const vmhost::Vm& vm_;
    const unsigned cpu_;
    const std::size_t most_counters_;
    std::size_t counters_ = 0;
    bool told_ = false;  // which threads run vCPUs; decided once: they may end before the others do
    std::optional<Counters> counted_, others_;
    std::map<pid_t, Vcpu> vcpus_;
    std::vector<Count> last_;
    double last_seconds_ = 0, begun_ = 0;
    Clock::time_point start_;
};

}  // namespace vmperf
