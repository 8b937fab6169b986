/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/units.h"
#include "migtrace/trace_reader.h"

namespace miggraph {

using std::chrono::nanoseconds;

namespace {

constexpr std::int64_t kMostRows = 100'000;
/// Rows times columns, of 8 bytes each: thousands of fields, or thousands of points, but not both.
constexpr std::uint64_t kMostCells = 10'000'000;
/// A matrix of more CPUs than this is no picture any more.
constexpr std::uint32_t kMostCpus = 2048;

struct Migration {
    std::uint64_t ts;
    std::uint16_t cause, from, to;
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
             static_cast<std::uint16_t>(event.from), static_cast<std::uint16_t>(event.to)});
    }
    return recording;
}

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
    nanoseconds duration(recording.end - recording.begin);
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

    Table table;
    table.period = static_cast<double>(period.count()) / 1e9;
    table.seconds = static_cast<double>(duration.count()) / 1e9;
    table.migrations = static_cast<double>(recording.migrations.size());
    for (std::int64_t i = 0; i < rows; i++) table.begins.push_back(table.period * static_cast<double>(i));

    const std::vector<double> nothing(static_cast<std::size_t>(rows), 0.0);
    for (const auto& [number, cause] : reader.header().causes())
        table.columns.push_back({cause, {}, nothing});
    std::size_t total = table.columns.size();
    table.columns.push_back({"migrate", {FieldName::Total, 0, 0}, nothing});
    std::uint32_t cpus = recording.cpus;
    bool matrix = cpus <= kMostCpus;
    if (matrix) {
        table.pairs.assign(cpus, std::vector<double>(cpus, 0.0));
        table.left.assign(cpus, 0.0);
        table.arrived.assign(cpus, 0.0);
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
        if (matrix) {
            table.pairs[m.from][m.to]++;
            table.left[m.from]++;
            table.arrived[m.to]++;
        }
        // A period that is not over at the end has no row.
        auto row =
            static_cast<std::size_t>(static_cast<std::int64_t>(m.ts - recording.begin) / period.count());
        if (row >= nothing.size()) continue;
        table.columns[m.cause].rates[row] += one;
        table.columns[total].rates[row] += one;
        if (!all_columns) continue;
        table.columns[from_columns + 2 * m.from].rates[row] += one;
        table.columns[from_columns + 2 * m.to + 1].rates[row] += one;
        table.columns[pair_columns[{m.from, m.to}]].rates[row] += one;
    }
    return table;
}

void sum_up(Table& table) {
    table.seconds = table.period * static_cast<double>(table.begins.size());
    table.migrations = 0;
    unsigned cpus = 0;
    bool pairs = false, ends = false, total = false;
    for (const auto& column : table.columns) {
        pairs |= column.field.kind == FieldName::Pair;
        ends |= column.field.kind == FieldName::FromCpu || column.field.kind == FieldName::ToCpu;
        total |= column.field.kind == FieldName::Total;
        cpus = std::max({cpus, column.field.from + 1, column.field.to + 1});
    }
    if (pairs) table.pairs.assign(cpus, std::vector<double>(cpus, 0.0));
    if (pairs || ends) {
        table.left.assign(cpus, 0.0);
        table.arrived.assign(cpus, 0.0);
    }
    for (const auto& column : table.columns) {
        double sum = std::accumulate(column.rates.begin(), column.rates.end(), 0.0) * table.period;
        const FieldName& field = column.field;
        if (field.kind == FieldName::Total || (field.kind == FieldName::Cause && !total))
            table.migrations += sum;
        if (field.kind == FieldName::Pair) table.pairs[field.from][field.to] += sum;
        if (field.kind == FieldName::FromCpu || (field.kind == FieldName::Pair && !ends))
            table.left[field.from] += sum;
        if (field.kind == FieldName::ToCpu || (field.kind == FieldName::Pair && !ends))
            table.arrived[field.to] += sum;
    }
}

}  // namespace miggraph
