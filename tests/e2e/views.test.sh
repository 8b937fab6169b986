#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The reports of migrate_stats that the original did not have, its messages about
# input that is no trace, what it shows on a terminal, and the completion of bash.
# One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/views.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/lib.sh"
stats=$programs/migrate_stats
inputs=$top/tests/golden/inputs
cd "$inputs" || exit 1

# A trace with topology: cpu 0 and 1 share a core, 2 the cache, 3 the node. 7 goes to and fro between nodes.
{
	printf '# version 1.1.0\n# nr_cpus 5\n# ts_field 1\n# cause 4 pull_task\n# cause 7 try_to_wake_up\n# loc 9 set_task_comm\n# loc 11 mark\n'
	printf '# cpu 0 core 0 llc 0 node 0 capacity 1024\n# cpu 1 core 0 llc 0 node 0 capacity 1024\n'
	printf '# cpu 2 core 1 llc 0 node 0 capacity 1024\n# cpu 3 core 0 llc 1 node 0 capacity 1024\n# cpu 4 core 0 llc 2 node 1 capacity 1024\n'
	printf '0x0000011f00000000 0 . . . start_sched_clock 1281528519 890590\n'
	printf '0x0000011f00000100 0 . . 7 9 : bouncer\n0x0000011f00000200 0 . . 8 9 : \033[31mred\n'
	for i in 1 3 5 7; do
		printf '0x0000011f000%x0000 0 0 4 7 4\n0x0000011f000%x0000 0 4 0 7 7\n' "$i" $((i + 1))
	done
	printf '0x0000011f000a0000 0 0 1 8 7\n0x0000011f000a1000 0 . . 1 11 0x00000007\n0x0000011f000b0000 0 1 2 8 7\n0x0000011f000c0000 0 2 3 8 4\n'
} >"$work/topo.trace"
cd "$work" && ln -s "$inputs"/* . || exit 1

# What users ask.
says who-bounces-between-nodes 0 "$stats --topology --top 1 topo.trace | tail -n 1" "7  " "bouncer"
says what-takes-tasks-away 0 "$stats --residency topo.trace" "RESIDENCY" "p99.9" " us"
says who-comes-back 0 "$stats --pingpong --pingpong_time 2 topo.trace" "pull_task       try_to_wake_up        4" "bouncer"
says pingpong-time-with-unit 0 "$stats --pingpong --pingpong_time 65us topo.trace" "within 65.0 us" "total                                 0"
says after-a-mark 0 "$stats --stats --begin_mark 7 topo.trace" "total                 2"
says top-by-rate 0 "$stats --summary_pid --top 1 topo.trace | tail -n 1" "    7       8"
says period-topology 0 "$stats --period 1 --period_topology topo.trace" "# field 2 within core" "# field 6 distance unknown"
if command -v python3 >/dev/null; then
	check_csv='import csv, sys
rows = list(csv.reader(sys.stdin, strict=True))
assert rows and all(len(row) == len(rows[0]) for row in rows), rows'
	for report in stats summary_pid topology residency pingpong consistency migrate "ps --mark --migrate" "period 1 --period_topology --period_cause"; do
		if "$stats" --output csv --$report topo.trace | python3 -c "$check_csv"; then
			echo "ok csv-${report%% *}"
		else
			failed "csv-${report%% *}" "it is not CSV"
		fi
	done
	says json-views 0 "$stats --output json --topology --residency --pingpong topo.trace | python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line)[\"type\"])'" "topology" "residency" "pingpong"
	# The same figures, computed the long way.
	python3 "$top/tests/e2e/make-trace.py" 6 20 4000 >many.trace
	"$stats" --output json --residency --pingpong --pingpong_time 4 many.trace >many.json
	if said=$(python3 - many.trace many.json 2>&1 <<'PY'
import collections, json, math, sys

moves = collections.defaultdict(list)
for line in open(sys.argv[1]):
    words = line.split()
    if len(words) == 6 and words[2] != ".":
        moves[int(words[4])].append((int(words[0], 16), line, int(words[2]), int(words[3]), int(words[5])))
stays, returns, forks = [], 0, 6
for pid in moves:
    arrived, left = None, {}
    for ts, _, source, target, cause in sorted(moves[pid]):
        if source == target:
            continue
        if arrived and arrived[1] == source and cause != forks:
            stays.append(ts - arrived[0])
        arrived = (ts, target)
        if cause == forks:
            left = {}
            continue
        if target in left:
            returns += ts - left.pop(target) <= 4_000_000
        left[source] = ts
stays.sort()
residency, pingpong = (json.loads(line) for line in open(sys.argv[2]))
total = residency["total"]
assert total["count"] == len(stays) > 1000, (total, len(stays))
assert total["min_ns"] == stays[0] and total["max_ns"] == stays[-1], total
assert math.isclose(total["mean_ns"], sum(stays) / len(stays)), total
for name, percent in ("p50", 50), ("p90", 90), ("p99", 99), ("p99_9", 99.9):
    exact = stays[math.ceil(percent / 100 * len(stays) - 1e-9) - 1]
    assert abs(total[name + "_ns"] - exact) <= exact / 200, (name, total, exact)
assert pingpong["total"]["count"] == returns > 100, (pingpong["total"], returns)
PY
	); then echo "ok figures-of-many"; else failed figures-of-many "$said"; fi
	# Whatever the order of the input, and whether it is a file or a pipe.
	for cpu in 0 1 2 3 4 5; do echo "# cpu $cpu core $((cpu / 2)) llc $((cpu / 4)) node 0 capacity 1024"; done >topo.header
	cat topo.header many.trace >topo.raw
	sort topo.raw >topo.sorted
	views="--topology --residency --pingpong --summary_pid --top 4 --period 100 --period_topology"
	same order-of-a-file "$stats $views topo.raw" "$stats $views topo.sorted"
	same order-of-a-pipe "cat topo.raw | $stats $views" "cat topo.sorted | $stats $views"
	same order-of-pipe-and-file "$stats $views topo.raw" "cat topo.sorted | $stats $views"
	views="--period 100 --period_topology"
	same order-of-periods "$stats $views topo.raw" "$stats $views --top 1 --summary_pid topo.sorted | sed '/^\$/,\$d'"
else
	failed "csv, json, figures" "there is no python3: run scripts/setup"
fi

# Options.
says top-alone 1 "$stats --stats --top 3 tiny.trace" "--top needs"
says top-0 1 "$stats --summary_pid --top 0 tiny.trace" "greater than 0"
says pingpong-time-alone 1 "$stats --stats --pingpong_time 3 tiny.trace" "needs --pingpong"
says pingpong-time-0 1 "$stats --pingpong --pingpong_time 0 tiny.trace" "greater than 0"
says pingpong-time-word 1 "$stats --pingpong --pingpong_time soon tiny.trace" "not a time"
says csv-one-report 1 "$stats --output csv --stats --summary_pid tiny.trace" "one report"
says filters-for-all 1 "$stats --residency --stats --cause pull_task tiny.trace" "--residency"
says period-topology-without-period 1 "$stats --period_topology topo.trace" "need --period"
says topology-of-old-trace 1 "$stats --topology tiny.trace" "# cpu" "1.1.0"
says topology-of-old-trace-and-more 0 "$stats --topology --stats tiny.trace" "CAUSE" "left out"
# Prefixes of the original options that a new option could disturb.
same prefix-period_c "$stats --period_ca --period 1000 tiny.trace" "$stats --period_cause --period 1000 tiny.trace"
same prefix-period_h "$stats --period_h --period 1000 --period_al tiny.trace" "$stats --period_human --period 1000 --period_all tiny.trace"
same prefix-st "$stats --st tiny.trace" "$stats --stats tiny.trace"
same prefix-s "$stats --su tiny.trace" "$stats --summary_pid tiny.trace"
same prefix-ps "$stats --ps tiny.trace" "$stats -PS tiny.trace"
same prefix-pid_ "$stats --pid_ 1 --mig tiny.trace" "$stats --pid_exclude 1 --migrate tiny.trace"
for ambiguous in p pe per pi s t to ts; do says "ambiguous-$ambiguous" 1 "$stats --$ambiguous 1 tiny.trace" "ambiguous"; done
same prefix-res "$stats --res tiny.trace" "$stats --residency tiny.trace"

# No trace.
says no-trace 1 "$stats --stats $top/README.md" "README.md is no trace" "README.md:"
says no-trace-stdin 1 "echo hello | $stats --migrate" "standard input is no trace"
for stat in k100 k1000 k7 k_header k_noperiod; do says "stat-file-$stat" 1 "$stats --stats $stat.stat" "$stat.stat is a stat file" "migrate_extract"; done
for trace in empty blank no_header header_only start_only; do
	if "$stats" --stats $trace.trace >/dev/null 2>&1; then echo "ok trace-$trace"; else failed "trace-$trace" "is refused"; fi
done
says days-of-short-periods 1 "sed 's/0x0000011f000c0000/0x0000f11f000c0000/' topo.trace | $stats --period 1 --period_all" "10000000 periods" "longer --period"

# A terminal shows no control bytes; a pipe gets all of them.
if command -v script >/dev/null; then
	on_terminal=$(script -qec "$stats --summary_pid --pingpong --topology topo.trace" /dev/null </dev/null | tr -d '\r')
	if [[ $on_terminal == *'\x1b[31mred'* && $on_terminal != *$'\x1b'* ]]; then echo "ok terminal-names"; else failed terminal-names "$on_terminal"; fi
	on_terminal=$(script -qec "sh -c 'printf \"# \\033]0;x\\n\" | $stats --stats'" /dev/null </dev/null)
	if [[ $on_terminal == *'no trace'*'\x1b]0;x'* && $on_terminal != *$'\x1b'* ]]; then echo "ok terminal-messages"; else failed terminal-messages "$on_terminal"; fi
	on_terminal=$(script -qec "$stats topo.trace" /dev/null </dev/null)
	if [[ $on_terminal == *'no report was asked for'* ]]; then echo "ok terminal-no-report"; else failed terminal-no-report "$on_terminal"; fi
	on_terminal=$(script -qec "$stats --summary_pid bigpid.trace" /dev/null </dev/null | tr -d '\r')
	if [[ $on_terminal == *$'\n 99990       2'*$'\n100004       2'* ]]; then echo "ok terminal-lines-up"; else failed terminal-lines-up "$on_terminal"; fi
else
	failed terminal "there is no script(1)"
fi
says pipe-names 0 "$stats --summary_pid topo.trace" $'\x1b[31mred'
same align "$stats --align --summary_pid bigpid.trace | sed -n '/99990/p'" "echo ' 99990       2     0.74  p0'"

align_head=$(printf '# version 1.0.0\n# nr_cpus 16\n# cause 7 try_to_wake_up\n# loc 9 set_task_comm\n# loc 11 mark\n')
printf '%s\n' "$align_head" '0x01 1 . . 7 9 : one' '0x02 1 2 3 7 7' '0x03 12 13 14 100004 7' '0x04 3 . . 12345 11 0x1' >align.trace
same align-events "$stats --migrate --ps --mark --align align.trace 2>/dev/null" "printf '%s\n' \
	' 1  .  .       7 set_task_comm    one' ' 1  2  3       7 one              try_to_wake_up' \
	'12 13 14  100004                  try_to_wake_up' ' 3  .  .   12345 mark             0x00000001'"
{
	echo "$align_head"
	for i in {1..101} 2000000 4000000; do printf '0x%x 1 2 3 7 7\n' "$i"; done
} >dense.trace
same align-periods "$stats --period 1 --period_all --period_human --align dense.trace 2>/dev/null | grep -v '^#'" \
	"printf '%s\n' '       0.000    101000.00' '       0.001      1000.00' '       0.002         0.00'"

# Machines with many CPUs, and traces that say so by mistake: what is printed and kept is what occurs.
stray() { sed 's/^# nr_cpus.*/# nr_cpus 8192/' topo.trace; }
same stray-cpus "stray | $stats --stats | grep -c ." "$stats --stats topo.trace | grep . | awk 'END { print NR + 1 }'"
says stray-cpus-said 0 "stray | $stats --stats" "of 8192 CPUs, those with migrations; the sums are of all"
same stray-cpus-json "stray | $stats --stats --output json | sed 's/.*cpu_pairs//'" "$stats --stats --output json topo.trace | sed 's/.*cpu_pairs//'"
{
	printf '# version 1.0.0\n# nr_cpus 600\n# cause 7 try_to_wake_up\n'
	for ((i = 0; i < 600; i++)); do printf '0x%08x %d %d %d 5 7\n' $((i + 1)) $i $i $(((i + 1) % 600)); done
	printf '0x%08x 3 %d 1 5 7\n' 700 599 701 599
} >ring.trace
says busiest-cpus 0 "$stats --stats ring.trace" "512 of 600 CPUs, the busiest" "599:" "602"

# Options that change nothing are told, and nothing else is different.
idle() { says "idle-$1" 0 "$2 2>&1 >/dev/null" "$3"; }
idle period "$stats --stats --period_human --period_last tiny.trace" "warning: --period_human, --period_last have no effect without --period"
idle times "$stats --stats --ts_gmt tiny.trace" "--ts_gmt has no effect without --migrate, --ps"
idle times-json "$stats --migrate --ts_abs --output json tiny.trace" "--ts_abs has no effect without --output text"
idle align-csv "$stats --stats --align --output csv tiny.trace" "--align has no effect without --output text"
idle max-cpu "$stats --summary_pid --max_cpu 3 tiny.trace" "--max_cpu has no effect without --stats or --period"
idle comm-whole "$stats --stats --comm_whole tiny.trace" "--comm_whole has no effect without --migrate"
idle filters "$stats --mark --cause pull_task --pid 5 small.trace" "--cause has no effect without a report about migrations"
idle begin "$stats --ps --begin_sec 1 small.trace" "--begin_sec has no effect without a report about migrations or marks"
idle extract-item "$programs/migrate_extract --period_msec --ts_gmt --begin_msec 3 k7.stat" "--ts_gmt, --begin_msec have no effect without --extract"
idle extract-date "$programs/migrate_extract --extract 2 --ts_date k1000.stat" "--ts_date has no effect without --ts_gmt or --ts_loc"
idle extract-json "$programs/migrate_extract --extract 2 --ts_rel --output json k1000.stat" "--ts_rel has no effect without --output text"
for options in "--migrate --ts_date" "--ps --pid 5" "--mark --begin_sec 1" "--mark --pid 5 --end_sec 3" "--consistency --ts_gmt" \
	"--period 1000 --period_all --period_human --max_cpu 3 --ts_rel" "--summary_pid --comm_whole" "--residency --comm_whole" "--pid 5"; do
	same "not-idle $options" "$stats $options small.trace 2>&1 >/dev/null" true
done

# Seconds of a window may have a fraction.
start=$((0x0000011f722aeab8))  # of small.trace
same fraction "$stats --migrate --begin_sec 0.5 --end_sec 1.25 small.trace" \
	"$stats --migrate --begin_ts \$((start + 500000000)) --end_ts \$((start + 1250000000)) small.trace"
same fraction-without-zero "$stats --migrate --begin_sec .5 --end_sec 1. small.trace" "$stats --migrate --begin_sec 0.5 --end_sec 1 small.trace"
says fraction-nonsense 1 "$stats --migrate --begin_sec 1e3 small.trace" "--begin_sec: '1e3' is no number of seconds"

# What is exported can be chosen as what is printed: an arrow for each migration to another CPU.
for options in "--cause pull_task" "--cause_exclude pull_task" "--comm bash" "--comm_exclude bash" "--cpu_event 1" "--cpu_event_exclude 1" \
	"--cpu_from 2" "--cpu_from_exclude 2" "--cpu_to 0" "--cpu_to_exclude 0" "--pid 5 --pid 7" "--pid_exclude 5" "--begin_mark 1 --end_mark 2" \
	"--begin_sec 1 --end_sec 3" "--begin_ts $((start + 500000000)) --end_ts $((start + 2500000000)) --cpu_to 1"; do
	arrows=$("$programs/migrate_export" $options small.trace | grep -c '"ph":"s"')
	moves=$("$stats" --migrate --comm_whole $options small.trace | awk '$2 != $3' | grep -c .)
	if [[ $arrows == "$moves" && $moves != 0 ]]; then echo "ok export $options"; else failed "export $options" "$arrows arrows, $moves migrations"; fi
done
says export-both 1 "$programs/migrate_export --pid 5 --pid_exclude 5 small.trace" "--pid_exclude"

# Only what the original analyzer printed cuts names.
sed 's/bouncer/X: server/' topo.trace >colon.trace
for view in topology pingpong "topology --summary_pid"; do says "names-whole-${view// --/-}" 0 "$stats --$view colon.trace" "  X: server"; done
same names-cut "$stats --summary_pid colon.trace" "sed 's/X: //' colon.trace | $stats --summary_pid"

same version-json "$stats --header_version --output json topo.trace" "echo '{\"type\":\"header\",\"version\":\"1.1.0\"}'"
same version-csv "$stats --header_version --output csv topo.trace" "printf 'version\r\n1.1.0\r\n'"
same version-like-extract "$stats --header_version --output csv topo.trace | sed s/1.1.0/1.0.0/" "$programs/migrate_extract --header_version --output csv k1000.stat"

# Completion.
complete_words() {
	(
		PATH=$programs:$PATH
		# shellcheck source=/dev/null
		. "$top/scripts/completion/migscope"
		compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_migscope "$1"
		echo "${COMPREPLY[*]}"
	)
}
completes() {
	local name=$1 wanted=$2 got
	shift 2
	got=$(complete_words "$@")
	if [[ $got == "$wanted" ]]; then echo "ok complete-$name"; else failed "complete-$name" "got '$got' instead of '$wanted'"; fi
}
completes option "--pingpong --pingpong_time" migrate_stats --ping
completes report-option "--cause --cause_exclude" migrate_report --cau
completes output "csv json text" migrate_stats --output ""
completes output-equals "json" migrate_stats --output = j
completes cause "pull_task" migrate_stats topo.trace --cause pull
completes extract "--extract" migrate_extract --ex
completes extract-output "csv json text" migrate_extract --output ""
completes file "" migrate_stats --stats to
completes command "server_rr server" mig_mon se
completes command-option "--rate --rate-schedule" mig_mon mm_dirty --rat
completes command-value "random" mig_mon mm_dirty -p r
completes command-output "json text" mig_mon client_rr --output ""
completes behind-dashes "" migrate_record -- --st
for program in migrate_stats migrate_extract migrate_record migrate_graph migrate_report migrate_import migrate_export \
	"mig_mon "{vm,mm_dirty,server,client,server_rr,client_rr,plot}; do
	read -ra command <<<"$program"
	[[ -x $programs/${command[0]} ]] || continue
	missing=
	offered=" $(complete_words "${command[@]}" --) "
	for option in $("$programs/${command[0]}" "${command[@]:1}" --help | sed -nE 's/^ +(-[A-Za-z]( \[|,) *)?(--[A-Za-z0-9_-]+).*/\3/p'); do
		[[ $offered == *" $option "* ]] || missing+=" $option"
	done
	if [[ -z $missing && $offered == *--help* ]]; then echo "ok complete-all-$program"; else failed "complete-all-$program" "missing:$missing"; fi
done
((failures == 0))
