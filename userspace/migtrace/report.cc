/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/report.h"

#include <algorithm>

#include "migtrace/report_csv.h"
#include "migtrace/report_json.h"
#include "migtrace/report_text.h"

namespace migtrace {

std::unique_ptr<Report> Report::make(const ReportOptions& options, Output& output) {
    if (options.form == Form::Json) return std::make_unique<JsonReport>(options, output);
    if (options.form == Form::Csv) return std::make_unique<CsvReport>(options, output);
    return std::make_unique<TextReport>(options, output);
}

std::vector<Report::Listed> Report::listed(const PidCounters& processes) const {
    std::vector<Listed> all;
    for (const auto& [pid, process] : processes.processes())
        if (process.count > 0) all.push_back({pid, &process});
    if (options_.top == 0) return all;
    std::stable_sort(all.begin(), all.end(),
                     [](const Listed& a, const Listed& b) { return a.process->count > b.process->count; });
    if (all.size() > options_.top) all.resize(options_.top);
    return all;
}

std::vector<std::string_view> Report::listed_comms(const PidCounters& processes,
                                                   const PidCounters::Process& process) const {
    std::vector<std::string_view> listed;
    const auto& out = options_.comms_left_out;
    for (std::uint32_t comm : process.comms)
        if (std::find(out.begin(), out.end(), Comm(processes.name(comm))) == out.end())
            listed.push_back(processes.name(comm));
    return listed;
}

}  // namespace migtrace
