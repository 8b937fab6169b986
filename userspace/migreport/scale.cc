/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace migreport {

double round_step(double span, unsigned wanted) {
    const double least = span / wanted;
    const double power = std::pow(10, std::floor(std::log10(least)));
    for (double factor : {1.0, 2.0, 5.0})
        // A hair's breadth, as 0.1 * 3 is more than 0.3.
        if (factor * power >= least * 0.999999) return factor * power;
    return 10 * power;
}

std::string tick_label(double value, double step) {
    const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
    return fmt::format("{:.{}f}", value, decimals);
}

TimeUnit time_unit(std::uint64_t span) {
    const auto ns = static_cast<double>(span);
    if (ns < 2e3) return {"nanoseconds", 1};
    if (ns < 2e6) return {"microseconds", 1e3};
    if (ns < 2e9) return {"milliseconds", 1e6};
    if (ns < 600e9) return {"seconds", 1e9};
    if (ns < 10 * 3600e9) return {"minutes", 60e9};
    return {"hours", 3600e9};
}

std::string decade_label(int exponent) {
    constexpr const char* kUnits[] = {"ns", "us", "ms", "s"};
    const int unit = std::clamp(exponent / 3, 0, 3);
    return fmt::format("{:.0f} {}", std::pow(10, exponent - 3 * unit), kUnits[unit]);
}

}  // namespace migreport
