/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// One gnuplot process that draws all figures.

#include <string>
#include <vector>

#include "base/signals.h"
#include "miggraph/figure.h"
#include "miggraph/script.h"

namespace miggraph {

/// Draws all figures and returns the bytes of the pictures, in the same order. Throws Interrupted when one of
/// `signals` comes, and Error when gnuplot is missing, fails (with its own words), hangs, or leaves a picture that is
/// none.
std::vector<std::string> draw(const std::vector<Figure>& figures, const Canvas& canvas, base::StopSignals& signals);

/// Throws Error when gnuplot cannot be run.
void check_gnuplot();

/// Whether `bytes` are a whole picture of this format: gnuplot is silent about a full disk.
bool is_whole_picture(Format format, const std::string& bytes);

}  // namespace miggraph
