#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/causes/run finds what it is there to find: wrong causes, lost moves, unknown stacks.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/k"
echo 6.1.0-1-amd64 >"$work/k/release"

# A recorded run: six moves, of which the last three are the stopper's for an asker.
record() {
	cat >"$work/k/stacks" <<'TXT'
# dropped 0 missed 0
0x0000000000000050 0 migrate 0 1 7 120 0 set_task_cpu+0x1/0x2 try_to_wake_up+0x1/0x2
0x0000000000000110 0 migrate 0 1 7 120 0 set_task_cpu+0x1/0x2 try_to_wake_up+0x1/0x2 swake_up_one+0x1/0x2
0x0000000000000120 0 migrate 1 0 8 120 0 set_task_cpu+0x1/0x2 detach_tasks.isra.0+0x1/0x2 load_balance+0x1/0x2
0x0000000000000130 0 ask . . 9 . ff00 kprobe_ftrace_handler+0x1/0x2 0xffffffffc0000000 stop_one_cpu+0x1/0x2 sched_exec+0x1/0x2
0x0000000000000140 0 migrate 0 1 9 120 ff00 set_task_cpu+0x1/0x2 move_queued_task+0x1/0x2 migration_cpu_stop+0x1/0x2
0x0000000000000150 0 ask . . 9 . ff00 kprobe_ftrace_handler+0x1/0x2 0xffffffffc0000000 stop_one_cpu+0x1/0x2 migrate_task_to+0x1/0x2
0x0000000000000160 0 migrate 0 1 9 120 ff00 set_task_cpu+0x1/0x2 move_queued_task+0x1/0x2 migration_cpu_stop+0x1/0x2
0x0000000000000170 0 migrate 0 1 9 49 ff00 set_task_cpu+0x1/0x2 push_cpu_stop+0x1/0x2 cpu_stopper_thread+0x1/0x2
0x0000000000000300 0 migrate 0 1 7 120 0 set_task_cpu+0x1/0x2 try_to_wake_up+0x1/0x2
TXT
	cat >"$work/k/trace" <<'TXT'
# cause 4 pull_task
# cause 5 push_rt_task
# cause 7 try_to_wake_up
# cause 15 migrate_task_to
# cause 17 sched_exec
# loc 11 mark
0x0000000000000100 0 . . 5 11 0x00000001
0x0000000000000111 0 0 1 7 7
0x0000000000000121 0 1 0 8 4
0x0000000000000141 0 0 1 9 17
0x0000000000000161 0 0 1 9 15
0x0000000000000171 0 0 1 9 5
0x0000000000000200 0 . . 5 11 0x00000002
TXT
}

# says NAME PATTERN [FILE SED]: after the change, the judgement has a line with the pattern.
says() {
	record
	[ $# -lt 4 ] || sed -i "$4" "$work/k/$3"
	"$top/tests/causes/run" --keep "$work" --again k >"$work/log" 2>&1
	if grep -qE "$2" "$work/log"; then
		echo "ok $1"
	else
		cat "$work/log"
		echo "FAILED $1: it does not say '$2'"
	fi
}

says "what is right is right" ': 5 moves, 5 right'
says "moves outside the marks do not count" '^ok k: the trace has every move'
says "few moves are a failure" '^FAILED k: at least 10000 moves'
says "a wrong cause is a miss" '^miss: 1 times pull_task, is try_to_wake_up: NOT EXPLAINED' trace 's/7 7$/7 4/'
says "a wrong cause is a failure" '^FAILED k: at least 99.95 % right' trace 's/7 7$/7 4/'
says "the last who asked is the one" 'times sched_exec, is migrate_task_to' trace 's/9 15$/9 17/'
says "nobody who asked is unknown" '^FAILED k: every stack is known \(1 unknown' stacks '/sched_exec/d'
says "an unknown function in front is unknown" '^FAILED k: every stack is known' stacks 's/detach_tasks/whatever/'
says "a move that the trace has lost is a failure" '^FAILED k: the trace has every move' trace '/0121 /d'
says "a move lost at the end is a failure" '^FAILED k: the trace has every move' trace '/0171 /d'
says "a move twice is a failure" '^FAILED k: the trace has every move' trace '/0121 /p'
says "a cause without moves is a failure" 'FAILED k: every cause .*none: balance_push' trace '5i # cause 18 balance_push'
says "a log that was too small is a failure" '^FAILED k: the trace has every move.*dropped 3' stacks 's/dropped 0/dropped 3/'
