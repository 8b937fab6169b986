#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The module's sources build inside a kernel tree, as Kconfig.snippet says: as a module, built in, and each feature alone.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${MIGSCOPE_CACHE:-$HOME/.cache/migscope}/sources
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "FAILED $1: $2"
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# What building a kernel needs on top of what scripts/setup installs.
for package in bc bison flex libelf-dev; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		as_root apt-get install -y --no-install-recommends "$package" >/dev/null ||
		fail "setting up" "$package cannot be installed"
done
if [ ! -e "$cache/linux-source-6.1.tar.xz" ]; then
	mkdir -p "$cache"
	(cd "$work" && apt-get download linux-source-6.1 >/dev/null && dpkg -x linux-source-6.1_*.deb . &&
		mv usr/src/linux-source-6.1.tar.xz "$cache/") || fail "setting up" "linux-source-6.1 cannot be downloaded"
fi
tar -xf "$cache/linux-source-6.1.tar.xz" -C "$work" || fail "setting up" "unpacking the kernel's source"
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
