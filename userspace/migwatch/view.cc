/* SPDX-License-Identifier: GPL-2.0-only */
#include "migwatch/view.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/terminal.h"

namespace migwatch {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCauseWidth = 16, kPairWidth = 9, kRateWidth = 8, kGap = 2;

double rate(std::uint64_t count, double seconds) { return seconds > 0 ? static_cast<double>(count) / seconds : 0; }
std::string rate_text(const Row& row, double seconds) { return fmt::format("{:>{}.1f}", rate(row.now, seconds), kRateWidth); }

/// `text` in exactly so many columns. Bytes of names that are no ASCII have been made visible, so that each is a column.
std::string cell(std::string text, std::size_t width) {
    text.resize(width, ' ');
    return text;
}

/// Only what a terminal shows in a column each.
std::string plain(const std::string& name) {
    std::string text = base::printable(name);
    std::replace_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
    return text;
}

void arrange(Look& look, const ViewOptions& options) {
    for (auto* rows : {&look.causes, &look.pairs, &look.processes}) {
        sort_rows(*rows, options.sort, options.reverse);
        if (rows->size() > options.rows) rows->resize(options.rows);
    }
}

std::string time_of_day(double time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm local{};
    return ::localtime_r(&seconds, &local) ? fmt::format("{:%H:%M:%S}", local) : "";
}

std::string sums(const Look& look, double time) {
    std::string text = fmt::format("{}  {:.1f} migrations/s, {} in all", time_of_day(time), rate(look.migrations, look.seconds), look.total);
    if (look.lost) text += fmt::format("; {} events lost", look.lost);
    return text;
}

}  // namespace

std::string view_sums(const Look& look, double seconds) {
    std::string text = fmt::format("{} migrations in {:.1f} s, {:.1f}/s", look.total, seconds, rate(look.total, seconds));
    if (look.lost) text += fmt::format("; {} events lost", look.lost);
    return text;
}

std::vector<std::string> view(Look look, const ViewOptions& options, double time) {
    arrange(look, options);
    const std::size_t left = kCauseWidth + kRateWidth + kGap, middle = kPairWidth + kRateWidth + kGap;
    const std::size_t name_width = options.width > left + middle + kRateWidth + 16 ? options.width - left - middle - kRateWidth - 9 : 7;
    std::vector<std::string> lines = {sums(look, time), ""};
    const std::string per_second = fmt::format("{:>{}}", "/s", kRateWidth), gap(kGap, ' ');
    lines.push_back(cell("CAUSE", kCauseWidth) + per_second + gap + cell("CPUS", kPairWidth) + per_second + gap + cell("    PID", 8) + " " +
                    cell("COMMAND", name_width) + per_second);
    const std::size_t rows = std::max({look.causes.size(), look.pairs.size(), look.processes.size()});
    for (std::size_t i = 0; i < rows; i++) {
        const auto column = [&](const std::vector<Row>& table, std::size_t width) {
            return i < table.size() ? cell(plain(table[i].name), width) + rate_text(table[i], look.seconds) : std::string(width + kRateWidth, ' ');
        };
        std::string line = column(look.causes, kCauseWidth) + gap + column(look.pairs, kPairWidth) + gap;
        if (i < look.processes.size()) line += fmt::format("{:>8} ", look.processes[i].pid) + column(look.processes, name_width);
        lines.push_back(line);
    }
    for (std::string& line : lines) {
        if (line.size() > options.width) line.resize(options.width);
        line.erase(line.find_last_not_of(' ') + 1);
    }
    return lines;
}

std::string view_json(Look look, const ViewOptions& options, double time) {
    arrange(look, options);
    Json object = {{"type", "rates"},
                   {"time", time},
                   {"ms", look.seconds * 1000},
                   {"migrations", look.migrations},
                   {"per_second", rate(look.migrations, look.seconds)},
                   {"total", look.total},
                   {"lost", look.lost},
                   {"causes", Json::array()},
                   {"pairs", Json::array()},
                   {"processes", Json::array()}};
    const auto figures = [&](Json row, const Row& of) {
        row["per_second"] = rate(of.now, look.seconds);
        row["total"] = of.total;
        return row;
    };
    for (const Row& row : look.causes) object["causes"].push_back(figures({{"cause", row.name}}, row));
    for (const Row& row : look.pairs) object["pairs"].push_back(figures({{"from", row.from}, {"to", row.to}}, row));
    for (const Row& row : look.processes) object["processes"].push_back(figures({{"pid", row.pid}, {"comm", row.name}}, row));
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace migwatch
