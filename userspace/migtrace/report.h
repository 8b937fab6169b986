/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What migrate_stats prints: text for people and scripts, JSON lines, or CSV.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "migtrace/counters.h"
#include "migtrace/output.h"
#include "migtrace/periods.h"
#include "migtrace/residency.h"
#include "migtrace/time_format.h"
#include "migtrace/topology.h"

namespace migtrace {

enum class Form { Text, Json, Csv };

struct ReportOptions {
    Form form = Form::Text;
    /// Events that are printed as they come.
    bool migrations = false, comms = false, marks = false, starts = false;
    bool marks_decimal = false;  ///< marks in decimal instead of hexadecimal
    TimeForms times;             ///< in front of events and periods; JSON has all forms always
    bool human = false;          ///< columns of periods one below the other
    std::uint64_t period_msec = 0;
    /// The worst so many processes (and pairs of causes) only, the worst first; 0: all, summary_pid() by pid.
    std::size_t top = 0;
    /// Text: columns become wider where a number does not fit. Without it such a number pushes the rest of
    /// its line to the right, in those reports that the original analyzer had, as scripts know it.
    bool align = false;
    bool cut_names = false;                   ///< text of events and of summary_pid(): names without what stands in front of their last ": "
    bool safe_names = false;                  ///< text and CSV: names for a terminal, see base::printable()
    std::vector<std::string> comms_left_out;  ///< not listed by summary_pid()
};

/// Listens to a walk and prints events and periods; the reports about the whole are printed on demand behind
/// it. The text form is described in `migrate_stats --help_format`, JSON and CSV in migrate_stats(1).
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
    /// How far migrations go.
    virtual void topology(const TopologyCounters& counters) = 0;
    /// How long tasks stay.
    virtual void residency(const Residency& residency) = 0;
    /// Who comes back.
    virtual void pingpong(const PingPong& pingpong) = 0;

 protected:
    Report(const ReportOptions& options, Output& output) : options_(options), output_(output) {}
    /// The processes that summary_pid() lists, by their places in the counters.
    std::vector<std::uint32_t> listed(const PidCounters& processes) const;
    /// Calls see(name) for those names of a process that summary_pid() lists, whole.
    void for_each_listed_comm(const PidCounters& processes, std::uint32_t place,
                              const std::function<void(std::string_view)>& see) const;
    /// Begin of a period on the kernel's clock.
    std::uint64_t period_ts(std::uint64_t index) const {
        return info_->begin + index * options_.period_msec * 1'000'000;
    }

    const ReportOptions options_;
    Output& output_;
    const TraceInfo* info_ = nullptr;  // from begin() on
};

}  // namespace migtrace
