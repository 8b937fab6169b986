#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mig_mon as its users call it, and with peers that speak the original stream, vanish, or send nonsense. One line per
# check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/mig_mon.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/lib.sh"
mig_mon=$programs/mig_mon
cd "$work" || exit 1
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
# Ports that nobody else uses, as far as one can tell.
port=$((20000 + $$ % 20000))

# ended NAME STATUS FILE TEXT...: the command before ended with STATUS ($?), and FILE has every TEXT.
ended() {
	local status=$? name=$1 wanted=$2 file=$3 text
	shift 3
	[[ $status -eq $wanted ]] || { failed "$name" "ended with $status instead of $wanted: $(tail -n 3 "$file")"; return; }
	for text; do
		grep -qF -- "$text" "$file" || { failed "$name" "no '$text' in: $(tail -n 5 "$file")"; return; }
	done
	echo "ok $name"
}
# within NAME VALUE FROM TO
within() {
	if awk -v v="$2" -v a="$3" -v b="$4" 'BEGIN { exit !(v != "" && v >= a && v <= b) }'; then
		echo "ok $1"
	else
		failed "$1" "$2 is not from $3 to $4"
	fi
}
# wait_for FILE TEXT: until it says so.
wait_for() {
	for _ in $(seq 100); do
		! grep -qF -- "$2" "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}
# value FILE TYPE EXPRESSION: of the last object of that type in JSON lines.
value() {
	python3 -c 'import json, sys
last = [o for o in map(json.loads, open(sys.argv[1])) if o["type"] == sys.argv[2]][-1]
print(eval(sys.argv[3], {"o": last}))' "$@"
}

destination() { # NAME OPTION...
	local name=$1
	shift
	"$mig_mon" vm -d -p "$port" "$@" >"$name.log" 2>&1 &
	destination=$!
	wait_for "$name.log" "waiting for sources"
}
end() { # PID
	kill -INT "$1"
	wait "$1"
}

# The streams.
destination plain
for host in 127.0.0.1 ::1 localhost; do
	"$mig_mon" vm -s -H $host -p "$port" --bytes 50M >out 2>&1
	ended "precopy to $host" 0 out "connected to" "52."
done
"$mig_mon" vm -s -H localhost -p "$port" -t postcopy --duration 1.5s >out 2>&1
ended "postcopy" 0 out "requested pages: "
"$mig_mon" vm -s -H localhost -p "$port" -t postcopy -t precopy --duration 1.5s --output json >out 2>&1
ended "both at once" 0 out '"summary"'
within "both at once: pages were requested" "$(value out summary 'o["requests"]')" 10 1e9
within "both at once: and others sent" "$(value out summary 'o["pages"] - o["requests"]')" 1000 1e12
"$mig_mon" vm -s -H localhost -p "$port" --bandwidth 20M --duration 3s --output json >out 2>&1
within "a bandwidth is kept" "$(value out summary 'o["bytes_per_second"] / 2**20')" 12 21
"$mig_mon" vm -s -H localhost -p "$port" --duration 60s >out 2>&1 &
source=$!
wait_for out "Speed:"
end $source
ended "Ctrl-C ends with a summary" 0 out "MB/s, load"
for _ in 1 2 3; do "$mig_mon" vm -s -H localhost -p "$port" --bytes 20M >/dev/null 2>&1 & pids+=($!); done
wait "${pids[@]}"
end "$destination"
ended "the destination has served them all, three at once among them" 0 plain.log "Latency: average " "latency: average"
within "the destination has seen them come" "$(grep -c ' connected' plain.log)" 10 10

# An original source and destination: the stream byte for byte.
cat >peer.py <<'PY'
import socket, struct, sys, time
what, port = sys.argv[1], int(sys.argv[2])
page = b"p" * 4096
header = lambda magic, index=0: struct.pack("=QQ", magic, index)
def read(s, size):
    data = b""
    while len(data) < size:
        got = s.recv(size - len(data))
        if not got:
            raise SystemExit(f"closed after {len(data)} of {size} bytes")
        data += got
    return data
if what == "destination":
    listening = socket.create_server(("127.0.0.1", port))
    print("waiting", flush=True)
    s = listening.accept()[0]
    pages = []
    if len(sys.argv) > 3:
        assert read(s, 16) == header(0x125), "handshake"
        s.sendall(header(0x124, 7000000))
    # What was on its way before the request comes first; how much that is depends on the kernel.
    urgent = len(sys.argv) > 3
    while len(pages) < 1000 or (urgent and len(pages) < 50000):
        magic, index = struct.unpack("=QQ", read(s, 16))
        assert magic == 0x123, hex(magic)
        read(s, 4096)
        pages.append(index)
        urgent = urgent and index != 7000000
    if len(sys.argv) > 3:
        assert 7000000 in pages, pages[-3:]
        pages.remove(7000000)
    assert pages == list(range(len(pages))), pages[:10]
    print("as it should be", flush=True)
    raise SystemExit
s = socket.create_connection(("127.0.0.1", port))
if what == "source":
    s.sendall(header(0x125))
    for n in range(100):
        magic, index = struct.unpack("=QQ", read(s, 16))
        assert magic == 0x124 and index < 2**40 // 4096, (hex(magic), index)
        s.sendall(header(0x123, n) + page)
        s.sendall((header(0x123, index) + page)[:3000])
        s.sendall((header(0x123, index) + page)[3000:])
    print("as it should be")
elif what == "nonsense":
    s.sendall(b"GET / HTTP/1.0\r\n\r\n" * 1000)
elif what == "endian":
    s.sendall(struct.pack(">QQ", 0x123, 0) + page)
elif what == "page-size":
    s.sendall(header(0x123) + page * 2 + header(0x123, 1) + page * 2)
elif what == "beyond":
    s.sendall(header(0x123, 2**62) + page)
elif what == "half":
    s.sendall(header(0x123) + page[:100])
elif what == "reset":
    s.sendall(header(0x125))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()
PY
destination original
python3 peer.py source "$port" >out 2>&1
ended "an original source is served" 0 out "as it should be"
declare -A fault=([nonsense]="no source of mig_mon" [endian]="another byte order" [page-size]="another size than 4096"
	[beyond]="give both ends the same -S" [half]="in the middle of a message")
for what in "${!fault[@]}" reset; do
	python3 peer.py "$what" "$port"
	if wait_for original.log "${fault[$what]-ended: }"; then echo "ok a source that does wrong is told so: $what"; else
		failed "a source that does wrong: $what" "$(tail -n 2 original.log)"
	fi
done
"$mig_mon" vm -s -H localhost -p "$port" --bytes 5M >out 2>&1
ended "and the next is served as if nothing had been" 0 out "5.3 MB"
end "$destination"
for mode in "" postcopy; do
	python3 peer.py destination "$port" $mode >peer 2>&1 &
	peer=$!
	wait_for peer waiting
	"$mig_mon" vm -s -H 127.0.0.1 -p "$port" -t precopy ${mode:+-t $mode} >out 2>&1
	ended "a destination that goes is an error${mode:+, $mode}" 1 out "the stream to 127.0.0.1:$port ended"
	wait "$peer"
	ended "an original destination gets what it expects${mode:+, $mode}" 0 peer "as it should be"
done
"$mig_mon" vm -s -H localhost -p "$port" >out 2>&1
ended "nobody there" 1 out "cannot connect to localhost port $port: Connection refused" "mig_mon vm -d"
"$mig_mon" vm -s -H no.such.host.invalid >out 2>&1
ended "no such host" 1 out "cannot find the host 'no.such.host.invalid'"
destination taken
"$mig_mon" vm -d -p "$port" >out 2>&1
ended "a port that is taken" 1 out "Address already in use" "-p takes another"
end "$destination"

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
for words in "" "nosuch" "vm" "vm -d -s" "vm -s" "vm -d -p 0" "vm -d -S 1b" "vm -d -t precopy" "vm -s -H a -t nosuch" "mm_dirty -p nosuch" \
	"mm_dirty -r x" "mm_dirty -m 0" "mm_dirty -P 3k" "mm_dirty --rate-schedule 5" "mm_dirty operand" "client" "client_rr" "client a 0" \
	"server a b" "server_rr a" "client_rr a 1 b c" "mm_dirty --threads 0"; do
	"$mig_mon" $words >out 2>&1
	ended "refused: mig_mon $words" 1 out "mig_mon"
done
for words in -h --help -v --version "vm -h" "mm_dirty -h" "server -h" "client_rr --help"; do
	"$mig_mon" $words >out 2>&1
	ended "mig_mon $words" 0 out "mig_mon"
done
((failures == 0))
