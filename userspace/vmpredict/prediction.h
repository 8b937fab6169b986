/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What a migration of a workload costs, how sure that is, and what would have to be different.

#include <optional>
#include <string>
#include <vector>

#include "vmpredict/bandwidth.h"
#include "vmpredict/model.h"
#include "vmpredict/workload.h"

namespace vmpredict {

/// What would have to be.
struct Needed {
    std::optional<double> bandwidth;  ///< bytes per second, with the downtime that is allowed; empty where none would do
    std::optional<double> downtime;   ///< s, with the bandwidth that there is
};

struct Prediction {
    Memory memory;
    Plan plan;
    Migration expected;    ///< of a workload as the average of all windows
    Migration least, most; ///< of one as a tenth of the windows falls short of, and exceeds
    Needed just, surely;   ///< with which `expected`, and `most`, converges; only where that does not
    bool is_sure() const { return least.converges == most.converges; }
    std::vector<std::string> doubts;  ///< sentences
};

/// `spread`: where the bandwidth was measured. `zero_pages`: instead of what the record tells.
Prediction predict(const Workload& workload, const Plan& plan, const std::optional<Bandwidth>& spread = std::nullopt,
                   std::optional<std::uint64_t> zero_pages = std::nullopt);

/// Why it converges or not, in a sentence.
std::string reason(const Prediction& prediction, const Workload& workload);

}  // namespace vmpredict
