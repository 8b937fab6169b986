/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which processes move most, and why.

#include <cstdint>
#include <string_view>
#include <vector>

#include "migtrace/chains.h"
#include "migtrace/name.h"
#include "migtrace/pid_table.h"
#include "migtrace/topology.h"
#include "migtrace/walk.h"

namespace migreport {

/// Counts the migrations of each process by cause and by distance.
class Processes : public migtrace::EventListener {
 public:
    void begin(const migtrace::TraceInfo& info) override;
    void migration(const migtrace::Migration& migration) override;

    struct Process {
        std::int32_t pid;
        std::string_view comm;  ///< the name that it had last when it moved; lives as long as the object
        std::uint64_t count;
        std::vector<std::uint64_t> causes;  ///< in the order of their numbers
        migtrace::DistanceCounts distances;
    };
    std::size_t count() const { return tasks_.entries().size(); }  ///< processes that moved
    /// The `most` that moved most, in the order of `migrate_stats --summary_pid --top`: of equal ones the
    /// lowest pid first.
    std::vector<Process> top(std::size_t most) const;

 private:
    /// Migrations of a task that have cause and distance in common. Most tasks have few such.
    struct Alike {
        std::uint64_t count;
        std::uint32_t cause;
        migtrace::Distance distance;
    };
    using Counts = migtrace::Chains<Alike>;
    struct Task {
        std::uint64_t count = 0;
        Counts::List alike = 0;
        migtrace::Name comm;
    };
    std::uint64_t& count(Task& task, std::uint32_t cause, migtrace::Distance distance);
    std::size_t causes_ = 0;
    migtrace::DistanceTable distances_;
    migtrace::PidTable<Task> tasks_;
    Counts counts_;
};

}  // namespace migreport
