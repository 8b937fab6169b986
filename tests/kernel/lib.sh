# SPDX-License-Identifier: GPL-2.0-only
# Read before each script of a kernel test.
T=/sys/kernel/debug/migration_trace
S=/sys/kernel/debug/migration_stat
P=/sys/module/migrate_trace_lite/parameters
cd /root/kernel-tests || exit 1
PATH=$PATH:/root/guest

# put VALUE FILE: writes VALUE without a newline; prints ok, or why it was refused.
put() {
	reason=$( (echo -n "$1" >"$2") 2>&1) && echo ok || echo "${reason##*: }"
}

# try COMMAND: what it prints (ok if nothing), or why it failed.
try() {
	reason=$("$@" 2>&1) && echo "${reason:-ok}" || echo "${reason##*: }"
}

# The migration events of a trace: TS CPU FROM TO PID K.
migrations() {
	awk '$1 ~ /^0x/ && NF == 6 && $4 != "."' "$1"
}

# The number of an event, from the header of a trace: event_number FILE NAME.
event_number() {
	awk -v name="$2" '$1 == "#" && $4 == name { print $3 }' "$1"
}

# Starts the module again with other parameters.
reload() {
	rmmod migrate_trace_lite 2>/dev/null
	modprobe migrate_trace_lite "$@"
}

# Both features on, with marks right after the start and before the end of the statistics and quiet around them.
both_on() {
	echo 1 >$T/enable
	sleep 1
	echo 1 >$S/enable
	echo 0xa >$T/mark
	sleep 1
}

both_off() {
	sleep 1.2
	echo 0xb >$T/mark
	echo 0 >$S/enable
	echo 0 >$T/enable
}

# Compares the counts of $S/stat, over its complete periods, with the events of the trace in the same time. Events within
# 20 ms of begin or end may be in one and not in the other; there are hardly any, as it is quiet then.
compare_counts() {
	grep -h '^#' $T/trace $S/stat >/tmp/header
	grep -v '^#' $S/stat >/tmp/rows
	sort $T/trace >/tmp/sorted
	awk -v period=$(cat $S/period_msec) -v rows=$(wc -l </tmp/rows) '
		FILENAME == "/tmp/header" { if ($2 == "cause") name[$3] = $4; else if ($2 == "field") field[$3] = $4; next }
		FILENAME == "/tmp/rows" { for (f = 2; f <= NF; f++) stat[field[f]] += $f; next }
		$6 == 11 && $7 == "0x0000000a" { begin = $1 + 0; end = begin + rows * period * 1e6 }
		NF == 6 && $4 != "." {
			t = $1 + 0
			if ((t > begin - 2e7 && t < begin + 2e7 && begin) || (end && t > end - 2e7 && t < end + 2e7)) edge++
			if (begin && t <= end) { trace[name[$6]]++; trace["migrate"]++ }
		}
		END {
			for (f in field) {
				n = field[f]; d = stat[n] - trace[n]
				if (d > edge || -d > edge) { print n, "stat", stat[n] + 0, "trace", trace[n] + 0, "at the edges", edge + 0; bad = 1 }
			}
			if (stat["migrate"] < 100) { print "too few:", stat["migrate"]; bad = 1 }
			if (edge > 10) { print "not quiet:", edge; bad = 1 }
			if (!bad) print "equal"
		}' /tmp/header /tmp/rows /tmp/sorted
}

# How many marks of mt_clock_test there are and how exact their times: clock_errors FILE MARKS.
clock_errors() {
	awk -v marks=$2 '
		$6 != 11 { next }
		{ value = int($7 / 2) }
		$7 % 2 == 0 { time = $1 + 0; before = value; next }
		{
			n++
			error = time < before ? before - time : time > value ? time - value : 0
			if (error > 1000) { print "CPU " $2 ": " error " ns outside of", before, value; bad = 1 }
		}
		END { if (n != marks) print n + 0, "marks"; else if (!bad) print n, "marks within 1 us" }' $1
}

# Each CPU's events stand in the order of time; prints those that do not.
cpu_order() {
	awk '/^0x/ { if ($1 < last[$2]) print "CPU " $2 ": " $1 " after " last[$2]; last[$2] = $1 }' $1
}

# The module as a file, for programs that load it themselves.
MODULE=/lib/modules/$(uname -r)/extra/migrate_trace_lite.ko

# On a debug kernel: an allocation of any kind and size can be made to fail (/proc/self/fail-nth), quietly.
fail_any_allocation() {
	for kind in failslab fail_page_alloc; do
		echo N >/sys/kernel/debug/$kind/ignore-gfp-wait
		echo 0 >/sys/kernel/debug/$kind/verbose
	done
	echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}
