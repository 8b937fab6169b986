/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What a network gives to a migration, as `mig_mon vm --output json` has measured it.

#include <istream>
#include <string>

namespace vmpredict {

/// Bytes per second.
struct Bandwidth {
    double mean = 0, low = 0, high = 0;  ///< low, high: what one second in ten falls short of, and exceeds
};

/// Of the seconds that the source of a precopy stream tells. `name` stands in messages. Throws Error, with the line, for what is no such
/// output, and when there are fewer than 3 seconds.
Bandwidth read_bandwidth(std::istream& in, const std::string& name);

}  // namespace vmpredict
