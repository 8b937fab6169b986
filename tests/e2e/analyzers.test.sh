#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What scripts rely on in the command lines of migrate_stats and migrate_extract,
# and what no recorded case shows. One line per check: "ok NAME" or
# "FAILED NAME: reason".
#
# Usage: tests/e2e/analyzers.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/lib.sh"
stats=$programs/migrate_stats
extract=$programs/migrate_extract
inputs=$top/tests/golden/inputs
cd "$work" && ln -s "$inputs"/* . || exit 1

# ends NAME STATUS 'COMMAND' [TEXT]: it ends with STATUS, and TEXT is in its messages (which are empty without one).
ends() {
	local said status
	said=$(eval "$3" 2>&1 >/dev/null)
	status=$?
	if [[ $status -ne $2 ]]; then
		failed "$1" "'$3' ended with $status instead of $2: $said"
	elif [[ -n ${4-} && $said != *"$4"* || -z ${4-} && -n $said ]]; then
		failed "$1" "'$3' said '$said' instead of '${4-}'"
	else
		echo "ok $1"
	fi
}

# Prefixes.
for prefix in st sta STATS; do same "prefix-$prefix" "$stats --$prefix tiny.trace" "$stats --stats tiny.trace"; done
same prefix-one-dash "$stats -stats tiny.trace" "$stats --stats tiny.trace"
same prefix-sum "$stats --su tiny.trace" "$stats --summary_pid tiny.trace"
same prefix-mi "$stats --mi tiny.trace" "$stats --migrate tiny.trace"
same prefix-ps "$stats --ps tiny.trace" "$stats -PS tiny.trace"
same prefix-ts-l "$stats --mig --ts_l tiny.trace" "$stats --migrate --ts_local tiny.trace"
same alias-ts-loc "$stats --mig --ts_loc tiny.trace" "$stats --migrate --ts_local tiny.trace"
same alias-ts-local "$extract --extract 2 --ts_local k1000.stat" "$extract --extract 2 --ts_loc k1000.stat"
same prefix-con "$stats --con tiny.trace" "$stats --consistency tiny.trace"
same prefix-comm-e "$stats --mig --comm_e init tiny.trace" "$stats --migrate --comm_exclude init tiny.trace"
same prefix-max "$stats --stats --max 1 small.trace" "$stats --stats --max_cpu 1 small.trace"
same prefix-extract-ex "$extract --ex 2 k1000.stat" "$extract --extract 2 k1000.stat"
same prefix-extract-n "$extract --n k1000.stat" "$extract --nr_cpus k1000.stat"
same prefix-extract-p "$extract --p k1000.stat" "$extract --period_msec k1000.stat"
for ambiguous in per ma c e b t he ts_; do ends "ambiguous-$ambiguous" 1 "$stats --$ambiguous 1 tiny.trace" "ambiguous"; done

# Words.
same options-behind-files "$stats tiny.trace --stats" "$stats --stats tiny.trace"
same minus-is-stdin "$stats --stats - <tiny.trace" "$stats --stats tiny.trace"
same no-file-is-stdin "$stats --stats <tiny.trace" "$stats --stats tiny.trace"
same parts-with-stdin "$stats --stats part1.trace - <part2.trace" "$stats --stats hand.trace"
# The same trace twice, through a pipe: a header in the middle is nothing new.
same header-in-the-middle "cat small.trace small.trace | $stats --stats" "$stats --stats small.trace small.trace"
says no-migration-inside 0 "$stats --stats --begin_sec 1000 small.trace" "no migration passes the filters and lies in the window"
says no-migration-of-a-name 0 "$stats --migrate --comm nosuch small.trace" "no migration passes the filters"
says end-mark-first 0 "$stats --mark --begin_mark 3 --end_mark 2 small.trace" "the end mark 2 (0x2) stands" "the begin mark 3 (0x3) not before it"
cp small.trace appended.trace
says output-is-input 1 "$stats --migrate appended.trace >>appended.trace" "standard output is the input"
same output-is-input-kept "cat appended.trace" "cat small.trace"
gzip -kc small.trace >small.trace.gz
says compressed 1 "$stats --stats small.trace.gz" "is compressed; give its text: zcat small.trace.gz |"
says compressed-stat 1 "$extract --extract 2 small.trace.gz" "is compressed; give its text: zcat small.trace.gz |"
printf '\004\042\115\030\144\100\247' >small.lz4
says compressed-lz4 1 "$stats --stats small.lz4" "is compressed; give its text: lz4cat small.lz4 |"
says extract-reversed 0 "$extract --extract 9 --begin_msec 5000 --end_msec 2000 k1000.stat" "lies before the begin"
says extract-no-month 1 "$extract --extract 9 --begin_gmt 2010/13 k1000.stat" "'2010/13' is no time"
says quoted-name 1 "cp small.trace.gz 'my trace.gz'; $stats --stats 'my trace.gz'" "zcat 'my trace.gz' |"
says extract-trace 1 "$extract --extract 2 small.trace" "small.trace is a trace and no stat file" "field 2 cannot be extracted"
says number-wanted 1 "$stats --stats --pid abc small.trace" "--pid: 'abc' is no whole number"
says period-fraction 1 "$stats --period 0.5 --period_all small.trace" "--period: '0.5' is no whole number of milliseconds"
says number-too-large 1 "$stats --stats --pid 99999999999999999999 small.trace" "--pid: 99999999999999999999 is too large; at most 9223372036854775807"
says output-of-export 1 "$programs/migrate_export --output json small.trace" "there is no option '--output' here; --output_file"
says import-of-a-trace 1 "$programs/migrate_import small.trace" "small.trace is a trace already"
says import-of-a-stat-file 1 "$stats --period 500 --period_all small.trace | $programs/migrate_import" "standard input is a stat file"
printf '# version 1.0.0\n# period_msec 1000\n# field 2 migrate\n# field 3 x\n0.000 5 6\n1.000 7 12' >cut.stat
says cut-value 0 "$programs/migrate_extract --extract 3 cut.stat" "1.000 12.00" "cut.stat:6 ends without a line feed"
same cut-elsewhere "$programs/migrate_extract --extract 2 cut.stat" "printf '%s\n' '0.000 5.00' '1.000 7.00'"
printf '1.000 7 12\n2.000 8\n' >>cut.stat
printf '# version 1.0.0\n# period_msec 1000\n# field 2 migrate\n# field 3 x\n0.000 5 6\n1.000 7' >short.stat
says cut-line 0 "$programs/migrate_extract --extract 3 short.stat" "0.000 6.00" "short.stat:6 ends in the middle"
same cut-line-has-it "$programs/migrate_extract --extract 2 short.stat 2>&1 | tail -n 1" "echo '1.000 7.00'"
says cut-line-picture 0 "$programs/migrate_graph --format terminal --graph field <(cat short.stat; printf ' ') 2>&1" "ends in the middle"
same whole-lines-only "$programs/migrate_extract --extract 3 <(sed 's/1.000 7 12.*/1.000 7/' cut.stat) 2>/dev/null" "echo '0.000 6.00'; false"
same last-value-counts "$stats --stats --begin_sec 3 --begin_sec 1 small.trace" "$stats --stats --begin_sec 1 small.trace"
same lists-add-up "$stats --mig --pid 1 --pid 5 small.trace" "$stats --mig --pid=5 --pid=1 small.trace"
same numbers-with-sign "$stats --mig --pid +5 --begin_sec +1 small.trace" "$stats --mig --pid 5 --begin_sec 1 small.trace"
same mark-forms "$stats --mark --begin_mark 0b101010 hand.trace" "$stats --mark --begin_mark 0x2A hand.trace"
same comm-whole "$stats --mig --comm_whole --comm 'X: server' small.trace | wc -l" "$stats --mig --comm server small.trace | wc -l"
# A filter by name selects the same whatever is printed: the whole name, or what the text shows of it.
same comm-count "$stats --stats --comm 'X: server' small.trace | awk '\$1 == \"total\" { print \$2 }'" "echo 35"
for option in comm comm_exclude; do
	for report in "--stats" "--stats --output json" "--stats --output csv" --mig --residency; do
		same "$option $report" "$stats $report --$option 'X: server' small.trace" "$stats $report --$option server small.trace"
	done
	same "$option export" "$programs/migrate_export --$option 'X: server' small.trace" "$programs/migrate_export --$option server small.trace"
	same "$option report" "$programs/migrate_report --$option 'X: server' small.trace | sed 's/X: server/server/g' | wc -l" \
		"$programs/migrate_report --$option server small.trace | wc -l"
	same "$option json" "$stats --mig --output json --$option server small.trace | wc -l" "$stats --mig --$option server small.trace | wc -l"
done
same comm-cut-beside "$stats --ps --pid 24 --residency small.trace | head -n 1" "$stats --ps --pid 24 small.trace | head -n 1"
# A line without an end does not fill the memory; one with as many fields as its header names is read.
says endless-line 1 "head -c 200000000 /dev/zero | tr '\0' 1 | (ulimit -v 131072; $extract --extract 2)" "standard input:1: the line is too long"
wide() { printf '# period_msec 1000\n'; seq -f '# field %.0f f' 2 90001; printf '0.000'; printf ' 123456789.25%.0s' {2..90001}; printf '\n'; }
same long-line "wide | $extract --extract 90001" "echo '0.000 123456789.25'"
# Pairs of many CPUs are not held in memory as text.
sed 's/# nr_cpus .*/# nr_cpus 2048/' small.trace >wide.trace
for output in text json csv; do
	says "pairs-of-many-cpus-$output" 0 "(ulimit -v 131072; $stats --period 20000 --period_cpu_pair --period_all --output $output wide.trace) | wc -c; exit \${PIPESTATUS[0]}" ""
done
# Nor is a trace: memory grows with the processes that live in it, and not with events or names.
# many PROCESSES NAMES: as many events of each, each process with so many names one after another.
many() {
	printf '# version 1.1.0\n# nr_cpus 4\n# cpu 1 core 1 llc 0 node 0 capacity 1024\n# cause 1 pull\n# cause 2 wake\n# loc 8 copy_process\n'
	printf '0x0000000000000001 0 . . . start_sched_clock 1281528519 500000\n'
	awk -v processes="$1" -v names="$2" 'BEGIN {
		for (pid = 1; pid <= processes; pid++)
			for (i = 0; i < names; i++) {
				n++
				printf "0x%016x 0 . . %d 8 : %d-%d\n", n * 1000, pid, pid, i
				printf "0x%016x 1 1 2 %d 1\n0x%016x 2 2 1 %d 2\n", n * 1000 + 100, pid, n * 1000 + 200, pid
			}
	}'
}
largest_kib() {
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1], shell=True, check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$1"
}
# small_enough NAME 'COMMAND': it takes less than 32 MiB.
small_enough() {
	local kib
	kib=$(largest_kib "$2")
	if [[ $kib =~ ^[0-9]+$ ]] && ((kib < 32768)); then echo "ok $1"; else failed "$1" "'$2' took '$kib' KiB"; fi
}
many 100000 1 >processes.trace
many 2 250000 >names.trace
for report in --migrate --ps --summary_pid --topology --residency --pingpong; do
	small_enough "memory-processes $report" "$stats $report processes.trace"
	small_enough "memory-names $report" "$stats $report names.trace"
done
head -c 3000 small.trace >cut.1
tail -c +3001 small.trace >cut.2
same cut-file "cat cut.1 cut.2 | $stats --stats" "$stats --stats small.trace"
says cut-file-alone 0 "$stats --stats cut.1 cut.2 2>&1 >/dev/null" "skipped"
ends text-takes-any-word 0 "$stats --comm --stats tiny.trace"
ends text-takes-empty-word 0 "$stats --comm '' tiny.trace"
# Standard error that cannot be written changes nothing else.
for nowhere in '2>/dev/full' '2>&-'; do
	ends "error-$nowhere" 1 "$stats --stats nofile $nowhere"
	same "warning-$nowhere" "$stats --stats --comm nobody small.trace $nowhere" "$stats --stats --comm nobody small.trace 2>/dev/null"
done
ends help 0 "$stats --help"
ends help-short 0 "$extract -h"
ends help-format 0 "$stats --help_format"
ends version 0 "$extract --version"

# Bad options.
ends unknown-option 1 "$stats --nosuch tiny.trace" "--help"
ends option-without-value 1 "$stats --period" "--help"
ends number-expected 1 "$stats --pid --stats tiny.trace" "--help"
ends mark-expected 1 "$stats --begin_mark 08 tiny.trace" "octal"
ends mark-with-sign 1 "$stats --begin_ts -1 tiny.trace" "--begin_ts"
ends mark-too-large 1 "$stats --end_mark 0x10000000000000000 tiny.trace" "64 bits"
ends period-missing 1 "$stats --period_all tiny.trace" "--period"
ends period-negative 1 "$stats --period -1 --period_all tiny.trace" "greater than 0"
ends period-of-nothing 1 "$stats --period 1000 tiny.trace" "--period_all"
ends include-and-exclude 1 "$stats --cpu_to 1 --cpu_to_exclude 2 tiny.trace" "--cpu_to_exclude"
ends unknown-cause 1 "$stats --cause nosuch tiny.trace" "try_to_wake_up"
ends max-cpu-negative 1 "$stats --stats --max_cpu -1 tiny.trace" "--max_cpu"
ends output-form 1 "$stats --stats --output xml tiny.trace" "json"
ends two-items 1 "$extract --extract 2 --min_field k1000.stat" "one item"
ends two-items-of-header 1 "$extract --nr_cpus --ts_field k1000.stat" "one item"
ends no-item 1 "$extract k1000.stat" "--extract"
ends bad-time 1 "$extract --extract 2 --begin_gmt 2010-08-11 k1000.stat" "yyyy/mm/dd"

# Inputs.
ends missing-file 1 "$stats --stats $work/none" "$work/none: No such file"
ends missing-second-file 1 "$stats --stats tiny.trace $work/none" "No such file"
ends directory 1 "$stats --stats $work" "directory"
ends directory-to-extract 1 "$extract --nr_cpus $work" "directory"
ends not-a-command 1 "$stats --stats 'echo hello |'" "No such file"
ends broken-off 1 "$stats --stats /proc/self/mem" "cannot read"
ends cut-line 0 "$stats --stats truncated.trace" "skipped 1 line"
ends cut-line-strict 1 "$stats --strict --stats truncated.trace" "truncated.trace:116"
ends last-line-feed-missing 0 "$stats --stats nonl.trace"
ends unknown-events 0 "$stats --stats unknown_loc.trace" "3 events"
ends version-2 1 "$extract --extract 2 k_version2.stat" "version"
ends empty 0 "$stats --stats --summary_pid --consistency empty.trace" "empty.trace: there are no events"
ends empty-stdin 0 "$stats --migrate --pid 5 </dev/null" "standard input: there are no events"
ends empty-header 0 "$stats --ps header_only.trace" "there are no events"
ends empty-periods 0 "$stats --period 1000 --period_all empty.trace"
ends empty-version 0 "$stats --header_version empty.trace"
ends full-disk 1 "$stats --migrate small.trace >/dev/full" "No space left"
same kernel-order "$stats --mig --mark --ps --ts_rel hand_kernelorder.trace" "$stats --mig --mark --ps --ts_rel hand.trace"
same kernel-order-pipe "$stats --stats - <tiny.unsorted" "cat tiny.trace | $stats --stats"
same header-last "$stats --stats en_us_order.trace" "$stats --stats hand.trace"

# A reader that goes away ends the program like other filters, without a word.
said=$( { { xzcat medium.trace.xz | "$stats" --migrate; } | head -n 1; echo "${PIPESTATUS[0]}"; } 2>&1 | tail -n 1)
if [[ $said == 141 ]]; then echo "ok quiet-when-the-reader-leaves"; else failed quiet-when-the-reader-leaves "got '$said'"; fi

if command -v python3 >/dev/null; then
	check_json='import json, sys
for line in sys.stdin.buffer: json.loads(line.decode())["type"]'
	for input in hand utf8 cpu_over empty no_start; do
		if "$stats" --output json --stats --summary_pid --consistency --migrate --mark --ps --period 500 --period_cause \
			--period_cpu_pair "$input.trace" 2>/dev/null | python3 -c "$check_json"; then
			echo "ok json-$input"
		else
			failed "json-$input" "it is not JSON"
		fi
	done
else
	failed json "there is no python3: run scripts/setup"
fi
((failures == 0))
