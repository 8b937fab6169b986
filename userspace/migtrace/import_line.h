/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The lines that `trace-cmd report`, `perf script` and ftrace's file `trace` print for the scheduler's
// events.

#include <cstdint>
#include <optional>
#include <string_view>

namespace migtrace {

/// An event of the scheduler, as far as it tells of migrations and names.
struct SchedEvent {
    enum class Kind : std::uint8_t {
        Migrate,    ///< sched_migrate_task
        Waking,     ///< sched_waking
        Wakeup,     ///< sched_wakeup
        WakeupNew,  ///< sched_wakeup_new
        Switch,     ///< sched_switch; only that it was there
        NewTask,    ///< task_newtask
        Rename,     ///< task_rename
        Mark,       ///< a number that was written to trace_marker
        Other       ///< any other event
    };
    Kind kind = Kind::Other;
    std::uint64_t ts = 0;    ///< ns
    std::uint32_t cpu = 0;   ///< that recorded it
    std::int32_t pid = 0;    ///< of the task that it is about; Mark: that wrote it
    std::string_view comm;   ///< of that task, from now on; points into the line
    std::uint32_t from = 0;  ///< Migrate
    std::uint32_t to = 0;    ///< Migrate: the new CPU; Waking, Wakeup, WakeupNew: the task's CPU
    std::uint64_t mark = 0;  ///< Mark
};

/// What a line is.
enum class LineKind : std::uint8_t {
    Event,
    Ignored,  ///< blank, comment, part of a stack
    Lost,     ///< says that events were lost
    Bad
};

/// Processes have smaller numbers than this: PID_MAX_LIMIT of 64-bit kernels.
constexpr std::int32_t kMostPids = 4 * 1024 * 1024;

/// Reads a line without its end. `fault` is set for LineKind::Bad: what is wrong, behind "it ".
LineKind parse_sched_line(std::string_view line, SchedEvent& event, const char*& fault);

/// The number of CPUs, where a line other than an event tells it: "cpus=4" of trace-cmd, "#P:4" of ftrace,
/// "# nrcpus avail : 4" of perf script --header.
std::optional<unsigned> cpus_told(std::string_view line);

}  // namespace migtrace
