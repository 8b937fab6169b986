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
    if (!stay) return;
    // A new process gets its name a moment before its first migration, or behind; much later it is another one, with the pid
    // of the first.
    constexpr std::uint64_t kMoment = 100'000'000;  // ns
    if (!stay->forked || event.ts - stay->since > kMoment) stay->known = false;
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
    if (task) departures_.clear(task->departures);
}

void PingPong::migration(const Migration& m) {
    if (m.from == m.to) return;
    Task& task = tasks_[m.pid];
    task.comm.set(m.comm.whole);
    task.migrations++;
    if (begins_task(m)) {
        departures_.clear(task.departures);
        return;
    }
    unsigned known = 0;
    Departures::List *at = &task.departures, *oldest = at;
    while (*at) {
        const Departure& left = departures_[*at];
        const bool late = m.ts - left.ts > within_;
        if (!late && left.cpu == m.to && filter_.passes(m)) count(task, m, left);
        if (late || left.cpu == m.to || left.cpu == m.from) {
            departures_.pop(*at);
        } else {
            known++;
            oldest = at;
            at = &departures_.rest(*at);
        }
    }
    // More CPUs than machines have: the trace is damaged, and must not take for ever.
    if (known >= kMostCpus) departures_.pop(*oldest);
    departures_.add(task.departures, {m.ts, m.from, m.cause});
}

void PingPong::count(Task& task, const Migration& back, const Departure& left) {
    const std::uint64_t key = std::uint64_t{left.cause} << 32 | back.cause;
    for (Sum* sum : {&returns_.at(task.returns, static_cast<std::uint32_t>(back.pid), key), &sums_[{left.cause, back.cause}]}) {
        sum->count++;
        sum->time_away += back.ts - left.ts;
    }
    total_++;
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
    std::vector<Process> worst;
    for (const auto& [pid, task] : tasks_.entries()) {
        std::uint64_t count = 0;
        returns_.for_each(task.returns, [&](std::uint64_t, const Sum& sum) { count += sum.count; });
        if (count > 0) worst.push_back({pid, task.comm, count, task.migrations});
    }
    std::sort(worst.begin(), worst.end(), [](const Process& a, const Process& b) {
        return a.count != b.count ? a.count > b.count : a.pid < b.pid;
    });
    if (top && worst.size() > top) worst.resize(top);
    return worst;
}

std::vector<PingPong::Pair> PingPong::pairs_of(std::int32_t pid) const {
    Sums sums;
    if (const Task* task = tasks_.find(pid))
        returns_.for_each(task->returns, [&](std::uint64_t key, const Sum& sum) {
            sums[{static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(key)}] = sum;
        });
    return sorted(sums, 0);
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
