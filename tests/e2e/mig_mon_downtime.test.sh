#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mig_mon server, client, server_rr and client_rr: servers that are stopped, links that go down, peers of the original
# program, and hostile packets. The links need root, for network namespaces. One line per check: "ok NAME" or
# "FAILED NAME: reason".
#
# Usage: tests/e2e/mig_mon_downtime.test.sh DIRECTORY_OF_PROGRAMS

needs_root=y
. "$(dirname "$0")/mig_mon_lib.sh"
helpers=$top/tests/e2e

# serve COMMAND...: in the background; $server
serve() {
	"$@" >server.log 2>&1 &
	server=$!
	sleep 0.3
}

# A machine that lets no thread run for a while makes outages of its own, and these longer: five times at most.
attempt() { # COMMAND...
	local _
	for _ in 1 2 3 4 5; do
		! "$@" || return 0
	done
	return 1
}
# Of packets, in ms: so exact is what is told of an outage, and so much may disturb it.
interval=20

# Stops of the server.
stop_server() {
	serve "${first[@]}" "$mig_mon" server_rr --port "$port"
	"${first[@]}" "$mig_mon" client_rr localhost $interval spikes --port "$port" --output json >out 2>&1 &
	client=$!
	sleep 1
	"${first[@]}" "$helpers/make-outages.py" process $server 1000 700 500 >lengths
	end $client
	end $server
	"$helpers/check-outages.py" out spikes $interval <lengths >verdict 2>&1
}
attempt stop_server
ended "three stops of the server are three outages of their lengths" 0 verdict "3 outages"
within "packets that waited in the stopped server are not lost" "$(value out summary 'o["lost"] + o["duplicates"]')" 0 1
within "packets are answered, or lost" "$(value out summary 'o["sent"] - o["received"] - o["lost"]')" 0 0
grep -q "packets of " server.log
ended "the server says what it sent back" 0 server.log " received"

# Links that go down: the client's own, which refuses to send, and one in between, which loses what is sent.
a=migmon-$$-a b=migmon-$$-b bridge=migmon-$$-r
remove_links() {
	local name
	for name in $a $b $bridge; do ip netns del $name 2>/dev/null; done
}
make_links() {
	local name
	for name in $a $b $bridge; do ip netns add $name || return 1; done
	ip -n $bridge link add br0 type bridge &&
		ip link add dev a netns $a type veth peer name a netns $bridge &&
		ip link add dev b netns $b type veth peer name b netns $bridge &&
		ip -n $a addr add 192.0.2.1/24 dev a && ip -n $a addr add 2001:db8::1/64 dev a nodad &&
		ip -n $b addr add 192.0.2.2/24 dev b && ip -n $b addr add 2001:db8::2/64 dev b nodad &&
		ip -n $bridge link set dev a master br0 up && ip -n $bridge link set dev b master br0 up && ip -n $bridge link set dev br0 up &&
		ip -n $a link set dev a up && ip -n $b link set dev b up
}
# cut_link NAMESPACE INTERFACE LENGTHS LOG...: takes it down for each length in ms. LOG: what a client sees that uses this
# address, or "one way", what a server sees; "verdict LOG": whether that is so.
cut_link() {
	local lengths=$3 host log clients=() status=0
	serve "${first[@]}" ip netns exec $b "$mig_mon" server_rr --port "$port"
	"${first[@]}" ip netns exec $b "$mig_mon" server "spikes one way" --port $((port + 1)) --output json >"one way" 2>&1 &
	local one_way=$!
	sleep 0.3
	"${first[@]}" ip netns exec $a "$mig_mon" client 192.0.2.2 $interval --port $((port + 1)) >/dev/null 2>&1 &
	clients+=($!)
	for host in 192.0.2.2 2001:db8::2; do
		"${first[@]}" ip netns exec $a "$mig_mon" client_rr $host $interval "spikes $host" --port "$port" --output json >"$host" 2>&1 &
		clients+=($!)
	done
	sleep 1
	# shellcheck disable=SC2086
	"${first[@]}" ip netns exec "$1" "$helpers/make-outages.py" link "$2" $lengths >lengths
	end $one_way
	for client in "${clients[@]}"; do end $client; done
	end $server
	for log in "${@:4}"; do
		"$helpers/check-outages.py" "$log" "spikes $log" $interval <lengths >"verdict $log" 2>&1 || status=1
	done
	return $status
}
told() { # NAME LOG...
	local log
	for log in "${@:2}"; do
		grep -q "^$(wc -l <lengths) outages" "verdict $log"
		ended "a link that is down is an outage of that length: $1, $log" 0 "verdict $log"
		sed 's/^/# /' "verdict $log"
	done
}
trap 'kill $(jobs -p) 2>/dev/null; remove_links; rm -rf "$work"' EXIT
if make_links >links.log 2>&1; then
	attempt cut_link $bridge br0 "60 80 110 150 200 300 450 700 1000 3000" "one way" 192.0.2.2 2001:db8::2
	told "a link in between" "one way" 192.0.2.2 2001:db8::2
	# Once: the kernel looks after a port of a bridge that comes back no more often than each second. IPv6 addresses leave an
	# interface that is down.
	attempt cut_link $a a 300 "one way" 192.0.2.2
	told "the client's own link" "one way" 192.0.2.2
else
	failed "links that go down" "this needs root: $(head -n 1 links.log)"
fi
remove_links

# One way.
serve "$mig_mon" server --port "$port" spikes --duration 3s
"$mig_mon" client 127.0.0.1 10 --port "$port" --duration 1s >client.log 2>&1
ended "one way" 0 client.log " sent"
wait $server
ended "one way, the server watches" 0 server.log "a packet each 10 ms" " received"
! grep -E 'outage of [0-9]{4} ms' server.log >out
ended "that the client has ended is no outage" 0 out
cp spikes spikes.before
"$mig_mon" client_rr localhost 10 spikes --port "$port" --duration 300ms >out 2>&1
ended "nobody there, round trip" 1 out "refused" "nothing was received"
"$mig_mon" client_rr no.such.host.invalid 10 spikes >out 2>&1
ended "no such host" 1 out "cannot find the host"
cmp -s spikes spikes.before
ended "a run without a measurement leaves the log of another" 0 out
serve "$mig_mon" server_rr --port "$port"
rm spikes
"$mig_mon" client_rr localhost 20 spikes --port "$port" --output json >client.log 2>&1 &
client=$!
wait_for spikes 18446744073709551615
"$mig_mon" client_rr localhost 20 spikes --port "$port" --duration 300ms >out 2>&1
ended "two do not write one spike log" 1 out "another mig_mon writes the spike log spikes"
end $client
"$mig_mon" client_rr localhost 20 mine --port "$port" --duration 500ms --output json >out 2>&1
ended "a short run" 0 out '"type":"start"'
within "all of a short run is answered" "$(value out summary 'o["sent"] - o["received"]')" 0 0
end $server

# Packets that get lost, are doubled and overtake each other on their way are no outages.
cat >disorder.py <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
for n in range(100):
    data, client = s.recvfrom(2048)
    if n == 50:      # lost
        continue
    if n == 60:      # comes behind the next
        late = data
        continue
    s.sendto(data, client)
    if n == 61:
        s.sendto(late, client)
    if n == 70:      # twice
        s.sendto(data, client)
PY
serve "${first[@]}" python3 disorder.py "$port"
wait_for server.log ready
"${first[@]}" "$mig_mon" client_rr 127.0.0.1 20 spikes --port "$port" --duration 1.9s --output json >out 2>&1
kill $server
for what in lost=1 duplicates=1 out_of_order=1; do
	within "told from downtime: $what" "$(value out summary "o['${what%=*}']")" "${what#*=}" "${what#*=}"
done
for command in client client_rr; do
	"$mig_mon" $command 127.0.0.1 20 --port 1 --duration 500ms >out 2>&1
	ended "nobody there: $command" 1 out "port 1: does \`mig_mon server"
done
"$mig_mon" client_rr 127.0.0.1 1 spikes --port "$port" --duration 1s --output json >out 2>/dev/null
within "1000 packets a second" "$(value out summary 'o["sent"]')" 500 1001

# An original client sends four bytes, and expects four; an original server sends back what it gets.
cat >original.py <<'PY'
import socket, sys, time
what, port = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if what == "server_rr":
    s.bind(("0.0.0.0", port))
    print("ready", flush=True)
    while True:
        data, client = s.recvfrom(1024)
        s.sendto(data, client)
s.connect(("127.0.0.1", port))
s.settimeout(5)
for n in range(60):
    s.send(b"echo")
    if what == "client_rr" and s.recv(4) != b"echo":
        sys.exit("no echo")
    time.sleep(0.6 if n == 30 else 0.02)
print("as it should be")
PY
serve "$mig_mon" server_rr --old-port
python3 original.py client_rr 9008 >out 2>&1
ended "an original client, round trip" 0 out "as it should be"
end $server
serve "${first[@]}" "$mig_mon" server spikes --port "$port" --output json
"${first[@]}" python3 original.py client "$port" >out 2>&1
ended "an original client, one way" 0 out "as it should be"
end $server
within "its pause of 0.6 s is an outage" "$(value server.log summary 'o["outages_ms"]["max"]')" 540 640
serve python3 original.py server_rr 9008
wait_for server.log ready
"$mig_mon" client_rr 127.0.0.1 10 spikes --old-port --duration 500ms >out 2>&1
ended "an original server" 0 out "round trip: p50"
kill $server
"$mig_mon" client 127.0.0.1 10 spikes --port "$port" --duration 100ms >out 2>&1
ended "client with a spike log is client_rr, as it always was" 1 out "nothing was received"

# What anybody may send.
serve "$mig_mon" server_rr --port "$port" --duration 2s
python3 -c 'import os, random, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(3000):
    data = os.urandom(random.choice((0, 1, 39, 40, 41, 1400)))
    s.sendto(random.choice((b"", b"mig_mon1")) + data, ("127.0.0.1", int(sys.argv[1])))' "$port"
wait $server
ended "packets of nonsense" 0 server.log received

# A server that sends without end does not keep the client from its own end.
python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
client = s.recvfrom(2000)[1]
end = time.monotonic() + 8
while time.monotonic() < end:
    for _ in range(1000):
        s.sendto(b"x" * 40, client)' "$port" 2>/dev/null &
flood=$!
sleep 0.3
timeout 6 "$mig_mon" client_rr 127.0.0.1 10 spikes --port "$port" --duration 1s >out 2>&1
within "a flood of packets does not hold the client" $(($? == 124)) 0 0
kill $flood 2>/dev/null
wait $flood 2>/dev/null

# The spike log.
: >precious
ln -s precious link
"$mig_mon" client_rr 127.0.0.1 10 link --port "$port" --duration 100ms >out 2>&1
ended "a spike log is not written through a link that somebody has put there" 1 out "cannot write the spike log link"
"$mig_mon" server "$work/no/such/folder" --port "$port" >out 2>&1
ended "a spike log that cannot be written" 1 out "cannot write the spike log"

refused client client_rr "client a 0" "client a 0.5" "server a b" "server_rr a" "client_rr a 1 b c" "server --port 0" "server --port 65536" "server --port 5 --old-port" \
	"client_rr a --output xml" "client_rr no.such.host.invalid"
helps "server -h" "server_rr -h" "client -h" "client_rr --help" "server --version"
((failures == 0))
