/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How many migrations there were in a window: in total, by cause, between CPUs, by process.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migtrace/chains.h"
#include "migtrace/cpu_matrix.h"
#include "migtrace/name.h"
#include "migtrace/pid_table.h"
#include "migtrace/walk.h"

namespace migtrace {

/// Counts by cause.
class CauseCounts {
 public:
    void count(std::span<const Record> migrations) {
        // Neighbours often have the same cause: with one counter each would wait for the one before it.
        std::size_t i = 0;
        for (; i + 1 < migrations.size(); i += 2) {
            even_[migrations[i].code]++;
            odd_[migrations[i + 1].code]++;
        }
        if (i < migrations.size()) even_[migrations[i].code]++;
    }
    /// What has been counted under a number, once.
    std::uint64_t take(unsigned number) {
        return std::exchange(even_[number], 0) + std::exchange(odd_[number], 0);
    }

 private:
    std::vector<std::uint64_t> even_ = std::vector<std::uint64_t>(kMostEvents), odd_ = even_;
};

/// Events per second, given nanoseconds; 0 for no time.
double per_second(std::uint64_t count, std::uint64_t duration);

/// Totals of a window.
class Counters : public EventListener {
 public:
    void begin(const TraceInfo& info) override;
    void migration(const Migration& migration) override;
    void migrations(const Migrations& some) override;
    void end(const TraceInfo& info) override;

    struct Cause {
        std::string name;
        std::uint64_t count;
    };
    const TraceInfo& info() const { return info_; }               ///< after end()
    const std::vector<Cause>& causes() const { return causes_; }  ///< in the order of their numbers
    std::uint64_t total() const { return total_; }                ///< CPUs beyond the matrix too
    const CpuMatrix& matrix() const { return matrix_; }

 private:
    void prepare(const TraceInfo& info);
    TraceInfo info_;
    bool prepared_ = false;
    std::vector<Cause> causes_;
    CauseCounts by_number_;
    std::uint64_t total_ = 0;
    CpuMatrix matrix_;
};

/// Counts and names of each process that migrated in a window.
class PidCounters : public EventListener {
 public:
    void comm(const Event& event) override;
    void migration(const Migration& migration) override;
    void end(const TraceInfo& info) override { info_ = info; }

    const TraceInfo& info() const { return info_; }  ///< after end()
    /// Processes, in the order of their first events.
    std::size_t size() const { return tasks_.entries().size(); }
    std::int32_t pid(std::size_t i) const { return tasks_.entries()[i].pid; }
    /// 0: it has a name, but has not migrated.
    std::uint64_t count(std::size_t i) const { return tasks_.entries()[i].value.count; }
    /// Calls see(name) for each name in the order in which it got them, repeatedly if it got one several times.
    template <class See>
    void for_each_comm(std::size_t i, See see) const {
        const Comms::List last = tasks_.entries()[i].value.comms;
        for (Comms::List comm = last; comm;) {
            comm = comms_.rest(comm);
            see(names_[comms_[comm]]);
            if (comm == last) return;
        }
    }

 private:
    using Comms = Chains<std::uint32_t>;
    struct Task {
        std::uint64_t count = 0;
        Comms::List comms = 0;  // a ring of their numbers
    };
    TraceInfo info_;
    PidTable<Task> tasks_;
    Names names_;
    Comms comms_;
};

/// The lines that say when each CPU started to record.
class StartLines : public EventListener {
 public:
    void start(const Event& event) override;

    std::uint64_t count() const { return count_; }
    std::uint64_t wall_range_us() const {
        return last_wall_ - first_wall_;
    }  ///< latest and earliest wall clock
    std::uint64_t clock_range_ns() const {
        return last_ts_ - first_ts_;
    }  ///< latest and earliest kernel's clock

 private:
    std::uint64_t count_ = 0;
    std::uint64_t first_wall_ = 0, last_wall_ = 0, first_ts_ = 0, last_ts_ = 0;
};

}  // namespace migtrace
