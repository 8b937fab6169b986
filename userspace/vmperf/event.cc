/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace vmperf {

namespace {

using base::UsageError;

constexpr std::size_t kMostEvents = 64;
constexpr std::size_t kLongestName = 256;

/// Of the caches, in the order of the kernel's numbers (linux/perf_event.h, PERF_COUNT_HW_CACHE_...).
constexpr const char* kCaches[] = {"L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node"};
constexpr std::pair<const char*, const char*> kCacheOperations[] = {{"load", "loads"}, {"store", "stores"}, {"prefetch", "prefetches"}};

template <class Number>
std::optional<Number> number(std::string_view text, int base) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "0x3c" or "60"
std::optional<std::uint64_t> number_of_term(std::string_view text) {
    if (text.starts_with("0x")) return number<std::uint64_t>(text.substr(2), 16);
    return number<std::uint64_t>(text, 10);
}

/// Names become parts of paths: of letters, digits and what else the kernel puts into names, and never "..".
bool is_file_name(std::string_view text) {
    const auto allowed = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.'; };
    return !text.empty() && text.front() != '.' && std::ranges::all_of(text, allowed);
}

std::string first_line(const std::string& path) {
    std::string text = base::read_file(path);
    return text.substr(0, text.find('\n'));
}

[[noreturn]] void fail(std::string_view name, const std::string& why) { throw UsageError(fmt::format("event '{}': {}", name, why)); }

/// Puts `value` into the bits of a configuration that the kernel names as "config:0-7,32-35" or "config1:3".
void put(perf_event_attr& attr, std::string_view event, const std::string& format, std::uint64_t value) {
    const auto colon = format.find(':');
    const std::string_view where = std::string_view(format).substr(0, colon);
    __u64* const config = where == "config"    ? &attr.config
                          : where == "config1" ? reinterpret_cast<__u64*>(&attr.config1)
                          : where == "config2" ? reinterpret_cast<__u64*>(&attr.config2)
                                               : nullptr;
    if (!config || colon == std::string::npos) fail(event, fmt::format("the kernel describes a part of it as '{}', which is not known here", format));
    std::string_view bits = std::string_view(format).substr(colon + 1);
    std::uint64_t left = value;
    while (!bits.empty()) {
        const std::string_view range = bits.substr(0, bits.find(','));
        bits.remove_prefix(std::min(bits.size(), range.size() + 1));
        const auto dash = range.find('-');
        const auto low = number<unsigned>(range.substr(0, dash), 10);
        const auto high = dash == std::string_view::npos ? low : number<unsigned>(range.substr(dash + 1), 10);
        if (!low || !high || *low > *high || *high > 63)
            fail(event, fmt::format("the kernel describes a part of it as '{}', which is no bits", format));
        const unsigned width = *high - *low + 1;
        const std::uint64_t mask = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
        *config |= (left & mask) << *low;
        left = width == 64 ? 0 : left >> width;
    }
    if (left) fail(event, fmt::format("{:#x} does not fit into {}", value, format));
}

class PmuEvent {
 public:
    PmuEvent(Event& event, std::string_view name, const std::string& folder) : event_(event), name_(name), folder_(folder) {}

    /// "event=0x3c,umask=1" or "mem-loads"
    void terms(std::string_view text, bool aliases) {
        while (!text.empty()) {
            const std::string_view term = text.substr(0, text.find(','));
            text.remove_prefix(std::min(text.size(), term.size() + 1));
            one(term, aliases);
        }
    }

 private:
    void one(std::string_view term, bool aliases) {
        const auto equals = term.find('=');
        const std::string key(term.substr(0, equals));
        const auto value = equals == std::string_view::npos ? std::optional<std::uint64_t>(1) : number_of_term(term.substr(equals + 1));
        if (!is_file_name(key) || !value) fail(name_, fmt::format("'{}' is no NAME=NUMBER", term));
        if (aliases && equals == std::string_view::npos && std::filesystem::exists(folder_ + "/events/" + key)) {
            terms(first_line(folder_ + "/events/" + key), false);
            return scale(folder_ + "/events/" + key);
        }
        // Bare configurations only from the kernel: what a guest means is named.
        if (!aliases && key == "config") event_.attr.config |= *value;
        else if (!aliases && key == "config1") event_.attr.config1 |= *value;
        else if (!aliases && key == "config2") event_.attr.config2 |= *value;
        else if (std::filesystem::exists(folder_ + "/format/" + key)) put(event_.attr, name_, first_line(folder_ + "/format/" + key), *value);
        else fail(name_, fmt::format("{} has neither an event nor a part '{}'; see {}/events and {}/format", folder_, key, folder_, folder_));
    }

    void scale(const std::string& alias) {
        if (std::filesystem::exists(alias + ".unit")) event_.unit = first_line(alias + ".unit");
        if (!std::filesystem::exists(alias + ".scale")) return;
        const std::string text = first_line(alias + ".scale");
        double value = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc()) event_.scale = value;
    }

    Event& event_;
    std::string_view name_;
    const std::string folder_;
};

/// Those that count what a thread does. Others plant probes (kprobe, uprobe), fill buffers, or count what all do.
bool counts_threads(std::string_view pmu) {
    return pmu.starts_with("cpu") || pmu.starts_with("armv") || pmu.starts_with("riscv") || pmu == "msr" || pmu == "software";
}

/// Bit 21 of an event of Intel's: what the other thread of a core does is counted, too, which may be another VM's.
bool counts_neighbours(const Event& event) {
#if defined(__x86_64__) || defined(__i386__)
    constexpr std::uint64_t kAnyThread = 1 << 21;
    return !event.software() && event.attr.type != PERF_TYPE_TRACEPOINT && event.attr.type != PERF_TYPE_HARDWARE &&
           event.attr.type != PERF_TYPE_HW_CACHE && (event.attr.config & kAnyThread);
#else
    (void)event;
    return false;
#endif
}

void parse_pmu(Event& event, std::string_view name, std::string_view pmu, std::string_view terms, const EventPlaces& places) {
    const std::string folder = fmt::format("{}/{}", places.pmus, pmu);
    if (!counts_threads(pmu)) fail(name, fmt::format("the PMU '{}' does not count what threads do", pmu));
    if (!is_file_name(pmu) || !std::filesystem::exists(folder + "/type"))
        fail(name, fmt::format("this kernel has no PMU '{}' (those it has are in {})", pmu, places.pmus));
    const auto type = number<std::uint32_t>(first_line(folder + "/type"), 10);
    if (!type) fail(name, fmt::format("{}/type is no number", folder));
    event.attr.type = *type;
    PmuEvent(event, name, folder).terms(terms, true);
}

/// Whether it is "SUBSYSTEM:EVENT" of a tracepoint that there is.
bool parse_tracepoint(Event& event, std::string_view subsystem, std::string_view point, const EventPlaces& places) {
    if (!is_file_name(subsystem) || !is_file_name(point)) return false;
    if (subsystem == "ftrace") fail(event.name, "it has the kernel trace all of its functions, for everybody");
    for (const std::string& place : places.tracepoints) {
        const std::string path = fmt::format("{}/{}/{}/id", place, subsystem, point);
        std::error_code none;
        if (!std::filesystem::exists(path, none)) continue;
        const auto id = number<std::uint64_t>(first_line(path), 10);
        if (!id) fail(event.name, fmt::format("{} is no number", path));
        event.attr.type = PERF_TYPE_TRACEPOINT;
        event.attr.config = *id;
        return true;
    }
    return false;
}

/// "LLC-load-misses", "dTLB-loads"
bool parse_cache(Event& event, std::string_view name) {
    for (std::size_t cache = 0; cache < std::size(kCaches); cache++) {
        const std::string_view prefix = kCaches[cache];
        if (!name.starts_with(prefix) || name.substr(prefix.size(), 1) != "-") continue;
        const std::string_view rest = name.substr(prefix.size() + 1);
        for (std::size_t operation = 0; operation < std::size(kCacheOperations); operation++) {
            const auto& [one, many] = kCacheOperations[operation];
            const bool misses = rest == fmt::format("{}-misses", one);
            if (!misses && rest != many) continue;
            event.attr.type = PERF_TYPE_HW_CACHE;
            event.attr.config = cache | operation << 8 | std::uint64_t{misses} << 16;
            return true;
        }
    }
    return false;
}

bool parse_named(Event& event, std::string_view name) {
    const auto is_it = [&](const NamedEvent& named) { return name == named.name || (named.alias && name == named.alias); };
    const auto found = std::ranges::find_if(named_events(), is_it);
    if (found == named_events().end()) return false;
    event.attr.type = found->type;
    event.attr.config = found->config;
    if (found->type == PERF_TYPE_SOFTWARE && (found->config == PERF_COUNT_SW_CPU_CLOCK || found->config == PERF_COUNT_SW_TASK_CLOCK)) {
        event.scale = 1e-6;
        event.unit = "msec";
    }
    return true;
}

/// "r1a8"
bool parse_raw(Event& event, std::string_view name) {
    const auto config = name.starts_with('r') ? number<std::uint64_t>(name.substr(1), 16) : std::nullopt;
    if (!config) return false;
    event.attr.type = PERF_TYPE_RAW;
    event.attr.config = *config;
    return true;
}

/// Of user space and kernel, and of guest and host, what is not named is left out, where any of the two is.
void apply_modifiers(Event& event, std::string_view modifiers) {
    for (const char c : modifiers)
        if (std::string_view("ukGH").find(c) == std::string_view::npos)
            fail(event.name, fmt::format("'{}' is none of the modifiers u, k, G and H", c));
    const auto has = [&](char c) { return modifiers.find(c) != std::string_view::npos; };
    const bool of_scheduler = event.attr.config == PERF_COUNT_SW_CONTEXT_SWITCHES || event.attr.config == PERF_COUNT_SW_CPU_MIGRATIONS;
    if (event.software() && of_scheduler && (has('u') || has('k')))
        fail(event.name, "the kernel itself does it, so that with u it would always be 0, and with k as without: leave them out");
    if (has('u') || has('k')) {
        event.attr.exclude_user = !has('u');
        event.attr.exclude_kernel = !has('k');
        event.attr.exclude_hv = 1;
    }
    if (has('G') || has('H')) {
        event.attr.exclude_host = !has('H');
        event.attr.exclude_guest = !has('G');
    }
}

bool parse_word(Event& event, std::string_view word) { return parse_named(event, word) || parse_cache(event, word) || parse_raw(event, word); }

}  // namespace

const std::vector<NamedEvent>& named_events() {
    static const std::vector<NamedEvent> kEvents = {
        {"cycles", "cpu-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
        {"instructions", nullptr, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
        {"cache-references", nullptr, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES},
        {"cache-misses", nullptr, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
        {"branches", "branch-instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS},
        {"branch-misses", nullptr, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
        {"bus-cycles", nullptr, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES},
        {"stalled-cycles-frontend", "idle-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND},
        {"stalled-cycles-backend", "idle-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND},
        {"ref-cycles", nullptr, PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES},
        {"cpu-clock", nullptr, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK},
        {"task-clock", nullptr, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
        {"page-faults", "faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
        {"context-switches", "cs", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
        {"cpu-migrations", "migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
        {"minor-faults", nullptr, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN},
        {"major-faults", nullptr, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ},
        {"alignment-faults", nullptr, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS},
        {"emulation-faults", nullptr, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS},
        {"dummy", nullptr, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY},
    };
    return kEvents;
}

std::vector<std::string> event_names(const EventPlaces& places) {
    std::vector<std::string> names;
    for (const NamedEvent& named : named_events()) names.emplace_back(named.name);
    for (const char* cache : kCaches)
        for (const auto& [one, many] : kCacheOperations) {
            names.push_back(fmt::format("{}-{}", cache, many));
            names.push_back(fmt::format("{}-{}-misses", cache, one));
        }
    std::error_code none;
    std::vector<std::string> described;
    for (const auto& pmu : std::filesystem::directory_iterator(places.pmus, none)) {
        if (!counts_threads(pmu.path().filename().string())) continue;
        for (const auto& event : std::filesystem::directory_iterator(pmu.path() / "events", none)) {
            // "cpu/mem-loads/", not the files beside it with its unit and scale.
            const std::string name = event.path().filename();
            if (name.find('.') == name.npos) described.push_back(fmt::format("{}/{}/", pmu.path().filename().string(), name));
        }
    }
    std::ranges::sort(described);
    names.insert(names.end(), described.begin(), described.end());
    return names;
}

const char* default_events() {
    return "task-clock,context-switches,cpu-migrations,page-faults,cycles,instructions,branches,branch-misses";
}

namespace {

Event parse_any_event(std::string_view text, const EventPlaces& places) {
    if (text.empty() || text.size() > kLongestName) fail(text.substr(0, 40), fmt::format("a name has 1 to {} characters", kLongestName));
    Event event;
    event.name = text;
    event.attr.size = sizeof event.attr;
    const auto slash = text.find('/');
    if (slash != std::string_view::npos) {
        const auto last = text.rfind('/');
        if (last == slash) fail(text, "the terms of a PMU stand between two slashes, as in cpu/event=0x3c/");
        parse_pmu(event, text, text.substr(0, slash), text.substr(slash + 1, last - slash - 1), places);
        std::string_view modifiers = text.substr(last + 1);
        if (modifiers.starts_with(':')) modifiers.remove_prefix(1);
        apply_modifiers(event, modifiers);
        return event;
    }
    const auto colon = text.find(':');
    if (parse_word(event, text.substr(0, colon))) {
        if (colon != std::string_view::npos) apply_modifiers(event, text.substr(colon + 1));
        return event;
    }
    if (colon != std::string_view::npos) {
        const std::string_view behind = text.substr(colon + 1);
        const auto second = behind.find(':');
        if (parse_tracepoint(event, text.substr(0, colon), behind.substr(0, second), places)) {
            if (second != std::string_view::npos) apply_modifiers(event, behind.substr(second + 1));
            return event;
        }
        fail(text, "this kernel has no such tracepoint, or does not show it (tracefs)");
    }
    fail(text, "not known here; perf_kvm_client --list names events");
}

}  // namespace

Event parse_event(std::string_view text, const EventPlaces& places) {
    Event event = parse_any_event(text, places);
    if (counts_neighbours(event)) fail(text, "it counts the other thread of the core, too (any, bit 21), which may be another VM's");
    return event;
}

std::vector<Event> parse_events(std::string_view text, const EventPlaces& places) {
    std::vector<Event> events;
    std::string word;
    bool in_terms = false;
    const auto end_word = [&] {
        if (word.empty()) return;
        if (events.size() == kMostEvents) throw UsageError(fmt::format("events: {} at most", kMostEvents));
        events.push_back(parse_event(word, places));
        word.clear();
        in_terms = false;
    };
    for (const char c : text) {
        if (c == ' ' || c == '\t' || (c == ',' && !in_terms)) {
            end_word();
            continue;
        }
        if (c == '/') in_terms = !in_terms;
        word += c;
    }
    end_word();
    if (events.empty()) throw UsageError("events: none is named");
    return events;
}

}  // namespace vmperf
