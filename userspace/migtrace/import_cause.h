/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Why a task moved, as far as the scheduler's tracepoints prove it.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "migtrace/import_line.h"

namespace migtrace {

/// Numbers of the causes in imported traces: those of the kernel module, and one that it never writes.
enum class ImportCause : std::uint16_t { sched_fork = 6, try_to_wake_up = 7, unknown = 255 };

/// What becomes a line of the trace. `text` is the name of a comm event.
struct ImportedEvent {
    enum class What : std::uint8_t { Migration, Comm, Mark };
    What what = What::Migration;
    std::uint64_t ts = 0;
    std::uint32_t cpu = 0, from = 0, to = 0;
    std::int32_t pid = 0;
    std::uint16_t number = 0;  ///< of the event; set by CauseFinder for a migration
    std::uint64_t mark = 0;
    std::string text{};
};

/// Takes events in the order of time and hands them out in the same order, migrations with their causes. What
/// it relies on, in all kernels that have these tracepoints:
///
/// - try_to_wake_up() calls sched_waking and sched_migrate_task in one section with interrupts off, so on one
///   CPU and with no other event of the scheduler between them; and the next that happens to the task is
///   sched_wakeup on the CPU to which it went. A task that is awake already gets its sched_wakeup instead of
///   the migration. So without a sched_wakeup behind it nothing is proven.
/// - wake_up_new_task() calls sched_wakeup_new on the CPU of the parent. Old kernels call
///   sched_migrate_task in front of it, in one section with interrupts off.
///
/// All others are unknown: the tracepoints do not tell them apart.
class CauseFinder {
 public:
    explicit CauseFinder(std::function<void(const ImportedEvent&)> out) : out_(std::move(out)) {}

    /// An event of the scheduler; migrations are added by it.
    void see(const SchedEvent& event);
    /// Another line, behind all that was seen before.
    void add(ImportedEvent event);
    /// Events are missing at this point: what came before proves nothing about what comes.
    void lost();
    /// Hands out the rest.
    void finish();

 private:
    /// Until when a migration waits for its proof: longer than any section with interrupts off, and short
    /// enough for who reads a pipe.
    static constexpr std::uint64_t kLongestWait = 1'000'000'000;
    static constexpr std::size_t kLongestQueue = 16384;

    struct Entry {
        ImportedEvent event;
        bool open;  // a migration whose cause is not known yet
    };
    /// The last event of the scheduler on a CPU, where the next one may prove something.
    struct Last {
        enum { Nothing, Waking, Migrate } kind = Nothing;
        std::int32_t pid = 0;
        std::uint32_t cpu = 0;    // Waking: of the task; Migrate: where it went
        std::uint64_t place = 0;  // Migrate: in the queue
    };
    std::uint64_t open(const SchedEvent& migrate);
    void decide(std::uint64_t place, ImportCause cause);
    void decide_waiting(std::int32_t pid, ImportCause cause);
    void hand_out(std::uint64_t now);
    void migrate(const SchedEvent& event, Last& last);
    void wakeup_new(const SchedEvent& event, bool moved);

    std::function<void(const ImportedEvent&)> out_;
    std::deque<Entry> queue_;
    std::uint64_t front_ = 0;                                  // place of the first in the queue
    std::vector<Last> last_;                                   // by CPU
    std::unordered_map<std::int32_t, std::uint64_t> waiting_;  // for sched_wakeup, by pid; in the queue
};

}  // namespace migtrace
