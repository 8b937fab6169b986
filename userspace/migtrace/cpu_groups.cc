/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/cpu_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace migtrace {

namespace {

using Unit = CpuGroups::Unit;
using Place = std::tuple<int, int, int>;  // node, cache, core; -1 for what does not count

/// Which `unit` a CPU is in. Kernels number cores anew in each package, so that all of the way counts.
bool place_of(const CpuTopology& cpu, Unit unit, Place& place) {
    if (cpu.node < 0) return false;
    if (unit == Unit::Node) return place = {cpu.node, -1, -1}, true;
    if (cpu.llc < 0) return false;
    if (unit == Unit::Cache) return place = {cpu.node, cpu.llc, -1}, true;
    if (cpu.core < 0) return false;
    return place = {cpu.node, cpu.llc, cpu.core}, true;
}

std::string name_of(Unit unit, const Place& place, unsigned first_cpu) {
    if (unit == Unit::Node) return fmt::format("node {}", std::get<0>(place));
    if (unit == Unit::Cache) return fmt::format("cache {}", std::get<1>(place));
    return fmt::format("{}", first_cpu);
}

/// No groups when the header does not tell where some CPU stands.
CpuGroups by_topology(const TraceHeader& header, const std::vector<unsigned>& cpus, Unit unit) {
    CpuGroups groups;
    groups.unit = unit;
    std::map<Place, std::size_t> known;
    for (unsigned cpu : cpus) {
        const auto where = header.cpus().find(cpu);
        Place place;
        if (where == header.cpus().end() || !place_of(where->second, unit, place)) return {};
        const auto [at, added] = known.emplace(place, groups.size());
        if (added) {
            groups.members.emplace_back();
            groups.names.push_back(name_of(unit, place, cpu));
        }
        groups.members[at->second].push_back(cpu);
    }
    return groups;
}

CpuGroups by_number(const std::vector<unsigned>& cpus, unsigned size) {
    CpuGroups groups;
    groups.unit = size == 1 ? Unit::Cpu : Unit::Block;
    for (unsigned cpu : cpus) {
        if (groups.members.empty() || groups.members.back().front() / size != cpu / size) groups.members.emplace_back();
        groups.members.back().push_back(cpu);
    }
    // A list of those in between would be too long for an axis.
    for (const std::vector<unsigned>& block : groups.members)
        groups.names.push_back(block.size() == 1 ? fmt::format("{}", block.front())
                                                 : fmt::format("{}-{}", block.front(), block.back()));
    return groups;
}

}  // namespace

const char* CpuGroups::unit_name() const {
    switch (unit) {
        case Unit::Cpu:
            return "CPU";
        case Unit::Core:
            return "core";
        case Unit::Cache:
            return "last level cache";
        case Unit::Node:
            return "node";
        case Unit::Block:
            break;
    }
    return "block of CPUs";
}

std::string CpuGroups::describe(std::size_t group) const {
    const std::vector<unsigned>& cpus = members[group];
    const std::string list = fmt::format("CPU{} {}", cpus.size() == 1 ? "" : "s", cpu_list(cpus));
    if (unit == Unit::Cache || unit == Unit::Node) return fmt::format("{} ({})", names[group], list);
    return unit == Unit::Core ? fmt::format("core of {}", list) : list;
}

std::vector<unsigned> cpus_in_use(const CpuMatrix& matrix) {
    const CpuMatrix::Sums sums = matrix.sums();
    std::vector<unsigned> used;
    for (unsigned cpu = 0; cpu < matrix.cpus(); cpu++)
        if (sums.used(cpu)) used.push_back(cpu);
    return used;
}

std::vector<unsigned> cpus_to_show(const CpuMatrix& matrix, unsigned most) {
    return cpus_to_show(cpus_in_use(matrix), matrix.cpus(), most);
}

std::vector<unsigned> cpus_to_show(const std::vector<unsigned>& used, unsigned cpus, unsigned most) {
    if (cpus > most) return used;
    std::vector<unsigned> all(cpus);
    std::iota(all.begin(), all.end(), 0u);
    return all;
}

CpuGroups group_cpus(const TraceHeader& header, const std::vector<unsigned>& cpus, unsigned most) {
    if (cpus.size() <= most) return by_number(cpus, 1);
    for (Unit unit : {Unit::Core, Unit::Cache, Unit::Node}) {
        CpuGroups groups = by_topology(header, cpus, unit);
        if (groups.size() > 1 && groups.size() <= most) return groups;
    }
    for (unsigned size = 2;; size *= 2) {
        CpuGroups groups = by_number(cpus, size);
        if (groups.size() <= most) return groups;
    }
}

std::string group_list(const CpuGroups& groups) {
    std::string text;
    for (std::size_t g = 0; g < groups.size(); g++)
        text += (text.empty() ? "" : " ") +
                (groups.unit == Unit::Block ? groups.names[g] : cpu_list(groups.members[g]));
    return text;
}

std::vector<std::uint64_t> sum_groups(const CpuMatrix& matrix, const CpuGroups& groups) {
    std::vector<std::size_t> group_of(matrix.cpus());
    for (std::size_t g = 0; g < groups.size(); g++)
        for (unsigned cpu : groups.members[g]) group_of[cpu] = g;
    std::vector<std::uint64_t> sums(groups.size() * groups.size());
    matrix.for_each([&](unsigned from, unsigned to, std::uint64_t count) {
        sums[group_of[from] * groups.size() + group_of[to]] += count;
    });
    return sums;
}

std::string cpu_list(const std::vector<unsigned>& cpus) {
    std::string text;
    for (std::size_t i = 0; i < cpus.size();) {
        std::size_t last = i;
        while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) last++;
        text += fmt::format("{}{}", text.empty() ? "" : ",", cpus[i]);
        if (last > i) text += fmt::format("-{}", cpus[last]);
        i = last + 1;
    }
    return text;
}

}  // namespace migtrace
