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
    if (m.comm.data() != task.seen) {
        task.seen = m.comm.data();
        task.comm = names_.number(m.comm);
    }
    task.count++;
    task.distances.count(distances_.between(m.from, m.to));
    if (task.causes.empty()) task.causes.resize(causes_);
    task.causes[m.cause]++;
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
        worst.push_back({all[i]->pid, names_[task.comm], task.count, task.causes, task.distances});
    }
    return worst;
}

}  // namespace migreport
