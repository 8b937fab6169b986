#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migrate_predict, with records and bitmaps of programs that dirty memory at a known rate, and with bad ones; what it says of real migrations is
# compared by tests/bench/migrate_predict. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/migrate_predict.test.sh DIRECTORY_OF_PROGRAMS

needs_root=y
. "$(dirname "$0")/mig_mon_lib.sh"
track=$programs/vm_dirty_track
predict=$programs/migrate_predict

# dirty OPTION...: in the background, until it is under way; $writer
dirty() {
	rm -f writer.log
	"$mig_mon" mm_dirty "$@" >writer.log 2>&1 &
	writer=$!
	wait_for writer.log "dirty-rate"
}

dirty -m 100 -r 20
mkdir bitmaps
"$track" --pid $writer --interval 100ms --duration 6s --bitmap-dir bitmaps --output json >record 2>/dev/null
ended "a record" 0 record '"zero_pages"' '"0.3"'

"$predict" --bandwidth 50M record >out 2>&1
ended "converges" 0 out "20." "MB/s" "PASS" "VM stopped" "converges: " "fit into the 300 ms" "constant rate"
"$predict" --bandwidth 15M record >out 2>&1
ended "does not converge" 2 out "does not converge" "do not become shorter" "it would with --bandwidth 2" ", or --downtime "
needed=$(sed -n 's/^it would with --bandwidth \([0-9]*M\),.*/\1/p' out)
"$predict" --bandwidth "$needed" record >out 2>&1
ended "the bandwidth that it names is enough" 0 out "converges: "
"$predict" --bandwidth 15M --postcopy 1 record >out 2>&1
ended "postcopy ends it" 0 out "postcopy"
"$predict" --bandwidth 15M --auto-converge record >out 2>&1
ended "so does a VM that is slowed down" 0 out "CPUs slowed by 20 %"
"$predict" --bandwidth 1G --max-bandwidth 50M record --output json >limited
"$predict" --bandwidth 50M record --output json >out
within "a limit does not hold in the last pass" "$(value limited prediction 'o["downtime_ms"]')" 0 "$(value out prediction 'o["downtime_ms"] / 5')"
within "bytes of all passes are the bytes" "$(value out prediction 'sum(p["bytes"] for p in o["passes"]) / o["bytes"]')" 0.9999 1.0001
within "so is their time" "$(value out prediction 'sum(p["ms"] for p in o["passes"]) / o["total_ms"]')" 0.9999 1.0001
within "between the least and the most" "$(value out prediction 'o["total_ms"]')" "$(value out prediction 'o["least"]["total_ms"] * 0.98')" \
	"$(value out prediction 'o["most"]["total_ms"] * 1.02')"
"$predict" --bandwidth 50M --output json <record >stdin
same "standard input is a record" "sed 's/\"record\":\"[^\"]*\"//' out" "sed 's/\"record\":\"[^\"]*\"//' stdin"
"$predict" --bandwidth 50M --output json --zero-pages "$(value out prediction 'o["memory"]["zero_pages"] / o["memory"]["pages"] * 100')%" bitmaps >by_bitmaps
within "bitmaps say the same" "$(value by_bitmaps prediction 'o["total_ms"]')" "$(value out prediction 'o["total_ms"] * 0.97')" "$(value out prediction 'o["total_ms"] * 1.03')"
"$predict" --bandwidth 50M bitmaps/* >named 2>&1
ended "bitmaps one by one" 0 named " bitmaps: " "zeros is not known"
"$predict" --bandwidth 15M --what-if bandwidth=50M --what-if downtime=10s,auto-converge --what-if max-bandwidth=8M,multifd=2 --what-if postcopy=2 record >out 2>&1
ended "what if" 2 out "WHAT IF" "as is" "bandwidth=50M" "yes" "max-bandwidth=8M,multifd=2"
"$predict" --bandwidth 15M --what-if bandwidth=50M --output json record >out
ended "what if, as JSON" 2 out '"type":"what_if"' '"if":"bandwidth=50M"'
within "it converges" "$(value out what_if 'int(o["converges"])')" 1 1
for kind in png svg pdf; do
	"$predict" --bandwidth 50M --plot plot.$kind record >out 2>&1
	ended "a picture: $kind" 0 out "converges"
	[[ -s plot.$kind ]] || failed "plot.$kind" "there is none"
done

# The network, as it was measured.
"$mig_mon" vm -d -p $port >/dev/null &
destination=$!
sleep 1
"$mig_mon" vm -s -H 127.0.0.1 -p $port -t precopy --bandwidth 60M --duration 4s --output json >network
end $destination
"$predict" --bandwidth-from network --output json record >out 2>&1
ended "what mig_mon vm has measured" 0 out '"converges":true'
within "is the bandwidth" "$(value out prediction 'o["bytes_per_second"] / 2**20')" 55 65

"$predict" watch --pid $writer --bandwidth 50M --duration 3s >out 2>&1
ended "watch" 0 out " s: " "MB/s written; now it would take: " "PASS" "converges: "
within "a line each second" "$(grep -c 'now it would take' out)" 2 3
"$predict" watch --pid $writer --bandwidth 50M --duration 3s --output json >out
ended "watch, as JSON" 0 out '"type":"second"' '"type":"prediction"'
within "its seconds have the rate" "$(value out second 'o["dirty_bytes_per_second"] / 2**20')" 18 23
"$predict" watch --pid $writer --bandwidth 15M >out 2>&1 &
watcher=$!
wait_for out "would take"
end $watcher
ended "Ctrl-C ends with the whole" 2 out "does not converge" "PASS"
"$predict" watch --pid $writer --bandwidth 15M --duration 200ms >out 2>&1
ended "too short" 1 out "too few windows"
"$predict" watch --pid $writer --bandwidth 50M >out 2>&1 &
watcher=$!
wait_for out "would take"
end $writer
wait $watcher
ended "a program that ends" 1 out "process $writer has ended" "converges: "

# A VM.
qemu-system-x86_64 -accel tcg -m 64 -display none -nodefaults -qmp unix:qmp,server,nowait >qemu.log 2>&1 &
qemu=$!
for _ in $(seq 100); do [[ -S qmp ]] && break; sleep 0.1; done
"$predict" watch --qmp qmp --bandwidth 100M --duration 2s >out 2>&1
ended "a QEMU by its monitor" 0 out "are zeros" "converges: "
end $qemu
timeout -k 5 200 "$top/tests/e2e/with-libvirtd" "$predict" watch --libvirt guest --connect qemu:///system --bandwidth 100M --duration 2s >out 2>&1
ended "a domain of libvirt" 0 out "are zeros" "converges: "

# A workload that changes.
python3 - >unsteady <<'PY'
import json
print(json.dumps({"type": "start", "interval_ms": 100, "page_size": 4096, "pages": 65536, "zero_pages": 0}))
for i in range(200):
    pages = 50 if i < 100 else 1500
    print(json.dumps({"type": "interval", "ms": 100, "dirty_pages": pages, "working_set_pages": {"1": pages * 8}}))
PY
"$predict" --bandwidth 40M unsteady >out 2>&1
ended "a workload that is not steady" 0 out "not steady: 2.0 to 58.6 MB/s" "not sure"

# What cannot be right.
refused() { # NAME STATUS 'COMMAND' TEXT...
	says "refused: $1" "$2" "timeout 20 $predict $3" "${@:4}"
}
head -n 4 record >short
grep -v '"start"' record >headless
sed 's/"page_size":4096,//' record >sizeless
head -c 3000 record >torn
: >empty
head -c 100000 /dev/urandom >noise
mkdir none
refused "too few windows" 1 "--bandwidth 50M short" "short: too few windows: 2 intervals of 0.1 s, and 5 are the least"
refused "no begin" 1 "--bandwidth 50M headless" "headless, line 1: an interval before the start"
refused "no page size" 1 "--bandwidth 50M sizeless" "sizeless, line 1: the page size is unknown" "--page-size"
says "which can be given" 0 "$predict --bandwidth 50M --page-size 4k sizeless" "converges"
refused "torn" 1 "--bandwidth 50M torn" "torn, line " "no JSON object"
refused "empty" 1 "--bandwidth 50M empty" "empty is empty"
refused "noise" 1 "--bandwidth 50M noise" "noise, line 1: "
refused "another's JSON" 1 "--bandwidth 50M network" "network, line 1: type 'second'"
refused "no file" 1 "--bandwidth 50M gone" "cannot open gone: No such file"
refused "no bitmaps" 1 "--bandwidth 50M none" "none has no bitmaps"
refused "no network" 1 "record" "what does the network give?" "Try 'migrate_predict --help'"
refused "two networks" 1 "--bandwidth 1G --bandwidth-from network record" "one or the other"
refused "no measurement" 1 "--bandwidth-from record record" "seconds of a stream"
for words in "--bandwidth 0" "--bandwidth nan" "--bandwidth 1x" "--bandwidth -5M" "--bandwidth ''" "--downtime 1h" "--downtime x" "--multifd 0" "--postcopy 0" \
	"--throttle 1,2" "--auto-converge --throttle 1,2" "--auto-converge --throttle 0,2,3" "--throttle 1,2,3" "--zero-pages 101%" "--what-if ''" "--what-if what=1" \
	"--what-if downtime" "--what-if bandwidth=" "--plot x.gif" "--output xml" "--page-size 5" "--vm-size 1G"; do
	refused "$words" 1 "--bandwidth 50M record $words" "Try 'migrate_predict --help'"
done
refused "watch without a process" 1 "watch --bandwidth 5M" "which process?" "Try 'migrate_predict watch --help'"
refused "watch of nobody" 1 "watch --bandwidth 5M --pid 999999999" "999999999"
refused "watch, too fast" 1 "watch --bandwidth 5M --pid 1 --interval 1ms" "10 ms is the shortest"
refused "nowhere to draw" 1 "--bandwidth 50M --plot gone/x.png record" "gone"
refused "a full disk" 1 "--bandwidth 50M record >/dev/full" "No space left on device"
((failures == 0))
