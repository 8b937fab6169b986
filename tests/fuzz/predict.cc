/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_predict: any text as a record, and as what mig_mon vm has measured.

#include <cmath>
#include <sstream>

#include "fuzz/harness.h"
#include "vmpredict/bandwidth.h"
#include "vmpredict/prediction.h"
#include "vmpredict/record.h"

namespace {

void check(const vmpredict::Migration& migration) {
    fuzz::require(std::isfinite(migration.seconds) && migration.seconds >= 0, "a time that cannot be");
    fuzz::require(std::isfinite(migration.bytes) && migration.bytes >= 0, "bytes that cannot be");
    fuzz::require(migration.downtime >= 0 && migration.downtime <= migration.seconds, "a downtime longer than the migration");
    fuzz::require(!migration.passes.empty(), "a migration without a pass");
    for (const auto& pass : migration.passes) fuzz::require(pass.pages >= 0 && pass.seconds >= 0 && pass.dirty >= 0, "a pass that cannot be");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::text_of(data, size));
    try {
        std::istringstream in(text);
        const auto bandwidth = vmpredict::read_bandwidth(in, "input");
        fuzz::require(bandwidth.low <= bandwidth.high && bandwidth.low >= 1, "a bandwidth that cannot be");
    } catch (const base::Error&) {
    }
    try {
        std::istringstream in(text);
        const auto workload = vmpredict::read_record(in, "input", 4096);
        if (!workload.shortcoming().empty()) return 0;
        vmpredict::Plan plan;
        plan.bandwidth = 100 << 20;
        const auto prediction = vmpredict::predict(workload, plan);
        for (const auto* migration : {&prediction.least, &prediction.expected, &prediction.most}) check(*migration);
        fuzz::require(!vmpredict::reason(prediction, workload).empty(), "no reason");
    } catch (const base::Error&) {
    }
    return 0;
}
