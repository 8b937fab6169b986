/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/qemu_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "vmdirty/track.h"

namespace vmdirty {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr seconds kLongest{60};
/// Between questions whether a measurement has ended, and how long it may take longer than it should.
constexpr std::chrono::milliseconds kStep{20};
constexpr seconds kPatience{30};
/// Pages of each GiB; QEMU's own choice, 512, is a coarse one.
constexpr int kSamples = 4096;
/// MB/s: what no VM writes.
constexpr std::int64_t kMost = 1'000'000'000;

Json arguments(const char* mode, seconds time) {
    Json arguments = {{"calc-time", time.count()}, {"mode", mode}};
    if (mode == std::string("page-sampling")) arguments["sample-pages"] = kSamples;
    return arguments;
}

void begin_measurement(RateBy by, vmhost::Monitor& monitor, seconds time) {
    if (by == RateBy::Sampling) {
        monitor.execute("calc-dirty-rate", arguments("page-sampling", time));
        return;
    }
    try {
        monitor.execute("calc-dirty-rate", arguments("dirty-ring", time));
    } catch (const base::Error&) {
        // It has one only if it was started so.
        monitor.execute("calc-dirty-rate", arguments("dirty-bitmap", time));
    }
}

/// MB/s; empty when it was interrupted.
std::optional<std::int64_t> rate_at(Clock::time_point when, const Target& target, const base::StopSignals& signals) {
    for (const auto end = when + kPatience; when < end; when = Clock::now() + kStep) {
        if (!wait_until(when, signals, target.process)) return std::nullopt;
        const Json answer = target.monitor->execute("query-dirty-rate");
        if (!answer.is_object() || answer.value("status", Json()) != "measured") continue;
        const Json rate = answer.value("dirty-rate", Json());
        if (!rate.is_number_integer() || rate < 0 || rate > kMost)
            throw base::Error(fmt::format("QEMU (process {}) has measured no rate", target.process.pid()));
        return rate.get<std::int64_t>();
    }
    throw base::Error(fmt::format("QEMU (process {}) does not end its measurement (query-dirty-rate)", target.process.pid()));
}

seconds measured_time(const TrackOptions& options) {
    const auto time = std::chrono::duration_cast<seconds>(options.interval);
    if (time != options.interval || time > kLongest)
        throw base::UsageError(fmt::format("--interval: QEMU measures whole seconds, up to {}", kLongest.count()));
    if (options.duration && *options.duration < time)
        throw base::UsageError("--duration: a measurement takes an interval, and there is no time for one");
    return time;
}

void measure(RateBy by, const Target& target, const TrackOptions& options, const base::StopSignals& signals, const IntervalListener& each) {
    const seconds time = measured_time(options);
    const Clock::time_point start = Clock::now();
    for (nanoseconds begin{0}; !options.duration || begin + time <= *options.duration + kStep;) {
        begin_measurement(by, *target.monitor, time);
        const auto rate = rate_at(start + begin + time, target, signals);
        if (!rate) return;
        const nanoseconds end = Clock::now() - start;
        const double bytes = static_cast<double>(*rate) * (1 << 20) * std::chrono::duration<double>(end - begin).count();
        each({begin, end, std::chrono::system_clock::now(), static_cast<std::uint64_t>(std::llround(bytes / kPage)), nullptr, false, false});
        begin = end;
    }
}

}  // namespace

std::string rate_obstacle(RateBy by, const Target* target) {
    if (!target || !target->monitor) return "QEMU itself is asked: name it with --qmp or --libvirt";
    try {
        target->monitor->execute("query-dirty-rate");
        if (by == RateBy::Sampling) return "";
        // Never without: QEMUs that only emulate end when they are asked for it.
        if (target->monitor->has_kvm()) return "";
        return "QEMU runs without KVM, and such a one may end when it is asked for what KVM knows";
    } catch (const base::Error& error) {
        return error.what();
    }
}

void track_rate(RateBy by, const Target& target, const TrackOptions& options, const base::StopSignals& signals, const IntervalListener& each) {
    try {
        measure(by, target, options, signals, each);
    } catch (const base::UsageError&) {
        throw;
    } catch (const base::Error&) {
        // Ctrl-C ends virsh, too, if it is just being asked.
        if (wait_until(Clock::now(), signals, target.process)) throw;
    }
}

}  // namespace vmdirty
