/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace vmpredict {

namespace {

/// What can be asked for: QEMU's longest downtime-limit, in s, and no network is faster, in bytes per second.
constexpr double kLongestDowntime = 2000, kFastest = 1e15;
/// To a thousandth, over all that can be.
constexpr int kHalvings = 60;
constexpr double kClose = 1.001;

/// The least value from `low` on, which is too little, up to `high` that is enough; empty if that is not.
std::optional<double> least_that(double low, double high, const std::function<bool(double)>& enough) {
    if (!enough(high)) return std::nullopt;
    for (int i = 0; i < kHalvings && high / low > kClose; i++) {
        const double middle = std::sqrt(low * high);
        (enough(middle) ? high : low) = middle;
    }
    return high;
}

Needed needed(const Memory& memory, const DirtyCurve& curve, const Plan& plan) {
    const auto converges = [&](const Plan& changed) { return migrate(memory, curve, changed).converges; };
    Needed needed;
    needed.bandwidth = least_that(plan.bandwidth, kFastest, [&](double bandwidth) {
        Plan faster = plan;
        faster.bandwidth = bandwidth;
        if (faster.link) faster.link = std::max(*faster.link, bandwidth);
        return converges(faster);
    });
    needed.downtime = least_that(std::max(plan.downtime, 1e-3), kLongestDowntime, [&](double downtime) {
        Plan longer = plan;
        longer.downtime = downtime;
        return converges(longer);
    });
    return needed;
}

Memory memory_of(const Workload& workload, std::optional<std::uint64_t> zero_pages) {
    const std::uint64_t zeros = zero_pages.value_or(workload.zero_pages().value_or(0));
    return {workload.pages(), workload.page_size(), std::min(zeros, workload.pages())};
}

double megabytes(double bytes) { return bytes / (1 << 20); }

std::vector<std::string> doubts(const Workload& workload, const Prediction& prediction, bool zero_known) {
    std::vector<std::string> doubts;
    if (const auto range = workload.unsteady())
        doubts.push_back(fmt::format("the workload was not steady: {:.1f} to {:.1f} MB/s in sixths of the record",
                                     megabytes(range->least * workload.page_size()), megabytes(range->most * workload.page_size())));
    double longest = 0;
    for (const Pass& pass : prediction.expected.passes) longest = std::max(longest, pass.kind == Pass::Kind::Running ? pass.seconds : 0);
    if (longest > workload.longest() * 1.05)
        doubts.push_back(fmt::format("a pass takes {:.1f} s, and what is written within more than {:.4g} s is not known: watch longer", longest,
                                     workload.longest()));
    if (workload.interval() > 0.1 * 1.05)
        doubts.push_back(fmt::format("what is written again within {:.4g} s is guessed: record with --interval 100ms", workload.interval()));
    if (!zero_known) doubts.push_back("how much of the memory is zeros is not known: all of it counts as data; --zero-pages tells");
    return doubts;
}

}  // namespace

Prediction predict(const Workload& workload, const Plan& plan, const std::optional<Bandwidth>& spread, std::optional<std::uint64_t> zero_pages) {
    Prediction prediction;
    prediction.memory = memory_of(workload, zero_pages);
    prediction.plan = plan;
    const auto run = [&](Workload::Level level, Needed* needs, double network) {
        const DirtyCurve curve = workload.curve(level);
        Plan with = plan;
        // A limit of QEMU's holds all the same.
        if (plan.link) with.link = network;
        with.bandwidth = plan.link ? std::min(plan.bandwidth, network) : network;
        Migration migration = migrate(prediction.memory, curve, with);
        if (needs && !migration.converges) *needs = needed(prediction.memory, curve, with);
        return migration;
    };
    prediction.expected = run(Workload::Level::Mean, &prediction.just, plan.last_speed());
    prediction.least = run(Workload::Level::Low, nullptr, spread ? spread->high : plan.last_speed());
    prediction.most = run(Workload::Level::High, &prediction.surely, spread ? spread->low : plan.last_speed());
    prediction.doubts = doubts(workload, prediction, zero_pages || workload.zero_pages());
    return prediction;
}

std::string reason(const Prediction& prediction, const Workload& workload) {
    const Migration& migration = prediction.expected;
    const double page = workload.page_size();
    const Plan& plan = prediction.plan;
    if (plan.postcopy) return fmt::format("after {} pass{} the VM runs at the destination, and what is left is sent once", *plan.postcopy, *plan.postcopy == 1 ? "" : "es");
    if (migration.converges) {
        const Pass& last = migration.passes.back();
        return fmt::format("{:.1f} MB are left in the end, and {:.1f} MB fit into the {:.0f} ms that are allowed", megabytes(last.pages * page),
                           megabytes(migration.allowed), plan.downtime * 1000);
    }
    const Pass& pass = migration.passes.back();
    return fmt::format("passes of {:.2f} s in which {:.1f} MB of different pages are written do not become shorter: {:.1f} MB stay, of which {:.1f} MB "
                       "would fit into the {:.0f} ms that are allowed",
                       pass.seconds, megabytes(pass.written * page), megabytes(migration.left * page), megabytes(migration.allowed), plan.downtime * 1000);
}

}  // namespace vmpredict
