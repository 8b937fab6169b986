/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include "migtrace/report.h"

namespace migtrace {

/// One JSON object per line, each with a "type".
class JsonReport : public Report {
 public:
    using Report::Report;
    JsonReport(const ReportOptions& options, Output& output) : Report(options, output) {}

    void start(const Event& event) override;
    void comm(const Event& event) override;
    void mark(const Event& event) override;
    void migration(const Migration& migration) override;
    void migrations(const Migrations& some) override {
        if (options_.migrations) EventListener::migrations(some);
    }
    void columns(const ColumnNames& names, const TraceInfo& info) override;
    void opened(const TraceInfo&) override {}
    void period(std::uint64_t index, std::span<const std::uint64_t> counts) override;
    void stats(const Counters& counters) override;
    void summary_pid(const PidCounters& processes) override;
    void consistency(const StartLines& starts) override;
    void topology(const TopologyCounters& counters) override;
    void residency(const Residency& residency) override;
    void pingpong(const PingPong& pingpong) override;

 private:
    void put_text(std::string_view text) { put_json_string(output_.buffer(), text); }
    void put_moment(const TraceInfo& info, std::uint64_t ts);
    void put_event(const char* type, std::uint64_t ts);
    void put_rate(std::uint64_t count, std::uint64_t duration);
    void put_topology(const TraceHeader& header);
    void put_distances(const DistanceCounts& counts, std::uint64_t duration);
    void put_stays(const base::Histogram& stays);
    void put_pairs(const std::vector<PingPong::Pair>& pairs, std::uint64_t duration);
    void end_line();
    template <class List, class Put>
    void put_list(const List& list, Put put);
};

}  // namespace migtrace
