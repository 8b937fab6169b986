#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Print a trace as the kernel writes it, CPU after CPU: tasks that wake up, bursts of forks, balancing. Always the same
for the same arguments.

usage: make-trace.py [CPUS [SECONDS [EVENTS_PER_SECOND]]]
"""
import math
import random
import sys

cpus, seconds, rate = (int(a) for a in (sys.argv[1:] + ["4", "10", "500"][len(sys.argv) - 1:])[:3])
random.seed(2010)
causes = ["__migrate_task", "pull_one_task", "pull_rt_task", "pull_task", "push_rt_task", "sched_fork", "try_to_wake_up"]
locs = {8: "copy_process", 9: "set_task_comm", 10: "task_list", 11: "mark"}
comms = ["init", "kworker/0:1", "my app", "a(b)c", "X: server", "make", "cc1plus", "sshd"]
print(f"# version 1.0.0\n# nr_cpus {cpus}\n# ts_field 1")
for number, name in enumerate(causes, 1):
    print(f"# cause {number} {name}")
for number, name in locs.items():
    print(f"# loc {number} {name}")

begin = 1_234_567_890_123
lines = [[] for _ in range(cpus)]
for cpu in range(cpus):
    ts = begin + cpu * 3000
    lines[cpu].append((ts, f"0x{ts:016x} {cpu} . . . start_sched_clock 1281528519 {890590 + cpu * 3}"))
for pid, comm in enumerate(comms, 1):
    ts = begin + 20000 + pid * 500
    lines[0].append((ts, f"0x{ts:016x} 0 . . {pid} 10 : {comm}"))
for second in range(seconds * 10):
    # A slow wave, and every fourth second a burst.
    wave = 1 + 0.6 * math.sin(second / 15) + (3 if second // 10 % 4 == 3 and second % 10 < 4 else 0)
    for _ in range(int(rate / 10 * wave)):
        ts = begin + 100_000 + second * 100_000_000 + random.randrange(100_000_000)
        source = random.randrange(cpus)
        # Mostly to a neighbour.
        target = (source + (1 if random.random() < 0.5 else 1 + random.randrange(cpus - 1))) % cpus if cpus > 1 else source
        number = random.choices(range(1, 8), weights=[3, 2, 0 if second < 30 else 4, 20, 4, 9, 60])[0]
        lines[target].append((ts, f"0x{ts:016x} {target} {source} {target} {random.randrange(1, 9)} {number}"))
for cpu in range(cpus):
    for _, line in sorted(lines[cpu]):
        print(line)
