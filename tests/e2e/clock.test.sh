#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Times in a trace are those of sched_clock() to the microsecond: over ten minutes where the kernel trusts the cycle
# counter, and where it does not, so that the module must not, either. In a guest that counts instructions instead of time
# (QEMU's -icount) and skips those in which nothing runs, ten minutes take seconds, and the clocks can be read at the same
# instruction in every run.
#
# Usage: tests/e2e/clock.test.sh    KERNEL=6.1 in the environment: as for scripts/vm-run --kernel

set -u
cd "$(dirname "$0")/../.." || exit 1
failures=0

# clock NAME EXPECTED OPTION...: what eleven marks, a minute apart, tell in a guest with these options.
clock() {
	local name=$1 expected=$2 out
	shift 2
	out=$(scripts/vm-run --kernel "${KERNEL:-6.1}" --smp 1 --accel tcg,thread=single --qemu '-icount shift=0,sleep=off' \
		"$@" --put tests/kernel/lib.sh -- sh -c '
		mkdir -p /root/kernel-tests
		. ./lib.sh
		modprobe migrate_trace_lite && modprobe mt_clock_test
		cat $P/cycles
		M=/sys/module/mt_clock_test/parameters/mark
		echo 1 >$T/enable
		echo 1 >$M
		for minute in 1 2 3 4 5 6 7 8 9 10; do sleep 60; echo 1 >$M; done
		echo 0 >$T/enable
		clock_errors $T/trace 11
		awk "\$6 == 11 { if (!first) first = \$1 + 0; last = \$1 + 0 } END { print (last - first > 599e9) ? \"ten minutes\" : last - first }" $T/trace
		' </dev/null 2>&1)
	if [ "$out" = "$expected" ]; then
		echo "ok $name"
	else
		echo "FAILED $name: $out"
		failures=$((failures + 1))
	fi
}

clock "times are exact to 1 us over ten minutes" $'Y\n11 marks within 1 us\nten minutes'
clock "so they are without a cycle counter that the kernel trusts" $'N\n11 marks within 1 us\nten minutes' --append tsc=unstable
((failures == 0))
