#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The module for arm64: cross-built for Debian's 6.1 without a warning, loaded in an emulated machine with 4 CPUs, and what
# it records there read by the analyzers here.
set -u

# shellcheck source=tests/slow/lib.sh
. "$(dirname "$0")/lib.sh"
cache=$cache/arm64

# What this test alone needs: the compiler with its C library, and the emulator.
for package in gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm; do
	install_package "$package"
done

# Debian's packages of another architecture, without telling the system's apt about it.
mkdir -p "$cache"/{state/lists/partial,cache/archives/partial}
: >"$cache/status"
private_apt() {
	local tool=$1
	shift
	"apt-$tool" -qq -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 \
		-o Dir::State="$cache/state" -o Dir::Cache="$cache/cache" -o Dir::State::status="$cache/status" "$@"
}

# Kernel, headers and their common part in one version; the programs of the build are those of this machine.
fetch() {
	local kver version debs=$work/debs
	private_apt get update || return
	kver=$(private_apt cache search --names-only '^linux-image-6\.1\.0-[0-9]+-arm64$' | awk '{ print $1 }' |
		sed 's/^linux-image-//; s/:arm64$//' | sort -V | tail -n 1)
	version=$(private_apt cache policy "linux-image-$kver:arm64" | awk '/Candidate/ { print $2 }')
	mkdir -p "$debs" "$work/new"
	(cd "$debs" && private_apt get download "linux-image-$kver:arm64=$version" "linux-headers-$kver:arm64=$version" \
		"linux-headers-${kver%-arm64}-common=$version" "linux-kbuild-6.1:amd64=$version" busybox-static:arm64) || return
	for deb in "$debs"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/new" --no-same-owner --exclude='*/lib/modules/*' --exclude='./usr/share' ||
			return
	done
	# The headers expect to lie in /usr/src; a vmlinux among them makes the build ask for pahole.
	sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' "$work/new/usr/src/linux-headers-$kver/Makefile"
	rm -f "$work/new/usr/src/linux-headers-$kver/vmlinux"
	mv "$work/new" "$cache/$kver"
}

kernel=$(find "$cache" -maxdepth 1 -name '6.1.*-arm64' | sort -V | tail -n 1)
if [ -z "$kernel" ]; then
	fetch >"$work/log" 2>&1 || fail "setting up" "the arm64 kernel cannot be fetched"
	kernel=$(find "$cache" -maxdepth 1 -name '6.1.*-arm64' | sort -V | tail -n 1)
fi
kver=${kernel##*/}

mkdir "$work/kmod"
cp -r "$top/kmod/." "$work/kmod/"
if make -C "$kernel/usr/src/linux-headers-$kver" M="$work/kmod" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
	-j"$(nproc)" modules >"$work/log" 2>&1 && ! grep 'warning:' "$work/log"; then
	echo "ok the module builds for arm64 ($kver)"
else
	fail "the module builds for arm64" "errors or warnings"
fi
aarch64-linux-gnu-gcc -O2 -static -pthread -o "$work/workload" "$top/tests/workload/workload.c" >"$work/log" 2>&1 ||
	fail "the workload builds for arm64" "errors"

# The guest: busybox, the module, and a script as the first process.
root=$work/root
mkdir -p "$root"/{bin,proc,sys,dev}
cp "$kernel/bin/busybox" "$work/workload" "$root/bin/"
cp "$work/kmod/migrate_trace_lite.ko" "$root/"
cat >"$root/init" <<'TXT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t debugfs debugfs /sys/kernel/debug
T=/sys/kernel/debug/migration_trace
S=/sys/kernel/debug/migration_stat
insmod /migrate_trace_lite.ko
echo 100 >$S/period_msec
echo 1 >$S/enable
echo 1 >$T/enable
workload walk 100 >/moves
workload mixed 2 >/dev/null 2>&1
sleep 1
echo 0 >$T/enable
echo 0 >$S/enable
for file in /moves $T/trace $S/stat; do
	echo "@@$file"
	cat $file
done
echo "@@end"
rmmod migrate_trace_lite && echo unloaded
dmesg | grep -E 'WARNING|BUG|Oops|INFO: '
echo "@@over"
poweroff -f
TXT
chmod +x "$root/init"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >"$work/initrd")
timeout 300 qemu-system-aarch64 -M virt -cpu cortex-a57 -smp 4 -m 512 -nic none -display none -no-reboot -serial stdio \
	-monitor none -kernel "$kernel/boot/vmlinuz-$kver" -initrd "$work/initrd" -append "console=ttyAMA0 quiet panic=-1" \
	</dev/null 2>&1 | tr -d '\r' >"$work/log"
grep -q '^@@over' "$work/log" || fail "an arm64 guest runs the module" "it did not come to the end"

# part NAME: what the guest printed under it.
part() {
	awk -v name="@@$1" '/^@@/ { on = $0 == name; next } on' "$work/log"
}

check() {
	local name=$1
	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "FAILED $name: see build/test-logs"
	fi
}

part /moves >"$work/moves"
part /sys/kernel/debug/migration_trace/trace | sort >"$work/trace"
part /sys/kernel/debug/migration_stat/stat >"$work/stat"

same_walk() {
	local pid
	pid=$(head -n 1 "$work/moves")
	awk -v pid="$pid" '/^0x/ && NF == 6 && $4 != "." && $5 == pid { print $3, $4 }' "$work/trace" | tail -n 100 >"$work/seen"
	[ "$(wc -l <"$work/seen")" = 100 ] && tail -n +2 "$work/moves" | diff - "$work/seen"
}

# The trace has all of what the statistics have counted, but for what came before and after it.
same_counts() {
	local traced counted
	traced=$(awk '/^0x/ && NF == 6 && $4 != "."' "$work/trace" | wc -l)
	counted=$(awk '!/^#/ { n += $NF } END { print n + 0 }' "$work/stat")
	echo "traced $traced, counted $counted"
	[ "$traced" -gt 100 ] && [ "$counted" -gt $((traced * 9 / 10)) ] && [ "$counted" -lt $((traced * 11 / 10 + 10)) ]
}

read_trace() {
	"$top/build/bin/migrate_stats" --stats "$work/trace" | grep -E '^ *total +[0-9]+'
}

check "every move of a task is in the arm64 trace" same_walk
check "trace and statistics of arm64 agree" same_counts
check "migrate_stats reads the arm64 trace" read_trace
check "the arm64 module unloads, and the kernel has nothing to say" test "$(part end)" = unloaded
