/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

#include "base/error.h"
#include "base/units.h"
#include "migtrace/cpu_groups.h"
#include "migtrace/far_end.h"
#include "migtrace/topology.h"
#include "migtrace/trace_reader.h"

namespace miggraph {

using std::chrono::nanoseconds;

namespace {

constexpr std::int64_t kMostRows = 100'000;
/// Rows times columns, of 8 bytes each: thousands of fields, or thousands of points, but not both.
constexpr std::uint64_t kMostCells = 10'000'000;
/// Cells along a side of the matrix: a cell has a few pixels, and gnuplot draws it in a second.
constexpr unsigned kMostSide = 256;
/// No machine has more; names of fields that say so are names of something else.
constexpr unsigned kMostCpus = 1 << 16;

struct Migration {
    std::uint64_t ts;
    std::uint16_t cause;
    std::uint32_t from, to;
};

struct Recording {
    std::vector<Migration> migrations;
    std::uint64_t begin = UINT64_MAX, end = 0;
    std::uint32_t cpus = 0;  // that are named anywhere
    bool any = false;
};

Recording read(migtrace::TraceReader& reader) {
    Recording recording;
    migtrace::Event event;
    while (reader.next(event)) {
        recording.any = true;
        recording.begin = std::min(recording.begin, event.ts);
        recording.end = std::max(recording.end, event.ts);
        recording.cpus = std::max(recording.cpus, event.cpu + 1);
        if (event.shape != migtrace::Shape::Migration) continue;
        recording.cpus = std::max({recording.cpus, event.from + 1, event.to + 1});
        recording.migrations.push_back(
            {event.ts, static_cast<std::uint16_t>(reader.header().cause_index(event.number)),
             event.from, event.to});
    }
    return recording;
}

/// Where pictures over time end: with the recording, or in front of a few events that lie far behind all others.
std::uint64_t end_to_show(const Recording& recording) {
    constexpr std::size_t kLast = 18;
    std::vector<std::uint64_t> last(std::min(kLast, recording.migrations.size()));
    auto later = [](std::uint64_t a, std::uint64_t b) { return a > b; };
    std::vector<std::uint64_t> all;
    all.reserve(recording.migrations.size());
    for (const Migration& m : recording.migrations) all.push_back(m.ts);
    std::partial_sort_copy(all.begin(), all.end(), last.begin(), last.end(), later);
    std::uint64_t end = recording.end;
    // One event more, as the last one may be no migration.
    for (std::size_t late = 0; late < last.size(); end = last[late++])
        if (migtrace::is_far_behind(recording.begin, last[late], end) &&
            migtrace::may_be_faults(std::max<std::size_t>(late, 1), all.size() - late))
            return last[late];
    return recording.end;
}

/// The CPUs of a table, one by one or in groups, and where each of them is in it.
class Axis {
 public:
    /// `used` ascend. Gives the table its matrix if `pairs`, and its sums by CPU.
    Axis(Table& table, const migtrace::TraceHeader& header, const std::set<std::uint32_t>& used, bool pairs) : table_(table) {
        const migtrace::CpuGroups groups = migtrace::group_cpus(
            header, migtrace::cpus_to_show({used.begin(), used.end()}, table.cpus, kMostSide), kMostSide);
        for (std::size_t g = 0; g < groups.size(); g++)
            for (unsigned cpu : groups.members[g]) places_[cpu] = g;
        if (table.cpus > kMostSide) table.axis = {groups.names, groups.unit_name()};
        if (pairs) table.pairs.assign(groups.size(), std::vector<double>(groups.size(), 0.0));
        table.left.assign(groups.size(), 0.0);
        table.arrived.assign(groups.size(), 0.0);
    }

    void add_pair(unsigned from, unsigned to, double count) {
        table_.pairs[places_.at(from)][places_.at(to)] += count;
    }
    void add_left(unsigned cpu, double count) { table_.left[places_.at(cpu)] += count; }
    void add_arrived(unsigned cpu, double count) { table_.arrived[places_.at(cpu)] += count; }

 private:
    Table& table_;
    std::unordered_map<unsigned, std::size_t> places_;
};

/// "0" of "0 to ..." behind a prefix; what is behind the number is left in `text`.
std::optional<unsigned> cpu_behind(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return std::nullopt;
    std::string_view rest = text.substr(prefix.size());
    unsigned cpu = 0;
    auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), cpu);
    if (failure != std::errc() || cpu >= kMostCpus) return std::nullopt;
    text = rest.substr(static_cast<std::size_t>(end - rest.data()));
    return cpu;
}

}  // namespace

FieldName parse_field_name(std::string_view name) {
    if (name == "migrate") return {FieldName::Total, 0, 0};
    for (const char* distance : migtrace::kDistanceFields)
        if (name == distance) return {FieldName::Distance, 0, 0};
    std::string_view rest = name;
    if (auto to = cpu_behind(rest, "to cpu: "); to && rest.empty()) return {FieldName::ToCpu, 0, *to};
    rest = name;
    if (auto from = cpu_behind(rest, "from cpu: ")) {
        if (rest.empty()) return {FieldName::FromCpu, *from, 0};
        if (auto to = cpu_behind(rest, " to cpu: "); to && rest.empty()) return {FieldName::Pair, *from, *to};
    }
    return {};
}

nanoseconds nice_period(nanoseconds duration) {
    constexpr std::int64_t kMostPeriods = 200;
    std::int64_t decade = 1'000'000;
    for (;; decade *= 10)
        for (std::int64_t factor : {1, 2, 5})
            if (duration.count() / (decade * factor) <= kMostPeriods) return nanoseconds(decade * factor);
}

Table count_trace(migtrace::TraceReader& reader, std::optional<nanoseconds> wanted, bool all_columns,
                  const std::string& name) {
    Recording recording = read(reader);
    if (!recording.any) throw base::Error(fmt::format("{} holds no events: there is nothing to draw", name));
    if (recording.end - recording.begin > static_cast<std::uint64_t>(nanoseconds::max().count()))
        throw base::Error(fmt::format("{}: time stamps lie centuries apart, so some of them are damaged", name));
    Table table;
    const std::uint64_t end = end_to_show(recording);
    if (end < recording.end)
        table.warnings.push_back(fmt::format(
            "{}: the trace goes on for {} behind nearly all of its migrations, as it does when a time stamp is damaged: "
            "pictures over time end before; migrate_report --end_ts 0x{:x} takes the rest out of all figures",
            name, base::format_duration(nanoseconds(recording.end - end)), end));
    nanoseconds duration(end - recording.begin);
    nanoseconds period = wanted.value_or(nice_period(duration));
    std::int64_t rows = duration / period;
    if (rows > kMostRows)
        throw base::Error(
            fmt::format("{}: {} in periods of {} are more than {} points; choose a longer --period", name,
                        base::format_duration(duration), base::format_duration(period), kMostRows));
    if (rows == 0 && wanted)
        throw base::Error(
            fmt::format("{}: the recording of {} is shorter than one period of {}; choose a shorter --period",
                        name, base::format_duration(duration), base::format_duration(period)));
    rows = std::max<std::int64_t>(rows, 1);

    std::map<std::pair<unsigned, unsigned>, std::size_t> pair_columns;
    std::uint64_t columns = reader.header().causes().size() + 1;
    if (all_columns) {
        for (const Migration& m : recording.migrations) pair_columns[{m.from, m.to}] = 0;
        columns += 2 * std::uint64_t{recording.cpus} + pair_columns.size();
    }
    if (columns * static_cast<std::uint64_t>(rows) > kMostCells)
        throw base::Error(fmt::format(
            "{}: {} fields of {} points are more than {} in all; choose a longer --period{}", name, columns, rows,
            kMostCells, all_columns ? ", or graphs without field" : ""));

    table.period = static_cast<double>(period.count()) / 1e9;
    table.seconds = static_cast<double>(duration.count()) / 1e9;
    table.migrations = static_cast<double>(recording.migrations.size());
    for (std::int64_t i = 0; i < rows; i++) table.begins.push_back(table.period * static_cast<double>(i));

    const std::vector<double> nothing(static_cast<std::size_t>(rows), 0.0);
    for (const auto& [number, cause] : reader.header().causes())
        table.columns.push_back({cause, {}, nothing});
    std::size_t total = table.columns.size();
    table.columns.push_back({"migrate", {FieldName::Total, 0, 0}, nothing});
    std::uint32_t cpus = table.cpus = recording.cpus;
    // Thousands of pairs at most, however many migrations there are.
    std::unordered_map<std::uint64_t, std::uint64_t> pairs;
    for (const Migration& m : recording.migrations) pairs[std::uint64_t{m.from} << 32 | m.to]++;
    std::set<std::uint32_t> used;
    for (const auto& [pair, count] : pairs) used.insert({static_cast<std::uint32_t>(pair >> 32), static_cast<std::uint32_t>(pair)});
    table.cpus_in_use = used.size();
    table.nr_cpus = reader.header().nr_cpus();
    Axis axis(table, reader.header(), used, true);
    for (const auto& [pair, count] : pairs) {
        const auto from = static_cast<unsigned>(pair >> 32), to = static_cast<unsigned>(pair);
        axis.add_pair(from, to, static_cast<double>(count));
        axis.add_left(from, static_cast<double>(count));
        axis.add_arrived(to, static_cast<double>(count));
    }
    std::size_t from_columns = table.columns.size();
    if (all_columns) {
        for (unsigned cpu = 0; cpu < cpus; cpu++) {
            table.columns.push_back(
                {fmt::format("from cpu: {}", cpu), {FieldName::FromCpu, cpu, 0}, nothing});
            table.columns.push_back({fmt::format("to cpu: {}", cpu), {FieldName::ToCpu, 0, cpu}, nothing});
        }
        for (auto& [pair, column] : pair_columns) {
            column = table.columns.size();
            table.columns.push_back({fmt::format("from cpu: {} to cpu: {}", pair.first, pair.second),
                                     {FieldName::Pair, pair.first, pair.second},
                                     nothing});
        }
    }

    const double one = 1 / table.period;
    for (const Migration& m : recording.migrations) {
        // A period that is not over at the end has no row.
        auto row =
            static_cast<std::size_t>(static_cast<std::int64_t>(m.ts - recording.begin) / period.count());
        if (row >= nothing.size()) continue;
        table.migrations_in_rows++;
        table.columns[m.cause].rates[row] += one;
        table.columns[total].rates[row] += one;
        if (!all_columns) continue;
        table.columns[from_columns + 2 * m.from].rates[row] += one;
        table.columns[from_columns + 2 * m.to + 1].rates[row] += one;
        table.columns[pair_columns[{m.from, m.to}]].rates[row] += one;
    }
    return table;
}

std::optional<FieldName::Kind> counting_kind(const Table& table) {
    for (const auto kind : {FieldName::Total, FieldName::Cause, FieldName::Distance, FieldName::FromCpu, FieldName::ToCpu, FieldName::Pair})
        for (const auto& column : table.columns)
            if (column.field.kind == kind) return kind;
    return std::nullopt;
}

void sum_up(Table& table) {
    table.seconds = table.period * static_cast<double>(table.begins.size());
    table.migrations = 0;
    bool pairs = false, ends = false;
    const auto counting = counting_kind(table);
    std::vector<double> sums;
    std::set<std::uint32_t> used;
    for (const auto& column : table.columns) {
        const FieldName& field = column.field;
        sums.push_back(std::accumulate(column.rates.begin(), column.rates.end(), 0.0) * table.period);
        pairs |= field.kind == FieldName::Pair;
        ends |= field.kind == FieldName::FromCpu || field.kind == FieldName::ToCpu;
        table.cpus = std::max({table.cpus, field.from + 1, field.to + 1});
        if (sums.back() <= 0) continue;
        if (field.kind == FieldName::Pair || field.kind == FieldName::FromCpu) used.insert(field.from);
        if (field.kind == FieldName::Pair || field.kind == FieldName::ToCpu) used.insert(field.to);
    }
    if (!pairs && !ends) table.cpus = 0;
    table.cpus_in_use = used.size();
    std::optional<Axis> axis;
    if (pairs || ends) axis.emplace(table, migtrace::TraceHeader(), used, pairs);
    for (std::size_t i = 0; i < sums.size(); i++) {
        const double sum = sums[i];
        const FieldName& field = table.columns[i].field;
        if (field.kind == counting) table.migrations += sum;
        // Of a large machine the axis has only CPUs in use.
        if (sum <= 0) continue;
        if (field.kind == FieldName::Pair) axis->add_pair(field.from, field.to, sum);
        if (field.kind == FieldName::FromCpu || (field.kind == FieldName::Pair && !ends))
            axis->add_left(field.from, sum);
        if (field.kind == FieldName::ToCpu || (field.kind == FieldName::Pair && !ends))
            axis->add_arrived(field.to, sum);
    }
    table.migrations_in_rows = table.migrations;
}

}  // namespace miggraph
