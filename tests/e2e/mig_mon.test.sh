#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mig_mon vm as its users call it, and with peers that speak the original stream, vanish, or send nonsense. One line per
# check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/mig_mon.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/mig_mon_lib.sh"

destination() { # NAME OPTION...
	local name=$1
	shift
	"$mig_mon" vm -d -p "$port" "$@" >"$name.log" 2>&1 &
	destination=$!
	wait_for "$name.log" "waiting for sources"
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

# Command lines.
refused "" nosuch vm "vm -d -s" "vm -s" "vm -d -p 0" "vm -d -S 1b" "vm -d -t precopy" "vm -s -H a -t nosuch"
helps -h --help -v --version "vm -h"
((failures == 0))
