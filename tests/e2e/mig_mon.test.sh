#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mig_mon mm_dirty and the downtime of a network, as their users call them; the streams are in mig_mon_vm.test.sh. One
# line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/mig_mon.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/mig_mon.sh"

# Dirty memory.
"$mig_mon" mm_dirty -m 64 -r 40 --duration 3s --output json >out 2>&1
within "a rate is kept" "$(value out summary 'o["mb_per_second"]')" 30 40.5
"$mig_mon" mm_dirty -m 64 -p random -r 4G --threads 2 -L --duration 1s >out 2>&1
ended "accesses are measured" 0 out "1048576 (us): "
"$mig_mon" mm_dirty -m 16 --rate-schedule 8M:500ms,16M:500ms,0:200ms --output json >out 2>&1
within "a schedule ends by itself" "$(value out summary 'o["pages"] / 256')" 8 12.5
"$mig_mon" mm_dirty -m 16 -p once --duration 1s >out 2>&1
ended "once" 0 out "0 MB/s"
"$mig_mon" mm_dirty -m 90000T >out 2>&1
ended "more memory than there is" 1 out "cannot have"
# The byte of a page is changed behind its back.
"$mig_mon" mm_dirty -m 123 -r 123 >out 2>&1 &
dirty=$!
wait_for out dirty-rate
if python3 - $dirty <<'PY'; then
import re, sys
for line in open(f"/proc/{sys.argv[1]}/maps"):
    begin, end = (int(x, 16) for x in re.match(r"(\w+)-(\w+) rw", line).groups()) if " rw" in line else (0, 0)
    if 123 << 20 <= end - begin < 130 << 20:
        memory = open(f"/proc/{sys.argv[1]}/mem", "r+b", buffering=0)
        try:
            for page in range(0, 100 << 20, 4096):
                memory.seek(begin + (10 << 20) + page)
                memory.write(b"\xee")
        except OSError:
            pass  # it has noticed, and has gone
        break
else:
    sys.exit("no such memory")
PY
	wait $dirty
	ended "memory that is not what was written is an error" 1 out "memory is corrupted" "is 0xee"
else
	failed "memory that is not what was written" "cannot write to the memory of $dirty"
	kill $dirty
fi

# The downtime of a network.
"$mig_mon" server_rr --port "$port" >server.log 2>&1 &
server=$!
sleep 0.3
"$mig_mon" client_rr localhost 20 spikes --port "$port" --duration 8s --output json >out 2>&1 &
client=$!
sleep 1.5
stops=(1.0 0.7 0.5)
for stop in "${stops[@]}"; do
	kill -STOP $server
	begin=$(date +%s%N)
	sleep "$stop"
	kill -CONT $server
	took+=($((($(date +%s%N) - begin) / 1000000)))
	sleep 1
done
wait $client
python3 - "${took[@]}" >verdict 2>&1 <<'PY'
import json, sys
outages = [o["length_ms"] for o in map(json.loads, open("out")) if o["type"] == "outage"]
# A busy machine has small ones of its own; as much may come on top of the others.
large, small = [o for o in outages if o > 300], [o for o in outages if o <= 300]
wanted = list(map(int, sys.argv[1:]))
slack = 40 + max(small, default=0)
assert len(large) == 3 and all(abs(a - b) <= slack for a, b in zip(large, wanted)), (outages, wanted)
spikes = [line.split(",") for line in open("spikes")]
assert spikes[0][1] == "18446744073709551615\n" and len(spikes) == 1 + len(outages), spikes
print("three")
PY
ended "three stops of the server are three outages of their lengths" 0 verdict three
end $server
ended "the server says what it sent back" 0 server.log "packets of " received
"$mig_mon" server --port "$port" spikes --duration 3s >out 2>&1 &
server=$!
sleep 0.3
"$mig_mon" client 127.0.0.1 10 --port "$port" --duration 1s >client.log 2>&1
ended "one way" 0 client.log " sent"
wait $server
ended "one way, the server watches" 0 out "a packet each 10 ms" "outages: "
"$mig_mon" client_rr localhost 10 spikes --port "$port" --duration 300ms >out 2>&1
ended "nobody there, round trip" 0 out "refused" "nothing was received"
"$mig_mon" server_rr --port "$port" --duration 2s >out 2>&1 &
server=$!
sleep 0.3
python3 -c 'import os, random, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(3000):
    data = os.urandom(random.choice((0, 1, 39, 40, 41, 1400)))
    s.sendto(random.choice((b"", b"mig_mon1")) + data, ("127.0.0.1", int(sys.argv[1])))' "$port"
wait $server
ended "packets of nonsense" 0 out received

# Command lines.
for words in "" "nosuch" "mm_dirty -p nosuch" \
	"mm_dirty -r x" "mm_dirty -m 0" "mm_dirty -P 3k" "mm_dirty --rate-schedule 5" "mm_dirty operand" "client" "client_rr" "client a 0" \
	"server a b" "server_rr a" "client_rr a 1 b c" "mm_dirty --threads 0"; do
	"$mig_mon" $words >out 2>&1
	ended "refused: mig_mon $words" 1 out "mig_mon"
done
for words in -h --help -v --version "mm_dirty -h" "server -h" "client_rr --help"; do
	"$mig_mon" $words >out 2>&1
	ended "mig_mon $words" 0 out "mig_mon"
done
((failures == 0))
