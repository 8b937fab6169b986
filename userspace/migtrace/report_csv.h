/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <initializer_list>

#include "migtrace/report.h"

namespace migtrace {

/// CSV as RFC 4180 has it: a header line, then records; lines end with CRLF; fields that hold a comma, a
/// quote or a line end stand in quotes. A table makes a file, so a run has one report: events, periods, or
/// one about the whole. Events of all kinds are one report.
class CsvReport : public Report {
 public:
    CsvReport(const ReportOptions& options, Output& output) : Report(options, output) {}

    void start(const Event& event) override;
    void comm(const Event& event) override;
    void mark(const Event& event) override;
    void migration(const Migration& migration) override;
    void migrations(const Migrations& some) override {
        if (options_.migrations) EventListener::migrations(some);
    }
    void end(const TraceInfo& info) override;
    void columns(const ColumnNames& names, const TraceInfo& info) override;
    void opened(const TraceInfo&) override {}
    void period(std::uint64_t index, std::span<const std::uint64_t> counts) override;
    void stats(const Counters& counters) override;
    void summary_pid(const PidCounters& processes) override;
    void consistency(const StartLines&) override {}
    void topology(const TopologyCounters& counters) override;
    void residency(const Residency& residency) override;
    void pingpong(const PingPong& pingpong) override;

 private:
    bool events() const { return options_.migrations || options_.comms || options_.marks; }
    void head();
    void text(std::string_view text);
    void texts(std::initializer_list<std::string_view> fields);
    void rate(std::uint64_t count, std::uint64_t duration);
    template <class Number>
    void number(Number value);
    void moment(std::uint64_t ts);
    void event(std::string_view name, std::uint64_t ts, std::uint32_t cpu);
    void separate();
    void end_line();
    bool head_put_ = false, first_ = true;  // first field of a line
};

}  // namespace migtrace
