/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What migrate_stats prints, as text for people and scripts or as JSON lines.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "migtrace/counters.h"
#include "migtrace/output.h"
#include "migtrace/periods.h"
#include "migtrace/time_format.h"

namespace migtrace {

struct ReportOptions {
    bool json = false;
    /// Events that are printed as they come.
    bool migrations = false, comms = false, marks = false, starts = false;
    bool marks_decimal = false;  ///< marks in decimal instead of hexadecimal
    TimeForms times;             ///< in front of events and periods; JSON has all forms always
    bool human = false;          ///< columns of periods one below the other
    std::uint64_t period_msec = 0;
    std::vector<std::string> comms_left_out;  ///< not listed by summary_pid()
};

/// Listens to a walk and prints events and periods; the reports about the whole are printed on demand behind
/// it. The text form is described in `migrate_stats --help_format`, the JSON form in migrate_stats(1).
class Report : public EventListener, public PeriodListener {
 public:
    /// Writes to `output`, which outlives the report.
    static std::unique_ptr<Report> make(const ReportOptions& options, Output& output);

    void begin(const TraceInfo& info) override { info_ = &info; }

    /// Causes, and the table from CPU to CPU.
    virtual void stats(const Counters& counters) = 0;
    /// Processes that migrated.
    virtual void summary_pid(const PidCounters& processes) = 0;
    /// How far apart the clocks of the CPUs started.
    virtual void consistency(const StartLines& starts) = 0;

 protected:
    Report(const ReportOptions& options, Output& output) : options_(options), output_(output) {}
    /// The names of a process as summary_pid() lists them.
    std::vector<std::string_view> listed_comms(const PidCounters& processes,
                                               const PidCounters::Process& process) const;
    /// Begin of a period on the kernel's clock.
    std::uint64_t period_ts(std::uint64_t index) const {
        return info_->begin + index * options_.period_msec * 1'000'000;
    }

    const ReportOptions options_;
    Output& output_;
    const TraceInfo* info_ = nullptr;  // from begin() on
};

}  // namespace migtrace
