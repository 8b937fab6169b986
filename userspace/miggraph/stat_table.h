/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <string>
#include <vector>

#include "miggraph/table.h"

namespace miggraph {

/// Reads a stat file ("-": standard input), the kernel's or one of `migrate_stats --period_*`. `notes` gets
/// what a user should know. Throws Error.
Table read_stat(const std::string& path, std::vector<std::string>& notes);

}  // namespace miggraph
