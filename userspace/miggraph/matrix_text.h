/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <string>

#include "miggraph/figure.h"

namespace miggraph {

/// A matrix for a terminal: with the counts when they fit into `width` columns, else in four shades. Ends
/// with a newline.
std::string matrix_text(const Figure& figure, const CpuPairs& pairs, unsigned width);

}  // namespace miggraph
