/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string.hpp>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/units.h"
#include "miggraph/text.h"
#include "migtrace/cause_info.h"

namespace miggraph {

namespace {

constexpr const char* kNoMigration = "there are no migrations";
constexpr const char* kNoCpus = "it does not tell from which CPU to which tasks went";
constexpr const char* kNotOver = "all migrations are in the last period, which is not over; choose another --period";

constexpr std::array kAll = {Graph::Rate, Graph::Cause, Graph::Pair, Graph::Cpu, Graph::Field};

std::chrono::nanoseconds duration(double seconds) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9 + 0.5));
}

double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

Timeline timeline(const Table& table) {
    Timeline line;
    line.times = table.begins;
    line.step = table.period;
    line.y_label = "migrations per second";
    return line;
}

/// The total, added up from other fields where the input has none.
std::vector<double> total(const Table& table) {
    std::vector<double> rates(table.begins.size(), 0.0);
    const auto kind = counting_kind(table);
    for (const auto& column : table.columns)
        if (column.field.kind == kind)
            for (std::size_t i = 0; i < rates.size(); i++) rates[i] += column.rates[i];
    return rates;
}

bool has_causes(const Table& table) {
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [](const auto& column) { return column.field.kind == FieldName::Cause; });
}

/// Causes that occur, the most frequent first: it is at the bottom of the stack.
std::vector<Timeline::Line> causes(const Table& table) {
    std::vector<const Table::Column*> columns;
    double all = 0;
    for (const auto& column : table.columns)
        if (column.field.kind == FieldName::Cause && sum(column.rates) > 0) {
            columns.push_back(&column);
            all += sum(column.rates);
        }
    std::stable_sort(columns.begin(), columns.end(),
                     [](auto* a, auto* b) { return sum(a->rates) > sum(b->rates); });
    std::vector<Timeline::Line> lines;
    for (const auto* column : columns) {
        double share = 100 * sum(column->rates) / all;
        std::string percent = share < 1 ? "< 1" : fmt::format("{:.0f}", share);
        lines.push_back({fmt::format("{}  {} %", column->name, percent), column->rates,
                         migtrace::cause_info(column->name).colour});
    }
    return lines;
}

/// As migrate_report has it.
std::string cpus_in_use(const Table& table) {
    const std::size_t used = table.cpus_in_use, all = table.nr_cpus.value_or(0);
    // A damaged line may name CPUs that the machine does not have.
    if (all < used) return fmt::format("{} CPU{} in use", used, used == 1 ? "" : "s");
    return fmt::format("{} of {} CPU{} in use", used, all, all == 1 ? "" : "s");
}

/// Graphs that the table cannot give, by reason.
class LeftOut {
 public:
    void add(Graph graph, const std::string& reason) {
        auto at = std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.first == reason; });
        if (at == all_.end()) at = all_.insert(all_.end(), {reason, {}});
        at->second.push_back(fmt::format("'{}'", graph_name(graph)));
    }
    std::vector<std::string> sentences() const {
        std::vector<std::string> texts;
        for (const auto& [reason, graphs] : all_)
            texts.push_back(fmt::format("no graph {}: {}", boost::join(graphs, ", "), reason));
        return texts;
    }

 private:
    std::vector<std::pair<std::string, std::vector<std::string>>> all_;
};

std::string subtitle(const Table& table, const std::string& source, bool over_time) {
    std::string text = source + ": ";
    const double shown = over_time ? table.migrations_in_rows : table.migrations;
    if (shown != table.migrations) text += fmt::format("{:.0f} of ", shown);
    text += fmt::format("{:.0f} migration{}", table.migrations, std::llround(table.migrations) == 1 ? "" : "s");
    if (!table.left.empty()) text += ", " + cpus_in_use(table);
    text += ", " + base::format_duration(duration(table.seconds));
    if (over_time) text += ", periods of " + base::format_duration(duration(table.period));
    if (!over_time && table.axis.unit != "CPU") text += fmt::format(", by {}", table.axis.unit);
    return text;
}

}  // namespace

std::string graph_name(Graph graph) {
    switch (graph) {
        case Graph::Rate:
            return "rate";
        case Graph::Cause:
            return "cause";
        case Graph::Pair:
            return "pair";
        case Graph::Cpu:
            return "cpu";
        case Graph::Field:
            return "field";
    }
    return "";
}

std::vector<Graph> parse_graphs(const std::string& list) {
    std::vector<std::string> names;
    boost::split(names, list, boost::is_any_of(","));
    std::vector<Graph> graphs;
    for (std::string name : names) {
        boost::trim(name);
        boost::to_lower(name);
        auto found =
            std::find_if(kAll.begin(), kAll.end(), [&](Graph graph) { return graph_name(graph) == name; });
        if (found == kAll.end())
            throw base::UsageError(fmt::format(
                "--graph: there is no graph '{}'; there are rate, cause, pair, cpu and field", name));
        if (std::find(graphs.begin(), graphs.end(), *found) == graphs.end()) graphs.push_back(*found);
    }
    return graphs;
}

std::vector<Drawing> make_drawings(const Table& table, const std::vector<Graph>& wanted,
                                   const std::string& source, const std::string& title,
                                   std::vector<std::string>& notes) {
    std::vector<Drawing> drawings;
    std::set<std::string> names;
    auto asked = [&](Graph graph) { return std::find(wanted.begin(), wanted.end(), graph) != wanted.end(); };
    LeftOut left_out;
    // Stat files have what they were asked for, and nobody expects more of them.
    auto untold = [&](Graph graph, const char* what) {
        if (asked(graph)) left_out.add(graph, what);
    };
    auto add = [&](Graph graph, const std::string& what, auto content, bool over_time) {
        std::string full = title.empty() ? what : title + ": " + boost::to_lower_copy(what);
        drawings.push_back(
            {graph_name(graph), {full, subtitle(table, source, over_time), std::move(content)}, false});
    };

    for (Graph graph : wanted.empty() ? std::vector<Graph>(kAll.begin(), kAll.end() - 1) : wanted) {
        if (graph == Graph::Rate) {
            Timeline line = timeline(table);
            line.lines.push_back({"", total(table)});
            add(graph, "Migrations per second", std::move(line), true);
        } else if (graph == Graph::Cause) {
            Timeline line = timeline(table);
            line.stacked = true;
            line.lines = causes(table);
            if (!has_causes(table))
                untold(graph, "it does not tell the causes");
            else if (line.lines.empty())
                left_out.add(graph, table.migrations > 0 && table.migrations_in_rows == 0 ? kNotOver : kNoMigration);
            else
                add(graph, "Migrations by cause", std::move(line), true);
        } else if (graph == Graph::Pair) {
            if (table.pairs.empty())
                untold(graph, kNoCpus);
            else if (table.migrations == 0)
                left_out.add(graph, kNoMigration);
            else
                add(graph, "Migrations from CPU to CPU", CpuPairs{table.pairs, table.axis}, false);
        } else if (graph == Graph::Cpu) {
            if (table.left.empty())
                untold(graph, kNoCpus);
            else if (table.migrations == 0)
                left_out.add(graph, kNoMigration);
            else
                add(graph, "Migrations by CPU", CpuTotals{table.left, table.arrived, table.axis}, false);
        } else {
            for (const auto& column : table.columns) {
                Timeline line = timeline(table);
                line.lines.push_back({"", column.rates});
                // Two fields may have one name, or differ in what a file's name cannot hold.
                std::string name = file_name(column.name), unique = name;
                for (int i = 2; !names.insert(unique).second; i++) unique = fmt::format("{}-{}", name, i);
                drawings.push_back(
                    {unique, {column.name, subtitle(table, source, true), std::move(line)}, true});
            }
        }
    }
    notes.insert(notes.end(), table.warnings.begin(), table.warnings.end());
    std::vector<std::string> reasons = left_out.sentences();
    if (drawings.empty()) {
        reasons.insert(reasons.end(), notes.begin(), notes.end());
        throw base::Error(fmt::format("{}: there is nothing to draw{}{}", source, reasons.empty() ? "" : ": ",
                                      boost::join(reasons, "; ")));
    }
    for (const std::string& reason : reasons) notes.push_back(source + ": " + reason);
    return drawings;
}

Drawing make_drawing(const Series& series, const std::string& title) {
    Timeline line;
    line.times = series.times;
    line.clock = series.clock;
    line.y_label = "per second";
    line.lines.push_back({"", series.values});
    return {file_name(title), {title, "", std::move(line)}, true};
}

}  // namespace miggraph
