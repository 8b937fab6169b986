/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Counts events of threads of other processes.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "vmperf/event.h"

namespace vmperf {

/// What a counter has seen, as read(2) gives it (perf_event_open(2), "Reading results").
struct Reading {
    std::uint64_t value = 0;
    std::uint64_t enabled = 0, running = 0;  ///< ns that the thread ran since it was enabled, and of these with the counter in a PMU
};

/// An open counter, or several that are read at once.
class CounterGroup {
 public:
    virtual ~CounterGroup() = default;
    /// Adds a counter. 0, or the errno of the kernel, and then it is not in the group.
    virtual int add(const perf_event_attr& attr) = 0;
    /// From now on they count. Throws Error.
    virtual void enable() = 0;
    /// Of each counter, in the order in which they were added. Also when the thread has ended. Throws Error.
    virtual std::vector<Reading> read() = 0;
};

/// Who counts: the kernel that runs, or what one with other hardware has answered.
class CounterSource {
 public:
    virtual ~CounterSource() = default;
    virtual std::unique_ptr<CounterGroup> group(pid_t thread) = 0;
};

class KernelCounters : public CounterSource {
 public:
    /// `most` at once, each of which is a descriptor; the next fails with EMFILE.
    explicit KernelCounters(std::size_t most = std::numeric_limits<std::size_t>::max()) : left_(std::make_shared<std::atomic<std::size_t>>(most)) {}
    std::unique_ptr<CounterGroup> group(pid_t thread) override;

 private:
    // Groups may be closed in another thread, and later.
    std::shared_ptr<std::atomic<std::size_t>> left_;
};

/// What an event came to.
struct Count {
    enum class State { Counted, NotCounted, NotSupported };
    State state = State::NotCounted;  ///< NotCounted: no thread ran while there was a counter for it
    std::uint64_t value = 0;            ///< as counted
    std::uint64_t enabled = 0, running = 0;
    /// As if the event had had a counter all the time.
    double scaled() const {
        return running && running < enabled ? static_cast<double>(value) * (static_cast<double>(enabled) / static_cast<double>(running))
                                            : static_cast<double>(value);
    }
    /// How much of the time it had one, 0 to 1.
    double share() const { return enabled ? static_cast<double>(running) / static_cast<double>(enabled) : 0; }
};

/// The events of some threads, from one moment on.
class Counters {
 public:
    using StillThere = std::function<bool(pid_t)>;
    /// `still_there` is asked of each thread when it has been opened: it may have ended, and its number be that of another process's. Throws Error
    /// when no thread can be counted: not allowed, or too many open files.
    Counters(CounterSource& source, std::vector<Event> events, const std::set<pid_t>& threads, StillThere still_there = {});
    /// They count until the object ends.
    void enable();
    /// Threads that have come since are counted from now on. What those that have gone came to stays in the sum; their counters are closed.
    void follow(const std::set<pid_t>& threads);

    const std::vector<Event>& events() const { return events_; }
    /// Of all threads together, for each event.
    std::vector<Count> read();
    std::size_t threads() const { return threads_.size(); }

 private:
    struct Group {
        std::unique_ptr<CounterGroup> counters;
        std::vector<std::size_t> events;  // their numbers
    };
    static void add(std::vector<Count>& counts, std::vector<Group>& groups);
    void open(pid_t thread);
    void open(std::vector<Group>& groups, pid_t thread, std::size_t event, bool new_group);
    CounterSource& source_;
    StillThere still_there_;
    std::vector<Event> events_;
    std::map<pid_t, std::vector<Group>> threads_;
    std::vector<Count> gone_;             // of threads that have ended
    std::vector<bool> opened_, refused_;  // of each event: for some thread
    bool enabled_ = false;
};

}  // namespace vmperf
