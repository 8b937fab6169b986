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
    using Counts = migtrace::Keyed<std::uint64_t>;
    struct Task {
        std::uint64_t count = 0;
        Counts::Of alike;  // migrations that have cause and distance in common
        migtrace::Name comm;
    };
    std::size_t causes_ = 0;
    migtrace::DistanceTable distances_;
    migtrace::PidTable<Task> tasks_;
    Counts counts_;
};

}  // namespace migreport
