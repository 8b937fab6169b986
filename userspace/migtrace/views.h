/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The reports about distances, stays and returns, as far as a run of migrate_stats asks for them.

#include <optional>
#include <string>
#include <vector>

#include "migtrace/analysis.h"
#include "migtrace/residency.h"
#include "migtrace/topology.h"

namespace migtrace {

/// As listeners hold addresses, the object stays where it is.
class Views {
 public:
    /// Reads the header. Throws base::Error when what is asked for cannot be told from this trace, and
    /// base::UsageError for filters that these reports and others of the same run would need in different
    /// places.
    Views(const Analysis& analysis, TraceReader& reader);
    Views(const Views&) = delete;
    Views& operator=(const Views&) = delete;

    /// How the walk is to be done: the filters of views that follow tasks do not act on it.
    const WalkOptions& walk() const { return walk_; }
    void add_listeners(std::vector<EventListener*>& listeners);
    /// After the walk.
    void print(Report& report) const;
    const std::vector<std::string>& warnings() const { return warnings_; }

 private:
    WalkOptions walk_;
    std::optional<TopologyCounters> topology_;
    std::optional<Residency> residency_;
    std::optional<PingPong> pingpong_;
    std::vector<std::string> warnings_;
};

}  // namespace migtrace
