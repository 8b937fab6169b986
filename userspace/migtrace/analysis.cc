/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/analysis.h"

#include "base/error.h"
#include "migtrace/trace_check.h"
#include "migtrace/views.h"

namespace migtrace {

std::vector<std::string> run(const Analysis& analysis, Output& output) {
    TraceReader reader(analysis.input);
    check_is_trace(reader, analysis.input.files);
    const std::unique_ptr<Report> report = Report::make(analysis.report, output);
    Counters counters;
    PidCounters processes;
    StartLines starts;
    std::optional<PeriodCounter> periods;
    Views views(analysis, reader);

    // The report comes first: a migration is printed before the period that it closes.
    std::vector<EventListener*> listeners = {report.get()};
    if (analysis.periods) listeners.push_back(&periods.emplace(*analysis.periods, *report));
    if (analysis.stats) listeners.push_back(&counters);
    if (analysis.summary_pid) listeners.push_back(&processes);
    if (analysis.consistency) listeners.push_back(&starts);
    views.add_listeners(listeners);
    walk(reader, views.walk(), listeners);

    if (analysis.consistency) report->consistency(starts);
    if (analysis.stats) report->stats(counters);
    if (analysis.summary_pid) report->summary_pid(processes);
    views.print(*report);
    std::vector<std::string> warnings = views.warnings();
    for (std::string& warning : reader.warnings()) warnings.push_back(std::move(warning));
    return warnings;
}

}  // namespace migtrace
