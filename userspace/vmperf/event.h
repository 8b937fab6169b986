/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What can be counted, and the names that perf gives it.

#include <linux/perf_event.h>

#include <string>
#include <string_view>
#include <vector>

namespace vmperf {

/// An event of perf_event_open(2).
struct Event {
    std::string name;         ///< as it was asked for, with its modifiers
    perf_event_attr attr{};   ///< type, config, config1, config2 and what is left out (exclude_...); nothing else
    double scale = 1;         ///< times the count gives what is counted in `unit`
    std::string unit;         ///< "msec" of a clock; empty where things are counted
    bool software() const { return attr.type == PERF_TYPE_SOFTWARE; }
};

/// Where the kernel describes its events.
struct EventPlaces {
    std::string pmus = "/sys/bus/event_source/devices";
    std::vector<std::string> tracepoints = {"/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events"};
};

/// An event by the name that `perf list` and the documentation of perf have for it: generic ones (cycles, page-faults,
/// LLC-load-misses), raw ones (r1a8), those of a PMU (cpu/mem-loads/, cpu/event=0x3c,umask=1/), tracepoints
/// (sched:sched_switch), each with modifiers behind a colon or the last slash: u and k (in user space, in the kernel), G and H (in
/// the guest, on the host). Only what counts threads: no probes, and nothing of the thread beside on a core. Throws UsageError for what
/// is none, and for what this kernel does not have or does not show.
Event parse_event(std::string_view text, const EventPlaces& places = {});

/// Names with commas or blanks between them; commas between slashes belong to the name. Throws UsageError, also for none and for more than 64.
std::vector<Event> parse_events(std::string_view text, const EventPlaces& places = {});

/// Names of all that parse_event() knows without numbers: generic events, caches, and those that PMUs of this kernel describe.
std::vector<std::string> event_names(const EventPlaces& places = {});

/// What is counted when nothing else is asked for: as `perf stat` does.
const char* default_events();

struct NamedEvent {
    const char* name;
    const char* alias;  ///< or null
    std::uint32_t type;
    std::uint64_t config;
};
/// Those that need no description from the kernel, caches aside.
const std::vector<NamedEvent>& named_events();

}  // namespace vmperf
