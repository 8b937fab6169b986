/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/stat_table.h"

#include <fmt/format.h>

#include <chrono>

#include "base/error.h"
#include "base/units.h"
#include "migtrace/stat_file.h"

namespace miggraph {

Table read_stat(const std::string& path, std::vector<std::string>& notes) {
    migtrace::StatTable stat = migtrace::read_stat({path});
    notes.insert(notes.end(), stat.warnings.begin(), stat.warnings.end());
    std::string name = path == "-" ? "standard input" : path;
    if (stat.rows() == 0)
        throw base::Error(fmt::format("{} holds no period that was over: there is nothing to draw", name));

    // Values are counts in period_msec. What migrate_stats writes are rates (period_msec is 1000), however
    // far the rows are from each other.
    Table table;
    auto msec = static_cast<std::int64_t>(stat.header.checked_period());
    if (stat.rows() > 1 && stat.time_msec[1] > stat.time_msec[0])
        msec = stat.time_msec[1] - stat.time_msec[0];
    else if (stat.rows() == 1)
        notes.push_back(fmt::format("{}: the length of its only period is not known, {} is taken for it", name,
                                    base::format_duration(std::chrono::milliseconds(msec))));
    table.period = static_cast<double>(msec) / 1000;
    for (std::int64_t time : stat.time_msec) table.begins.push_back(static_cast<double>(time) / 1000);
    for (std::size_t column = 0; column < stat.fields.size(); column++) {
        if (stat.fields[column] == stat.header.ts_field()) continue;
        const std::string& field = stat.header.fields.at(stat.fields[column]);
        Table::Column rates{field, parse_field_name(field), {}};
        for (std::size_t row = 0; row < stat.rows(); row++) rates.rates.push_back(stat.rate(row, column));
        table.columns.push_back(std::move(rates));
    }
    table.nr_cpus = stat.header.nr_cpus;
    sum_up(table);
    return table;
}

}  // namespace miggraph
