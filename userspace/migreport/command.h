/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The commands that print what a page shows.

#include <string>
#include <string_view>

#include "migreport/source.h"

namespace migreport {

/// A file as an operand of a command: what begins with '-' gets "./" in front.
std::string file_operand(const std::string& name);

/// Which filters of the report a command has to repeat.
enum class Repeat {
    All,
    PidOnly,  ///< for what the other filters do not act on
};

/// Commands write it as "-".
bool reads_standard_input(const Source& source);

/// "migrate_stats REPORT FILTERS WINDOW FILES". `report` are options as they are typed. What has no effect on
/// the report is left out.
std::string stats_command(const Source& source, const std::string& report, Repeat filters = Repeat::All);

}  // namespace migreport
