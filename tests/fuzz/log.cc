/* SPDX-License-Identifier: GPL-2.0-only */
// mig_mon plot: any text as a spike log or as the output of mm_dirty.

#include "vmmig/log.h"

#include <cmath>
#include <sstream>

#include "fuzz/harness.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::istringstream in{std::string(fuzz::text_of(data, size))};
    vmmig::MonLog log;
    try {
        log = vmmig::read_log(in, "input");
    } catch (const base::Error&) {
        return 0;
    }
    if (const auto* dirty = std::get_if<vmmig::DirtyLog>(&log)) {
        fuzz::require(!dirty->seconds.empty(), "nothing to draw");
        for (const auto& second : dirty->seconds)
            fuzz::require(std::isfinite(second.ms) && std::isfinite(second.mb_per_second) && second.ms >= 0,
                          "a second that cannot be");
        return 0;
    }
    double before = 0;
    for (const auto& spike : std::get<vmmig::SpikeLog>(log).spikes) {
        fuzz::require(spike.end >= before && std::isfinite(spike.end) && std::isfinite(spike.gap_ms),
                      "a spike that cannot be");
        before = spike.end;
    }
    return 0;
}
