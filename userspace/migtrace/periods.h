/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Migrations per period of time.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migtrace/counters.h"
#include "migtrace/topology.h"
#include "migtrace/walk.h"

namespace migtrace {

struct PeriodOptions {
    std::uint64_t msec = 1000;  ///< length of a period, > 0
    /// What is counted; columns come in this order.
    bool causes = false;    ///< each cause
    bool all = false;       ///< all migrations, as "migrate"
    bool cpus = false;      ///< "from cpu: N" for each CPU, then "to cpu: N" for each
    bool pairs = false;     ///< "from cpu: N to cpu: M" for each pair
    bool topology = false;  ///< each Distance: "within core" and so on; "distance unknown" last
    /// A period counts as over when a later migration is seen. With `last` also when the window ends exactly
    /// with it.
    bool last = false;
};

/// The names of the columns, made one by one: pairs of thousands of CPUs have millions. `options` and `info` outlive it.
class ColumnNames {
 public:
    ColumnNames(const PeriodOptions& options, const TraceInfo& info) : options_(options), info_(info) {}
    /// Calls `see` for each, in order.
    void for_each(const std::function<void(std::string_view)>& see) const;

 private:
    const PeriodOptions& options_;
    const TraceInfo& info_;
};

/// What a period is reported to.
class PeriodListener {
 public:
    virtual ~PeriodListener() = default;
    /// Before the first event of the trace: the names of the columns. Not called for a trace without events.
    virtual void columns(const ColumnNames& names, const TraceInfo& info) = 0;
    /// With the first migration in the window; `info.begin` is where the first period begins.
    virtual void opened(const TraceInfo& info) = 0;
    /// Period `index`, from 0, has these counts.
    virtual void period(std::uint64_t index, std::span<const std::uint64_t> counts) = 0;
};

/// Counts per period. The first period holds begin <= t <= end, every later one begin < t <= end.
class PeriodCounter : public EventListener {
 public:
    PeriodCounter(const PeriodOptions& options, PeriodListener& listener)
        : options_(options), listener_(listener) {}

    /// Throws base::Error for pairs of more CPUs than a line can hold.
    void begin(const TraceInfo& info) override;
    /// Throws base::Error when time stamps jump over more than 10 million periods.
    void migration(const Migration& migration) override;
    void migrations(const Migrations& some) override;
    void end(const TraceInfo& info) override;

 private:
    std::uint64_t end_of_period() const;
    void enter_period(std::uint64_t ts);
    void count(std::span<const Record> migrations);
    void close_period();
    void sum_causes();
    void sum_cpus();

    PeriodOptions options_;
    PeriodListener& listener_;
    const TraceInfo* info_ = nullptr;
    bool opened_ = false;
    std::uint64_t index_ = 0, end_ = 0;
    bool empty_ = true;  // no migration in this period
    std::vector<std::uint64_t> counts_;
    CauseCounts by_number_;
    CpuMatrix matrix_;
    DistanceTable distances_;
    std::size_t all_at_ = 0, cpus_at_ = 0, pairs_at_ = 0, topology_at_ = 0;  // columns
};

/// All periods of a trace.
struct PeriodTable {
    std::uint64_t msec = 0;  ///< length of a period
    unsigned nr_cpus = 0;
    std::uint64_t begin_ts = 0;         ///< of the first period, ns of the kernel's clock
    std::int64_t begin_wall_us = 0;     ///< the same as wall clock, microseconds since 1970
    bool wall_known = false;            ///< false: the trace does not tell the wall clock
    std::vector<std::string> names;     ///< of the columns
    std::vector<std::uint64_t> counts;  ///< row after row, names.size() each
    std::size_t rows() const { return names.empty() ? 0 : counts.size() / names.size(); }
    std::uint64_t at(std::size_t row, std::size_t column) const {
        return counts[row * names.size() + column];
    }
};

PeriodTable count_periods(TraceReader& reader, const WalkOptions& options, const PeriodOptions& periods);

}  // namespace migtrace
