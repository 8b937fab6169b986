/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/analysis.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/file.h"
#include "migtrace/trace_check.h"
#include "migtrace/views.h"

namespace migtrace {

namespace {

/// Tells two listeners of each migration in turn.
class InTurn : public EventListener {
 public:
    InTurn(EventListener& first, EventListener& second) : all_{&first, &second} {}
    void begin(const TraceInfo& info) override {
        for (EventListener* l : all_) l->begin(info);
    }
    void start(const Event& event) override {
        for (EventListener* l : all_) l->start(event);
    }
    void comm(const Event& event) override {
        for (EventListener* l : all_) l->comm(event);
    }
    void mark(const Event& event) override {
        for (EventListener* l : all_) l->mark(event);
    }
    void migration(const Migration& migration) override {
        for (EventListener* l : all_) l->migration(migration);
    }
    void end(const TraceInfo& info) override {
        for (EventListener* l : all_) l->end(info);
    }

 private:
    std::array<EventListener*, 2> all_;
};

/// Whether the user would look for migrations in what is printed.
bool migrations_wanted(const Analysis& analysis) {
    return analysis.report.migrations || analysis.stats || analysis.summary_pid || analysis.topology ||
           analysis.residency || analysis.pingpong || analysis.periods;
}

/// Rates per period of nothing are an empty stat file, which scripts expect in silence.
bool events_wanted(const Analysis& analysis) {
    const ReportOptions& report = analysis.report;
    return report.migrations || report.comms || report.marks || analysis.consistency || analysis.stats ||
           analysis.summary_pid || analysis.topology || analysis.residency || analysis.pingpong;
}

/// The least order that gives the same result.
ReadOptions::Order order(const Analysis& analysis) {
    const ReportOptions& report = analysis.report;
    const bool one_by_one = report.migrations || report.comms || report.marks || report.starts;
    const bool order_counts = one_by_one || analysis.summary_pid || analysis.topology || analysis.residency ||
                              analysis.pingpong || analysis.walk.window.any() ||
                              !analysis.walk.filters.comm.empty();
    if (order_counts) return ReadOptions::Order::Full;
    return analysis.periods ? ReadOptions::Order::Periods : ReadOptions::Order::Any;
}

std::vector<std::string> run(const Analysis& analysis, const ReadOptions& input, Output& output) {
    TraceReader reader(input);
    check_is_trace(reader, input.files);
    if (input.optimistic) output.hold([&] { reader.look_ahead(); });
    const std::unique_ptr<Report> report = Report::make(analysis.report, output);
    Counters counters;
    PidCounters processes;
    StartLines starts;
    std::optional<PeriodCounter> periods;
    Views views(analysis, reader);

    std::optional<InTurn> in_turn;

    std::vector<EventListener*> listeners = {report.get()};
    if (analysis.periods) {
        periods.emplace(*analysis.periods, *report);
        // A migration is printed before the period that it closes.
        if (analysis.report.migrations)
            listeners = {&in_turn.emplace(*report, *periods)};
        else
            listeners.push_back(&*periods);
    }
    if (analysis.stats) listeners.push_back(&counters);
    if (analysis.summary_pid) listeners.push_back(&processes);
    if (analysis.consistency) listeners.push_back(&starts);
    views.add_listeners(listeners);
    const TraceInfo found = walk(reader, views.walk(), listeners);
    // What lies behind the end of the window may belong in front of it.
    if (input.optimistic) reader.look_ahead();
    output.release();

    if (analysis.consistency) report->consistency(starts);
    if (analysis.stats) report->stats(counters);
    if (analysis.summary_pid) report->summary_pid(processes);
    views.print(*report);
    std::vector<std::string> warnings = views.warnings();
    const bool narrowed = !analysis.walk.filters.empty() || analysis.walk.window.any();
    // A start is known as soon as there is any event.
    const bool events = found.start.known || found.start.ts > 0 || found.opened;
    if (!events && reader.skipped_lines() == 0 && events_wanted(analysis))
        warnings.push_back(base::input_names(input.files) + ": there are no events");
    else if (narrowed && !found.opened && migrations_wanted(analysis))
        warnings.push_back("no migration passes the filters and lies in the window");
    for (std::string& warning : reader.warnings()) warnings.push_back(std::move(warning));
    return warnings;
}

}  // namespace

std::vector<std::string> run(const Analysis& analysis, Output& output) {
    ReadOptions input = analysis.input;
    input.order = order(analysis);
    // Periods that are longer than the clock goes are all one.
    constexpr std::uint64_t kMsec = 1'000'000, kLongest = UINT64_MAX / kMsec;
    if (analysis.periods) input.period = std::min(analysis.periods->msec, kLongest) * kMsec;
    input.optimistic = true;
    input.before_wait = [&output] {
        output.release();
        output.show();
    };
    try {
        return run(analysis, input, output);
    } catch (const OutOfOrder&) {
        output.drop();
        if (input.order == ReadOptions::Order::Any) input.order = ReadOptions::Order::Full;
        input.optimistic = false;
        return run(analysis, input, output);
    }
}

}  // namespace migtrace
