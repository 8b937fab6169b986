/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What a recording tells its user at the end.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "migrecord/record.h"

namespace migrecord {

/// One line for each file: "12034 migrations, 4 CPUs, 10.2 s -> migrate.trace (1.2 MB)".
std::vector<std::string> summary_lines(const Result& result);

/// What was lost or is strange, and what to do about it; usually none.
std::vector<std::string> summary_warnings(const Result& result, const Options& options);

/// The same for programs: file, bytes, events, migrations, cpus, stopped_by_itself, span_seconds of `trace`;
/// file, bytes, periods, period_msec, migrations, stopped_by_itself of `stat`; seconds; exit_status of the
/// command.
nlohmann::ordered_json summary_json(const Result& result);

}  // namespace migrecord
