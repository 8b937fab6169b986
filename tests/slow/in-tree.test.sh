#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The module's sources build inside a kernel tree, as Kconfig.snippet says: as a module, built in, and each feature alone.
# A kernel with both built in boots and works.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "FAILED $1: $2"
	exit 1
}

# shellcheck source=tests/slow/kernel-source.sh
. "$top/tests/slow/kernel-source.sh"
install_kernel_build_packages || fail "setting up" "a package cannot be installed"
unpack_kernel_source "$work" || fail "setting up" "the source of linux 6.1 cannot be had"
tree=$work/linux-source-6.1

# The steps of Kconfig.snippet.
mkdir "$tree/kernel/trace/migrate_trace_lite"
cp -r "$top/kmod/." "$tree/kernel/trace/migrate_trace_lite/"
cp "$top/kmod/include/linux/migrate_trace_lite.h" "$tree/include/linux/"
cp "$top/Kconfig.snippet" "$tree/kernel/trace/migrate_trace_lite/Kconfig"
echo 'obj-$(CONFIG_MIGRATE_TRACE_LITE) += migrate_trace_lite/' >>"$tree/kernel/trace/Makefile"
sed -i '/^menu "Kernel hacking"/a source "kernel/trace/migrate_trace_lite/Kconfig"' "$tree/lib/Kconfig.debug"

cd "$tree" || exit 1

# check NAME OPTION...: configure with the options, build the folder, and look for the object files that must be there.
check() {
	local name=$1 option log=$work/log
	shift
	make -s tinyconfig >/dev/null 2>&1
	for option in 64BIT SMP MODULES DEBUG_FS FTRACE "$@"; do
		case $option in
		*=*) echo "CONFIG_$option" ;;
		*) echo "CONFIG_$option=y" ;;
		esac
	done >>.config
	make -s olddefconfig >/dev/null 2>&1
	rm -f kernel/trace/migrate_trace_lite/*.o
	if make -s -j"$(nproc)" prepare kernel/trace/migrate_trace_lite/ >"$log" 2>&1 && ! grep -q 'warning:' "$log"; then
		echo "ok $name: $(grep MIGRAT .config | grep '=[^n]' | sed 's/CONFIG_//' | tr '\n' ' ')"
	else
		tail -n 20 "$log"
		echo "FAILED $name: the build has errors or warnings"
	fi
}

objects() {
	(cd kernel/trace/migrate_trace_lite && echo *.o)
}

check "built in, with both features" MIGRATE_TRACE_LITE
check "as a module" MIGRATE_TRACE_LITE=m
check "the trace alone" MIGRATE_TRACE_LITE SNSC_LITE_MIGRATION_STAT=n
case " $(objects) " in
*" mt_stat.o "*) echo "FAILED the trace alone does not contain the statistics: $(objects)" ;;
*) echo "ok the trace alone does not contain the statistics" ;;
esac
check "the statistics alone" MIGRATE_TRACE_LITE SNSC_LITE_MIGRATION_TRACE=n
case " $(objects) " in
*" mt_trace.o "*) echo "FAILED the statistics alone do not contain the trace: $(objects)" ;;
*) echo "ok the statistics alone do not contain the trace" ;;
esac
check "sizes of one's own" MIGRATE_TRACE_LITE SNSC_LITE_MIGRATION_TRACE_BUF_KB=1048576 SNSC_LITE_MIGRATION_STAT_HOURS=8760
make -s tinyconfig >/dev/null 2>&1
printf 'CONFIG_%s=y\n' 64BIT SMP DEBUG_FS MIGRATE_TRACE_LITE >>.config
echo CONFIG_SNSC_LITE_MIGRATION_TRACE_BUF_KB=1048577 >>.config
make -s olddefconfig >/dev/null 2>&1
if grep -q 'TRACE_BUF_KB=1048577' .config; then
	echo "FAILED a size out of range is not taken: $(grep BUF_KB .config)"
else
	echo "ok a size out of range is not taken"
fi

# The kernel as a whole. What it must print: three lines of settings, then what both features have seen.
cat "$top/tests/slow/vm.config" - >"$work/options" <<'TXT'
CONFIG_PVH=y
CONFIG_MIGRATE_TRACE_LITE=y
CONFIG_SNSC_LITE_MIGRATION_TRACE_BUF_KB=128
CONFIG_SNSC_LITE_MIGRATION_STAT_HOURS=2
TXT
cat >"$work/expected" <<'TXT'
128 3
walk of 100
counted
empty again
TXT
cat >"$work/guest" <<'TXT'
parameters=/sys/module/migrate_trace_lite/parameters
echo $(cat $parameters/trace_buf_kb $parameters/stat_hours)
cd /sys/kernel/debug
echo 100 >migration_stat/period_msec
echo 1 >migration_stat/enable
echo 1 >migration_trace/enable
workload walk 100 >/root/moves
sleep 1
echo 0 >migration_trace/enable
echo 0 >migration_stat/enable
pid=$(head -n 1 /root/moves)
sort migration_trace/trace | awk -v pid=$pid '/^0x/ && NF == 6 && $4 != "." && $5 == pid { print $3, $4 }' |
	tail -n 100 >/root/seen
tail -n +2 /root/moves | cmp - /root/seen && echo walk of $(wc -l </root/seen)
awk '!/^#/ { n += $NF } END { if (n >= 100) print "counted"; else print "only", n }' migration_stat/stat
echo 0 >migration_trace/reset
grep -qv '^#' migration_trace/trace || echo empty again
TXT

boot() {
	configure_kernel "$work/options" && nice make -s -j"$(nproc)" bzImage || return
	"$top/scripts/vm-run" --kernel arch/x86/boot/bzImage --strict-kernel --append migrate_trace_lite.stat_hours=3 \
		--put "$top/build/guest/workload=/bin/workload" --put "$work/guest=/root/guest" -- sh /root/guest \
		>"$work/printed" && diff "$work/expected" "$work/printed"
}

if boot >"$work/log" 2>&1; then
	echo "ok a kernel with both features built in boots, takes parameters, traces and counts"
else
	tail -n 40 "$work/log"
	echo "FAILED a kernel with both features built in boots, takes parameters, traces and counts"
fi
