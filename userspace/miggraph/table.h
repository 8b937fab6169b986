/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Migrations per period, from a trace or from a stat file: what figures are made of.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "miggraph/figure.h"

namespace migtrace {
class TraceReader;
}

namespace miggraph {

/// What the name of a field of a stat file stands for.
struct FieldName {
    enum Kind { Cause, Total, Distance, FromCpu, ToCpu, Pair } kind = Cause;
    unsigned from = 0, to = 0;
};
/// "migrate" is the total, "within core" and the like a distance, "from cpu: 0", "to cpu: 1" and "from cpu: 0 to cpu: 1"
/// are what they say, all else is a cause.
FieldName parse_field_name(std::string_view name);

struct Table {
    struct Column {
        std::string name;
        FieldName field;
        std::vector<double> rates;  ///< migrations per second, for each row
    };
    double period = 0;           ///< seconds from row to row
    std::vector<double> begins;  ///< seconds since the start of the recording at which each row begins
    std::vector<Column> columns;
    /// Migrations from each CPU (row) to each CPU; empty when the input does not tell. CPUs of a large machine are put
    /// together in groups, and those of them that nothing left or came to are left out.
    std::vector<std::vector<double>> pairs;
    std::vector<double> left, arrived;  ///< migrations by CPU; empty when the input does not tell
    CpuAxis axis;                       ///< of pairs, left and arrived
    unsigned cpus = 0;                  ///< one more than the largest that the input names
    std::size_t cpus_in_use = 0;        ///< that a migration left or came to
    std::optional<unsigned> nr_cpus;    ///< of the machine, as the input says
    double migrations = 0;
    std::vector<std::string> warnings;  ///< what a user should know of the input
    double migrations_in_rows = 0;      ///< a trace's last period, which is not over, has no row
    double seconds = 0;  ///< length of the recording
};

/// The period of 1, 2 or 5 times a power of ten, not under 1 ms, that cuts `duration` into at most 200
/// periods.
std::chrono::nanoseconds nice_period(std::chrono::nanoseconds duration);

/// Counts all migrations of a trace; only periods that are over have a row, at least one. Without `period` a
/// nice one is taken. Columns for causes and the total, and with `all_columns` those for CPUs and pairs too,
/// in the order of `migrate_stats --period_*`, but without pairs that no task went. Throws Error for a trace
/// without events, and for more periods than can be drawn.
Table count_trace(migtrace::TraceReader& reader, std::optional<std::chrono::nanoseconds> period,
                  bool all_columns, const std::string& name);

/// The kind of fields whose sum is the number of migrations; nothing where the table has none such.
std::optional<FieldName::Kind> counting_kind(const Table& table);

/// Completes a table of which `period`, `begins` and `columns` are known: sums, pairs and CPUs.
void sum_up(Table& table);

}  // namespace miggraph
