/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/cause_info.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace migtrace {

namespace {

// Frequent causes have the colours of Okabe and Ito, which people with any kind of colour vision tell apart;
// the rest is after Tol's muted scheme. The yellow is darker than theirs, because it stands on white too.
constexpr CauseInfo kCauses[] = {
    {"__migrate_task", "#CC79A7",
     "The task was on a CPU that it may not use any more: its affinity or its cpuset changed. Look for who "
     "sets it."},
    {"pull_one_task", "#CDB91A",
     "Active balance: a CPU was so much busier than others that its running task was pushed away. There are "
     "more busy tasks than CPUs, or CPUs of different strength."},
    {"pull_rt_task", "#56B4E9",
     "A CPU that ran out of real-time work took a waiting real-time task from another one."},
    {"pull_task", "#E69F00",
     "Load balance of ordinary tasks. Normal; much of it means that load comes in bursts."},
    {"push_rt_task", "#D55E00", "A CPU with more than one runnable real-time task gave one away."},
    {"sched_fork", "#009E73", "A new task began on another CPU than its parent's. Normal."},
    {"try_to_wake_up", "#0072B2",
     "A task that had slept was woken on another CPU: near the waker, or on an idle CPU. Normal; pin both "
     "ends of a pipe if the cache matters more."},
    {"pull_dl_task", "#9E5BA8", "As pull_rt_task, for tasks of SCHED_DEADLINE."},
    {"push_dl_task", "#B5446E", "As push_rt_task, for tasks of SCHED_DEADLINE."},
    {"dl_task_timer", "#A0683A",
     "A deadline task was throttled while its CPU went offline; its timer moved it."},
    {"migrate_task_to", "#44AA99",
     "NUMA balancing: the task went to the node that has its memory. Bind it if it goes back and forth."},
    {"migrate_swap", "#999933", "NUMA balancing: two tasks changed places."},
    {"sched_exec", "#7A6FD0",
     "exec(): the best moment to move, as nothing of the task is in a cache yet. Normal."},
    {"balance_push", "#C0504D", "Its CPU is going offline."},
    {"unknown", "#8A8F98",
     "The trace was imported, and the events that it was made from do not prove a cause."},
};

constexpr std::array<std::string_view, 6> kSpare = {"#6699CC", "#AA7733", "#5FA052",
                                                    "#A673B3", "#C77C5C", "#6D8F8F"};

/// FNV-1a, so that the same name has the same colour in every page.
std::uint32_t hash(std::string_view text) {
    std::uint32_t value = 2166136261u;
    for (char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619u;
    return value;
}

}  // namespace

bool is_known_cause(std::string_view name) {
    return std::ranges::any_of(kCauses, [&](const CauseInfo& known) { return known.name == name; });
}

CauseInfo cause_info(std::string_view name) {
    for (const CauseInfo& known : kCauses)
        if (known.name == name) return known;
    return {name, kSpare[hash(name) % kSpare.size()], "A cause that this program does not know."};
}

}  // namespace migtrace
