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

std::vector<std::uint32_t> Report::listed(const PidCounters& processes) const {
    std::vector<std::uint32_t> places;
    for (std::uint32_t i = 0; i < processes.size(); i++)
        if (processes.count(i) > 0) places.push_back(i);
    const bool by_count = options_.top > 0;
    std::sort(places.begin(), places.end(), [&](std::uint32_t a, std::uint32_t b) {
        if (by_count && processes.count(a) != processes.count(b)) return processes.count(a) > processes.count(b);
        return processes.pid(a) < processes.pid(b);
    });
    if (by_count && places.size() > options_.top) places.resize(options_.top);
    return places;
}

void Report::for_each_listed_comm(const PidCounters& processes, std::uint32_t place,
                                  const std::function<void(std::string_view)>& see) const {
    const auto& out = options_.comms_left_out;
    processes.for_each_comm(place, [&](std::string_view comm) {
        if (std::find(out.begin(), out.end(), Comm(comm)) == out.end()) see(comm);
    });
}

}  // namespace migtrace
