/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Is it a trace at all?

#include <string>
#include <vector>

#include "migtrace/trace_reader.h"

namespace migtrace {

/// Before the walk: throws base::Error when the input has something in it, but nothing of a trace: not one
/// event, and not one header line that a trace could have. Says so when it is a stat file.
void check_is_trace(TraceReader& reader, const std::vector<std::string>& files);

}  // namespace migtrace
