/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/periods.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "migtrace/time_format.h"

namespace migtrace {

namespace {

/// Lines that say nothing, between one migration and the next. That is 2.8 hours at 1 ms, and 115 days at 1
/// s: more is a damaged time stamp, or a period of which nobody reads the output.
constexpr std::uint64_t kMostEmptyPeriods = 10'000'000;

/// Enough for all pairs of 2048 CPUs, whose counts take 34 MB.
constexpr std::size_t kMostColumns = 5'000'000;

}  // namespace

void ColumnNames::for_each(const std::function<void(std::string_view)>& see) const {
    fmt::memory_buffer name;
    auto put = [&]<class... T>(fmt::format_string<T...> form, T&&... values) {
        name.clear();
        fmt::format_to(fmt::appender(name), form, std::forward<T>(values)...);
        see({name.data(), name.size()});
    };
    if (options_.causes)
        for (const auto& [number, cause] : info_.header->causes()) see(cause);
    if (options_.all) see("migrate");
    if (options_.cpus) {
        for (unsigned cpu = 0; cpu < info_.nr_cpus; cpu++) put("from cpu: {}", cpu);
        for (unsigned cpu = 0; cpu < info_.nr_cpus; cpu++) put("to cpu: {}", cpu);
    }
    if (options_.pairs)
        for (unsigned from = 0; from < info_.nr_cpus; from++)
            for (unsigned to = 0; to < info_.nr_cpus; to++) put("from cpu: {} to cpu: {}", from, to);
    if (options_.topology)
        for (const char* distance : kDistanceFields) see(distance);
}

void PeriodCounter::begin(const TraceInfo& info) {
    info_ = &info;
    all_at_ = options_.causes ? info.header->causes().size() : 0;
    cpus_at_ = all_at_ + (options_.all ? 1 : 0);
    pairs_at_ = cpus_at_ + (options_.cpus ? 2 * std::size_t{info.nr_cpus} : 0);
    topology_at_ = pairs_at_ + (options_.pairs ? std::size_t{info.nr_cpus} * info.nr_cpus : 0);
    if (topology_at_ > kMostColumns)
        throw base::Error(fmt::format("{} CPUs make {} columns of pairs, and {} is the most; --max_cpu CPU leaves some out",
                                      info.nr_cpus, topology_at_ - pairs_at_, kMostColumns));
    if (options_.topology) distances_ = DistanceTable(*info.header);
    counts_.assign(topology_at_ + (options_.topology ? kDistances : 0), 0);
    if (options_.cpus || options_.pairs) matrix_ = CpuMatrix(info.nr_cpus);
    listener_.columns(ColumnNames(options_, info), info);
}

/// The last nanosecond of the current period; the end of time when it lies behind that.
std::uint64_t PeriodCounter::end_of_period() const {
    unsigned __int128 end =
        static_cast<unsigned __int128>(index_ + 1) * options_.msec * 1'000'000 + info_->begin;
    return end > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(end);
}

void PeriodCounter::sum_cpus() {
    const std::size_t cpus = matrix_.cpus();
    matrix_.for_each([&](unsigned from, unsigned to, std::uint64_t count) {
        if (options_.cpus) {
            counts_[cpus_at_ + from] += count;
            counts_[cpus_at_ + cpus + to] += count;
        }
        if (options_.pairs) counts_[pairs_at_ + from * cpus + to] = count;
    });
}

void PeriodCounter::sum_causes() {
    if (!options_.causes) return;
    for (const auto& [number, name] : info_->header->causes())
        counts_[info_->header->cause_index(number)] += by_number_.take(number);
}

void PeriodCounter::close_period() {
    if (!empty_) {
        sum_causes();
        sum_cpus();
    }
    listener_.period(index_, counts_);
    if (!empty_) {
        std::fill(counts_.begin(), counts_.end(), 0);
        matrix_.clear();
        empty_ = true;
    }
    index_++;
    end_ = end_of_period();
}

/// Closes the periods that end before `ts`.
void PeriodCounter::enter_period(std::uint64_t ts) {
    if (!opened_) {
        opened_ = true;
        end_ = end_of_period();
        listener_.opened(*info_);
    }
    if (ts <= end_) return;
    if ((ts - end_) / 1'000'000 / options_.msec > kMostEmptyPeriods)
        throw base::Error(
            fmt::format("more than {} periods of {} ms without a migration lie before time stamp 0x{:016x}: "
                        "if the trace is damaged, --end_ts leaves it out; else take a longer --period",
                        kMostEmptyPeriods, options_.msec, ts));
    while (ts > end_) close_period();
}

void PeriodCounter::migration(const Migration& migration) {
    enter_period(migration.ts);
    if (migration.ts < info_->begin) return;
    empty_ = false;
    if (options_.causes) counts_[migration.cause]++;
    if (options_.all) counts_[all_at_]++;
    if (options_.topology)
        counts_[topology_at_ + static_cast<std::size_t>(distances_.between(migration.from, migration.to))]++;
    matrix_.count(migration.from, migration.to);
}

void PeriodCounter::migrations(const Migrations& some) {
    std::span<const Record> left = some.records();
    while (!left.empty()) {
        enter_period(left.front().ts);
        auto counts = [this](const Record& r) { return r.ts <= end_ && r.ts >= info_->begin; };
        const auto end = std::find_if_not(left.begin(), left.end(), counts);
        const auto within = static_cast<std::size_t>(end - left.begin());
        if (within > 0) count(left.first(within));
        // One that lies before the begin belongs to no period.
        left = left.subspan(std::max<std::size_t>(within, 1));
    }
}

void PeriodCounter::count(std::span<const Record> migrations) {
    empty_ = false;
    if (options_.causes) by_number_.count(migrations);
    if (options_.all) counts_[all_at_] += migrations.size();
    if (options_.topology)
        for (const Record& r : migrations)
            counts_[topology_at_ + static_cast<std::size_t>(distances_.between(r.from, r.to))]++;
    if (options_.cpus || options_.pairs) matrix_.count(migrations);
}

void PeriodCounter::end(const TraceInfo& info) {
    if (!options_.last || !opened_ || info.end <= info.begin) return;
    const unsigned __int128 length = static_cast<unsigned __int128>(options_.msec) * 1'000'000;
    if ((info.end - info.begin) % length != 0) return;
    while (end_ <= info.end && end_ < UINT64_MAX) close_period();
}

PeriodTable count_periods(TraceReader& reader, const WalkOptions& options, const PeriodOptions& periods) {
    struct Collector : PeriodListener {
        PeriodTable table;
        void columns(const ColumnNames& names, const TraceInfo& info) override {
            names.for_each([this](std::string_view name) { table.names.emplace_back(name); });
            table.nr_cpus = info.nr_cpus;
        }
        void opened(const TraceInfo& info) override {
            table.begin_ts = info.begin;
            table.begin_wall_us = wall_clock(info.start, info.begin).microseconds();
            table.wall_known = info.start.known;
        }
        void period(std::uint64_t, std::span<const std::uint64_t> counts) override {
            table.counts.insert(table.counts.end(), counts.begin(), counts.end());
        }
    } collector;
    collector.table.msec = periods.msec;
    PeriodCounter counter(periods, collector);
    walk(reader, options, {&counter});
    return std::move(collector.table);
}

}  // namespace migtrace
