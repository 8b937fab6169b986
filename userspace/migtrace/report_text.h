/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include "migtrace/report.h"

namespace migtrace {

/// The text form of the original analyzer, byte for byte.
class TextReport : public Report {
 public:
    TextReport(const ReportOptions& options, Output& output)
        : Report(options, output), times_(options.times) {}

    void start(const Event& event) override;
    void comm(const Event& event) override;
    void mark(const Event& event) override;
    void migration(const Migration& migration) override;
    void migrations(const Migrations& some) override;
    void columns(const std::vector<std::string>& names, const TraceInfo& info) override;
    void opened(const TraceInfo& info) override;
    void period(std::uint64_t index, std::span<const std::uint64_t> counts) override;
    void stats(const Counters& counters) override;
    void summary_pid(const PidCounters& processes) override;
    void consistency(const StartLines& starts) override;

 private:
    void put_rate(std::uint64_t count);
    void put_time(std::uint64_t ts);
    void duration(const TraceInfo& info);
    void causes(const Counters& counters);
    void matrix(const Counters& counters, bool rates);
    TimeStampWriter times_;
};

}  // namespace migtrace
