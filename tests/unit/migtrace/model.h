/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Traces that are made up from numbers, and a model of reading them that is slow and simple. `Random` is a function
// object that gives numbers of 32 bits: a generator in unit tests, the input in a fuzzer.

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "migtrace/support.h"
#include "migtrace/walk.h"

namespace test {

using namespace migtrace;

using Lines = std::vector<std::string>;

/// The lines of each CPU in the order in which it wrote them.
template <class Random>
std::vector<Lines> random_trace(Random& random) {
    const unsigned cpus = 1 + random() % 6, events = random() % 400;
    // Often the same moment, at times hours between two.
    const std::uint64_t step = random() % 3 == 0 ? 2 : random() % 2 ? 1000 : 100'000'000;
    std::uint64_t ts = 100'000'000'000;
    std::vector<Lines> lines(cpus);
    auto line = [&](unsigned cpu, const std::string& rest) {
        lines[cpu].push_back(fmt::format("0x{:016x} {} {}", ts, cpu, rest));
    };
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        if (random() % 8 > 0) line(cpu, fmt::format(". . . start_sched_clock 1281528519 {}", random() % 1000000));
        ts += random() % 200;
    }
    static const char* const kComms[] = {"a", "", "my app", "X: server", "colon : in it", "\xc3\xa9\xff", "kworker/0:1"};
    for (unsigned i = 0; i < events; i++) {
        ts += random() % step;
        const unsigned cpu = random() % cpus, pid = random() % 3 == 0 ? random() % 5000000 : random() % 6;
        switch (random() % 12) {
            case 0:
                line(cpu, fmt::format(". . {} {} : {}", pid, 8 + random() % 3, kComms[random() % std::size(kComms)]));
                break;
            case 1:
                line(cpu, fmt::format(". . {} 11 0x{:08x}", pid,
                                      random() % 2 ? random() % 4 : 0x100000000 * (1 + random() % 3)));
                break;
            default:
                // Some CPUs lie beyond those of the header, and a few beyond all that exist.
                const unsigned to = random() % 20 == 0 ? random() % 200000 : random() % 8;
                line(cpu, fmt::format("{} {} {} {}", random() % 8, to, pid, 1 + random() % 2));
        }
        if (random() % 10 == 0 && lines[cpu].size() > 2) std::swap(lines[cpu].back(), *(lines[cpu].end() - 2));
    }
    return lines;
}

struct Seen {
    std::vector<std::string> migrations;
    std::map<std::uint64_t, unsigned> periods;  // index, from 0
    std::map<std::string, unsigned> causes;
    std::map<std::pair<unsigned, unsigned>, unsigned> pairs;
    std::uint64_t begin = 0, end = 0;
    /// What `--migrate --ps --mark --ts_abs --comm_whole` prints; of the model only, as what follows.
    std::vector<std::string> printed;
    /// By index of a period and name of a field: counts that are not 0.
    std::map<std::uint64_t, std::map<std::string, unsigned>> fields;

    void add_fields(std::uint64_t ts, unsigned from, unsigned to, const std::string& cause, std::uint64_t period) {
        if (ts < begin) return;
        auto& counts = fields[ts == begin ? 0 : (ts - begin - 1) / period];
        counts[cause]++;
        counts["migrate"]++;
        // CPUs beyond those of the header are no fields.
        if (from >= 4 || to >= 4) return;
        counts[fmt::format("from cpu: {}", from)]++;
        counts[fmt::format("to cpu: {}", to)]++;
        counts[fmt::format("from cpu: {} to cpu: {}", from, to)]++;
    }

    void add(std::uint64_t ts, unsigned cpu, unsigned from, unsigned to, int pid, const std::string& comm,
             const std::string& cause, std::uint64_t period) {
        migrations.push_back(fmt::format("{} {} {} {} {} '{}' {}", ts, cpu, from, to, pid, comm, cause));
        if (ts >= begin) periods[ts == begin ? 0 : (ts - begin - 1) / period]++;
        causes[cause]++;
        if (from < 4 && to < 4) pairs[{from, to}]++;
    }
};

/// What docs/format.md and migrate_stats(1) promise, for lines that are sorted.
inline Seen model(const Lines& sorted, const WalkOptions& options, std::uint64_t period) {
    Seen seen;
    std::map<int, std::string> comms;
    std::uint64_t start = 0;
    bool known = false, mark_passed = !options.window.begin_mark;
    for (const std::string& line : sorted) {
        const std::uint64_t ts = std::stoull(line, nullptr, 16);
        if (!known && line.find("start_sched_clock") != line.npos) start = ts, known = true;
    }
    if (!known && !sorted.empty()) start = std::stoull(sorted[0], nullptr, 16);
    std::uint64_t limit = 0, end_limit = UINT64_MAX, last = 0;
    if (options.window.begin_ts) limit = *options.window.begin_ts;
    if (options.window.begin_ns) limit = std::max<std::uint64_t>(limit, start + *options.window.begin_ns);
    if (options.window.end_ts) end_limit = *options.window.end_ts;
    if (options.window.end_ns) end_limit = std::min<std::uint64_t>(end_limit, start + *options.window.end_ns);
    auto selected = [](const auto& selection, const auto& value) {
        auto in = [&](const auto& list) { return std::find(list.begin(), list.end(), value) != list.end(); };
        return selection.include.empty() ? !in(selection.exclude) : in(selection.include);
    };
    // The whole name counts, and what stands behind the last ": " in it.
    auto selected_comm = [&](const Selection<std::string>& selection, const std::string& comm) {
        const std::size_t colon = comm.rfind(": ");
        const std::string tail = colon == comm.npos ? comm : comm.substr(colon + 2);
        return selection.include.empty() ? selected(selection, comm) && selected(selection, tail)
                                         : selected(selection, comm) || selected(selection, tail);
    };
    for (const std::string& line : sorted) {
        std::istringstream fields(line);
        std::string word, from, to, pid, kind, value;
        std::uint64_t ts;
        unsigned cpu;
        fields >> word >> cpu >> from >> to >> pid >> kind;
        ts = std::stoull(word, nullptr, 16);
        last = ts;
        if (pid == ".") continue;
        if (from == "." && kind == "11") {
            fields >> value;
            const std::uint64_t mark = std::stoull(value, nullptr, 16);
            if (!mark_passed && mark == options.window.begin_mark) mark_passed = true, limit = std::max(limit, ts);
            if (mark_passed && ts >= limit)
                seen.printed.push_back(fmt::format("{} {} . . {:>4} {:<16} 0x{:08x}", word, cpu, pid, "mark", mark));
            if (mark == options.window.end_mark) break;
        } else if (from == ".") {
            const std::string& comm = comms[std::stoi(pid)] = line.substr(line.find(" : ") + 3);
            static const std::map<std::string, std::string> kKinds = {
                {"8", "copy_process"}, {"9", "set_task_comm"}, {"10", "task_list"}};
            if (selected(options.filters.pid, std::stol(pid)))
                seen.printed.push_back(fmt::format("{} {} . . {:>4} {:<16} {}", word, cpu, pid, kKinds.at(kind), comm));
        } else {
            const std::string cause = kind == "1" ? "pull" : "wake";
            const std::string& comm = comms[std::stoi(pid)];
            const Filters& f = options.filters;
            if (!selected(f.cause, cause) || !selected_comm(f.comm, comm) || !selected(f.cpu_event, cpu) ||
                !selected(f.cpu_from, std::stol(from)) || !selected(f.cpu_to, std::stol(to)) || !selected(f.pid, std::stol(pid)))
                continue;
            if (ts > end_limit) break;
            if (!mark_passed || ts < limit) continue;
            seen.begin = std::max(limit, start);
            // Widths count bytes.
            seen.printed.push_back(fmt::format("{} {} {} {} {:>4} {}{} {}", word, cpu, from, to, pid, comm,
                                               std::string(comm.size() < 16 ? 16 - comm.size() : 0, ' '), cause));
            seen.add_fields(ts, static_cast<unsigned>(std::stol(from)), static_cast<unsigned>(std::stol(to)), cause, period);
            seen.add(ts, cpu, static_cast<unsigned>(std::stol(from)), static_cast<unsigned>(std::stol(to)), std::stoi(pid), comm, cause, period);
        }
    }
    seen.end = std::min(last, end_limit);
    if (mark_passed) seen.begin = std::max(limit, start);
    else seen.begin = seen.end;
    return seen;
}

struct Listener : EventListener {
    Seen seen;
    const TraceInfo* info = nullptr;
    std::uint64_t period;
    explicit Listener(std::uint64_t p) : period(p) {}
    void begin(const TraceInfo& i) override { info = &i; }
    void migration(const Migration& m) override {
        seen.begin = info->begin;
        seen.add(m.ts, m.cpu, m.from, m.to, m.pid, std::string(m.comm.whole), std::string(m.cause_name), period);
    }
    void end(const TraceInfo& i) override {
        seen.begin = i.begin;
        seen.end = i.end;
    }
};

template <class Random>
WalkOptions random_options(Random& random, const Lines& sorted) {
    WalkOptions options;
    auto moment = [&] {
        return std::stoull(sorted[random() % sorted.size()], nullptr, 16) + random() % 3 - 1;
    };
    if (random() % 3 == 0) options.window.begin_mark = random() % 4;
    if (random() % 4 == 0) options.window.end_mark = random() % 4;
    if (random() % 4 == 0 && !sorted.empty()) options.window.begin_ts = moment();
    if (random() % 4 == 0 && !sorted.empty()) options.window.end_ts = moment();
    if (random() % 6 == 0) options.window.begin_ns = random() % 3 * 1'000'000'000;
    if (random() % 4 == 0) options.filters.cause.include = {"wake"};
    if (random() % 6 == 0) options.window.end_ns = random() % 9 * 500'000'000;
    if (random() % 4 == 0) options.filters.comm.exclude = {"a", ""};
    else if (random() % 4 == 0) options.filters.comm.include = {"server", "my app", "colon : in it"};
    if (random() % 4 == 0) options.filters.pid.exclude = {1, 2};
    else if (random() % 4 == 0) options.filters.pid.include = {0, 3, 4};
    if (random() % 6 == 0) options.filters.cpu_from.exclude = {1, 5};
    else if (random() % 6 == 0) options.filters.cpu_from.include = {0, 2, 3, 7};
    if (random() % 4 == 0) options.filters.cpu_to.include = {0, 1, 2};
    if (random() % 6 == 0) options.filters.cpu_event.exclude = {0};
    return options;
}

inline std::string joined(const std::string& header, const Lines& lines) {
    std::string text = header;
    for (const std::string& line : lines) text += line + '\n';
    return text;
}

/// The same lines as files in three orders.
struct Inputs {
    Lines sorted;
    std::vector<std::string> texts;
    template <class Random>
    Inputs(Random& random, const std::vector<Lines>& cpus) {
        Lines raw;
        for (const Lines& lines : cpus) raw.insert(raw.end(), lines.begin(), lines.end());
        sorted = raw;
        std::sort(sorted.begin(), sorted.end());
        Lines shuffled = raw;
        for (std::size_t i = shuffled.size(); i > 1; i--) std::swap(shuffled[i - 1], shuffled[random() % i]);
        texts = {joined(kHeader, sorted), joined(kHeader, raw), joined(kHeader, shuffled)};
    }
};

}  // namespace test
