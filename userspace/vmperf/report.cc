/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/terminal.h"

namespace vmperf {

namespace {

using Json = nlohmann::json;
using State = Count::State;

constexpr std::size_t kMostCounts = 4096;
constexpr std::size_t kLongestName = 256;
constexpr double kMostSeconds = 1e10, kLargestScale = 1e12, kLargestInteger = 9e18;

/// 1234567 as "1,234,567"
std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
    return text;
}

double value_of(const EventCount& count) { return count.count.scaled() * count.scale; }

std::string number_of(const EventCount& count) {
    if (count.count.state == State::NotSupported) return "<not supported>";
    if (count.count.state == State::NotCounted) return "<not counted>";
    const double value = value_of(count);
    if (value > kLargestInteger) return fmt::format("{:.6e}", value);
    if (count.unit.empty()) return grouped(static_cast<std::uint64_t>(std::llround(value)));
    const auto whole = static_cast<std::uint64_t>(value);
    return fmt::format("{}.{:02}", grouped(whole), static_cast<unsigned>((value - static_cast<double>(whole)) * 100));
}

/// "cycles" of "cycles:u"
std::string_view plain_name(const EventCount& count) { return std::string_view(count.event).substr(0, count.event.find(':')); }
std::string_view modifiers(const EventCount& count) { return std::string_view(count.event).substr(plain_name(count).size()); }

/// The counted event of one of these names, with the same modifiers as `like`.
const EventCount* counted(const std::vector<EventCount>& counts, std::initializer_list<std::string_view> names, const EventCount* like) {
    const auto is_it = [&](const EventCount& count) {
        return count.count.state == State::Counted && std::ranges::find(names, plain_name(count)) != names.end() &&
               (!like || modifiers(*like) == modifiers(count));
    };
    const auto found = std::ranges::find_if(counts, is_it);
    return found == counts.end() ? nullptr : &*found;
}

bool is_clock(const EventCount& count) { return plain_name(count) == "task-clock" || plain_name(count) == "cpu-clock"; }

/// "120.4", " K" or so, for 120400 per second.
std::string per_second(double rate) {
    for (const char* unit : {"/sec", "K/sec", "M/sec"}) {
        if (rate < 1000) return fmt::format("{:.3f} {}", rate, unit);
        rate /= 1000;
    }
    return fmt::format("{:.3f} G/sec", rate);
}

std::string share_of(const std::vector<EventCount>& counts, const EventCount& part, std::initializer_list<std::string_view> whole,
                     std::string_view what) {
    const EventCount* all = counted(counts, whole, &part);
    if (!all || value_of(*all) <= 0) return "";
    return fmt::format("{:.2f}% of all {}", 100 * value_of(part) / value_of(*all), what);
}

/// Of what could have hit: branches, references of the cache, and "LLC-loads" for "LLC-load-misses".
std::string miss_rate(const std::vector<EventCount>& counts, const EventCount& count) {
    constexpr std::string_view kMisses = "-misses";
    const std::string_view name = plain_name(count);
    if (name == "branch-misses") return share_of(counts, count, {"branches", "branch-instructions"}, "branches");
    if (name == "cache-misses") return share_of(counts, count, {"cache-references"}, "cache refs");
    if (!name.ends_with(kMisses)) return "";
    const std::string one(name.substr(0, name.size() - kMisses.size()));
    const std::string all = one + (one.ends_with("prefetch") ? "es" : "s");
    return share_of(counts, count, {all}, all);
}

/// What a count means beside others: processors used, per second, per cycle, of how many.
std::string meaning(const std::vector<EventCount>& counts, const EventCount& count, double seconds) {
    if (count.count.state != State::Counted) return "";
    if (is_clock(count)) return seconds > 0 ? fmt::format("{:.3f} CPUs utilized", value_of(count) / 1000 / seconds) : "";
    const std::string_view name = plain_name(count);
    if (name == "instructions")
        if (const EventCount* cycles = counted(counts, {"cycles", "cpu-cycles"}, &count); cycles && value_of(*cycles) > 0)
            return fmt::format("{:.2f} insn per cycle", value_of(count) / value_of(*cycles));
    if (const std::string rate = miss_rate(counts, count); !rate.empty()) return rate;
    const EventCount* clock = counted(counts, {"task-clock", "cpu-clock"}, nullptr);
    if (!clock || value_of(*clock) <= 0 || !count.unit.empty()) return "";
    const double rate = value_of(count) / (value_of(*clock) / 1000);
    return name == "cycles" || name == "cpu-cycles" ? fmt::format("{:.3f} GHz", rate / 1e9) : per_second(rate);
}

std::string line(const std::vector<EventCount>& counts, const EventCount& count, double seconds) {
    std::string text = fmt::format("{:>18} {:<4} {:<32}", number_of(count), count.unit, count.event);
    const std::string means = meaning(counts, count, seconds);
    const bool shared = count.count.state == State::Counted && count.count.running < count.count.enabled;
    if (!means.empty() || shared)
        text += fmt::format(" #{:>9} {:<20}", means.substr(0, means.find(' ')), means.empty() ? "" : means.substr(means.find(' ') + 1));
    if (shared) text += fmt::format("  ({:.2f}%)", 100 * count.count.share());
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
}

const char* name_of(State state) {
    return state == State::Counted ? "counted" : state == State::NotCounted ? "not counted" : "not supported";
}

State state_named(const std::string& name) {
    for (const State state : {State::Counted, State::NotCounted, State::NotSupported})
        if (name == name_of(state)) return state;
    throw base::Error(fmt::format("the server's answer makes no sense: a count that is '{}'", name.substr(0, 40)));
}

/// A name or a unit, as it may be printed.
std::string name_from_json(const Json& text) {
    const auto& name = text.get_ref<const std::string&>();
    if (name.size() > kLongestName) throw base::Error(fmt::format("the server's answer makes no sense: a name of {} bytes", name.size()));
    return base::printable(name);
}

double scale_from_json(const Json& object) {
    const double scale = object.value("scale", 1.0);
    if (!(scale > 0 && scale <= kLargestScale)) throw base::Error(fmt::format("the server's answer makes no sense: a scale of {}", scale));
    return scale;
}

double msec(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

/// 1250 as "1,250.00"
std::string grouped_msec(std::uint64_t ns) { return fmt::format("{}.{:02}", grouped(ns / 1'000'000), ns / 10'000 % 100); }

std::string vcpu_name(const VcpuTimes& times) { return times.vcpu ? std::to_string(*times.vcpu) : "all"; }

/// Names of raw events have commas.
std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

std::string csv_line(const EventCount& count, const std::string& event) {
    const double value = value_of(count);
    const std::string number = count.count.state != State::Counted ? number_of(count)
                               : count.unit.empty()                ? fmt::format("{:.0f}", value)
                                                                   : fmt::format("{:.2f}", value);
    return fmt::format("{},{},{},{},{:.2f}\n", number, csv_field(count.unit), csv_field(event), count.count.running, 100 * count.count.share());
}

}  // namespace

std::vector<EventCount> event_counts(const std::vector<Event>& events, const std::vector<Count>& counts) {
    std::vector<EventCount> all;
    for (std::size_t i = 0; i < events.size(); i++) all.push_back({events[i].name, events[i].unit, events[i].scale, counts[i]});
    return all;
}

std::vector<Count> since(const std::vector<Count>& now, const std::vector<Count>& before) {
    std::vector<Count> difference = now;
    for (std::size_t i = 0; i < difference.size(); i++) {
        Count& count = difference[i];
        count.value -= before[i].value;
        count.enabled -= before[i].enabled;
        count.running -= before[i].running;
        if (count.state == State::Counted && count.running == 0) count.state = State::NotCounted;
    }
    return difference;
}

nlohmann::ordered_json to_json(const std::vector<EventCount>& counts) {
    auto list = nlohmann::ordered_json::array();
    for (const EventCount& count : counts) {
        nlohmann::ordered_json object = {{"event", count.event}, {"state", name_of(count.count.state)}};
        if (count.count.state == State::Counted) object["value"] = count.count.value;
        // For who reads it; the client computes it anew.
        if (count.count.share() < 1 && count.count.running) object["scaled"] = std::llround(std::min(count.count.scaled(), kLargestInteger));
        if (!count.unit.empty()) object["unit"] = count.unit;
        if (count.scale != 1) object["scale"] = count.scale;
        object["enabled_ns"] = count.count.enabled;
        object["running_ns"] = count.count.running;
        list.push_back(std::move(object));
    }
    return list;
}

std::vector<EventCount> counts_from_json(const Json& list) {
    if (!list.is_array() || list.size() > kMostCounts) throw base::Error("the server's answer makes no sense: there is no list of counts in it");
    std::vector<EventCount> counts;
    try {
        for (const Json& object : list) {
            EventCount count;
            count.event = name_from_json(object.at("event"));
            count.count.state = state_named(object.at("state").get<std::string>());
            count.count.value = object.value("value", std::uint64_t{0});
            if (object.contains("unit")) count.unit = name_from_json(object.at("unit"));
            count.scale = scale_from_json(object);
            count.count.enabled = object.value("enabled_ns", std::uint64_t{0});
            count.count.running = object.value("running_ns", std::uint64_t{0});
            counts.push_back(std::move(count));
        }
    } catch (const Json::exception& error) {
        throw base::Error(fmt::format("the server's answer makes no sense: {}", error.what()));
    }
    return counts;
}

nlohmann::ordered_json to_json(const Total& total) {
    auto vcpus = nlohmann::ordered_json::array();
    for (const VcpuTimes& times : total.vcpus) {
        nlohmann::ordered_json object;
        if (times.vcpu) object["vcpu"] = *times.vcpu;
        object["run_ns"] = times.run_ns;
        object["wait_ns"] = times.wait_ns;
        object["migrations"] = times.migrations;
        vcpus.push_back(std::move(object));
    }
    return {{"reason", total.reason},
            {"seconds", total.seconds},
            {"counts", to_json(total.counts)},
            {"others", to_json(total.others)},
            {"vcpus", std::move(vcpus)}};
}

double seconds_from_json(const Json& object) {
    const auto found = object.find("seconds");
    const double seconds = found != object.end() && found->is_number() ? found->get<double>() : -1;
    if (!(seconds >= 0 && seconds <= kMostSeconds)) throw base::Error("the server's answer makes no sense: its \"seconds\" are no time");
    return seconds;
}

Total total_from_json(const Json& object) {
    try {
        Total total;
        total.seconds = seconds_from_json(object);
        total.reason = base::printable(object.value("reason", "").substr(0, kLongestName));
        total.counts = counts_from_json(object.at("counts"));
        total.others = counts_from_json(object.at("others"));
        const Json& vcpus = object.at("vcpus");
        if (!vcpus.is_array() || vcpus.size() > kMostCounts) throw base::Error("the server's answer makes no sense: \"vcpus\" is no list");
        for (const Json& one : vcpus) {
            VcpuTimes& times = total.vcpus.emplace_back();
            if (one.contains("vcpu")) times.vcpu = one.at("vcpu").get<unsigned>();
            times.run_ns = one.at("run_ns").get<std::uint64_t>();
            times.wait_ns = one.at("wait_ns").get<std::uint64_t>();
            times.migrations = one.at("migrations").get<std::uint64_t>();
        }
        return total;
    } catch (const Json::exception& error) {
        throw base::Error(fmt::format("the server's answer makes no sense: {}", error.what()));
    }
}

std::string interval_text(const std::vector<EventCount>& counts, double seconds, double length, bool first) {
    std::string text = first ? "#           time             counts unit events\n" : "";
    for (const EventCount& count : counts) text += fmt::format("{:>16.9f} ", seconds) + line(counts, count, length);
    return text;
}

std::string total_text(const std::vector<EventCount>& counts, const std::string& whose, double seconds) {
    std::string text = fmt::format("\n Performance counter stats for {}:\n\n", whose);
    for (const EventCount& count : counts) text += line(counts, count, seconds);
    return text + fmt::format("\n{:>18.9f} seconds time elapsed\n\n", seconds);
}

std::string host_text(const Total& total) {
    std::string text;
    if (!total.vcpus.empty()) text += " On the host:\n\n   vCPU      on a CPU ms     waiting ms  waiting   migrations\n";
    for (const VcpuTimes& times : total.vcpus)
        text += fmt::format("{:>7} {:>16} {:>14} {:>7.2f}% {:>12}\n", vcpu_name(times), grouped_msec(times.run_ns), grouped_msec(times.wait_ns),
                            total.seconds > 0 ? msec(times.wait_ns) / 10 / total.seconds : 0, grouped(times.migrations));
    if (!total.vcpus.empty()) text += "\n";
    else if (!total.counts.empty())
        text += " Which of QEMU's threads run virtual CPUs is not known: all are counted. Its option -name NAME,debug-threads=on tells.\n\n";
    std::string others;
    for (const EventCount& count : total.others)
        if (count.count.state == State::Counted) others += fmt::format("{:>18} {:<4} {}\n", number_of(count), count.unit, count.event);
    return others.empty() ? text : text + " QEMU's other threads:\n\n" + others + "\n";
}

std::string interval_csv(const std::vector<EventCount>& counts, double seconds) {
    std::string text;
    for (const EventCount& count : counts) text += fmt::format("{:.9f},", seconds) + csv_line(count, count.event);
    return text;
}

std::string total_csv(const Total& total) {
    std::string text;
    for (const EventCount& count : total.counts) text += csv_line(count, count.event);
    for (const VcpuTimes& times : total.vcpus) {
        const std::string vcpu = "vcpu/" + vcpu_name(times);
        text += fmt::format("{:.2f},msec,{}/run,,\n", msec(times.run_ns), vcpu);
        text += fmt::format("{:.2f},msec,{}/wait,,\n", msec(times.wait_ns), vcpu);
        text += fmt::format("{},,{}/migrations,,\n", times.migrations, vcpu);
    }
    for (const EventCount& count : total.others) text += csv_line(count, "others/" + count.event);
    return text;
}

}  // namespace vmperf
