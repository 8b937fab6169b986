/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/counters.h"

#include <algorithm>

namespace migtrace {

double per_second(std::uint64_t count, std::uint64_t duration) {
    return duration ? static_cast<double>(count) / (static_cast<double>(duration) / 1e9) : 0;
}

void Counters::prepare(const TraceInfo& info) {
    if (prepared_) return;
    prepared_ = true;
    for (const auto& [number, name] : info.header->causes()) causes_.push_back({name, 0});
    matrix_ = CpuMatrix(info.nr_cpus);
}

void Counters::begin(const TraceInfo& info) {
    prepare(info);
}

void Counters::migration(const Migration& migration) {
    total_++;
    causes_[migration.cause].count++;
    matrix_.count(migration.from, migration.to);
}

void Counters::migrations(const Migrations& some) {
    total_ += some.records().size();
    by_number_.count(some.records());
    matrix_.count(some.records());
}

void Counters::end(const TraceInfo& info) {
    prepare(info);
    for (const auto& [number, name] : info.header->causes())
        causes_[info.header->cause_index(number)].count += by_number_.take(number);
    info_ = info;
}

void PidCounters::comm(const Event& event) {
    comms_.append(tasks_[event.pid].comms, names_.number(event.comm()));
}

void PidCounters::migration(const Migration& migration) {
    tasks_[migration.pid].count++;
}

void StartLines::start(const Event& event) {
    if (count_++ == 0) {
        first_wall_ = last_wall_ = event.wall_us;
        first_ts_ = last_ts_ = event.ts;
    }
    first_wall_ = std::min(first_wall_, event.wall_us);
    last_wall_ = std::max(last_wall_, event.wall_us);
    first_ts_ = std::min(first_ts_, event.ts);
    last_ts_ = std::max(last_ts_, event.ts);
}

}  // namespace migtrace
