/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/import_line.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "migtrace/arguments.h"
#include "migtrace/header.h"

namespace migtrace {

namespace {

using Kind = SchedEvent::Kind;

/// Until the year 2096 where the clock is the wall clock. With ImportOptions::clock_zero_us added it is in
/// the range of trace files.
constexpr std::uint64_t kLastSecond = 4'000'000'000;
/// A line's task, 16 characters at most, and its pids stand in front of this column; what an event says does
/// not.
constexpr std::size_t kHeadColumns = 48;
constexpr std::size_t kLongestComm = 255;

constexpr const char* kCut = "is cut short";
constexpr const char* kNoNumber = "has no number where one belongs";
constexpr const char* kRange = "has a number that is negative or too large";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

template <class T>
bool number(std::string_view text, T& value) {
    auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && failure == std::errc() && rest == text.data() + text.size();
}

/// Takes words off the front of a text.
struct Words {
    std::string_view rest;
    void skip_blanks() {
        while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
    }
    std::string_view next() {
        skip_blanks();
        std::size_t length = 0;
        while (length < rest.size() && !is_blank(rest[length])) length++;
        std::string_view word = rest.substr(0, length);
        rest.remove_prefix(length);
        return word;
    }
};

/// What stands in front of an event's own fields.
struct Head {
    std::optional<std::int32_t> task;  // that was running
    std::string_view cpu, time, event, fields;
};

/// "123.456789:", and in traces of other clocks "123456789:".
bool looks_like_time(std::string_view word) {
    if (word.size() < 2 || word.back() != ':' || !is_digit(word.front())) return false;
    word.remove_suffix(1);
    return word.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// The pid at the end of "TASK-PID", "TASK-PID (TGID)", "COMM PID" or "COMM PID/TID". False: none of these.
bool task_before(std::string_view text, std::optional<std::int32_t>& pid) {
    auto trim = [&] {
        while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    };
    if (text.empty() || !is_blank(text.back())) return false;
    trim();
    if (!text.empty() && text.back() == ')') {
        const std::size_t open = text.rfind('(');
        if (open == std::string_view::npos) return false;
        text = text.substr(0, open);
        trim();
    }
    std::size_t begin = text.size();
    while (begin > 0 && is_digit(text[begin - 1])) begin--;
    if (begin == text.size() || begin == 0) return false;
    const char before = text[begin - 1];
    if (before != '-' && before != '/' && before != ':' && !is_blank(before)) return false;
    std::int32_t value = 0;
    // perf's -1 for "unknown" has a blank in front of the sign.
    const bool minus = before == '-' && (begin < 2 || is_blank(text[begin - 2]));
    pid.reset();
    if (!minus && number(text.substr(begin), value)) pid = value;
    return true;
}

/// Reads a head whose CPU begins with the bracket at `open`.
bool head_at(std::string_view line, std::size_t open, Head& head) {
    const std::size_t close = line.find(']', open);
    if (close == std::string_view::npos || !task_before(line.substr(0, open), head.task)) return false;
    head.cpu = line.substr(open + 1, close - open - 1);
    if (head.cpu.empty() || head.cpu.find_first_not_of("0123456789") != std::string_view::npos) return false;
    Words words{line.substr(close + 1)};
    if (words.rest.empty() || !is_blank(words.rest.front())) return false;
    head.time = words.next();
    if (!looks_like_time(head.time)) head.time = words.next();  // ftrace's flags came first
    if (!looks_like_time(head.time)) return false;
    head.time.remove_suffix(1);
    // perf script can be told to print the period, a number, in front of the event.
    Words ahead = words;
    if (std::uint64_t period = 0; number(ahead.next(), period)) words = ahead;
    words.skip_blanks();
    std::string_view rest = words.rest;
    std::size_t colon = rest.find(':');
    while (colon != std::string_view::npos && colon + 1 < rest.size() && !is_blank(rest[colon + 1]))
        colon = rest.find(':', colon + 1);
    if (colon == std::string_view::npos) {
        // "FUNCTION <-CALLER" is the function tracer's. Anything else without a name is a line that was cut.
        head.event = rest.find(" <-") == std::string_view::npos ? "" : "function";
        head.fields = rest;
        return true;
    }
    head.event = rest.substr(0, colon);
    if (head.event.find_first_of(" \t") != std::string_view::npos) head.event = {};
    head.fields = rest.substr(colon + 1);
    while (!head.fields.empty() && is_blank(head.fields.front())) head.fields.remove_prefix(1);
    return true;
}

std::optional<Kind> kind_of(std::string_view event) {
    static constexpr std::array<std::pair<std::string_view, Kind>, 16> kKinds = {
        {{"sched_migrate_task", Kind::Migrate},
         {"sched_waking", Kind::Waking},
         {"sched_wakeup", Kind::Wakeup},
         {"sched_wakeup_new", Kind::WakeupNew},
         {"sched_switch", Kind::Switch},
         {"task_newtask", Kind::NewTask},
         {"task_rename", Kind::Rename},
         {"tracing_mark_write", Kind::Mark},
         {"print", Kind::Mark},
         {"sched:sched_migrate_task", Kind::Migrate},
         {"sched:sched_waking", Kind::Waking},
         {"sched:sched_wakeup", Kind::Wakeup},
         {"sched:sched_wakeup_new", Kind::WakeupNew},
         {"sched:sched_switch", Kind::Switch},
         {"task:task_newtask", Kind::NewTask},
         {"task:task_rename", Kind::Rename}}};
    for (const auto& [name, kind] : kKinds)
        if (name == event) return kind;
    return std::nullopt;
}

/// Finds the head of a line. A task may have a name that looks like one, but 15 bytes are not enough for one
/// with the name of an event that counts; so the first with such a name is it.
bool find_head(std::string_view line, Head& head) {
    bool found = false;
    for (std::size_t open = line.find('['); open < std::min(line.size(), kHeadColumns);
         open = line.find('[', open + 1)) {
        Head here;
        if (!head_at(line, open, here)) continue;
        if (!found || kind_of(here.event)) head = here;
        found = true;
        if (kind_of(here.event)) break;
    }
    return found;
}

const char* read_time(std::string_view text, std::uint64_t& ts) {
    if (text.find('.') == std::string_view::npos)
        return "has a time that is not in seconds: record with the clock local or mono";
    // People may write it so; where a tracer seems to, digits have been lost.
    if (text.starts_with('.') || text.ends_with('.')) return kNoNumber;
    const auto time = parse_seconds(text);
    if (!time) return kNoNumber;
    ts = *time;
    return ts / 1'000'000'000 <= kLastSecond ? nullptr : kRange;
}

const char* read_cpu(std::string_view text, std::uint32_t& cpu) {
    if (text.empty()) return kCut;
    if (text.find_first_not_of("-0123456789") != std::string_view::npos) return kNoNumber;
    return number(text, cpu) && cpu < kMostCpus ? nullptr : kRange;
}

const char* read_pid(std::string_view text, std::int32_t& pid) {
    if (text.empty()) return kCut;
    if (text.find_first_not_of("-0123456789") != std::string_view::npos) return kNoNumber;
    return number(text, pid) && pid >= 0 && pid <= kMostPids ? nullptr : kRange;
}

/// The value of "KEY=VALUE" in a text of such words; empty: not there.
std::string_view value_of(std::string_view words, std::string_view key) {
    for (Words w{words}; !w.rest.empty();) {
        std::string_view word = w.next();
        if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=')
            return word.substr(key.size() + 1);
    }
    return {};
}

/// "comm=COMM pid=PID ... KEY=..": a comm may hold anything, and nothing behind it can look like " pid=".
const char* read_comm_and_pid(std::string_view fields, SchedEvent& event, std::string_view& rest) {
    constexpr std::string_view kComm = "comm=", kPid = " pid=";
    const std::size_t pid = fields.rfind(kPid);
    if (!fields.starts_with(kComm) || pid == std::string_view::npos || pid + 1 < kComm.size()) return kCut;
    event.comm = fields.substr(kComm.size(), pid < kComm.size() ? 0 : pid - kComm.size());
    rest = fields.substr(pid + 1);
    return read_pid(value_of(rest, "pid"), event.pid);
}

const char* read_migrate(std::string_view fields, SchedEvent& event) {
    std::string_view rest;
    if (const char* fault = read_comm_and_pid(fields, event, rest)) return fault;
    if (const char* fault = read_cpu(value_of(rest, "orig_cpu"), event.from)) return fault;
    return read_cpu(value_of(rest, "dest_cpu"), event.to);
}

/// "COMM:PID [PRIO] CPU:CPU", in which trace-cmd shows wakeups.
const char* read_short_wakeup(std::string_view fields, SchedEvent& event) {
    constexpr std::string_view kCpu = " CPU:";
    const std::size_t cpu = fields.rfind(kCpu);
    const std::size_t prio = fields.rfind(" [", cpu);
    const std::size_t pid = fields.rfind(':', prio);
    if (cpu == std::string_view::npos || prio == std::string_view::npos || pid == std::string_view::npos ||
        pid > prio)
        return kCut;
    event.comm = fields.substr(0, pid);
    if (const char* fault = read_pid(fields.substr(pid + 1, prio - pid - 1), event.pid)) return fault;
    return read_cpu(Words{fields.substr(cpu + kCpu.size())}.next(), event.to);
}

const char* read_wakeup(std::string_view fields, SchedEvent& event) {
    if (!fields.starts_with("comm=") || fields.rfind(" pid=") == std::string_view::npos)
        return read_short_wakeup(fields, event);
    std::string_view rest;
    if (const char* fault = read_comm_and_pid(fields, event, rest)) return fault;
    return read_cpu(value_of(rest, "target_cpu"), event.to);
}

/// What stands between two words of `fields`, the second of which is the last of its kind.
bool between(std::string_view fields, std::string_view first, std::string_view last, std::string_view& text) {
    const std::size_t from = fields.find(first), to = fields.rfind(last);
    if (from == std::string_view::npos || to == std::string_view::npos || to < from + first.size())
        return false;
    text = fields.substr(from + first.size(), to - from - first.size());
    return true;
}

const char* read_new_task(std::string_view fields, SchedEvent& event) {
    if (!between(fields, " comm=", " clone_flags=", event.comm)) return kCut;
    return read_pid(value_of(fields.substr(0, fields.find(" comm=")), "pid"), event.pid);
}

const char* read_rename(std::string_view fields, SchedEvent& event) {
    // Kernels that do not tell whose name it is: anybody may rename another thread of his process.
    if (fields.starts_with("oldcomm=") || fields.starts_with("comm=")) {
        event.kind = Kind::Other;
        return nullptr;
    }
    std::string_view names;
    if (!between(fields, " oldcomm=", " oom_score_adj=", names)) return kCut;
    constexpr std::string_view kNew = " newcomm=";
    const std::size_t at = names.rfind(kNew);
    if (at == std::string_view::npos) return kCut;
    event.comm = names.substr(at + kNew.size());
    return read_pid(value_of(fields.substr(0, fields.find(" oldcomm=")), "pid"), event.pid);
}

/// Only what is a number and nothing else is a mark.
const char* read_mark(const Head& head, SchedEvent& event) {
    constexpr std::string_view kFunction = "tracing_mark_write:";
    Words words{head.fields};
    if (words.rest.starts_with(kFunction)) words.rest.remove_prefix(kFunction.size());
    auto mark = parse_mark(words.next());
    words.skip_blanks();
    const bool pid = head.task && *head.task >= 0 && *head.task <= kMostPids;
    if (!mark || !words.rest.empty() || !pid) {
        event.kind = Kind::Other;
        return nullptr;
    }
    event.mark = *mark;
    event.pid = *head.task;
    return nullptr;
}

const char* read_fields(const Head& head, SchedEvent& event) {
    switch (event.kind) {
        case Kind::Migrate:
            return read_migrate(head.fields, event);
        case Kind::Waking:
        case Kind::Wakeup:
        case Kind::WakeupNew:
            return read_wakeup(head.fields, event);
        case Kind::NewTask:
            return read_new_task(head.fields, event);
        case Kind::Rename:
            return read_rename(head.fields, event);
        case Kind::Mark:
            return read_mark(head, event);
        case Kind::Switch:
        case Kind::Other:
            return nullptr;
    }
    return nullptr;
}

const char* read_event(const Head& head, SchedEvent& event) {
    event = {};
    if (head.event.empty()) return kCut;
    if (const char* fault = read_time(head.time, event.ts)) return fault;
    if (const char* fault = read_cpu(head.cpu, event.cpu)) return fault;
    event.kind = kind_of(head.event).value_or(Kind::Other);
    if (const char* fault = read_fields(head, event)) return fault;
    return event.comm.size() > kLongestComm ? "has a name that is too long" : nullptr;
}

/// "CPU:3 [LOST 12 EVENTS]", "CPU:3 [12 EVENTS DROPPED]", "CPU:3 [EVENTS DROPPED]".
bool says_lost(std::string_view line) {
    return line.starts_with("CPU:") && line.find("EVENTS") != std::string_view::npos;
}

/// Lines that these tools print between events.
bool is_remark(std::string_view line) {
    Words words{line};
    words.skip_blanks();
    if (words.rest.empty() || line.front() == '#') return true;
    if (line.starts_with("cpus=") || line.starts_with("version = ")) return true;
    if (line.starts_with("CPU ") && line.ends_with(" is empty")) return true;
    // Stacks: perf's "  ffffffff810c0de0 set_task_cpu+0x0 (...)", ftrace's " => set_task_cpu".
    if (!is_blank(line.front())) return false;
    if (words.rest.starts_with("=> ") || words.rest.starts_with("<stack trace")) return true;
    const std::string_view address = words.next();
    return address.size() >= 4 && address.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

LineKind parse_sched_line(std::string_view line, SchedEvent& event, const char*& fault) {
    Head head;
    if (find_head(line, head)) {
        // perf script --show-lost-events
        if (head.fields.starts_with("PERF_RECORD_LOST")) return LineKind::Lost;
        fault = read_event(head, event);
        return fault ? LineKind::Bad : LineKind::Event;
    }
    if (says_lost(line)) return LineKind::Lost;
    if (is_remark(line)) return LineKind::Ignored;
    fault = "is no event as trace-cmd report, perf script or ftrace's file trace print it";
    return LineKind::Bad;
}

std::optional<unsigned> cpus_told(std::string_view line) {
    std::string_view text;
    if (line.starts_with("cpus="))
        text = line.substr(5);
    else if (line.starts_with("# nrcpus avail : "))
        text = line.substr(17);
    else if (line.starts_with("#") && line.find("#P:") != std::string_view::npos)
        text = line.substr(line.find("#P:") + 3);
    unsigned cpus = 0;
    return number(Words{text}.next(), cpus) && cpus >= 1 && cpus <= kMostCpus ? std::optional(cpus)
                                                                              : std::nullopt;
}

}  // namespace migtrace
