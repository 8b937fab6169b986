/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <cmath>
#include <ctime>
#include <numeric>

#include "base/error.h"
#include "miggraph/text.h"
#include "migtrace/foreign.h"

namespace miggraph {

namespace {

constexpr double kDay = 86400;

std::optional<double> number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

/// Whole numbers with `separator` between them: three of them, the last perhaps with a fraction.
std::optional<std::vector<double>> three(std::string_view text, char separator) {
    std::vector<std::string> parts;
    boost::split(parts, text, [=](char c) { return c == separator; });
    if (parts.size() != 3) return std::nullopt;
    std::vector<double> numbers;
    for (const auto& part : parts) {
        auto value =
            part.empty() || !std::isdigit(static_cast<unsigned char>(part[0])) ? std::nullopt : number(part);
        if (!value) return std::nullopt;
        numbers.push_back(*value);
    }
    return numbers;
}

/// "hh:mm:ss.mmm" in seconds.
std::optional<double> time_of_day(std::string_view text) {
    auto parts = three(text, ':');
    if (!parts || (*parts)[0] >= 25 || (*parts)[1] >= 60 || (*parts)[2] >= 61) return std::nullopt;
    return (*parts)[0] * 3600 + (*parts)[1] * 60 + (*parts)[2];
}

/// "yyyy/mm/dd" in seconds since 1970.
std::optional<double> date(std::string_view text) {
    auto parts = three(text, '/');
    if (!parts || (*parts)[0] < 1900 || (*parts)[0] > 9999 || (*parts)[1] < 1 || (*parts)[1] > 12 ||
        (*parts)[2] < 1 || (*parts)[2] > 31)
        return std::nullopt;
    std::tm day = {};
    day.tm_year = static_cast<int>((*parts)[0]) - 1900;
    day.tm_mon = static_cast<int>((*parts)[1]) - 1;
    day.tm_mday = static_cast<int>((*parts)[2]);
    return static_cast<double>(::timegm(&day));
}

}  // namespace

std::optional<Point> parse_point(std::string_view line) {
    std::vector<std::string> words;
    std::string trimmed = boost::trim_copy(std::string(line));
    boost::split(words, trimmed, boost::is_any_of(" \t"), boost::token_compress_on);
    if (words.size() < 2) return std::nullopt;
    auto value = number(words.back());
    if (!value) return std::nullopt;
    Point point;
    point.value = *value;
    point.clock = Timeline::Clock::TimeOfDay;
    if (auto clock = time_of_day(words[0])) {
        point.time = *clock;
        return point;
    }
    if (auto day = date(words[0]); day && words.size() > 2) {
        auto clock = time_of_day(words[1]);
        if (!clock) return std::nullopt;
        point.time = *day + *clock;
        point.dated = true;
        return point;
    }
    auto seconds = number(words[0]);
    if (!seconds) return std::nullopt;
    point.time = *seconds;
    point.clock = Timeline::Clock::Elapsed;
    return point;
}

Series read_series(std::istream& in, const std::string& name) {
    Series series;
    std::string line, first_bad;
    bool dated = false;
    double days = 0, last = 0;
    for (std::uint64_t count = 1; std::getline(in, line); count++) {
        boost::trim(line);
        if (line.empty() || line[0] == '#') continue;
        auto point = parse_point(line);
        if (!point) {
            if (series.skipped++ == 0) {
                series.first_skipped = count;
                first_bad = printable(line, 60);
            }
            continue;
        }
        if (series.times.empty()) {
            series.clock = point->clock;
            dated = point->dated;
        } else if (point->clock != series.clock || point->dated != dated) {
            throw base::Error(
                fmt::format("{}: line {} has another kind of time than the lines before it", name, count));
        }
        double time = point->time + days;
        if (series.clock == Timeline::Clock::TimeOfDay && !dated && !series.times.empty() &&
            time < last - kDay / 2) {
            days += kDay;
            time += kDay;
        }
        last = time;
        series.times.push_back(time);
        series.values.push_back(point->value);
    }
    if (in.bad()) throw base::Error(fmt::format("cannot read {}", name));
    if (series.times.empty()) {
        if (series.skipped)
            throw base::Error(
                fmt::format("{}: line {} ('{}') is neither a trace, nor a stat file, nor a time and a value ({})",
                            name, series.first_skipped, first_bad, migtrace::kImportHint));
        throw base::Error(fmt::format("{} is empty, or has no more than a header: there is nothing to draw", name));
    }
    if (!std::is_sorted(series.times.begin(), series.times.end())) {
        std::vector<std::size_t> order(series.times.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return series.times[a] < series.times[b]; });
        Series sorted = series;
        for (std::size_t i = 0; i < order.size(); i++) {
            sorted.times[i] = series.times[order[i]];
            sorted.values[i] = series.values[order[i]];
        }
        return sorted;
    }
    return series;
}

}  // namespace miggraph
