/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/counter.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/error.h"

namespace vmperf {

namespace {

/// In a group, as the kernel reads them: how many, the two times, then their values.
class KernelGroup : public CounterGroup {
 public:
    KernelGroup(pid_t thread, std::shared_ptr<std::atomic<std::size_t>> left) : thread_(thread), left_(std::move(left)) {}
    ~KernelGroup() override {
        const std::size_t closed = counters_.size();
        counters_.clear();
        *left_ += closed;
    }
    KernelGroup(const KernelGroup&) = delete;
    KernelGroup& operator=(const KernelGroup&) = delete;

    int add(const perf_event_attr& wanted) override {
        if (*left_ == 0) return EMFILE;
        perf_event_attr attr = wanted;
        attr.disabled = counters_.empty();
        attr.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
        const int leader = counters_.empty() ? -1 : counters_.front().get();
        base::UniqueFd counter(static_cast<int>(::syscall(SYS_perf_event_open, &attr, thread_, -1, leader, PERF_FLAG_FD_CLOEXEC)));
        if (!counter) return errno;
        counters_.push_back(std::move(counter));
        --*left_;
        return 0;
    }

    void enable() override {
        if (::ioctl(counters_.front().get(), PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP))
            throw base::system_error(fmt::format("cannot count events of thread {}: PERF_EVENT_IOC_ENABLE", thread_), errno);
    }

    std::vector<Reading> read() override {
        std::vector<std::uint64_t> words(3 + counters_.size());
        const auto size = static_cast<ssize_t>(words.size() * sizeof words[0]);
        const ssize_t got = ::read(counters_.front().get(), words.data(), static_cast<std::size_t>(size));
        if (got != size) throw base::system_error(fmt::format("cannot read the counters of thread {}", thread_), got < 0 ? errno : EIO);
        std::vector<Reading> readings;
        std::ranges::transform(words.begin() + 3, words.end(), std::back_inserter(readings),
                               [&](std::uint64_t value) { return Reading{value, words[1], words[2]}; });
        return readings;
    }

 private:
    pid_t thread_;
    std::shared_ptr<std::atomic<std::size_t>> left_;
    std::vector<base::UniqueFd> counters_;
};

/// What says of an event, not of this thread or of the rights to count, that it cannot be: as perf sees it.
bool means_unsupported(int error) {
    return error == ENOENT || error == ENODEV || error == EOPNOTSUPP || error == EINVAL || error == ENXIO || error == ENOSYS;
}

}  // namespace

std::unique_ptr<CounterGroup> KernelCounters::group(pid_t thread) { return std::make_unique<KernelGroup>(thread, left_); }

Counters::Counters(CounterSource& source, std::vector<Event> events, const std::set<pid_t>& threads, StillThere still_there)
    : source_(source),
      still_there_(std::move(still_there)),
      events_(std::move(events)),
      gone_(events_.size()),
      opened_(events_.size()),
      refused_(events_.size()) {
    for (const pid_t thread : threads) open(thread);
}

/// Those of software are never without a counter, and are read at once. Of hardware events each is by itself: a group of more than
/// the PMU has room for is never counted.
void Counters::open(pid_t thread) {
    std::vector<Group> groups;
    bool first = true;
    for (std::size_t i = 0; i < events_.size(); i++) {
        if (!events_[i].software()) continue;
        open(groups, thread, i, first);
        first = groups.empty();
    }
    for (std::size_t i = 0; i < events_.size(); i++)
        if (!events_[i].software()) open(groups, thread, i, true);
    if (still_there_ && !still_there_(thread)) return;
    if (enabled_)
        for (Group& group : groups) group.counters->enable();
    threads_.emplace(thread, std::move(groups));
}

void Counters::open(std::vector<Group>& groups, pid_t thread, std::size_t event, bool new_group) {
    Group own;
    if (new_group) own.counters = source_.group(thread);
    Group& group = new_group ? own : groups.front();
    const int error = group.counters->add(events_[event].attr);
    // It has ended meanwhile.
    if (error == ESRCH) return;
    if (means_unsupported(error)) {
        refused_[event] = true;
        return;
    }
    if (error)
        throw base::system_error(fmt::format("cannot count {} of thread {}: perf_event_open()", events_[event].name, thread), error,
                                 error == EMFILE ? "raise the limit of open files: ulimit -n"
                                                 : "that takes CAP_PERFMON, or a lower /proc/sys/kernel/perf_event_paranoid");
    opened_[event] = true;
    group.events.push_back(event);
    if (new_group) groups.push_back(std::move(own));
}

void Counters::enable() {
    enabled_ = true;
    for (auto& [thread, groups] : threads_)
        for (Group& group : groups) group.counters->enable();
}

void Counters::follow(const std::set<pid_t>& threads) {
    for (auto known = threads_.begin(); known != threads_.end();) {
        if (threads.contains(known->first)) {
            ++known;
            continue;
        }
        add(gone_, known->second);
        known = threads_.erase(known);
    }
    for (const pid_t thread : threads)
        if (!threads_.contains(thread)) open(thread);
}

void Counters::add(std::vector<Count>& counts, std::vector<Group>& groups) {
    for (Group& group : groups) {
        const auto readings = group.counters->read();
        for (std::size_t i = 0; i < group.events.size(); i++) {
            Count& count = counts[group.events[i]];
            count.value += readings[i].value;
            count.enabled += readings[i].enabled;
            count.running += readings[i].running;
            if (readings[i].running) count.state = Count::State::Counted;
        }
    }
}

std::vector<Count> Counters::read() {
    std::vector<Count> counts = gone_;
    for (auto& [thread, groups] : threads_) add(counts, groups);
    for (std::size_t i = 0; i < events_.size(); i++)
        if (refused_[i] && !opened_[i]) counts[i].state = Count::State::NotSupported;
    return counts;
}

}  // namespace vmperf
