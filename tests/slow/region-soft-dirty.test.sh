#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Memory of a device, copied by soft-dirty bits, on a kernel that has them: an emulated guest in an emulated machine, where all takes
# fifty to a hundred times as long as here.
set -u

# shellcheck source=tests/slow/lib.sh
. "$(dirname "$0")/lib.sh"

name="memory of a device, copied by soft-dirty"
qemu=$(command -v qemu-system-arm) || fail "$name" "there is no qemu-system-arm; run scripts/setup"
dirtyram=$top/build/guest/dirtyram.armhf
if [ ! -e "$dirtyram" ] || [ ! -e "$cache/guests/armhf/vmlinuz" ]; then
	fail "$name" "there is no guest of armhf; run scripts/setup and make"
fi
# As slow as that the ticks of the guest's clock come faster than it can take them, and it boots no further. So its time is counted
# in instructions, which takes one thread for all of its CPUs.
cat >"$work/qemu" <<'SH'
#!/bin/sh
for word; do
	shift
	[ "$word" != tcg,thread=multi ] || word=tcg
	set -- "$@" "$word"
done
exec qemu-system-arm "$@" -smp 1 -icount shift=6,sleep=off
SH
chmod +x "$work/qemu"
timeout 1900 "$top/scripts/vm-run" --kernel 6.1 --smp 2 --timeout 1800 --put "$qemu=/usr/local/bin/qemu-system-arm" \
	--put "$dirtyram=/usr/local/guest/dirtyram.armhf" --put "$cache/guests/armhf=/root/cache/guests/armhf" --put "$work/qemu=/root/qemu" -- \
	env MIGSCOPE_CACHE=/root/cache dirtylog_verify region --machine virt-arm --tracker soft-dirty --qemu /root/qemu --boot-timeout 25m \
	--interval 1s --duration 2s >"$work/log" 2>&1 || fail "$name" "it ended with $?"
cat "$work/log"
grep -q "^identical " "$work/log" || fail "$name" "it does not say so"
copied=$(awk '/^copied .* by soft-dirty/ { print $2 }' "$work/log")
# All 2048 at first, and then what is written.
[ "${copied:-0}" -gt 2500 ] || fail "$name" "only ${copied:-0} pages were copied"
echo "ok $name"
