/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/processes.h"

#include <algorithm>

namespace migreport {

void Processes::begin(const migtrace::TraceInfo& info) {
    causes_ = info.header->causes().size();
    distances_ = migtrace::DistanceTable(*info.header);
}

void Processes::migration(const migtrace::Migration& m) {
    Task& task = tasks_[m.pid];
    task.comm.set(m.comm.whole);
    task.count++;
    const auto distance = static_cast<std::uint64_t>(distances_.between(m.from, m.to));
    counts_.at(task.alike, static_cast<std::uint32_t>(m.pid), m.cause * migtrace::kDistances + distance)++;
}

std::vector<Processes::Process> Processes::top(std::size_t most) const {
    using Entry = migtrace::PidTable<Task>::Entry;
    std::vector<const Entry*> all;
    for (const Entry& entry : tasks_.entries()) all.push_back(&entry);
    const auto worse = [](const Entry* a, const Entry* b) {
        return a->value.count != b->value.count ? a->value.count > b->value.count : a->pid < b->pid;
    };
    const std::size_t listed = std::min(most, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(listed), all.end(), worse);
    std::vector<Process> worst;
    for (std::size_t i = 0; i < listed; i++) {
        const Task& task = all[i]->value;
        Process& process = worst.emplace_back(Process{all[i]->pid, task.comm, task.count, {}, {}});
        process.causes.resize(causes_);
        counts_.for_each(task.alike, [&](std::uint64_t key, std::uint64_t count) {
            process.causes[key / migtrace::kDistances] += count;
            process.distances.counts[key % migtrace::kDistances] += count;
        });
    }
    return worst;
}

}  // namespace migreport
