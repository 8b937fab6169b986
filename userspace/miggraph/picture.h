/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// From operands to files.

#include <functional>
#include <string>
#include <vector>

#include "miggraph/input.h"
#include "miggraph/plan.h"
#include "miggraph/script.h"

namespace miggraph {

/// Reads all operands, draws everything with one gnuplot and writes the pictures; returns their names,
/// without those that went to standard output. A picture appears whole or not at all, and none when one
/// cannot be drawn. `warn` gets what a user should know. Throws Error, also for Ctrl-C while drawing.
std::vector<std::string> draw_all(const std::vector<std::string>& operands, const DrawOptions& what,
                                  const Output& output, const Canvas& canvas,
                                  const std::function<void(const std::string&)>& warn);

}  // namespace miggraph
