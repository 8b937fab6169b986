#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vm_dirty_track, beside programs that dirty memory at a known rate, and beside a QEMU. One line per check: "ok NAME" or
# "FAILED NAME: reason".
#
# Usage: tests/e2e/vm_dirty_track.test.sh DIRECTORY_OF_PROGRAMS

needs_root=y
. "$(dirname "$0")/mig_mon_lib.sh"
track=$programs/vm_dirty_track

# dirty OPTION...: in the background, until it is under way; $writer
dirty() {
	rm -f writer.log
	"$mig_mon" mm_dirty "$@" >writer.log 2>&1 &
	writer=$!
	wait_for writer.log "dirty-rate"
}
# all FILE EXPRESSION: of all objects of intervals but the first, "o" in a list.
all() {
	python3 -c 'import json, sys
seen = [o for o in map(json.loads, open(sys.argv[1])) if o["type"] == "interval" and "all" not in o]
print(eval(sys.argv[2], {"seen": seen}))' "$@"
}

# Of a program: what it writes is what is counted. In sequence no page comes twice within a second.
dirty -m 64 -r 20
mkdir bitmaps
"$track" --pid $writer --bitmap-dir bitmaps --duration 4s >out 2>lines
ended "a program is watched" 0 out "process $writer: " " MB, watched by " "4 intervals" "most often written:"
grep -qE '^create bitmap bitmaps/qemu\.bm-[0-9]+\.[0-9]+ \([0-9]+ bytes\), dirty ([0-9]+) / \1 ' <(head -n 1 lines)
ended "the first line has all pages" 0 lines
within "then there is one for each second" "$(wc -l <lines)" 5 5
"$track" --pid $writer --bitmap-dir bitmaps --duration 3s --interval 100ms --output json >out 2>&1
ended "a tenth of a second" 0 out '"summary"'
# Half a MB is what the writer makes up for when it was kept from running.
within "its rate is that of the writer" "$(value out summary 'o["bytes_per_second"] / 2**20')" 19.4 20.6
python3 - >verdict 2>&1 <<'PY'
import json, os, stat
last = None
for line in open("out"):
    o = json.loads(line)
    if o["type"] != "interval":
        continue
    data = open(o["bitmap"], "rb").read()
    pages = sum(bin(byte).count("1") for byte in data)
    assert pages == o["dirty_pages"], o
    assert len(data) == (o["pages"] + 63) // 64 * 8, o
    assert stat.S_IMODE(os.stat(o["bitmap"]).st_mode) == 0o600
    name = os.path.basename(o["bitmap"]).split(".")
    assert len(name) == 4 and len(name[3]) == 3, name
    assert "all" in o if last is None else "all" not in o
    last = o
print("good")
PY
ended "bitmaps have the pages that were counted" 0 verdict good
# Whoever shares the machine may keep the tracker from running, but hardly each time.
for _ in $(seq 10); do
	"$track" --pid $writer --no-bitmap --duration 1s --interval 10ms --output csv >out 2>&1
	status=$?
	kept=$(grep -c '^[0-9]' out)
	((status == 0 && kept < 95)) || break
done
(exit "$status")
ended "a hundredth of a second" 0 out "time,ms,dirty_pages"
within "intervals are kept" "$kept" 95 100
"$track" --pid $writer --range heap --no-bitmap --duration 1s --output json >out 2>&1
ended "--range heap" 0 out '"summary"'
mv out heap
"$track" --pid $writer --no-bitmap --duration 1s --output json >default 2>&1
python3 - $writer >verdict 2>&1 <<'PY'
import json, sys
heap, default = (json.loads(open(name).readline())["ranges"] for name in ("heap", "default"))
wanted = []
for line in open(f"/proc/{sys.argv[1]}/maps"):
    addresses, rights, _, _, _, *path = line.split(maxsplit=5)
    if rights.startswith("rw-p") and (not path or path[0].startswith(("[heap]", "[anon"))):
        wanted.append(["0x" + addresses.split("-")[0], path[0].strip() if path else "anonymous"])
assert [[r["address"], r["name"]] for r in heap] == wanted, (heap, wanted)
assert heap == default, (heap, default)
assert max(r["bytes"] for r in heap) >= 64 << 20, heap
print("good")
PY
ended "is what a program has allocated, and the default" 0 verdict good
within "with all that is written there" "$(value heap summary 'o["bytes_per_second"] / 2**20')" 18 22
for _ in 1 2 3 4; do
	ln -sf precious "bitmaps/qemu.bm-$writer.$(($(date +%s) + _))"
done
"$track" --pid $writer --bitmap-dir bitmaps --duration 3s >out 2>lines
ended "what is there is not written through" 1 lines "cannot create bitmaps/qemu.bm-$writer." "File exists"
[[ ! -e bitmaps/precious ]]
ended "nor what it points to" 0 lines
timeout 20 "$track" --pid $writer --no-bitmap >/dev/full 2>lines
ended "that the summary cannot be written is known before it is waited for" 1 lines "writing standard output: No space left on device"
! grep -q "dirty [0-9]" lines
ended "and before the first line" 0 lines
"$track" --pid $writer --no-bitmap --output json >out 2>&1 &
tracker=$!
wait_for out bytes_per_second
end $tracker
ended "Ctrl-C ends with a summary" 0 out '"summary"'
"$track" --pid $writer --no-bitmap >out 2>&1 &
tracker=$!
wait_for out "MB/s)"
end $writer
wait $tracker
ended "a program that ends" 1 out "process $writer has ended" "on average"
mkfifo go
bash -c 'echo waits >changed.log; read -r <go; exec sleep 100' &
changed=$!
wait_for changed.log waits
rm -f lines
"$track" --pid $changed --no-bitmap --interval 100ms >out 2>lines &
tracker=$!
wait_for lines "dirty "
echo >go
wait $tracker
ended "a program that runs another one" 1 lines "process $changed runs another program now (sleep)"
kill $changed

# A hot set: over longer times less is dirty than was written.
dirty -m 200 -r 40 -p random --working-set 5%
"$track" --pid $writer --no-bitmap --interval 100ms --duration 11s --output json >out 2>&1
end $writer
within "in a tenth of a second pages of a hot set are hardly written twice" "$(all out 'sum(o["dirty_pages"] for o in seen) / len(seen)')" 850 1000
within "in ten seconds they are: all of it and a few others" "$(value out summary 'o["most_working_set_pages"]["10"]')" 8000 14000

# However the tracker ends, nothing is left: the program goes on, and can be tracked again.
dirty -m 64 -r 20
for i in $(seq 40); do
	"$track" --pid $writer --no-bitmap >/dev/null 2>&1 &
	tracker=$!
	sleep 0.00$((i % 10))$((i % 7))
	kill -KILL $tracker 2>/dev/null # one that came before the last was gone has ended
	wait $tracker 2>/dev/null
done
"$track" --pid $writer --no-bitmap --duration 1s >out 2>&1
ended "trackers that were killed leave nothing" 0 out "on average"
end $writer
ended "and the program as it was" 0 writer.log "MB/s, load"

# A VM.
"$top/scripts/vm-run" --kernel 6.12 --mem 256 --timeout 100 -- sh -c 'mig_mon mm_dirty -m 64 -r 10 --duration 12s' >vm.log 2>&1 &
vm=$!
wait_for vm.log "dirty-rate" || wait_for vm.log "dirty-rate"
for qemu in $(cat /proc/$vm/task/*/children); do
	[[ $(cat /proc/"$qemu"/comm) != qemu-system* ]] || break
done
"$track" --pid "$qemu" --no-bitmap --duration 5s --output json >out 2>&1
ended "a QEMU is watched" 0 out '"summary"'
within "all of its memory" "$(value out summary 'o["pages"]')" 65536 65536
within "its rate is that of the writer in the guest" "$(value out summary 'o["bytes_per_second"] / 2**20')" 9 12
wait $vm
ended "the guest does not notice" 0 vm.log "MB/s, load"

qemu-system-x86_64 -accel tcg -m 64 -display none -nodefaults -device ivshmem-plain,memdev=shm -object memory-backend-ram,id=shm,size=8M \
	-qmp unix:qmp,server,nowait >qemu.log 2>&1 &
qemu=$!
for _ in $(seq 100); do [[ -S qmp ]] && break; sleep 0.1; done
"$track" --pid $qemu --no-bitmap --duration 1s --output json >out 2>&1
within "by its command line: memory of machine and device, and no stack" "$(value out summary 'o["pages"]')" $((72 * 256)) $((72 * 256))
"$track" --qmp qmp --no-bitmap --duration 2s >out 2>lines
ended "QEMU tells itself where its memory is" 0 out "into pc.ram"
within "all of it, that of the firmware, too" "$(grep -oE 'dirty [0-9]+ / [0-9]+' lines | head -n 1 | cut -d ' ' -f 2)" $((64 * 256 + 64)) $((80 * 256))
"$track" --qmp qmp --list-trackers >out 2>&1
ended "trackers are listed for a VM" 0 out "stream" "sampling" "kvm" "QEMU runs without KVM"
"$track" --qmp qmp --tracker kvm --no-bitmap >out 2>&1
ended "QEMU is not asked for what only KVM knows" 1 out "QEMU runs without KVM"
kill -0 $qemu
ended "and lives on" 0 out
for words in "--interval 100ms" "--interval 61s" "--duration 500ms" "--bitmap-dir bitmaps" "--heatmap b.png"; do
	# shellcheck disable=SC2086
	"$track" --qmp qmp --tracker sampling $words >out 2>&1
	ended "refused: --tracker sampling $words" 1 out "Try 'vm_dirty_track --help'"
done
"$track" --qmp qmp --tracker sampling --duration 2s >out 2>lines
ended "QEMU measures" 0 lines "not where: there are no bitmaps" "dirty 0 / " "(0.000 MB/s)"
"$track" --pid $qemu --tracker sampling >out 2>&1
ended "for whom it does not know" 1 out "name it with --qmp or --libvirt"
python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.connect("qmp")
print("connected", flush=True)
time.sleep(100)' >holder.log &
holder=$!
wait_for holder.log connected
"$track" --qmp qmp >out 2>&1
ended "another client has the monitor" 1 out "is another client connected"
kill $holder $qemu
wait $qemu
"$track" --qmp qmp >out 2>&1
ended "a QEMU that has ended" 1 out "cannot connect to the QMP socket qmp"

# A migration to nowhere. The guest, without a system, writes to each of the 128 pages from 64 KiB on, all the time. RAM is no multiple of
# 256 KiB: of such QEMU 7.2 loses written pages when it emulates.
# boots FILE: what it has is code that a PC runs when it has booted.
boots() {
	truncate -s 510 "$1"
	printf '\x55\xaa' >>"$1"
	truncate -s 1440K "$1"
}
printf '\xfa\xb8\x00\x10\x8e\xd8\xfe\x06\x00\x00\x05\x00\x01\x3d\x00\x90\x72\xf2\xeb\xed' >boot
boots boot
# start_qemu PROGRAM FILE PAGES: $qemu, with the monitors qmp and qmp2, when it has booted from FILE, whose code writes to so many pages.
start_qemu() {
	local libraries='' share=${1%/bin/*}/share
	[[ $1 != "$HOME"* && $1 != "${MIGSCOPE_CACHE:-/nowhere}"* ]] || libraries=$(dirname "$1")/../lib/$(uname -m)-linux-gnu
	rm -f qmp qmp2
	LD_LIBRARY_PATH=$libraries "$1" -L "$share/qemu" -L "$share/seabios" -accel tcg -m 65528K -display none -nodefaults \
		-drive file="$2",format=raw,if=floppy -boot a -qmp unix:qmp,server,nowait -qmp unix:qmp2,server,nowait >qemu.log 2>&1 &
	qemu=$!
	for _ in $(seq 100); do [[ -S qmp && -S qmp2 ]] && break; sleep 0.1; done
	for _ in $(seq 100); do
		"$track" --qmp qmp --no-bitmap --duration 300ms --interval 300ms >/dev/null 2>lines
		# Who waits for lines of the next tracker shall not find these.
		[[ $(grep -c "^dirty $3 " lines) -ne 1 ]] || { rm lines; return; }
		sleep 0.2
	done
	failed "$1 boots from $2" "$(cat lines qemu.log)"
}
# as_before NAME: the VM runs, nothing migrates, and nothing is set; within 20 s.
as_before() {
	python3 "$top/tests/e2e/qmp-state.py" qmp2 >state 2>&1
	ended "$1" 0 state "as before"
}
installed=$(command -v qemu-system-x86_64)
version=$("$installed" --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
fetched=$(find "${MIGSCOPE_CACHE:-$HOME/.cache/migscope}"/qemu/*/usr/bin/qemu-system-x86_64 2>/dev/null | tail -n 1)
[[ $version -ge 10 || -n $fetched ]] || failed "with a new QEMU, too" "there is none; scripts/setup fetches it"
for program in "$installed" ${fetched:+"$fetched"}; do
	start_qemu "$program" boot 128
	version=$(python3 "$top/tests/e2e/qmp-state.py" qmp2 version)
	# Whoever shares the machine may make passes longer, but hardly each time.
	for _ in $(seq 5); do
		"$track" --qmp qmp --tracker stream --bitmap-dir bitmaps --duration 3s --interval 500ms --output json >out 2>&1
		status=$?
		passes=$(all out 'len(seen)')
		((status == 0 && passes < 5)) || break
	done
	(exit "$status")
	ended "QEMU $version migrates to nowhere" 0 out '"tracker":"stream"' '"summary"'
	within "passes take as long as intervals" "$passes" 5 6
	within "and none is too short for the guest to write" "$(all out 'min(o["ms"] for o in seen)')" 100 3000
	python3 - >verdict 2>&1 <<'PY'
import json
first, *seen = [o for o in map(json.loads, open("out")) if o["type"] == "interval"]
assert first["all"] and first["dirty_pages"] == first["pages"]
for o in seen:
    data = int.from_bytes(open(o["bitmap"], "rb").read(), "little")
    written = [page for page in range(o["pages"]) if data >> page & 1]
    ram = next(r for r in first["ranges"] if r["name"] == "pc.ram")["first_page"]
    assert written == list(range(ram + 16, ram + 144)), (o, written[:200])
print("good")
PY
	ended "every pass has the pages that the guest writes, and no other" 0 verdict good
	as_before "all is as before"
	for wait in 0.1 0.4 0.6 1.1; do
		# A signal that comes before it listens has no meaning.
		"$track" --qmp qmp --tracker stream --no-bitmap --duration 10s >out 2>&1 &
		tracker=$!
		sleep $wait
		kill -INT $tracker
		wait $tracker
		ended "so it is after Ctrl-C within $wait s" 0 out
		as_before "as it is"
	done
	for wait in 0.05 0.2 0.4 0.8 1.5; do
		"$track" --qmp qmp --tracker stream --no-bitmap >out 2>&1 &
		tracker=$!
		sleep $wait
		kill -KILL $tracker
		wait $tracker 2>/dev/null
		as_before "so it is when the tracker is killed after $wait s"
	done
	"$track" --qmp qmp --tracker stream --interval 50ms >out 2>&1
	ended "passes cannot be as short as that" 1 out "Try 'vm_dirty_track --help'"
	kill $qemu
	wait $qemu
	for signal in TERM KILL; do
		start_qemu "$program" boot 128
		"$track" --qmp qmp --tracker stream --no-bitmap >out 2>lines &
		tracker=$!
		wait_for lines "dirty 128 "
		kill -$signal $qemu
		wait $qemu 2>/dev/null
		wait $tracker
		ended "that QEMU ends, by SIG$signal, is told" 1 lines "vm_dirty_track: process $qemu has ended"
	done
done
# A guest that does nothing: QEMU has stopped it to hand it over when the tracker is killed.
printf '\xfa\xf4\xeb\xfd' >idle
boots idle
start_qemu "$installed" idle 0
"$track" --qmp qmp --tracker stream --no-bitmap >out 2>&1
ended "who writes nothing would be moved" 0 out "a migration would be over now"
as_before "and goes on"
killed=0
for round in $(seq 30); do
	"$track" --qmp qmp --tracker stream --no-bitmap >out 2>&1 &
	tracker=$!
	python3 "$top/tests/e2e/qmp-state.py" qmp2 kill $tracker >state 2>&1
	wait $tracker 2>/dev/null
	! grep -q stopped state || ((++killed))
	python3 "$top/tests/e2e/qmp-state.py" qmp2 >left 2>&1 || break
	((round < 12 || killed == 0)) || break
done
((killed))
ended "a tracker is killed while the VM stands still for it" 0 state
true
ended "and it goes on, each time" 0 left "as before"
kill $qemu
wait $qemu
# A guest that writes to the 8192 pages from 16 MiB on, again and again: 32 MB in each second are dirty.
printf '\xfa\x31\xc0\x8e\xd8\x0f\x01\x16\x33\x7c\x0f\x20\xc0\x0c\x01\x0f\x22\xc0\xbb\x08\x00\x8e\xdb\x66\xbf\x00\x00\x00\x01\x67\x66\xff\x07' >boot32
printf '\x66\x81\xc7\x00\x10\x00\x00\x66\x81\xff\x00\x00\x00\x03\x72\xec\xeb\xe4\x0f\x00\x39\x7c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00' >>boot32
printf '\xff\xff\x00\x00\x00\x92\xcf\x00' >>boot32
boots boot32
start_qemu "$installed" boot32 8192
"$track" --qmp qmp --tracker sampling --no-bitmap --duration 4s --output json >out 2>&1
ended "QEMU measures its rate" 0 out '"tracker":"sampling"'
within "which is that of the guest, give or take" "$(value out summary 'o["bytes_per_second"] / 2**20')" 22 42
"$track" --qmp qmp --tracker stream --no-bitmap --duration 3s --output json >out 2>&1
within "and what it migrates is exact" "$(all out 'seen[-1]["dirty_pages"]')" 8192 8192
kill $qemu
wait $qemu
# With the process that watches over it: the stream that is closed ends the migration.
start_qemu "$installed" boot 128
"$track" --qmp qmp --tracker stream --no-bitmap >out 2>lines &
tracker=$!
wait_for lines "dirty 128 "
guardian=$(cat /proc/$tracker/task/*/children)
# shellcheck disable=SC2086
kill -KILL $tracker $guardian
wait $tracker 2>/dev/null
python3 "$top/tests/e2e/qmp-state.py" qmp2 runs >state 2>&1
ended "when all of it is killed the VM runs, too" 0 state "runs"
kill $qemu
wait $qemu

# A QEMU whose monitor libvirt has.
in_libvirt() { timeout -k 5 200 "$top/tests/e2e/with-libvirtd" "$track" "$@"; }
in_libvirt --libvirt guest --connect qemu:///system --no-bitmap --duration 1s --output json >out 2>&1
ended "a domain of libvirt is watched" 0 out '"summary"' '"name":"pc.ram"'
within "all of its memory" "$(value out start 'sum(r["bytes"] for r in o["ranges"] if r["name"] == "pc.ram") >> 20')" 64 64
in_libvirt --libvirt guest --connect qemu:///system --tracker sampling --no-bitmap --duration 2s --output json >out 2>&1
ended "QEMU measures there, too" 0 out '"summary"'
within "each second" "$(all out 'len(seen)')" 1 2
in_libvirt --libvirt guest --connect qemu:///system --tracker stream >out 2>&1
ended "but libvirt does not let it migrate" 1 out "libvirt passes on no events"
in_libvirt --libvirt no-such --connect qemu:///system >out 2>&1
ended "there is no such domain" 1 out "the domain no-such of libvirt at qemu:///system: " "failed to get domain"
"$track" --libvirt guest --connect test:///default >out 2>&1
ended "not every libvirt has QEMUs" 1 out "the domain guest of libvirt at test:///default: "
PATH=nowhere "$track" --libvirt guest >out 2>&1
ended "no virsh" 1 out "cannot run virsh"

# What this host has not, an older kernel has.
"$top/scripts/vm-run" --kernel 6.1 --put "$programs/../guest/tracker_tests" --timeout 200 -- env TRACKER_ROUNDS=30 /root/tracker_tests >out 2>&1
ended "trackers on another kernel" 0 out "All tests passed" "pagemap-scan does not work here"
! grep -q "soft-dirty does not work" out
ended "soft-dirty among them" 0 out

"$track" --list-trackers >out 2>&1
ended "trackers are listed" 0 out "pagemap-scan" "soft-dirty" "shadow"
within "each in a row that tells whether it works" "$(grep -cE '^[a-z-]+ +(yes|no) +[A-Za-z]' out)" 6 6
within "and below it why not" "$(grep -c '^ *not here: ' out)" "$(grep -cE '^[a-z-]+ +no ' out)" "$(grep -cE '^[a-z-]+ +no ' out)"
sleep 100 &
sleeper=$!
wait_for /proc/$sleeper/comm sleep
wait_for /proc/$sleeper/maps "[heap]"
"$track" --pid $sleeper --list-trackers >out 2>&1
ended "trackers are listed for a process" 0 out "pagemap-scan" "is not shared, so that nothing can be compared"
"$track" --pid $sleeper --list-trackers --output json >out 2>&1
ended "as JSON, too" 0 out '"name":"shadow"' '"works":false' '"works":true'
"$track" --pid $sleeper --range all --no-bitmap --duration 300ms --output json >out 2>&1
ended "less than an interval" 0 out '"summary"'
within "counts with its own length" "$(value out summary 'o["ms"]')" 300 999
python3 - $sleeper >verdict 2>&1 <<'PY'
import json, sys
pid = int(sys.argv[1])
start, first, *rest = map(json.loads, open("out"))
assert start["type"] == "start" and start["pid"] == pid and start["tracker"] and start["page_size"] == 4096, start
assert start["time"] <= first["time"], (start, first)
assert sum(r["bytes"] for r in start["ranges"]) == start["pages"] * 4096, start
maps = open(f"/proc/{pid}/maps").read()
for r in start["ranges"]:
    assert "%x-%x rw" % (int(r["address"], 16), int(r["address"], 16) + r["bytes"]) in maps, r
assert [(r["address"], r["bytes"]) for r in first["ranges"]] == [(r["address"], r["bytes"]) for r in start["ranges"]], first
print("good")
PY
ended "ranges are told by their addresses" 0 verdict good
"$track" --pid $sleeper --bitmap-dir bitmaps --duration 1200ms >out 2>lines
ended "a rest has a bitmap, too" 0 lines "(8 bytes)"
within "beside those of intervals" "$(grep -c "create bitmap" lines)" 3 3
"$track" --pid $sleeper --heatmap nowhere/a.png >out 2>&1
ended "a picture that cannot be written is found out before" 1 out "cannot create nowhere/a.png"
! grep -q -e " -o" -e "dirty [0-9]" out
ended "and what is said makes sense here" 0 out
PATH=nowhere "$track" --pid $sleeper --heatmap a.png >out 2>&1
ended "so is a gnuplot that is missing" 1 out "cannot run gnuplot"
mkdir full
unshare -m bash -c 'mount -t tmpfs -o size=16k none full && head -c 14k /dev/zero >full/most && TMPDIR=full "$@"' _ \
	"$track" --pid $sleeper --no-bitmap --duration 300ms --heatmap a.png >out 2>&1
ended "a picture for which there is no room is named" 1 out "--heatmap a.png: " "full/migscope-"
"$track" --pid $sleeper --no-bitmap --duration 300ms --heatmap a.png >out 2>&1 && [[ -s a.png ]]
ended "a short run has a picture, too" 0 out
"$track" --pid $sleeper --no-bitmap 2>/dev/full >out
ended "lines that nobody can see are an error" 1 out
"$track" --pid $sleeper --range ram >out 2>&1
ended "what is no QEMU has no guest's memory" 1 out "is no QEMU"
"$track" --pid $sleeper --range 1000-2000 >out 2>&1
ended "nothing is there" 1 out "has no memory of --range 1000-2000"
"$track" --pid 4194304 >out 2>&1
ended "no such process" 1 out "there is no process 4194304"
for name in x.txt x - .png; do
	"$track" --pid $sleeper --no-bitmap --duration 300ms --heatmap $name >out 2>&1
	ended "refused: --heatmap $name" 1 out "'$name' does not end in .png, .svg or .pdf" "Try 'vm_dirty_track --help'"
done
for words in "" "--pid 1 --bitmap-dir . --no-bitmap" "--pid 1 --qmp a" "--qmp a --range all" "--pid 0" "--pid x" "--pid 1 --interval 1us" "--pid 1 --duration 0" "--pid $sleeper --bitmap-dir nowhere" "--pid $sleeper --range 5-3" "--pid $sleeper --range 1-fff" "--pid $sleeper --tracker no" "--pid 1 --libvirt a" "--pid 1 --connect a" "--libvirt a --range all" "--pid 1 --output xml" "operand"; do
	# shellcheck disable=SC2086
	"$track" $words >out 2>&1
	ended "refused: vm_dirty_track $words" 1 out "Try 'vm_dirty_track --help'"
done
((failures == 0))
