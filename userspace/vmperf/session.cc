/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/session.h"

#include <fmt/format.h>

#include <cinttypes>
#include <cstdio>

#include "base/error.h"
#include "vmperf/event.h"

namespace vmperf {

Session::Session(CounterSource& source, const vmhost::Vm& vm, const Request& request, std::size_t most_counters)
    : source_(source), vm_(vm), cpu_(request.cpu), most_counters_(most_counters) {
    told_ = !vm_.threads().all_vcpus.empty();
    const auto events = parse_events(request.events.empty() ? default_events() : request.events);
    const Threads now = threads();
    counters_ = (now.counted.size() + now.others.size()) * events.size() + 2 * now.vcpus.size();
    if (counters_ > most_counters)
        throw base::UsageError(fmt::format("{} event{} of {} threads, and 2 of each virtual CPU, take {} counters: {} are left for this VM; name fewer "
                                           "events",
                                           events.size(), events.size() == 1 ? "" : "s", now.counted.size() + now.others.size(), counters_,
                                           most_counters));
    counted_.emplace(source, events, now.counted, still_there());
    others_.emplace(source, events, now.others, still_there());
    watch(now);
    begun_ = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    start_ = Clock::now();
    counted_->enable();
    others_->enable();
}

/// Of a QEMU that does not name its threads all are counted: which of them run vCPUs is not to be told.
Session::Threads Session::threads() const {
    const vmhost::VmThreads all = vm_.threads();
    Threads chosen;
    if (cpu_ == 0) {
        chosen.counted = told_ ? all.all_vcpus : all.others;
        if (told_) chosen.others = all.others;
        for (const pid_t thread : all.all_vcpus) chosen.vcpus[thread] = std::nullopt;
        for (const auto& [number, thread] : all.vcpus) chosen.vcpus[thread] = number;
        return chosen;
    }
    if (all.vcpus.empty())
        throw base::UsageError(fmt::format(
            "cpu {} alone cannot be counted: {}", cpu_,
            all.all_vcpus.empty() ? "QEMU does not name its threads (-name NAME,debug-threads=on)" : "one thread of QEMU runs all virtual CPUs"));
    const auto found = all.vcpus.find(cpu_ - 1);
    if (found == all.vcpus.end()) throw base::UsageError(fmt::format("cpu {}: the VM has {}; 0 means all", cpu_, all.vcpus.size()));
    chosen.counted = {found->second};
    chosen.vcpus = {{found->second, found->first}};
    return chosen;
}

/// In ns, for a CPU, since it began.
std::optional<std::uint64_t> Session::waited(pid_t thread) const {
    std::uint64_t run = 0, wait = 0;
    try {
        // "RUN_NS WAIT_NS TIMESLICES"; no such file without CONFIG_SCHED_INFO, and zeros for one that ends.
        const std::string text = vm_.process->read(fmt::format("task/{}/schedstat", thread));
        if (std::sscanf(text.c_str(), "%" SCNu64 " %" SCNu64, &run, &wait) != 2) return std::nullopt;
    } catch (const base::Error&) {
        return std::nullopt;
    }
    return wait;
}

void Session::watch(const Threads& threads) {
    for (const auto& [thread, number] : threads.vcpus) {
        if (const auto known = vcpus_.find(thread); known != vcpus_.end()) {
            // What it has when it ends cannot be seen then.
            known->second.wait_now = waited(thread).value_or(known->second.wait_now);
            continue;
        }
        const std::uint64_t at = waited(thread).value_or(0);
        const auto added = vcpus_.emplace(thread, Vcpu{number, at, at, Counters(source_, parse_events("cpu-migrations,task-clock"), {thread}, still_there())});
        added.first->second.counters.enable();
    }
}

void Session::follow() {
    Threads now;
    try {
        now = threads();
    } catch (const base::Error&) {
        // The VM, or its virtual CPU, has ended: what it came to stays.
        return;
    }
    counters_ = (now.counted.size() + now.others.size()) * counted_->events().size() + 2 * now.vcpus.size();
    if (counters_ > most_counters_)
        throw base::Error(fmt::format("the VM has more threads now: {} counters are needed, and {} are left for it", counters_, most_counters_));
    counted_->follow(now.counted);
    others_->follow(now.others);
    watch(now);
}

Interval Session::interval() {
    const auto counts = counted_->read();
    Interval interval;
    interval.seconds = seconds();
    interval.length = interval.seconds - last_seconds_;
    interval.counts = event_counts(counted_->events(), last_.empty() ? counts : since(counts, last_));
    last_seconds_ = interval.seconds;
    last_ = counts;
    return interval;
}

Total Session::total(const std::string& reason) {
    Total total;
    total.counts = event_counts(counted_->events(), counted_->read());
    total.seconds = seconds();
    total.reason = reason;
    total.others = event_counts(others_->events(), others_->read());
    for (auto& [thread, vcpu] : vcpus_) {
        vcpu.wait_now = waited(thread).value_or(vcpu.wait_now);
        // A counter tells what a thread has done that has ended; for how long it waited is known up to when it was looked at last.
        const auto counts = vcpu.counters.read();
        total.vcpus.push_back({vcpu.number, counts[kRun].value, vcpu.wait_now - vcpu.wait_before, counts[kMigrations].value});
    }
    return total;
}

}  // namespace vmperf
