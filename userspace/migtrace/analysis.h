/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The work of migrate_stats and migrate_extract.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "migtrace/output.h"
#include "migtrace/periods.h"
#include "migtrace/report.h"
#include "migtrace/stat_file.h"
#include "migtrace/trace_reader.h"
#include "migtrace/walk.h"

namespace migtrace {

/// Everything that one run of migrate_stats prints.
struct Analysis {
    ReadOptions input;
    WalkOptions walk;
    std::optional<PeriodOptions> periods;
    ReportOptions report;
    /// Reports about the whole, printed in this order behind what is printed event by event.
    bool consistency = false, stats = false, summary_pid = false;
    bool topology = false, residency = false;
    std::optional<std::chrono::nanoseconds> pingpong;  ///< the longest time away, > 0
};

/// Goes through the input once. Returns what the user should be warned of, one sentence each. Throws
/// base::Error; what was printed before that is in `output`.
std::vector<std::string> run(const Analysis& analysis, Output& output);

/// What migrate_extract prints.
struct Extraction {
    std::vector<std::string> files;
    Form form = Form::Text;

    /// Exactly one of these: an item of the header, or the values of a field.
    // clang-format off
    enum class Item { FieldName, FieldNumber, MaxField, MinField, NrCpus, PeriodMsec, TsField, Version, Values };
    // clang-format on
    Item item = Item::Values;
    unsigned field = 0;  ///< for FieldName and Values
    std::string name;    ///< for FieldNumber

    TimeForms times;  ///< for Values; `abs` is not used
    /// Limits of Values, both inclusive: milliseconds of relative time, and beginnings of "yyyy/mm/dd
    /// hh:mm:ss.mmm" which are compared as text.
    std::optional<std::int64_t> begin_msec, end_msec;
    std::optional<std::string> begin_gmt, end_gmt, begin_local, end_local;
};

/// As run(Analysis).
std::vector<std::string> run(const Extraction& extraction, Output& output);

}  // namespace migtrace
