/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/topology.h"

#include <algorithm>
#include <numeric>

namespace migtrace {

const std::array<const char*, kDistances> kDistanceNames = {"within core", "within cache", "across caches",
                                                            "across nodes", "unknown"};
const std::array<const char*, kDistances> kDistanceIds = {"within_core", "within_cache", "across_caches",
                                                          "across_nodes", "unknown"};

const std::array<const char*, kDistances> kDistanceFields = {"within core", "within cache", "across caches",
                                                             "across nodes", "distance unknown"};

bool has_topology(const TraceHeader& header) {
    return !header.cpus().empty();
}

DistanceTable::DistanceTable(const TraceHeader& header) {
    if (!has_topology(header)) return;
    cpus_.resize(header.cpus().rbegin()->first + 1);
    for (const auto& [cpu, where] : header.cpus()) cpus_[cpu] = where;
}

Distance DistanceTable::between(const CpuTopology& from, const CpuTopology& to) {
    auto known = [](int a, int b) { return a >= 0 && b >= 0; };
    if (known(from.node, to.node) && from.node != to.node) return Distance::Nodes;
    if (!known(from.llc, to.llc)) return Distance::Unknown;
    if (from.llc != to.llc) return known(from.node, to.node) ? Distance::Node : Distance::Unknown;
    if (!known(from.core, to.core)) return Distance::Unknown;
    return from.core == to.core ? Distance::Core : Distance::Cache;
}

std::uint64_t DistanceCounts::total() const {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

bool DistanceCounts::farther_than(const DistanceCounts& other) const {
    for (Distance d : {Distance::Nodes, Distance::Node, Distance::Cache, Distance::Core, Distance::Unknown})
        if (at(d) != other.at(d)) return at(d) > other.at(d);
    return false;
}

void TopologyCounters::prepare(const TraceInfo& info) {
    if (info_.header) return;
    info_ = info;
    distances_ = DistanceTable(*info.header);
    for (const auto& [number, name] : info.header->causes()) causes_.push_back({name, {}});
}

void TopologyCounters::begin(const TraceInfo& info) {
    prepare(info);
}

void TopologyCounters::migration(const Migration& migration) {
    const Distance distance = distances_.between(migration.from, migration.to);
    total_.count(distance);
    causes_[migration.cause].counts.count(distance);
    Task& task = tasks_[migration.pid];
    task.comm.set(migration.comm.whole);
    task.counts.count(distance);
}

void TopologyCounters::end(const TraceInfo& info) {
    prepare(info);
    info_ = info;
}

std::vector<TopologyCounters::Process> TopologyCounters::processes(std::size_t top) const {
    std::vector<Process> all;
    all.reserve(tasks_.entries().size());
    for (const auto& entry : tasks_.entries()) all.push_back({entry.pid, entry.value.comm, &entry.value.counts});
    std::sort(all.begin(), all.end(), [](const Process& a, const Process& b) {
        if (a.counts->counts != b.counts->counts) return a.counts->farther_than(*b.counts);
        return a.pid < b.pid;
    });
    if (top && all.size() > top) all.resize(top);
    return all;
}

}  // namespace migtrace
