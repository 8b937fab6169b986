#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mig_mon vm as its users call it, and with peers that speak the original stream, vanish, or send nonsense. One line per
# check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/mig_mon_vm.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/mig_mon_lib.sh"
peer() { python3 "$top/tests/e2e/mig_mon_peer.py" "$@"; }

destination() { # NAME OPTION...
	local name=$1
	shift
	"$mig_mon" vm -d -p "$port" "$@" >"$name.log" 2>&1 &
	destination=$!
	wait_for "$name.log" "waiting for sources"
}
source_of() { "$mig_mon" vm -s -H 127.0.0.1 -p "$port" "$@"; }

# Somebody who says nothing, for so long that the end is looked at last.
peer destination_silent $((port + 1)) >silent.log 2>&1 &
wait_for silent.log waiting
"$mig_mon" vm -s -H 127.0.0.1 -p $((port + 1)) -t postcopy >silent.out 2>&1 &
silent=$!

# The original streams.
destination plain
for host in 127.0.0.1 ::1 localhost; do
	"$mig_mon" vm -s -H $host -p"$port" --bytes 50M >out 2>&1
	ended "precopy to $host" 0 out "connected to" "50."
done
source_of -t postcopy --duration 1.5s >out 2>&1
ended "postcopy" 0 out "requested pages: "
source_of -t postcopy -t precopy --duration 1.5s --output json >out 2>&1
ended "both at once" 0 out '"summary"'
within "both at once: pages were requested" "$(value out summary 'o["requests"]')" 10 1e9
within "both at once: and others sent" "$(value out summary 'o["pages"] - o["requests"]')" 1000 1e12
source_of --bandwidth 20M --duration 3s --output json >out 2>&1
# A machine that is too busy sends less, never more.
within "a bandwidth is kept" "$(value out summary 'o["bytes_per_second"] / 2**20')" 2 21
source_of -t precopy -t postcopy --bandwidth 20M --duration 3s --output json >out 2>&1
within "a bandwidth is kept beside postcopy" "$(value out summary '(o["pages"] - o["requests"]) / 256 / o["ms"] * 1000')" 2 21
"$mig_mon" vm -s -H 127.0.0.1 -p "$port" --duration 60s >out 2>&1 &
source=$!
wait_for out "Speed:"
end $source
ended "Ctrl-C ends with a summary" 0 out "MB/s, load"
"$mig_mon" vm -s -H 127.0.0.1 -p "$port" --bandwidth 1k >out 2>&1 &
source=$!
wait_for out "Speed:"
end $source
ended "Ctrl-C ends a slow stream, too" 0 out "MB/s, load"
for _ in 1 2 3; do source_of --bytes 20M >/dev/null 2>&1 & pids+=($!); done
wait "${pids[@]}"
end "$destination"
ended "the destination has served them all, three at once among them" 0 plain.log "Latency: average " "latency: average"
within "the destination has seen them come" "$(grep -c ' connected' plain.log)" 12 12

# However a source ends that is not killed, it ends with a whole page.
destination ends
for options in "-t precopy" "-t precopy -t postcopy" "--channels 2 --zero-pages 30%" "-t postcopy -t precopy --urgent-channel"; do
	# shellcheck disable=SC2086
	for _ in 1 2 3; do source_of $options --duration 200ms >/dev/null; done
done
end "$destination"
grep ' ended: ' ends.log | grep -v 'it has closed the connection' >accidents
within "who ends in time ends with a whole page" "$(wc -l <accidents)" 0 0
within "and they were seen to end" "$(grep -c ' ended: ' ends.log)" 18 18

# What only HELLO can arrange.
destination more --output json

pages() { value out summary 'o["pages"]'; }
source_of --channels 3 --passes 2 --vm-size 64M --output json >out 2>&1
ended "channels" 0 out '"summary"'
within "channels: each page goes once in each pass" "$(pages)" 32768 32768
within "channels: there are three" "$(grep -c ' connected' more.log)" 3 3
source_of --zero-pages 50% --passes 2 -S 64M --output json >out 2>&1
within "zero pages count" "$(pages)" 32768 32768
within "zero pages are headers" "$(value out summary 'o["bytes"] / o["pages"]')" 1950 2250
source_of --zero-pages 100% --channels 2 --passes 1 -S 64M --output json >out 2>&1
within "all pages are zero" "$(value out summary 'o["bytes"] / o["pages"]')" 16 16
source_of -t postcopy --page-size 2m --duration 1s --output json >out 2>&1
within "pages of 2 MiB" "$(value out summary '(o["pages"] + 511) // 512 - o["requests"]')" 0 1
source_of -t postcopy -t precopy --page-size 64k --channels 2 --urgent-channel --zero-pages 10 --duration 1.5s --output json >out 2>&1
ended "all of it at once" 0 out '"summary"'
within "all of it at once: pages were requested" "$(value out summary 'o["requests"]')" 10 1e9
within "all of it at once: and others sent" "$(value out summary 'o["pages"] - 16 * o["requests"]')" 1000 1e12
end "$destination"
within "the destination counts what came on all channels" "$(value more.log summary 'o["pages"]')" 81920 1e12

# A whole precopy.
destination whole
source_of --vm-size 64M --dirty-rate 20M --bandwidth 100M --downtime 100 --output json >out 2>&1
ended "a migration that converges" 0 out '"converged"'
within "it tells the downtime" "$(value out migration 'o["downtime_ns"] / 1e6')" 0 1000
within "each iteration sends what the one before has left" "$(python3 -c 'import json
i = [o for o in map(json.loads, open("out")) if o["type"] == "iteration"]
print(i[0]["pages"] == 16384 and len(i) > 1 and i[-1]["guest_stopped"] and all(b["pages"] == a["dirty_pages"] for a, b in zip(i, i[1:])))' |
	sed 's/True/1/')" 1 1
source_of --vm-size 16M --dirty-rate 200M --bandwidth 40M --downtime 50 >out 2>&1
ended "a migration that does not" 2 out "iteration 3: sent " "does not converge: " "it would with a bandwidth of "
source_of --vm-size 16M --dirty-rate 20M --bandwidth 40M --downtime 0.001 --max-iterations 2 --output json >out 2>&1
ended "a migration that may not take longer" 2 out '"diverged"' '"number":2'
source_of --vm-size 16M --dirty-rate 200M --working-set 1% --bandwidth 40M --downtime 300 --channels 2 >out 2>&1
ended "a migration of a small working set, over two channels" 0 out "guest stopped: sent 0 MB" "converged: a downtime of "
"$mig_mon" vm -s -H 127.0.0.1 -p "$port" --vm-size 16M --dirty-rate 200M --bandwidth 1M >out 2>&1 &
source=$!
wait_for out "Speed:"
end $source
ended "a migration that Ctrl-C ends" 2 out "not over: it was ended before"
end "$destination"

# An original source and destination: the stream byte for byte.
destination original
peer source "$port" >out 2>&1
ended "an original source is served" 0 out "as it should be"
peer hurries-and-stops "$port" >out 2>&1
ended "a message behind many is read at once" 0 out "as it should be"
declare -A fault=([nonsense]="no source of mig_mon" [endian]="another byte order" [page-size]="another size than 4096"
	[beyond]="give both ends the same -S" [half]="in the middle of a message" [half-hello]="in the middle of a message"
	[large-hello]="a HELLO of 4294967295 bytes" [late-hello]="behind other messages" [reset]="ended: ")
for what in "${!fault[@]}"; do
	peer "$what" "$port" >out 2>&1
	if wait_for original.log "${fault[$what]}"; then echo "ok a source that does wrong is told so: $what"; else
		failed "a source that does wrong: $what" "$(tail -n 2 original.log)"
	fi
done
declare -A reason=([hello-page-size]="pages of 12345 bytes" [hello-vm]="a VM of 9223372036854775808 bytes"
	[hello-flags]="unknown flags 0x100000" [hello-channels]="4294967295 channels")
for what in "${!reason[@]}"; do
	peer "$what" "$port" >out 2>&1
	ended "a HELLO is refused: $what" 0 out "${reason[$what]}" "as it should be"
done
source_of --bytes 5M >out 2>&1
ended "and the next is served as if nothing had been" 0 out "5.2 MB in"
# Whoever connects and says nothing takes no place for long; meanwhile there is more to try.
exec {idle}<>/dev/tcp/127.0.0.1/"$port"
began=$SECONDS

# A destination that is there and does not read.
python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c = s.accept()
time.sleep(60)' $((port + 1)) &
deaf=$!
sleep 1
"$mig_mon" vm -s -H 127.0.0.1 -p $((port + 1)) --passes 1 >out 2>&1
ended "a destination that does not read" 1 out "the destination has read nothing for 15 s"
kill $deaf
[[ $((SECONDS - began)) -ge 16 ]] || sleep 2
wait_for original.log "it has sent no message within 15 s" || failed "a source that says nothing" "$(tail -n 2 original.log)"
exec {idle}>&-
end "$destination"

# A VM that is larger than the destination's: the source learns it at once.
destination small -S 1
began=$SECONDS
source_of -S 2 --passes 1 >out 2>&1
ended "a destination with another size" 1 out "the destination has closed the connection; if it still runs it tells why"
within "which takes no time" $((SECONDS - began)) 0 8
# What a destination that stood still did not take is not sent faster later. To 10 % of a second, and a second to itself.
source_of --bandwidth 50M --duration 5s --output json >out 2>&1 &
source=$!
wait_for out '"second"'
kill -STOP "$destination"
sleep 1.5
kill -CONT "$destination"
wait $source
within "a limit is one also after a pause" "$(python3 -c 'import json, sys
print(max(json.loads(line)["bytes_per_second"] for line in open("out")) / 2**20)')" 30 57
# Memory is given back behind the end of the stream, not before it. The least of five: a busy machine adds to each.
for _ in 1 2 3 4 5; do
	source_of --vm-size 256M --dirty-rate 50M --bandwidth 200M --downtime 20 --output json >out 2>&1
	value out migration 'o["downtime_ns"] / 1e6'
done | sort -g >downtimes
within "the downtime is that of the pages" "$(head -n 1 downtimes)" 1 30
"$mig_mon" vm -s -H 127.0.0.1 -p "$port" -S 1 --bandwidth 1M 2>err | head -n 1 >out
within "a source whose output nobody reads ends" "${PIPESTATUS[0]}" 1 1
end "$destination"

# with_peer NAME STATUS "PEER..." "OPTION..." TEXT...: a source of ours with such a destination.
with_peer() {
	local name=$1 status=$2 what options text
	read -ra what <<<"$3"
	read -ra options <<<"$4"
	shift 4
	peer "${what[0]}" "$port" "${what[@]:1}" >peer.log 2>&1 &
	local peer=$!
	wait_for peer.log waiting
	timeout 60 "$mig_mon" vm -s -H 127.0.0.1 -p "$port" "${options[@]}" >out 2>&1
	ended "$name" "$status" out "$@"
	wait $peer
	ended "$name: the destination has seen what it expects" 0 peer.log "as it should be"
}
with_peer "a destination that goes" 1 destination "" "the stream to 127.0.0.1:$port ended"
with_peer "a destination that goes, both streams" 1 destination_postcopy "-t precopy -t postcopy" "the stream to 127.0.0.1:$port ended"
with_peer "an original stream, byte for byte" 0 "destination_all 300x4" "--vm-size 1200k --passes 4" "4.7 MB in"
with_peer "a destination that requests nothing" 1 destination_silent "-t precopy -t postcopy" "the stream to"
with_peer "a destination that answers with nonsense" 1 destination_nonsense "-t precopy -t postcopy" "which is no request for a page"
with_peer "a destination that floods" 1 destination_floods "-t postcopy -t precopy --bandwidth 1M" "the stream to"
with_peer "a destination that goes during a migration" 1 destination "--dirty-rate 1M --vm-size 1G" "the stream to"
with_peer "an original destination does not know HELLO" 1 "answers_hello closes" "--channels 2" "an original mig_mon knows neither"
with_peer "a destination refuses" 1 "answers_hello refuses" "--channels 2" "it refuses: not on Sundays"
with_peer "a reason without an end" 1 "answers_hello endless" "--zero-pages 1" "a reason of 1099511627776 bytes"
with_peer "nonsense for a HELLO" 1 "answers_hello nonsense" "--zero-pages 1" "comes instead of HELLO"
source_of >out 2>&1
ended "nobody there" 1 out "cannot connect to 127.0.0.1 port $port: Connection refused" "mig_mon vm -d"
"$mig_mon" vm -s -H '[::1]' -p "$port" >out 2>&1
ended "an address in brackets" 1 out "cannot connect to [::1] port $port: Connection refused"
"$mig_mon" vm -s -H fe80::1 -p "$port" >out 2>&1
ended "a link-local address without its interface" 1 out "fe80::1%eth0"
"$mig_mon" vm -s -H no.such.host.invalid >out 2>&1
ended "no such host" 1 out "cannot find the host 'no.such.host.invalid'"
destination taken
"$mig_mon" vm -d -p "$port" >out 2>&1
ended "a port that is taken" 1 out "Address already in use" "-p takes another"
end "$destination"

# Command lines.
for words in "" "-d -s" "-s" "-d -p 0" "-d -p0" "-d -S 1b" "-d -t precopy" "-d --channels 2" "-s -H a -t nosuch" "-s -H a --channels 0" \
	"-s -H a --channels 256" "-s -H a --zero-pages 101%" "-s -H a --zero-pages x" "-s -H a --page-size 3k -t postcopy" \
	"-s -H a --page-size 2m" "-s -H a --urgent-channel" "-s -H a -t postcopy --channels 2" "-s -H a --passes 0" "-s -H a --passes -1" "-s -H a --downtime 3" \
	"-s -H a --dirty-rate 1 --bytes 1" "-s -H a -S 1 --vm-size 1" "-s -H a --window 1" "-s -H a --bandwidth 0" \
	"-s -H a -t postcopy --page-size 1g --vm-size 1M" "-s -H a --dirty-rate 1M --max-iterations 0" \
	"-s -H a --dirty-rate 1M --working-set 0"; do
	"$mig_mon" vm $words >out 2>&1
	ended "refused: mig_mon vm $words" 1 out "mig_mon: " "Try"
done
wait $silent
ended "a destination that never requests a page" 1 silent.out "has requested no page for 15 s"
"$mig_mon" vm -h >out 2>&1
ended "mig_mon vm -h" 0 out "Usage: mig_mon vm"
((failures == 0))
