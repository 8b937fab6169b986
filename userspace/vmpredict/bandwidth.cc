/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/bandwidth.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/histogram.h"
#include "vmpredict/json_lines.h"

namespace vmpredict {

namespace {

constexpr std::uint64_t kFewestSeconds = 3;
/// No network is faster, in bytes per second.
constexpr double kMost = 1e15;
/// The last may have been cut short.
constexpr double kShortest = 500;

}  // namespace

Bandwidth read_bandwidth(std::istream& in, const std::string& name) {
    base::Histogram seconds;
    read_json_lines(in, name, [&](const std::string& type, const nlohmann::json& object) {
        if (type != "second") return;
        const double speed = number(object, "bytes_per_second", 0, kMost);
        if (number(object, "ms", 0, 1e9) >= kShortest) seconds.record(static_cast<std::uint64_t>(std::llround(speed)));
    });
    if (seconds.count() < kFewestSeconds)
        throw base::Error(fmt::format("{}: {} seconds of a stream, and {} are the least; measure with `mig_mon vm -s -H HOST -t precopy --output json`",
                                      name, seconds.count(), kFewestSeconds));
    const Bandwidth bandwidth = {seconds.mean(), static_cast<double>(seconds.percentile(10)), static_cast<double>(seconds.percentile(90))};
    if (bandwidth.low < 1) throw base::Error(fmt::format("{}: in one second in ten nothing was sent: that is no bandwidth", name));
    return bandwidth;
}

}  // namespace vmpredict
