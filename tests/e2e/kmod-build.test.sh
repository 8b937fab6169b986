#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Building the module: each feature alone, and what the scripts say when they cannot.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() {
	local name=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok $name"
	else
		tail -n 5 "$work/log"
		echo "FAILED $name: exit status not 0"
	fi
}

says() {
	local name=$1 pattern=$2
	shift 2
	if "$@" >"$work/log" 2>&1; then
		echo "FAILED $name: exit status 0"
	elif grep -q "$pattern" "$work/log"; then
		echo "ok $name"
	else
		echo "FAILED $name: said '$(head -n 1 "$work/log")'"
	fi
}

# In a VM: the directory of the one feature is there and works, the other is not.
alone() {
	MT_TRACE=$1 MT_STAT=$2 KMOD_OUT=$work/$3 "$top/scripts/kmod-build" 6.1 &&
		"$top/scripts/vm-run" --kernel 6.1 --put "$work/$3/migrate_trace_lite.ko" -- sh -c "
			insmod /root/migrate_trace_lite.ko && cd /sys/kernel/debug && test -d $3 && test ! -d $4 &&
			echo 1 > $3/enable && sleep 1 && echo 0 > $3/enable && rmmod migrate_trace_lite"
}

check "the trace can be built alone, and works" alone y n migration_trace migration_stat
check "the statistics can be built alone, and work" alone n y migration_stat migration_trace
# Which kernel is meant, in a cache that has only their names.
meant() { # EXPECTED COMMAND...
	local expected=$1 got
	shift
	got=$(MIGSCOPE_CACHE=$work/cache "$@" | awk '{ print $1 }')
	[ "$got" = "$expected" ] || { echo "$got"; return 1; }
}
for kver in 5.10.0-9-amd64 6.12.9+deb12-amd64 6.12.10+deb12-amd64 6.12.10+deb12-rt-amd64 7.2.1+deb14-amd64; do
	mkdir -p "$work/cache/kernels/$kver/build"
	touch "$work/cache/kernels/$kver/build/Makefile"
done
echo bookworm >"$work/cache/kernels/6.12.10+deb12-amd64/suite"
echo sid >"$work/cache/kernels/5.10.0-9-amd64/suite"
check "6.12 is the newest 6.12" meant 6.12.10+deb12-amd64 "$top/scripts/kmod-build" --have 6.12
check "6.12-rt is the real-time one" meant 6.12.10+deb12-rt-amd64 "$top/scripts/kmod-build" --have 6.12-rt
check "setup lists the same for 6.12" meant 6.12.10+deb12-amd64 "$top/scripts/setup" --list --kernel 6.12
check "setup knows which kernel is from sid" meant 5.10.0-9-amd64 "$top/scripts/setup" --list --kernel sid
says "setup says that a kernel is not there" "kernel 4.4 is not cached" "$top/scripts/setup" --list --kernel 4.4
says "a kernel without headers is named, with what to do" "scripts/setup --kernel 4.4" "$top/scripts/kmod-build" 4.4
says "two kernels at once are refused" "one kernel at a time" "$top/scripts/kmod-build" 6.1 6.12
says "an unknown option is refused" "unknown option" "$top/scripts/kmod-build" --nosuch
says "an unknown option for loading is refused" "unknown option" "$top/scripts/kmod-load" --nosuch
