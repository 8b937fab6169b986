/* SPDX-License-Identifier: GPL-2.0-only */
#include "migwatch/rates.h"

#include <fmt/format.h>

#include <algorithm>

namespace migwatch {

void sort_rows(std::vector<Row>& rows, Sort by, bool reverse) {
    const auto before = [by](const Row& a, const Row& b) {
        if (by == Sort::Rate && a.now != b.now) return a.now > b.now;
        if (by != Sort::Name && a.total != b.total) return a.total > b.total;
        // Pairs by their numbers.
        if (a.from != b.from || a.to != b.to) return std::pair(a.from, a.to) < std::pair(b.from, b.to);
        return a.name != b.name ? a.name < b.name : a.pid < b.pid;
    };
    std::sort(rows.begin(), rows.end(), before);
    if (reverse) std::reverse(rows.begin(), rows.end());
}

void Rates::migration(std::int32_t pid, std::string_view name, unsigned from, unsigned to, const std::string& cause) {
    const auto add = [](Count& count) {
        count.now++;
        count.total++;
    };
    now_++;
    total_++;
    if (!counted_) add(causes_[cause]);
    add(pairs_[{from, to}]);
    Count& process = processes_[pid];
    add(process);
    if (process.name != name) process.name = name;
}

void Rates::counted(const std::string& cause, std::uint64_t count) {
    if (!std::exchange(counted_, true)) causes_.clear();
    Count& known = causes_[cause];
    known.now += count;
    known.total += count;
}

void Rates::forget_idle() {
    if (processes_.size() > kMostProcesses) std::erase_if(processes_, [](const auto& process) { return process.second.now == 0; });
    if (processes_.size() > kMostProcesses) processes_.clear();
}

Look Rates::look(double seconds) {
    Look look{seconds, std::exchange(now_, 0), total_, lost_, {}, {}, {}};
    forget_idle();
    for (auto& [cause, count] : causes_)
        if (count.total) look.causes.push_back({cause, 0, 0, 0, std::exchange(count.now, 0), count.total});
    for (auto& [pair, count] : pairs_)
        look.pairs.push_back({fmt::format("{} > {}", pair.first, pair.second), 0, pair.first, pair.second, std::exchange(count.now, 0), count.total});
    for (auto& [pid, count] : processes_) look.processes.push_back({count.name, pid, 0, 0, std::exchange(count.now, 0), count.total});
    return look;
}

}  // namespace migwatch
