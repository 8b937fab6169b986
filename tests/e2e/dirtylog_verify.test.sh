#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dirtylog_verify: migrations of real guests, by a QEMU that loses pages and without what makes it lose them; VMs that a user
# has started; memory that was saved and damaged. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/dirtylog_verify.test.sh DIRECTORY_OF_PROGRAMS

needs_root=y
. "$(dirname "$0")/mig_mon_lib.sh"
verify=$programs/dirtylog_verify
guests=${MIGSCOPE_CACHE:-$HOME/.cache/migscope}/guests
# Memory of a multiple of 64 pages makes an emulating QEMU 7.2 lose some of them; 8 KB less do not.
whole=256M less=262136K

# field FILE EXPRESSION: of the JSON object in the file, "o"
field() { python3 -c 'import json, sys; print(eval(sys.argv[2], {"o": json.loads(open(sys.argv[1]).readlines()[-1])}))' "$@"; }
# identical NAME TEXT OPTION...: it is, and TEXT is said.
identical() {
	local name=$1 text=$2 said=said.$BASHPID
	shift 2
	timeout 200 "$verify" run "$@" >"$said" 2>&1
	ended "$name" 0 "$said" "identical " "sum -r" "$text"
}
# copied TRACKER OPTION...: memory of a device.
copied() {
	local tracker=$1 said=said.$BASHPID
	shift
	timeout 100 "$verify" region --tracker "$tracker" "$@" >"$said" 2>&1
	ended "memory of a device, copied by $tracker" 0 "$said" "identical " ", by $tracker"
	# All at first, and then what three writers write within 5 seconds, a few times over.
	within "again and again" "$(awk '/^copied/ { print $2 }' "$said")" 8000 1000000
}
# at_once COMMAND COMMAND: booting takes one CPU.
at_once() {
	eval "$1" >first &
	(eval "$2") >second
	wait $!
	cat first second
	failures=$((failures + $(cat first second | grep -c '^FAILED')))
}

# Lost pages are found, and explained.
"$top/scripts/vm-run" --kernel 6.1 --timeout 100 -- cat /proc/kallsyms >System.map 2>vm.log
# Whether it loses some in one migration, and which, depends on what the emulated CPU has in its TLB.
for _ in 1 2 3 4; do
	timeout 200 "$verify" run --machine pc --memory $whole --bandwidth 32M --passes 8 --system-map System.map >out 2>&1
	status=$?
	! grep -q "of dirtyram" out || break
done
(exit $status)
ended "lost pages are found" 1 out "different " "of dirtyram" " s old" "known cause" "262136K" "first byte"
within "of thousands a few" "$(awk '/^different/ { print $2 }' out)" 5 2000
[[ $(grep -c 'pc.ram at .*; [a-z_]' out) -gt 0 ]] && [[ $(awk '/^source/ { print $4 }' out) != $(awk '/^destination/ { print $4 }' out) ]]
ended "with the symbols of the kernel, and sums that differ" 0 out

identical "no page is lost where QEMU sees all" "" --machine pc --memory $less --bandwidth 32M --passes 6 --save
mv said.* out
sums=$(awk '/^source|^destination/ { print $4, $5, $7 }' out)
[[ $sums == "$(for i in 0 1; do echo "$(sum -r ramimage$i | cut -d' ' -f1,2) $(sha256sum ramimage$i | cut -d' ' -f1)"; done)" ]]
ended "the sums are those of sum -r and sha256sum" 0 out
within "as many passes as wanted" "$(awk '/^migration/ { print $2 }' out)" 6 100

# A byte, in both ways that one can lie.
printf '\x5a' | dd of=ramimage1 bs=1 seek=$((0x123456)) conv=notrunc status=none
printf '\xa5' | dd of=ramimage0 bs=1 seek=$((0x123456)) conv=notrunc status=none
"$verify" compare ramimage0 ramimage1 >out 2>&1
ended "one byte is found" 1 out "different     1 of" "pc.ram at 0x123000: 1 page, 1 bytes" "first byte    pc.ram at 0x123456; from 0x123450 on" "a5" "5a"
"$verify" compare ramimage0 ramimage1 --output json >out 2>&1
within "and so in JSON" "$(field out 'o["differences"][0]["offset"] == 0x123000 and o["different_bytes"] == 1 and not o["identical"]')" True True
"$verify" compare ramimage0 ramimage0 >out 2>&1
ended "a file is identical to itself" 0 out "identical "
truncate -s -1 ramimage1
"$verify" compare ramimage0 ramimage1 >out 2>&1
ended "a file that was cut off" 1 out "was it cut off?"
rm ramimage1.json
"$verify" compare ramimage0 ramimage1 >out 2>&1
ended "files that do not belong together" 1 out "only the first has it" "only the second has it"
rm -f ramimage*

# The machines of the seeds, each with three writers; and other ways to migrate.
at_once 'identical "vexpress-a15, whose pages have 1024 bytes" "pages of 1024 bytes" --machine vexpress-a15 --memory 98296K --bandwidth 32M --passes 5' \
	'identical "virt-arm" "" --machine virt-arm --memory 131064K --bandwidth 32M --passes 5'
at_once 'identical "virt" "" --machine virt --memory 131064K --bandwidth 32M --passes 5' \
	'identical "multifd" "" --machine virt-arm --memory 131064K --cap multifd --bandwidth 32M'
at_once 'identical "postcopy" " by postcopy" --machine virt-arm --memory 131064K --cap postcopy-ram --bandwidth 8M --passes 2' \
	'copied shadow --machine virt-arm'

says "too little memory" 1 "'$verify' run --machine vexpress-a15 --memory 32M" "does not boot" "at least 64 MB"
says "a machine that there is not" 1 "'$verify' run --machine s390" "vexpress-a15"
says "a capability that there is not" 1 "timeout 60 '$verify' run --machine virt-arm --memory 131064K --cap no-such" "no-such"
says "a guest that does not boot" 1 "timeout 60 '$verify' run --machine virt --kernel /bin/true --qemu-arg -bogus" "QEMU has ended" "bogus"
says "huge pages that were not reserved" 1 "'$verify' run --host-pages 2m" "nr_hugepages"
says "a migration that leaves out what was wanted" 1 "timeout 60 '$verify' run --machine virt-arm --memory 131064K --workload 'true' --passes 50" "50 were wanted"

# Memory that is copied by what a tracker tells.
copied pagemap-scan
# What QEMU itself misses in such memory (see above) nobody can tell: hardly ever for writers that sleep for long.
for _ in 1 2 3; do
	(copied stream --workload "dirtyram 2048 1024 500" --workload "dirtyram 1024 300 200") >stream
	grep -q ^FAILED stream || break
done
cat stream
failures=$((failures + $(grep -c '^FAILED' stream)))
says "no memory of a device" 1 "'$verify' region --machine vexpress-a15" "no PCI"
says "a tracker that tells rates only" 1 "'$verify' region --tracker sampling" "does not tell which pages"
says "a tracker that there is not" 1 "'$verify' region --tracker no-such" "list-trackers"

# VMs of a user.
mkdir -p root/bin root/dev
cp "$guests/armhf/busybox" root/bin/busybox
cp "$programs/../guest/dirtyram.armhf" root/bin/dirtyram
cat >root/init <<'SH'
#!/bin/busybox sh
/bin/dirtyram 2000 200 50
SH
chmod +x root/init
(cd root && find . | busybox cpio -o -H newc >../initrd) 2>/dev/null
# machine NAME OPTION...: a QEMU with its monitor at NAME.qmp
machine() {
	local name=$1
	shift
	rm -f "$name.qmp"
	qemu-system-arm -nodefaults -display none -machine virt -cpu cortex-a15 -accel tcg -m 131064K -kernel "$guests/armhf/vmlinuz" -initrd initrd \
		-append "console=ttyAMA0 quiet" -serial "file:$name.console" -qmp "unix:$name.qmp,server,nowait" "$@" >"$name.log" 2>&1 &
	eval "$name=$!"
	wait_for_file "$name.qmp"
}
wait_for_file() {
	for _ in $(seq 100); do
		[[ -e $1 ]] && return
		sleep 0.1
	done
}
# ends_at_once PID
ends_at_once() {
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}
settings() { # SOCKET: of migrations
	python3 "$top/tests/e2e/qmp.py" "$1" query-migrate-parameters
	python3 "$top/tests/e2e/qmp.py" "$1" query-migrate-capabilities
}
status() { python3 "$top/tests/e2e/qmp.py" "$1" query-status | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])'; }

machine source_vm
wait_for source_vm.console "pages written" || wait_for source_vm.console "pages written"
machine destination_vm -incoming defer
says "a destination that is none" 1 "timeout 60 '$verify' attach --src destination_vm.qmp --dst source_vm.qmp" "waits for no migration"
before=$(settings source_vm.qmp)
timeout 60 "$verify" attach --src source_vm.qmp --dst destination_vm.qmp --bandwidth 8M --passes 100 --cap xbzrle >out 2>&1 &
tracker=$!
sleep 2
end $tracker
[[ $(status source_vm.qmp) == running && $(settings source_vm.qmp) == "$before" ]] && grep -q "stays where it was" out
ended "Ctrl-C cancels the migration, and the VM goes on where it was" 0 out
ends_at_once $destination_vm
machine destination_vm -incoming defer
timeout 100 "$verify" attach --src source_vm.qmp --dst destination_vm.qmp --bandwidth 32M >out 2>&1
ended "VMs of a user" 0 out "identical " "the destination goes on"
[[ $(status source_vm.qmp) == postmigrate && $(status destination_vm.qmp) == running ]]
ended "of which the second runs then" 0 out
ends_at_once $source_vm

# As if on two hosts: each end for itself.
machine third_vm -incoming defer
timeout 100 "$verify" attach --dst third_vm.qmp --uri tcp:127.0.0.1:14321 --save third.ram >out.third 2>&1 &
tracker=$!
wait_for out.third "waiting for the migration"
sleep 1
timeout 100 "$verify" attach --src destination_vm.qmp --uri tcp:127.0.0.1:14321 --save second.ram >out 2>&1
ended "the memory of a source is saved" 0 out "stays paused"
wait $tracker
ended "and that of the destination" 0 out.third "goes on"
[[ $(status third_vm.qmp) == running ]]
ended "which runs then" 0 out.third
"$verify" compare second.ram third.ram >out 2>&1
ended "both are identical" 0 out "identical "
machine fourth_vm -incoming defer
timeout 100 "$verify" attach --src third_vm.qmp --dst fourth_vm.qmp --bandwidth 1M >out 2>&1 &
tracker=$!
sleep 2
ends_at_once $fourth_vm
wait $tracker
ended "a destination that dies" 1 out
[[ $(status third_vm.qmp) == running ]]
ended "is no harm to the source" 0 out
ends_at_once $third_vm
ends_at_once $destination_vm
((failures == 0))
