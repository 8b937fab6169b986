/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Round numbers along an axis.

#include <cstdint>
#include <string>

namespace migreport {

/// 1, 2 or 5 times a power of ten: a distance of ticks of which about `wanted` fit into `span` (> 0).
double round_step(double span, unsigned wanted);

/// A multiple of `step` with as many decimals as the step needs.
std::string tick_label(double value, double step);

/// The unit in which a time axis counts.
struct TimeUnit {
    const char* name;  ///< "seconds"
    double ns;
};
/// A unit in which `span` (ns) is a number that can be read.
TimeUnit time_unit(std::uint64_t span);

/// "10 us": a power of ten of nanoseconds from 1 ns to 1000 s and beyond.
std::string decade_label(int exponent);

}  // namespace migreport
