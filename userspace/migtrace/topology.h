/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How far migrations go: between threads of a core, within a cache, from cache to cache, from node to node.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "migtrace/name.h"
#include "migtrace/pid_table.h"
#include "migtrace/walk.h"

namespace migtrace {

/// How far a migration goes, by what both CPUs have in common.
enum class Distance : std::uint8_t {
    Core,    ///< the core
    Cache,   ///< the last level cache
    Node,    ///< the node only
    Nodes,   ///< not even that
    Unknown  ///< the trace does not tell
};
constexpr std::size_t kDistances = 5;
/// In the order of Distance, for people ("within core") and for programs ("within_core").
extern const std::array<const char*, kDistances> kDistanceNames, kDistanceIds;
/// As the fields of stat files are called.
extern const std::array<const char*, kDistances> kDistanceFields;

/// Whether the header tells where CPUs stand (`# cpu`, format 1.1.0).
bool has_topology(const TraceHeader& header);

/// Distances between CPUs, as the header of a trace tells. It never guesses: what it takes to decide has to
/// be known of both CPUs, else the distance is unknown. Nodes that differ are enough. Otherwise the cache has
/// to be known, because kernels number cores anew in each package: equal cores are one core only behind the
/// same cache.
class DistanceTable {
 public:
    DistanceTable() = default;
    explicit DistanceTable(const TraceHeader& header);
    Distance between(std::uint32_t from, std::uint32_t to) const {
        if (from >= cpus_.size() || to >= cpus_.size()) return Distance::Unknown;
        return between(cpus_[from], cpus_[to]);
    }

 private:
    static Distance between(const CpuTopology& from, const CpuTopology& to);
    std::vector<CpuTopology> cpus_;
};

/// Counts by distance.
struct DistanceCounts {
    std::array<std::uint64_t, kDistances> counts{};
    void count(Distance distance) { counts[static_cast<std::size_t>(distance)]++; }
    std::uint64_t at(Distance distance) const { return counts[static_cast<std::size_t>(distance)]; }
    std::uint64_t total() const;
    /// Whether it goes farther: more migrations across nodes count first, then those across caches, and so
    /// on.
    bool farther_than(const DistanceCounts& other) const;
};

/// Distances of the migrations of a window: in total, by cause, by process.
class TopologyCounters : public EventListener {
 public:
    void begin(const TraceInfo& info) override;
    void migration(const Migration& migration) override;
    void end(const TraceInfo& info) override;

    struct Cause {
        std::string name;
        DistanceCounts counts;
    };
    struct Process {
        std::int32_t pid;
        std::string_view comm;  ///< its last name; lives as long as the counters
        const DistanceCounts* counts;
    };
    const TraceInfo& info() const { return info_; }               ///< after end()
    const std::vector<Cause>& causes() const { return causes_; }  ///< in the order of their numbers
    const DistanceCounts& total() const { return total_; }
    /// Those that migrated, the farthest first; of equal ones the lowest pid. `top` at most; 0: all.
    std::vector<Process> processes(std::size_t top) const;

 private:
    struct Task {
        Name comm;
        DistanceCounts counts;
    };
    void prepare(const TraceInfo& info);
    TraceInfo info_;
    DistanceTable distances_;
    std::vector<Cause> causes_;
    DistanceCounts total_;
    PidTable<Task> tasks_;
};

}  // namespace migtrace
