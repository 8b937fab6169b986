/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/trace_check.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "migtrace/foreign.h"

namespace migtrace {

void check_is_trace(TraceReader& reader, const std::vector<std::string>& files) {
    const TraceHeader& header = reader.header();
    // A start was found if there was any event, whether the header names it or not.
    const bool events = reader.start().known || reader.start().ts > 0;
    if (events || header.names_events()) return;
    const std::string names = base::input_names(files);
    if (header.stat_tags())
        throw base::Error(
            fmt::format("{} is a stat file and no trace; migrate_extract and migrate_graph read it", names));
    if (!reader.foreign().empty()) throw base::Error(reader.foreign());
    const std::vector<std::string> faults = reader.warnings();
    if (!faults.empty() && header.version().empty() && !header.nr_cpus() && header.cpus().empty())
        throw base::Error(fmt::format("{} is no trace: {} ({})", names, faults.back(), kImportHint));
}

}  // namespace migtrace
