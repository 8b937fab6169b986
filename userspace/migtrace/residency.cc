/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/residency.h"

#include <algorithm>

namespace migtrace {

bool LateFilter::splits_tasks(const Filters& filters) {
    auto any = [](const auto& selection) { return !selection.include.empty() || !selection.exclude.empty(); };
    return any(filters.cause) || any(filters.comm) || any(filters.cpu_event) || any(filters.cpu_from) ||
           any(filters.cpu_to);
}

void TaskView::prepare(const TraceInfo& info) {
    if (info_.header) return;
    filter_.check(*info.header);
    info_ = info;
    prepared();
}

void Residency::prepared() {
    for (const auto& [number, name] : info_.header->causes()) causes_.push_back({name, {}});
}

void Residency::comm(const Event& event) {
    if (!begins_task(event)) return;
    Stay* stay = stays_.find(event.pid);
    if (stay && !stay->forked) stay->known = false;
}

void Residency::migration(const Migration& m) {
    if (m.from == m.to) return;
    Stay& stay = stays_[m.pid];
    const bool first = begins_task(m);
    if (stay.known && !first && filter_.passes(m)) {
        if (stay.cpu == m.from)
            causes_[m.cause].stays.record(m.ts - stay.since);
        else
            left_out_++;
    }
    stay = {m.ts, m.to, true, first};
}

base::Histogram Residency::all() const {
    base::Histogram all;
    for (const Cause& cause : causes_) all.merge(cause.stays);
    return all;
}

void PingPong::prepared() {
    for (const auto& [number, name] : info_.header->causes()) cause_names_.push_back(name);
}

void PingPong::comm(const Event& event) {
    if (!begins_task(event)) return;
    Task* task = tasks_.find(event.pid);
    if (task && !task->forked) task->departures.clear();
}

void PingPong::migration(const Migration& m) {
    if (m.from == m.to) return;
    Task& task = tasks_[m.pid];
    task.comm = names_.number(m.comm);
    task.migrations++;
    task.forked = begins_task(m);
    auto& departures = task.departures;
    if (task.forked) {
        departures.clear();
        return;
    }
    std::erase_if(departures, [&](const Departure& d) { return m.ts - d.ts > within_; });
    auto left =
        std::find_if(departures.begin(), departures.end(), [&](const Departure& d) { return d.cpu == m.to; });
    if (left != departures.end()) {
        if (filter_.passes(m)) {
            const std::uint64_t time_away = m.ts - left->ts;
            for (Sum* sum : {&task.sums[{left->cause, m.cause}], &sums_[{left->cause, m.cause}]}) {
                sum->count++;
                sum->time_away += time_away;
            }
            task.count++;
            total_++;
        }
        departures.erase(left);
    }
    std::erase_if(departures, [&](const Departure& d) { return d.cpu == m.from; });
    // More CPUs than machines have: the trace is damaged, and must not take for ever.
    if (departures.size() >= kMostCpus) departures.erase(departures.begin());
    departures.push_back({m.ts, m.from, m.cause});
}

std::vector<PingPong::Pair> PingPong::sorted(const Sums& sums, std::size_t top) const {
    std::vector<Pair> pairs;
    for (const auto& [causes, sum] : sums)
        pairs.push_back({cause_names_[causes.first], cause_names_[causes.second], sum.count, sum.time_away});
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair& a, const Pair& b) { return a.count > b.count; });
    if (top && pairs.size() > top) pairs.resize(top);
    return pairs;
}

std::vector<PingPong::Pair> PingPong::pairs(std::size_t top) const {
    return sorted(sums_, top);
}

std::vector<PingPong::Process> PingPong::processes(std::size_t top) const {
    struct Rank {
        std::int32_t pid;
        const Task* task;
    };
    std::vector<Rank> ranks;
    for (const auto& entry : tasks_.entries())
        if (entry.value.count > 0) ranks.push_back({entry.pid, &entry.value});
    std::sort(ranks.begin(), ranks.end(), [](const Rank& a, const Rank& b) {
        return a.task->count != b.task->count ? a.task->count > b.task->count : a.pid < b.pid;
    });
    if (top && ranks.size() > top) ranks.resize(top);
    std::vector<Process> worst;
    for (const auto& [pid, task] : ranks)
        worst.push_back({pid, names_[task->comm], task->count, task->migrations, sorted(task->sums, 0)});
    return worst;
}

std::array<std::uint64_t, kStayLimits.size() + 1> stay_buckets(const base::Histogram& stays) {
    std::array<std::uint64_t, kStayLimits.size() + 1> buckets{};
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < buckets.size(); i++) {
        const std::uint64_t up_to = i < kStayLimits.size() ? stays.at_most(kStayLimits[i]) : stays.count();
        buckets[i] = up_to - before;
        before = up_to;
    }
    return buckets;
}

}  // namespace migtrace
