/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/report.h"

#include <algorithm>

#include "migtrace/report_json.h"
#include "migtrace/report_text.h"

namespace migtrace {

std::unique_ptr<Report> Report::make(const ReportOptions& options, Output& output) {
    if (options.json) return std::make_unique<JsonReport>(options, output);
    return std::make_unique<TextReport>(options, output);
}

std::vector<std::string_view> Report::listed_comms(const PidCounters& processes,
                                                   const PidCounters::Process& process) const {
    std::vector<std::string_view> listed;
    const auto& out = options_.comms_left_out;
    for (std::uint32_t comm : process.comms)
        if (std::find(out.begin(), out.end(), processes.name(comm)) == out.end())
            listed.push_back(processes.name(comm));
    return listed;
}

}  // namespace migtrace
