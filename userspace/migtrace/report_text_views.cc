/* SPDX-License-Identifier: GPL-2.0-only */
// The reports that the original analyzer did not have.
#include "migtrace/report_text.h"
#include "migtrace/text_table.h"

namespace migtrace {

namespace {

std::string number(std::uint64_t value) {
    return fmt::format("{}", value);
}
std::string rate(std::uint64_t count, std::uint64_t duration) {
    return fmt::format("{:.2f}", per_second(count, duration));
}

std::vector<std::string> distances(const DistanceCounts& counts, std::uint64_t duration) {
    std::vector<std::string> cells;
    for (std::uint64_t count : counts.counts) cells.push_back(number(count));
    cells.push_back(number(counts.total()));
    cells.push_back(rate(counts.total(), duration));
    return cells;
}

/// `front`, `cells`, `back` side by side.
std::vector<std::string> joined(std::vector<std::string> front, const std::vector<std::string>& cells,
                                const std::vector<std::string>& back = {}) {
    front.insert(front.end(), cells.begin(), cells.end());
    front.insert(front.end(), back.begin(), back.end());
    return front;
}

const TextTable::Column kCause = {{}, TextTable::Side::Left, 14}, kPid = {{"pid"}, TextTable::Side::Right, 7},
                        kComm = {{"comm"}, TextTable::Side::Left, 0};
TextTable::Column numbers(std::vector<std::string> title) {
    return {std::move(title), TextTable::Side::Right, 7};
}

std::vector<TextTable::Column> distance_columns() {
    return {numbers({"within", "core"}),  numbers({"within", "cache"}), numbers({"across", "caches"}),
            numbers({"across", "nodes"}), numbers({"unknown"}),         numbers({"total"}),
            numbers({"per sec"})};
}

}  // namespace

void TextReport::topology(const TopologyCounters& counters) {
    const std::uint64_t duration = counters.info().duration();
    auto columns = distance_columns();
    columns.insert(columns.begin(), kCause);
    std::vector<std::string> rates = {"per sec"}, shares = {"share"};
    const std::uint64_t total = counters.total().total();
    for (std::uint64_t count : counters.total().counts) {
        rates.push_back(rate(count, duration));
        shares.push_back(
            total ? fmt::format("{:.1f} %", 100.0 * static_cast<double>(count) / static_cast<double>(total))
                  : "");
    }
    output_.put("\n\nTOPOLOGY by cause (how far tasks moved):\n\n");
    TextTable causes(columns);
    causes.print(output_, [&] {
        for (const auto& cause : counters.causes())
            causes.row(joined({shown(cause.name)}, distances(cause.counts, duration)));
        causes.rule();
        causes.row(joined({"total"}, distances(counters.total(), duration)));
        causes.row(joined(rates, {rate(total, duration), ""}));
        causes.row(joined(shares, {"", ""}));
    });

    columns.front() = kPid;
    columns.push_back(kComm);
    output_.put("\n\nTOPOLOGY by process (the farthest first):\n\n");
    TextTable processes(columns);
    const auto farthest = counters.processes(options_.top);
    processes.print(output_, [&] {
        for (const auto& p : farthest)
            processes.row(joined({fmt::format("{}", p.pid)}, distances(*p.counts, duration), {shown(p.comm)}));
    });
}

void TextReport::residency(const Residency& residency) {
    TextTable table({kCause, numbers({"count"}), numbers({"mean"}), numbers({"min"}), numbers({"p50"}),
                     numbers({"p90"}), numbers({"p99"}), numbers({"p99.9"}), numbers({"max"})});
    auto row = [&](const std::string& name, const base::Histogram& stays) {
        std::vector<std::string> cells = {name, number(stays.count())};
        if (stays.count() == 0) {
            cells.resize(9);
            return table.row(cells);
        }
        cells.push_back(short_time(stays.mean()));
        cells.push_back(short_time(static_cast<double>(stays.min())));
        for (double percent : {50.0, 90.0, 99.0, 99.9, 100.0})
            cells.push_back(short_time(static_cast<double>(stays.percentile(percent))));
        table.row(cells);
    };
    output_.put("\n\nRESIDENCY (how long tasks stayed on a CPU, by the cause that took them away):\n\n");
    table.print(output_, [&] {
        for (const auto& cause : residency.causes()) row(shown(cause.name), cause.stays);
        table.rule();
        row("total", residency.all());
    });
    if (const std::uint64_t left_out = residency.left_out())
        output_.format("\n  left out {}: the task left another CPU than the one where it was seen last\n",
                       left_out == 1 ? "a stay" : fmt::format("{} stays", left_out));
    stay_histogram(residency);
}

void TextReport::stay_histogram(const Residency& residency) {
    std::vector<TextTable::Column> columns = {kCause};
    for (std::uint64_t limit : kStayLimits) columns.push_back(numbers({"up to", short_time(static_cast<double>(limit))}));
    columns.push_back(numbers({"longer"}));
    TextTable table(columns);
    auto row = [&](const std::string& name, const base::Histogram& stays) {
        std::vector<std::string> cells = {name};
        for (std::uint64_t count : stay_buckets(stays)) cells.push_back(number(count));
        table.row(cells);
    };
    output_.put("\n\nRESIDENCY, histogram (stays that were longer than the column before):\n\n");
    table.print(output_, [&] {
        for (const auto& cause : residency.causes()) row(shown(cause.name), cause.stays);
        table.rule();
        row("total", residency.all());
    });
}

void TextReport::pingpong(const PingPong& pingpong) {
    const std::uint64_t duration = pingpong.info().duration();
    output_.format("\n\nPINGPONG (back on a CPU within {} of leaving it):\n\n",
                   short_time(static_cast<double>(pingpong.within_ns())));
    TextTable pairs({{{"cause away"}, TextTable::Side::Left, 14},
                     {{"cause back"}, TextTable::Side::Left, 14},
                     numbers({"count"}),
                     numbers({"per sec"}),
                     numbers({"mean", "time away"})});
    const auto worst_pairs = pingpong.pairs(options_.top);
    pairs.print(output_, [&] {
        for (const auto& pair : worst_pairs)
            pairs.row({shown(pair.away), shown(pair.back), number(pair.count), rate(pair.count, duration),
                       short_time(pair.mean_away())});
        pairs.rule();
        pairs.row({"total", "", number(pingpong.total()), rate(pingpong.total(), duration), ""});
    });

    TextTable processes({kPid,
                         numbers({"count"}),
                         numbers({"per sec"}),
                         numbers({"of all", "moves"}),
                         {{"most often away, back"}, TextTable::Side::Left, 0},
                         kComm});
    output_.put("\n\nPINGPONG by process (the worst first):\n\n");
    const auto worst = pingpong.processes(options_.top);
    processes.print(output_, [&] {
        for (const auto& p : worst) {
            const PingPong::Pair most = pingpong.pairs_of(p.pid).front();
            processes.row({fmt::format("{}", p.pid), number(p.count), rate(p.count, duration), number(p.migrations),
                           shown(most.away) + ", " + shown(most.back), shown(p.comm)});
        }
    });
}

}  // namespace migtrace
