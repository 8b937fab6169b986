#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dirtylog_verify: migrations of real guests, by a QEMU that loses pages and without what makes it lose them; VMs that a user
# has started; memory that was saved and damaged. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/dirtylog_verify.test.sh DIRECTORY_OF_PROGRAMS

needs_root=y
. "$(dirname "$0")/mig_mon_lib.sh"
verify=$programs/dirtylog_verify track=$programs/vm_dirty_track
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
# at_once N COMMAND...: N of them at a time, each in a folder of its own. Booting takes one CPU, much else waits.
at_once() {
	local most=$1 begun=0 command places=()
	shift
	for command; do
		places+=("$(mktemp -d "$work/at_once.XXX")")
		(
			# A command that a fault of its own has ended has not said so.
			trap 'status=$?; kill $(jobs -p) 2>/dev/null; ((status == 0)) || failed "$command" "it ended with $status"' EXIT
			cd "${places[-1]}" && eval "$command"
		) >"${places[-1]}.said" &
		((++begun < most)) || wait -n
	done
	wait
	cat "${places[@]/%/.said}"
	failures=$((failures + $(cat "${places[@]/%/.said}" | grep -c '^FAILED')))
	rm -rf "${places[@]}"
}

# Lost pages are found, and explained.
lost_pages() {
	"$top/scripts/vm-run" --kernel 6.1 --timeout 100 -- cat /proc/kallsyms >System.map 2>vm.log
	# Whether it loses some in one migration, and which, depends on what the emulated CPU has in its TLB: in three of eight those
	# that dirtyram writes.
	for _ in $(seq 16); do
		timeout 200 "$verify" run --machine pc --memory $whole --bandwidth 32M --passes 8 --system-map System.map >out 2>&1
		status=$?
		! grep -q "of dirtyram" out || break
	done
	(exit $status)
	ended "lost pages are found" 1 out "different " "of dirtyram" " s old" "known cause" "262136K" "first byte"
	within "of thousands a few" "$(awk '/^different/ { print $2 }' out)" 5 2000
	[[ $(grep -c 'pc.ram at .*; [a-z_]' out) -gt 0 ]] && [[ $(awk '/^source/ { print $4 }' out) != $(awk '/^destination/ { print $4 }' out) ]]
	ended "with the symbols of the kernel, and sums that differ" 0 out
}

whole_memory() {
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
	ended "a file without its description" 1 out "ramimage1.json is missing"
	rm ramimage0.json
	says "files without descriptions, one of them cut off" 1 "'$verify' compare ramimage0 ramimage1" "ramimage1 has " "no whole pages of 4096" "no ramimage1.json"
	truncate -s -4095 ramimage1
	"$verify" compare ramimage0 ramimage1 >out 2>&1
	ended "files of different sizes" 1 out "ramimage0 is taken for one block" "not compared  ram: " "the same in   0 pages"
	truncate -s 8K ramimage0 ramimage1
	says "any files of whole pages" 0 "'$verify' compare ramimage0 ramimage0" "no ramimage0.json" "identical     2 pages"
	rm -f ramimage*
}

says "too little memory" 1 "'$verify' run --machine vexpress-a15 --memory 32M" "with 32 MB" "does not boot" "at least 64 MB"
says "a number of bytes where megabytes were meant" 1 "'$verify' run --memory 4097" "with 4097 bytes" "at least 96 MB" "counts bytes"
says "no memory" 1 "'$verify' run --memory 0" "with 0 bytes"
says "what is no QEMU" 1 "'$verify' run --qemu /bin/false" "QEMU has ended (exit status 1)"
says "a machine that there is not" 1 "'$verify' run --machine s390" "vexpress-a15"
says "a capability that there is not" 1 "timeout 60 '$verify' run --machine virt-arm --memory 131064K --cap no-such" "no-such" "xbzrle, " "postcopy-ram, "
says "capabilities with which the destination would abort" 1 "timeout 60 '$verify' run --machine virt-arm --memory 131064K --cap multifd,postcopy-ram" \
	"destination of QEMU 7 aborts" "take one of them"
says "a guest that does not boot" 1 "timeout 60 '$verify' run --machine virt --kernel /bin/true --qemu-arg -bogus" "QEMU has ended" "bogus"
says "huge pages that were not reserved" 1 "'$verify' run --host-pages 2m" "nr_hugepages"
says "memory of half a huge page" 1 "'$verify' run --host-pages 2m --memory 129M" "no whole huge pages"
says "a guest of the user without what it says" 1 "'$verify' run --kernel a --initrd b" "--kernel and --ready"
says "a kernel that is not there" 1 "'$verify' run --kernel nowhere --initrd nowhere --ready x" "cannot read nowhere"
says "no memory of a device" 1 "'$verify' region --machine vexpress-a15" "no PCI"
says "bitmaps without a pause" 1 "'$verify' region --interval 0" "--interval: 1ms is the shortest"
says "bitmaps more often than that" 1 "'$verify' region --interval 1us" "--interval: 1ms is the shortest"
says "no time to write" 1 "'$verify' region --duration 0" "--duration: 0 is over at once"
says "less than a page a second" 1 "'$verify' run --bandwidth 1" "--bandwidth: from 4096 bytes a second on"
says "no time to boot" 1 "'$verify' run --boot-timeout 0s" "--boot-timeout: from 1s on"
says "a tracker that tells rates only" 1 "'$verify' region --tracker sampling" "tells only how many" "pagemap-scan"
says "no time for a migration" 1 "'$verify' run --timeout 0" "from 1s on"
says "a tracker that there is not" 1 "'$verify' region --tracker no-such" "there is no 'no-such'" "pagemap-scan"

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

# A guest of the user, and workloads: what the guest computes is found in its memory.
own="--machine virt-arm --memory 131064K --bandwidth 32M --passes 3 --kernel $guests/armhf/vmlinuz --initrd $work/initrd --append of=mine"
workloads() {
	identical "workloads of the user" "" --machine virt-arm --memory 131064K --bandwidth 32M --passes 3 --save --workload "dirtyram 500 100 20" \
		--workload "while true; do echo workload-of-mine-\$((6 * 7)) >/tmp/proof; sleep 1; done"
	grep -qa "workload-of-mine-42" ramimage1
	ended "they have run" 0 said.*
}
# What QEMU itself misses in such memory (see above) nobody can tell: hardly ever for writers that sleep for long.
by_stream() {
	local said
	for _ in 1 2 3; do
		said=$(copied stream --workload "dirtyram 2048 1024 500" --workload "dirtyram 1024 300 200")
		[[ $said == *FAILED* ]] || break
	done
	echo "$said"
}

# Huge pages of the host, 128 for two VMs.
# huge_pages: those that nobody has, nor has been promised.
huge_pages() { awk '/^HugePages_Free/ { free = $2 } /^HugePages_Rsvd/ { print free - $2 }' /proc/meminfo; }
# all_huge_pages BEFORE: as many are taken while the verifier runs.
all_huge_pages() {
	for _ in $(seq 2000); do
		[[ $(huge_pages) -gt $(($1 - 128)) ]] || return 0
		kill -0 $tracker 2>/dev/null || return
		sleep 0.1
	done
	return 1
}
# Memory of whole huge pages is memory in which a QEMU 7.2 may lose some pages: that is tried again.
in_huge_pages() (
	reserved=$(cat /proc/sys/vm/nr_hugepages)
	trap 'kill $(jobs -p) 2>/dev/null; echo "$reserved" >/proc/sys/vm/nr_hugepages' EXIT
	echo $((reserved + 128 - $(huge_pages))) >/proc/sys/vm/nr_hugepages
	huge=$(huge_pages)
	if ((huge < 128)); then
		failed "memory in huge pages of the host" "this machine can reserve only $huge of the 128 that it takes: not enough of its memory is free in pieces of 2 MB"
		return
	fi
	# QEMU 7.2 misses writes to memory of whole huge pages (the known cause): a guest that writes little is seldom hit.
	for _ in 1 2 3; do
		timeout 200 "$verify" run --machine virt-arm --memory 128M --host-pages 2m --passes 2 --workload "sleep 1000000" >out 2>&1 &
		tracker=$!
		all_huge_pages "$huge"
		ended "huge pages are taken" 0 out >taken
		wait $tracker
		status=$?
		grep -q "^known cause" out || break
	done
	cat taken
	(exit $status)
	ended "memory in huge pages of the host" 0 out "identical "
)

# machine NAME OPTION...: a QEMU with its monitor at NAME.qmp
machine() {
	local name=$1
	shift
	rm -f "$name.qmp"
	qemu-system-arm -nodefaults -display none -machine virt -cpu cortex-a15 -accel tcg -m 131064K -kernel "$guests/armhf/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyAMA0 quiet" -serial "file:$name.console" -qmp "unix:$name.qmp,server,nowait" "$@" >"$name.log" 2>&1 &
	eval "$name=$!"
	wait_for_file "$name.qmp"
}
# booted CONSOLE: its guest writes.
booted() { wait_for "$1" "pages written" || wait_for "$1" "pages written" || wait_for "$1" "pages written"; }
wait_for_file() {
	for _ in $(seq 100); do
		[[ -e $1 ]] && return
		sleep 0.1
	done
}
# ends_at_once PID
ends_at_once() {
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null || true
}
settings() { # SOCKET: of migrations
	python3 "$top/tests/e2e/qmp.py" "$1" query-migrate-parameters
	python3 "$top/tests/e2e/qmp.py" "$1" query-migrate-capabilities
}
status() { python3 "$top/tests/e2e/qmp.py" "$1" query-status | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])'; }

users_vms() {
	machine source_vm
	booted source_vm.console
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
}

# What a tracker has watched migrates as if nobody had: a source and a destination, after a tracker that ended and one that was killed.
# tracked VM
tracked() {
	"$track" --qmp "$1.qmp" --tracker pagemap-scan --no-bitmap --duration 400ms --interval 200ms --output json >out 2>&1
	ended "$1 is tracked" 0 out '"tracker":"pagemap-scan"' '"summary"'
}
# tracked_until_killed VM
tracked_until_killed() {
	"$track" --qmp "$1.qmp" --tracker pagemap-scan --no-bitmap --interval 100ms >out 2>&1 &
	tracker=$!
	wait_for out "MB/s)" && kill -KILL $tracker
	ended "$1 is tracked until the tracker is killed" 0 out
	wait $tracker 2>/dev/null
}
# moves NAME FROM TO OPTION...
moves() {
	local name=$1 from=$2 to=$3
	shift 3
	timeout 100 "$verify" attach --src "$from.qmp" --dst "$to.qmp" "$@" >out 2>&1
	ended "$name" 0 out "identical " "the destination goes on"
	ends_at_once "${!from}"
}
tracked_vms() {
	machine first_vm
	booted first_vm.console
	tracked first_vm
	machine second_vm -incoming defer
	tracked_until_killed second_vm
	moves "it migrates, to one that was tracked, too" first_vm second_vm --bandwidth 32M --passes 3
	tracked_until_killed second_vm
	machine third_vm -incoming defer
	tracked third_vm
	moves "the same by postcopy" second_vm third_vm --bandwidth 8M --passes 2 --cap postcopy-ram
	tracked third_vm
	machine fourth_vm -incoming defer
	tracked_until_killed fourth_vm
	moves "and the other way round" third_vm fourth_vm --bandwidth 8M --passes 2 --cap postcopy-ram
	[[ $(status fourth_vm.qmp) == running ]]
	ended "after all of which it runs" 0 out
	tracked fourth_vm
	# While it lasts there is no userfaultfd for postcopy.
	machine fifth_vm -incoming defer
	"$track" --qmp fifth_vm.qmp --tracker pagemap-scan --no-bitmap >tracked 2>&1 &
	tracker=$!
	wait_for tracked "MB/s)"
	timeout 60 "$verify" attach --src fourth_vm.qmp --dst fifth_vm.qmp --bandwidth 8M --passes 2 --cap postcopy-ram >out 2>&1
	ended "no postcopy to one that is tracked is begun" 1 out "is watched by another userfaultfd" "process $fifth_vm" "pagemap-scan"
	[[ $(status fourth_vm.qmp) == running ]] && kill -0 $tracker
	ended "so that the VM and the tracker go on" 0 out
	end $tracker
	# Nor is it held: whoever starts it waits for a VM that runs.
	python3 "$top/tests/e2e/qmp.py" fourth_vm.qmp migrate-set-capabilities '{"capabilities": [{"capability": "postcopy-ram", "state": false}]}' >/dev/null
	python3 "$top/tests/e2e/qmp.py" fifth_vm.qmp migrate-incoming "{\"uri\": \"unix:$PWD/by_hand\"}" >/dev/null
	python3 "$top/tests/e2e/qmp.py" fourth_vm.qmp migrate "{\"uri\": \"unix:$PWD/by_hand\"}" >/dev/null
	for _ in $(seq 200); do
		kill -0 $fifth_vm 2>/dev/null && [[ $(status fifth_vm.qmp) != running ]] || break
		sleep 0.1
	done
	[[ $(status fifth_vm.qmp) == running ]]
	ended "one that was refused runs after a migration by hand" 0 out
	ends_at_once $fourth_vm
	machine sixth_vm -incoming defer
	TMPDIR=$PWD timeout 60 "$verify" attach --src fifth_vm.qmp --dst sixth_vm.qmp --bandwidth 2M --passes 2 --cap postcopy-ram >out 2>&1 &
	verifier=$!
	# The destination listens when all has been looked at.
	for _ in $(seq 100); do
		! grep -q "$PWD/migscope-.*/stream" /proc/net/unix || break
		sleep 0.1
	done
	timeout 60 "$track" --pid $sixth_vm --tracker pagemap-scan --no-bitmap >tracked 2>&1 &
	tracker=$!
	wait $verifier
	ended "one to a VM that is tracked later fails at once" 1 out "the postcopy was interrupted" "pagemap-scan"
	wait $tracker
	ended "and the tracker says that QEMU has ended" 1 tracked "has ended"
	ends_at_once $fifth_vm
}

# As an ordinary user, with programs and guests that it may read.
other_user() {
	user=$work/user
	mkdir -p "$user"/{bin,guest,cache/guests,home}
	chmod 711 "$work" .
	cp "$verify" "$user/bin/"
	cp "$programs/../guest/dirtyram.armhf" "$user/guest/"
	cp -rL "$guests/armhf" "$user/cache/guests/"
	chown 65534 "$user/home"
	as_user=(timeout 200 env -C "$user/home" setpriv --reuid=65534 --regid=65534 --clear-groups
		env HOME="$user/home" TMPDIR="$user/home" MIGSCOPE_CACHE="$user/cache")
	unprivileged() { "${as_user[@]}" "$@"; }
	theirs=$user/bin/dirtylog_verify
	unprivileged "$theirs" run --machine virt-arm --memory 131064K --bandwidth 32M --passes 3 --save >out 2>&1
	ended "an ordinary user migrates" 0 out "identical "
	unprivileged "$theirs" compare ramimage0 ramimage1 >out 2>&1
	ended "and compares" 0 out "identical "
	rm -f "$user"/home/ramimage*
	says "guests of another user" 1 "unprivileged env MIGSCOPE_CACHE=/proc/1/root '$theirs' run" "cannot read /proc/1/root/guests/amd64: Permission denied" "MIGSCOPE_CACHE"
	chmod 600 "$user/cache/guests/armhf/busybox"
	says "a guest that it may not read" 1 "unprivileged '$theirs' run --machine virt-arm" "armhf/busybox: Permission denied" "MIGSCOPE_CACHE"
	chmod 700 "$user/guest"
	says "a program that it may not look for" 1 "unprivileged '$theirs' run --machine virt-arm" "dirtyram.armhf: Permission denied"
	says "nor is it root who reads them" 1 "unprivileged '$theirs' compare /proc/1/mem /proc/1/mem" "Permission denied"
	cp "$work/initrd" "$guests/armhf/vmlinuz" "$user/"
	their_machine() { # NAME OPTION...
		local name=$1
		shift
		"${as_user[@]}" qemu-system-arm -nodefaults -display none -machine virt -cpu cortex-a15 -accel tcg -m 131064K -kernel "$user/vmlinuz" \
			-initrd "$user/initrd" -append "console=ttyAMA0 quiet" -serial "file:$name.console" -qmp "unix:$name.qmp,server,nowait" "$@" >"$name.log" 2>&1 &
		eval "$name=$!"
		wait_for_file "$user/home/$name.qmp"
	}
	their_machine theirs_vm
	their_machine theirs_next -incoming defer
	booted "$user/home/theirs_vm.console"
	machine roots_vm -incoming defer
	says "the socket of root's QEMU" 1 "unprivileged '$theirs' attach --src theirs_vm.qmp --dst '$PWD/roots_vm.qmp'" "roots_vm.qmp: Permission denied" \
		"as root, or as the user"
	chmod 777 roots_vm.qmp
	says "memory of root's QEMU, before anything has happened" 1 "unprivileged '$theirs' attach --src theirs_vm.qmp --dst '$PWD/roots_vm.qmp'" \
		"/mem: Permission denied (try it as root"
	[[ $(status "$user/home/theirs_vm.qmp") == running ]]
	ended "its own VM runs on" 0 out
	unprivileged "$theirs" attach --src theirs_vm.qmp --dst theirs_next.qmp --bandwidth 32M --passes 3 >out 2>&1
	ended "QEMUs of that user" 0 out "identical " "the destination goes on"
	their_machine theirs_third -incoming defer
	timeout 100 "$verify" attach --src "$user/home/theirs_next.qmp" --dst "$user/home/theirs_third.qmp" --bandwidth 32M --passes 3 >out 2>&1
	ended "root attaches to them, too" 0 out "identical " "the destination goes on"
	timeout 100 "$verify" attach --src "$user/home/theirs_third.qmp" --dst roots_vm.qmp >out 2>&1
	ended "but not to QEMUs of two users, without a word" 1 out "the source runs as user 65534, the destination as 0" "--uri"
	[[ $(status "$user/home/theirs_third.qmp") == running ]]
	ended "where nothing has happened" 0 out
	timeout 100 "$verify" attach --src "$user/home/theirs_third.qmp" --dst roots_vm.qmp --uri tcp:127.0.0.1:14322 --bandwidth 32M --passes 3 >out 2>&1
	ended "who says how they reach each other may" 0 out "identical "
}

# Nothing is left of one that is killed.
killed() {
	"$verify" run --machine virt-arm --memory 131064K --bandwidth 1M >out 2>&1 &
	local run=$! qemus=''
	for _ in $(seq 300); do
		qemus=$(cat /proc/$run/task/*/children 2>/dev/null)
		[[ $(wc -w <<<"$qemus") -lt 2 ]] || break
		sleep 0.1
	done
	kill -KILL $run
	wait $run 2>/dev/null
	for _ in $(seq 50); do
		# shellcheck disable=SC2086
		kill -0 $qemus 2>/dev/null || break
		sleep 0.1
	done
	# shellcheck disable=SC2086
	[[ $(wc -w <<<"$qemus") -eq 2 ]] && ! kill -0 $qemus 2>/dev/null
	ended "QEMUs end with who has started them" 0 out
}

# All of the above; the machines of the seeds, each with three writers; other ways to migrate; memory that is copied by what a tracker tells.
at_once 3 other_user users_vms tracked_vms lost_pages whole_memory workloads by_stream in_huge_pages \
	'identical "vexpress-a15, whose pages have 1024 bytes" "pages of 1024 bytes" --machine vexpress-a15 --memory 98296K --bandwidth 32M --passes 5' \
	'identical "virt-arm" "" --machine virt-arm --memory 131064K --bandwidth 32M --passes 5' \
	'copied pagemap-scan --duration 3s' \
	'copied shadow --machine virt --duration 3s' \
	'identical "virt" "" --machine virt --memory 131064K --bandwidth 32M --passes 5' \
	'identical "multifd" " by multifd" --machine virt-arm --memory 131064K --cap multifd --bandwidth 32M --downtime 50ms --host-pages 4k' \
	'identical "postcopy" " by postcopy" --machine virt-arm --memory 131064K --cap postcopy-ram --bandwidth 8M --passes 2' \
	'identical "a guest of the user" "" $own --ready "pages written"' \
	'says "a guest of the user that says something else" 1 "timeout 60 $verify run $own --ready no-such-text --boot-timeout 3s" \
		"after 3 s the guest has not said '"'no-such-text'"'" "--boot-timeout"' \
	'says "a migration that leaves out what was wanted" 1 "timeout 60 $verify run --machine virt-arm --memory 131064K --workload true --passes 50" "50 were wanted"' \
	'says "a workload that fails" 1 "timeout 100 $verify run --machine virt-arm --memory 131064K --workload \"dirtyram 10 5 5\" --workload \"dirtyram 5 50 10\"" \
		"dirtyram has ended in the guest" "PERIODIC: '"'50'"' is no number from 0 to 5" "ended with status 2"' \
	'says "a workload that there is not" 1 "timeout 100 $verify run --machine virt-arm --memory 131064K --workload no-such-command" \
		"a workload has failed in the guest" "no-such-command: not found"' \
	'says "a migration that takes too long" 1 "timeout 100 $verify run --machine virt-arm --memory 131064K --bandwidth 1M --timeout 3s" \
		"the migration is not over after 3 s"' \
	killed \
	'says "a workload that ends before it has written" 1 "timeout 100 $verify run --machine virt-arm --memory 131064K --workload \"dirtyram --version\"" \
		"dirtyram (migscope)" "ended with status 0"' \
	'says "a workload that fails in memory of a device" 1 "timeout 100 $verify region --machine virt-arm --tracker shadow --workload \"dirtyram 5 50 10\"" \
		"dirtyram has" "ended with status 2"'
((failures == 0))
