/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// CPUs put together, so that a table from CPU to CPU stays small enough to be drawn.

#include <cstdint>
#include <string>
#include <vector>

#include "migtrace/counters.h"
#include "migtrace/header.h"

namespace migtrace {

struct CpuGroups {
    enum class Unit { Cpu, Core, Cache, Node, Block } unit = Unit::Cpu;
    std::vector<std::vector<unsigned>> members;  ///< CPUs of each group, ascending; groups by their first CPU
    std::vector<std::string> names;              ///< short, for an axis: "0", "cache 3", "0-15"

    std::size_t size() const { return members.size(); }
    const char* unit_name() const;  ///< "CPU", "core", "last level cache", "node", "block of CPUs"
    /// "CPU 5", "node 1 (CPUs 16-31)"
    std::string describe(std::size_t group) const;
};

/// Those that a migration left or came to, ascending.
std::vector<unsigned> cpus_in_use(const CpuMatrix& matrix);

/// Those worth a picture: all if there are `most` or fewer. Of more only those in use, because a single damaged line
/// makes thousands of them.
std::vector<unsigned> cpus_to_show(const CpuMatrix& matrix, unsigned most);
/// The same of a machine of `cpus` CPUs, of which `used` are in use.
std::vector<unsigned> cpus_to_show(const std::vector<unsigned>& used, unsigned cpus, unsigned most);

/// Each of `cpus`, which ascend, by itself when there are `most` of them or fewer; else the smallest unit of which there
/// are not more and that the header tells of every one; else blocks of neighbours: a power of two, less those that are
/// not among `cpus`.
CpuGroups group_cpus(const TraceHeader& header, const std::vector<unsigned>& cpus, unsigned most);

/// "0-3 4,6": the groups as `migrate_stats` output can be summed up by, with no blank in a group.
std::string group_list(const CpuGroups& groups);

/// Counts from group to group, row after row. What moves inside of a group is in the diagonal.
std::vector<std::uint64_t> sum_groups(const CpuMatrix& matrix, const CpuGroups& groups);

/// "0-3,8": CPUs in ascending order.
std::string cpu_list(const std::vector<unsigned>& cpus);

}  // namespace migtrace
