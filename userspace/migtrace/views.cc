/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/views.h"

#include <fmt/format.h>

#include "base/error.h"

namespace migtrace {

namespace {

constexpr const char* kNoTopology =
    "the trace does not tell where its CPUs stand: its header has no lines '# cpu N core ...', which the "
    "kernel module "
    "writes since format 1.1.0";

bool others_wanted(const Analysis& a) {
    return a.periods || a.stats || a.summary_pid || a.topology || a.report.migrations;
}

}  // namespace

Views::Views(const Analysis& analysis, TraceReader& reader) : walk_(analysis.walk) {
    if (analysis.topology) {
        const bool alone = !analysis.consistency && !analysis.stats && !analysis.summary_pid &&
                           !analysis.residency && !analysis.pingpong && !analysis.periods &&
                           !analysis.report.migrations && !analysis.report.comms && !analysis.report.marks;
        if (has_topology(reader.header()))
            topology_.emplace();
        else if (alone)
            throw base::Error(fmt::format("{}; --topology cannot be computed", kNoTopology));
        else
            warnings_.push_back(fmt::format("{}; --topology is left out", kNoTopology));
    }
    if (analysis.periods && analysis.periods->topology && !has_topology(reader.header())) {
        const PeriodOptions& p = *analysis.periods;
        if (!p.all && !p.causes && !p.cpus && !p.pairs)
            throw base::Error(fmt::format("{}; --period_topology cannot be computed", kNoTopology));
        warnings_.push_back(
            fmt::format("{}; for --period_topology all migrations count as unknown", kNoTopology));
    }
    if (!analysis.residency && !analysis.pingpong) return;
    Filters late;
    if (LateFilter::splits_tasks(walk_.filters)) {
        if (others_wanted(analysis))
            throw base::UsageError(
                "--residency and --pingpong follow each task from CPU to CPU, so that --cause, --comm and "
                "--cpu_* can "
                "act on them, or on the other reports, but not on both in one run; ask for them one after "
                "the other");
        late = walk_.filters;
        walk_.filters = Filters();
        walk_.filters.pid = late.pid;
    }
    if (analysis.residency) residency_.emplace(late);
    if (analysis.pingpong) pingpong_.emplace(late, *analysis.pingpong);
}

void Views::add_listeners(std::vector<EventListener*>& listeners) {
    if (topology_) listeners.push_back(&*topology_);
    if (residency_) listeners.push_back(&*residency_);
    if (pingpong_) listeners.push_back(&*pingpong_);
}

void Views::print(Report& report) const {
    if (topology_) report.topology(*topology_);
    if (residency_) report.residency(*residency_);
    if (pingpong_) report.pingpong(*pingpong_);
}

}  // namespace migtrace
