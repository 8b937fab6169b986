/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How long tasks stay on a CPU, and which come back to one that they have just left.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"
#include "migtrace/chains.h"
#include "migtrace/name.h"
#include "migtrace/pid_table.h"
#include "migtrace/walk.h"

namespace migtrace {

/// Filters for views that follow tasks from CPU to CPU. Such a view has to see every migration of a task, so
/// filters must not act on the walk; they choose what the view counts instead.
class LateFilter {
 public:
    explicit LateFilter(Filters filters) : filters_(std::move(filters)) {}
    /// Throws base::Error for a cause that the header does not name.
    void check(const TraceHeader& header) const { Filter(filters_, header); }
    bool passes(const Migration& m) const {
        return filters_.cause.passes(m.cause_name) && filters_.comm.passes(m.comm) &&
               filters_.cpu_event.passes(m.cpu) && filters_.cpu_from.passes(m.from) &&
               filters_.cpu_to.passes(m.to) && filters_.pid.passes(m.pid);
    }
    /// Whether `filters` hide some migrations of a task and show others.
    static bool splits_tasks(const Filters& filters);

 private:
    Filters filters_;
};

/// What views that follow tasks have in common. A task begins with its copy_process event or its migration
/// with the cause sched_fork, in whatever order the two come: what an earlier process with the same pid did
/// does not count.
class TaskView : public EventListener {
 public:
    explicit TaskView(const Filters& filters) : filter_(filters) {}
    void begin(const TraceInfo& info) override { prepare(info); }
    void end(const TraceInfo& info) override {
        prepare(info);
        info_ = info;
    }
    const TraceInfo& info() const { return info_; }  ///< after end()

 protected:
    virtual void prepared() {}
    bool begins_task(const Event& comm) const { return info_.header->name(comm.number) == "copy_process"; }
    bool begins_task(const Migration& m) const { return m.cause_name == "sched_fork"; }
    LateFilter filter_;
    TraceInfo info_;

 private:
    void prepare(const TraceInfo& info);
};

/// The ends of the buckets in which stays are counted, ns: 10 us to 10 s. There is one more for those that are longer.
constexpr std::array<std::uint64_t, 7> kStayLimits = {10'000,         100'000,       1'000'000,     10'000'000,
                                                      100'000'000, 1'000'000'000, 10'000'000'000};

/// How many stays are in each bucket, to within the precision of the histogram.
std::array<std::uint64_t, kStayLimits.size() + 1> stay_buckets(const base::Histogram& stays);

/// Stays: the time between a migration to a CPU and the next migration of the task, which leads away from
/// there. Stays that begin before the window or last beyond it are not known and do not count, nor does one
/// whose end does not fit its beginning, because an event between them is missing: it is left out.
class Residency : public TaskView {
 public:
    using TaskView::TaskView;
    void comm(const Event& event) override;
    void migration(const Migration& migration) override;

    struct Cause {
        std::string name;
        base::Histogram stays;  ///< ns
    };
    /// By the cause of the migration that ended the stay, in the order of their numbers.
    const std::vector<Cause>& causes() const { return causes_; }
    base::Histogram all() const;
    std::uint64_t left_out() const { return left_out_; }

 private:
    struct Stay {
        std::uint64_t since = 0;  // ns of the kernel's clock
        std::uint32_t cpu = 0;
        bool known = false, forked = false;
    };
    void prepared() override;
    std::vector<Cause> causes_;
    PidTable<Stay> stays_;
    std::uint64_t left_out_ = 0;
};

/// Who is back within this time plays ping-pong, unless another time is given.
constexpr std::chrono::milliseconds kPingPongTime{10};

/// Returns: migrations to a CPU that the task has left a short time before, by whatever way it went
/// meanwhile.
class PingPong : public TaskView {
 public:
    /// `within`: the longest time between leaving a CPU and coming back, > 0.
    PingPong(const Filters& filters, std::chrono::nanoseconds within)
        : TaskView(filters), within_(static_cast<std::uint64_t>(within.count())) {}
    void comm(const Event& event) override;
    void migration(const Migration& migration) override;

    /// Why it left, and why it came back.
    struct Pair {
        std::string_view away, back;  ///< names of causes
        std::uint64_t count = 0;
        std::uint64_t time_away = 0;  ///< sum, ns
        double mean_away() const {
            return count ? static_cast<double>(time_away) / static_cast<double>(count) : 0;
        }  ///< ns
    };
    struct Process {
        std::int32_t pid;
        std::string_view comm;  ///< its last name; lives as long as the view
        std::uint64_t count;
        std::uint64_t migrations;  ///< all of the task, whatever the filters
    };
    std::uint64_t within_ns() const { return within_; }
    std::uint64_t total() const { return total_; }
    /// Worst first, `top` at most; 0: all. Only those that came back. Of equal ones the first by cause or
    /// pid.
    std::vector<Pair> pairs(std::size_t top) const;
    std::vector<Process> processes(std::size_t top) const;
    /// Of a process, worst first.
    std::vector<Pair> pairs_of(std::int32_t pid) const;

 private:
    using Causes = std::pair<std::uint32_t, std::uint32_t>;  // away, back
    struct Sum {
        std::uint64_t count = 0, time_away = 0;
    };
    using Sums = std::map<Causes, Sum>;
    struct Departure {
        std::uint64_t ts;
        std::uint32_t cpu, cause;
    };
    using Departures = Chains<Departure>;
    using Returns = Keyed<Sum>;
    struct Task {
        std::uint64_t migrations = 0;
        Returns::Of returns;
        Departures::List departures = 0;  // a CPU once, the latest first, none older than within_ at the last migration
        Name comm;
    };
    /// The task, which has left this CPU before, is back.
    void count(Task& task, const Migration& back, const Departure& left);
    std::vector<Pair> sorted(const Sums& sums, std::size_t top) const;
    void prepared() override;

    std::uint64_t within_;
    std::uint64_t total_ = 0;
    std::vector<std::string> cause_names_;
    Sums sums_;
    PidTable<Task> tasks_;
    Departures departures_;
    Returns returns_;
};

}  // namespace migtrace
