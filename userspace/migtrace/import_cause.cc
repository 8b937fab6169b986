/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/import_cause.h"

namespace migtrace {

/// Queues a migration whose cause is to be found; returns its place.
std::uint64_t CauseFinder::open(const SchedEvent& migrate) {
    ImportedEvent event;
    event.ts = migrate.ts;
    event.cpu = migrate.cpu;
    event.from = migrate.from;
    event.to = migrate.to;
    event.pid = migrate.pid;
    queue_.push_back({std::move(event), true});
    return front_ + queue_.size() - 1;
}

/// Does nothing when it has been decided before.
void CauseFinder::decide(std::uint64_t place, ImportCause cause) {
    if (place < front_) return;
    Entry& entry = queue_[place - front_];
    if (!entry.open) return;
    entry.open = false;
    entry.event.number = static_cast<std::uint16_t>(cause);
}

/// Decides the migration of `pid` that waits for a sched_wakeup.
void CauseFinder::decide_waiting(std::int32_t pid, ImportCause cause) {
    auto found = waiting_.find(pid);
    if (found == waiting_.end()) return;
    decide(found->second, cause);
    waiting_.erase(found);
}

void CauseFinder::migrate(const SchedEvent& event, Last& last) {
    decide_waiting(event.pid, ImportCause::unknown);
    const bool woken = last.kind == Last::Waking && last.pid == event.pid && last.cpu == event.from;
    last = {};
    // Old kernels call the tracepoint before they look whether the CPU changes.
    if (event.from == event.to) return;
    const std::uint64_t place = open(event);
    if (woken)
        waiting_[event.pid] = place;
    else
        last = {Last::Migrate, event.pid, event.to, place};
}

void CauseFinder::wakeup_new(const SchedEvent& event, bool moved) {
    decide_waiting(event.pid, ImportCause::unknown);
    if (moved || event.cpu == event.to) return;
    SchedEvent migrate = event;
    migrate.from = event.cpu;
    decide(open(migrate), ImportCause::sched_fork);
}

void CauseFinder::see(const SchedEvent& event) {
    using Kind = SchedEvent::Kind;
    if (event.kind > Kind::Switch) return;
    if (last_.size() <= event.cpu) last_.resize(event.cpu + 1);
    Last& last = last_[event.cpu];
    bool moved = false;
    if (last.kind == Last::Migrate) {
        moved = event.kind == Kind::WakeupNew && event.pid == last.pid && event.to == last.cpu;
        decide(last.place, moved ? ImportCause::sched_fork : ImportCause::unknown);
        last = {};
    }
    switch (event.kind) {
        case Kind::Migrate:
            migrate(event, last);
            break;
        case Kind::Waking:
            decide_waiting(event.pid, ImportCause::unknown);
            last = {Last::Waking, event.pid, event.to, 0};
            break;
        case Kind::Wakeup: {
            auto found = waiting_.find(event.pid);
            if (found != waiting_.end()) {
                const bool there =
                    found->second >= front_ && queue_[found->second - front_].event.to == event.to;
                decide_waiting(event.pid, there ? ImportCause::try_to_wake_up : ImportCause::unknown);
            }
            last = {};
            break;
        }
        case Kind::WakeupNew:
            wakeup_new(event, moved);
            last = {};
            break;
        default:
            last = {};
            break;
    }
    hand_out(event.ts);
}

void CauseFinder::add(ImportedEvent event) {
    const std::uint64_t now = event.ts;
    queue_.push_back({std::move(event), false});
    hand_out(now);
}

/// Hands out what is decided, and what has waited too long.
void CauseFinder::hand_out(std::uint64_t now) {
    while (!queue_.empty()) {
        Entry& entry = queue_.front();
        if (entry.open) {
            const bool late = now > entry.event.ts && now - entry.event.ts > kLongestWait;
            if (!late && queue_.size() <= kLongestQueue) return;
            auto found = waiting_.find(entry.event.pid);
            if (found != waiting_.end() && found->second == front_) waiting_.erase(found);
            decide(front_, ImportCause::unknown);
        }
        out_(entry.event);
        queue_.pop_front();
        front_++;
    }
}

void CauseFinder::lost() {
    for (Entry& entry : queue_) {
        if (entry.open) entry.event.number = static_cast<std::uint16_t>(ImportCause::unknown);
        entry.open = false;
    }
    waiting_.clear();
    last_.clear();
    hand_out(0);
}

void CauseFinder::finish() {
    lost();
}

}  // namespace migtrace
