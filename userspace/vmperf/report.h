/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What events came to, as text for people and as JSON between server and client.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "vmperf/counter.h"

namespace vmperf {

struct EventCount {
    std::string event;  ///< its name
    std::string unit;   ///< "msec"; empty where things are counted
    double scale = 1;   ///< times the count is in `unit`
    Count count;
};

/// How a thread fared that runs vCPUs.
struct VcpuTimes {
    std::optional<unsigned> vcpu;           ///< its number; empty for the one thread that runs all of a VM
    std::uint64_t run_ns = 0, wait_ns = 0;  ///< on a CPU of the host (task-clock), and ready without one (/proc/PID/task/TID/schedstat)
    std::uint64_t migrations = 0;           ///< from one CPU of the host to another
};

/// All that a session came to.
struct Total {
    double seconds = 0;               ///< since the start
    std::string reason;               ///< why it ended; empty: the client wanted so
    std::vector<EventCount> counts;   ///< of the vCPUs
    std::vector<EventCount> others;   ///< of QEMU's other threads
    std::vector<VcpuTimes> vcpus;
};

/// Of events and what they came to, in the same order.
std::vector<EventCount> event_counts(const std::vector<Event>& events, const std::vector<Count>& counts);
/// What was counted since `before`, which has the same events.
std::vector<Count> since(const std::vector<Count>& now, const std::vector<Count>& before);

nlohmann::ordered_json to_json(const std::vector<EventCount>& counts);
/// What to_json() gave; from somebody else. Throws Error.
std::vector<EventCount> counts_from_json(const nlohmann::json& list);

/// As the server's "end" has it (protocol.h), without type and session.
nlohmann::ordered_json to_json(const Total& total);
/// "seconds" of a sample or an end; from somebody else. Throws Error.
double seconds_from_json(const nlohmann::json& object);
/// What to_json() of a total gave; from somebody else. Throws Error.
Total total_from_json(const nlohmann::json& object);

/// The lines of `perf stat -I` for an interval that ended `seconds` after the start and was `length` s long. With the line that names the columns at
/// first.
std::string interval_text(const std::vector<EventCount>& counts, double seconds, double length, bool first);
/// The report of `perf stat`. `whose`: "'sleep 5'"; `seconds`: how long it was counted.
std::string total_text(const std::vector<EventCount>& counts, const std::string& whose, double seconds);
/// What only the host knows: how the threads fared that run vCPUs, and what QEMU's others came to.
std::string host_text(const Total& total);

/// As `perf stat -x,` has it: value,unit,event,run time in ns,percentage of the time counted. Of an interval `seconds` come first.
std::string interval_csv(const std::vector<EventCount>& counts, double seconds);
/// The same for a total, and below it lines for each vCPU and for QEMU's other threads.
std::string total_csv(const Total& total);

}  // namespace vmperf
