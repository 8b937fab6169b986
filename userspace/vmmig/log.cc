/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"

namespace vmmig {

namespace {

using Json = nlohmann::json;

/// Where it stands in the first line of a spike log, the gap only marks the start.
constexpr std::uint64_t kStart = UINT64_MAX;
/// Behind this nothing can be drawn or computed with: a thousand years, in s, and a hundred, in ms.
constexpr double kLatest = 1e11, kLongest = 3.2e12;

/// Cuts `text` from the begin of `rest`.
bool cut(std::string_view& rest, std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
}

/// Cuts a number, not negative, from the begin of `rest`.
template <class Number>
bool cut_number(std::string_view& rest, Number& number) {
    const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (failure != std::errc() || !(number >= 0)) return false;
    if constexpr (std::is_floating_point_v<Number>)
        if (!std::isfinite(number)) return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return true;
}

/// "1700000000,512"
bool read_spike(std::string_view line, SpikeLog& log) {
    std::uint64_t at = 0, gap = 0;
    if (!cut_number(line, at) || !cut(line, ",") || !cut_number(line, gap) || !line.empty() || static_cast<double>(at) > kLatest) return false;
    if (gap == kStart)
        log.start = static_cast<double>(at);
    else if (static_cast<double>(gap) > kLongest)
        return false;
    else
        log.spikes.push_back({static_cast<double>(at), static_cast<double>(gap)});
    return true;
}

/// "dirty-rate: 500 (MB/s), time (ms): 1000, load: 12%, lat (us): p50=1 p99=2 max=30"
bool read_second(std::string_view line, DirtyLog& log) {
    DirtyLog::Second second;
    if (!cut(line, "dirty-rate: ") || !cut_number(line, second.mb_per_second) || !cut(line, " (MB/s), time (ms): ") ||
        !cut_number(line, second.ms) || !cut(line, ", load: ") || !cut_number(line, second.load_percent) || !cut(line, "%"))
        return false;
    if (!line.empty()) {
        DirtyLog::Latency latency;
        if (!cut(line, ", lat (us): p50=") || !cut_number(line, latency.p50_us) || !cut(line, " p99=") || !cut_number(line, latency.p99_us) ||
            !cut(line, " max=") || !cut_number(line, latency.max_us) || !line.empty())
            return false;
        second.latency = latency;
    }
    if (second.ms > kLongest) return false;
    log.seconds.push_back(second);
    return true;
}

/// A number that is not negative and not larger than `most`. Throws what the JSON library throws.
double number(const Json& object, const char* name, double most) {
    const double value = object.at(name).get<double>();
    if (!(value >= 0 && value <= most)) throw base::Error(name);
    return value;
}

/// An object of mm_dirty or client_rr; those that are no point in time are passed over. False: it is neither's.
bool read_object(const std::string& line, SpikeLog& spikes, DirtyLog& dirty) {
    try {
        const Json object = Json::parse(line);
        const std::string type = object.at("type").get<std::string>();
        if (type == "start") {
            spikes.start = number(object, "time", kLatest);
        } else if (type == "outage") {
            spikes.spikes.push_back({number(object, "end", kLatest), number(object, "gap_ms", kLongest)});
        } else if (type == "second" && object.contains("mb_per_second")) {
            DirtyLog::Second second{number(object, "ms", kLongest), number(object, "mb_per_second", 1e300),
                                    number(object, "cpu_percent", 1e300), {}};
            if (object.contains("latency_ns")) {
                const Json& ns = object.at("latency_ns");
                second.latency = DirtyLog::Latency{number(ns, "p50", 1e300) / 1000, number(ns, "p99", 1e300) / 1000,
                                                   number(ns, "max", 1e300) / 1000};
            }
            dirty.seconds.push_back(second);
        }
        return true;
    } catch (const Json::exception&) {
        return false;
    } catch (const base::Error&) {
        return false;
    }
}

[[noreturn]] void refuse(const std::string& name, std::size_t number, const std::string& why) {
    throw base::Error(fmt::format("{}, line {}: {}", name, number, why));
}

}  // namespace

MonLog read_log(std::istream& in, const std::string& name) {
    SpikeLog spikes;
    DirtyLog dirty;
    bool any_spike = false;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); number++) {
        boost::trim(line);
        if (line.empty()) continue;
        if (line[0] == '{') {
            if (!read_object(line, spikes, dirty)) refuse(name, number, "this is no JSON of mig_mon mm_dirty or client_rr");
        } else if (line.starts_with("dirty-rate:")) {
            if (!read_second(line, dirty)) refuse(name, number, "this is no whole line of mig_mon mm_dirty");
        } else if (dirty.seconds.empty() && std::isdigit(static_cast<unsigned char>(line[0])) && line.find(',') != line.npos) {
            if (!read_spike(line, spikes)) refuse(name, number, "this is no SECONDS,MILLISECONDS as in a spike log");
            any_spike = true;
        } else if (any_spike) {
            refuse(name, number, "this is no SECONDS,MILLISECONDS as in a spike log");
        }
    }
    any_spike = any_spike || !spikes.spikes.empty();
    if (in.bad()) throw base::system_error(fmt::format("cannot read {}", name), errno);
    if (any_spike && !dirty.seconds.empty()) throw base::Error(fmt::format("{} has spikes and the output of mm_dirty: draw them one by one", name));
    if (!dirty.seconds.empty()) return dirty;
    if (!any_spike)
        throw base::Error(fmt::format("{} has nothing to draw: neither a spike log nor a line of mig_mon mm_dirty", name));
    std::stable_sort(spikes.spikes.begin(), spikes.spikes.end(), [](const auto& a, const auto& b) { return a.end < b.end; });
    return spikes;
}

}  // namespace vmmig
