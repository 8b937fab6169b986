/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// From operands to files.

#include <functional>
#include <string>
#include <vector>

#include "miggraph/figure.h"
#include "miggraph/input.h"
#include "miggraph/plan.h"
#include "miggraph/script.h"

namespace miggraph {

/// Draws all figures with one gnuplot and writes them to `names`, one for each ("-": standard output; folders must be
/// there). A picture appears whole or not at all, and none when one cannot be drawn or would destroy one of `inputs`. Throws
/// Error, also for Ctrl-C while drawing.
void write_pictures(const std::vector<Figure>& figures, const std::vector<std::string>& names,
                    const std::vector<std::string>& inputs, const Canvas& canvas);

/// Throws Error when write_pictures() could not write `names`: before the work that they are to show.
void check_pictures(const std::vector<std::string>& names);

/// Reads all operands, draws everything with one gnuplot and writes the pictures; returns their names,
/// without those that went to standard output; otherwise as write_pictures(). `warn` gets what a user should know.
std::vector<std::string> draw_all(const std::vector<std::string>& operands, const DrawOptions& what,
                                  const Output& output, const Canvas& canvas,
                                  const std::function<void(const std::string&)>& warn);

}  // namespace miggraph
