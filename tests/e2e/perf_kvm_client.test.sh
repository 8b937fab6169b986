#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# perf_kvm_client: what only the client does, with a small server that records what it is sent, answers by the protocol or
# breaks it. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/perf_kvm_client.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
client="timeout 60 $programs/perf_kvm_client"

# server.py BEHAVIOUR: writes its port to "port" and all it gets to "got", for one client, or two of the old protocol.
cat >server.py <<'PY'
import json, os, socket, sys, time

behaviour = sys.argv[1]
if behaviour.startswith("unix"):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("server.sock")
else:
    listener = socket.socket()
    listener.bind(("192.0.2.1" if behaviour == "card" else "127.0.0.1", 0))
listener.listen()
got = open("got", "w", buffering=1)
with open("port.new", "w") as file:
    print("" if behaviour.startswith("unix") else listener.getsockname()[1], file=file)
os.rename("port.new", "port")

def count(event, value, **more):
    return {"event": event, "state": "counted", "value": value, "enabled_ns": 1000, "running_ns": 1000, **more}

counts = [count("task-clock", 1500000000, unit="msec", scale=1e-6), count("context-switches", 42),
          {"event": "cycles", "state": "not supported", "enabled_ns": 0, "running_ns": 0}]
total = {"reason": "", "seconds": 2.0, "counts": counts, "others": [count("page-faults", 7)],
         "vcpus": [{"vcpu": 0, "run_ns": 1500000000, "wait_ns": 20000000, "migrations": 3}]}

def serve(connection):
    def say(type, **more):
        connection.sendall((json.dumps({"type": type, "session": session, **more}) + "\n").encode())
    for line in connection.makefile():
        got.write(line)
        if line == "end\n":
            connection.sendall(b" 42 context-\x1b[31mswitches\n")
            return
        request = json.loads(line)
        if "param" in request and behaviour == "busy": return connection.sendall(b"pmu is occupied, wait and retry\n")
        if "param" in request: continue
        if behaviour in ("old", "busy"):
            return
        session = request["session"]
        if request["type"] == "hello":
            if behaviour == "refuses": return say("error", message="no such \x1b[31mVM")
            if behaviour == "shell": return connection.sendall(b"login: \n")
            if behaviour == "endless":
                while True: connection.sendall(b"x" * 65536)
            connection.sendall(b'{"type": "hello", "session": "other", "vcpus": 1}\n')
            say("hello", version=1, server="1", vm="web1", vcpus=2)
        if request["type"] == "list":
            return say("list", events=[{"event": "cycles", "kind": "hardware", "supported": False}, {"event": "faults", "kind": "software", "supported": True}])
        if request["type"] == "start":
            assert not os.path.exists("ran"), "the program has begun before the count"
            say("started", time=1.0)
            if "interval_ms" in request: say("sample", seconds=0.5, counts=counts[:2])
            if behaviour == "goes": return
            if behaviour == "ends": say("end", **{**total, "reason": "the VM has gone"})
            if behaviour == "nonsense": say("sample", seconds=-1, counts=5)
        if request["type"] == "end":
            if "ran" in os.listdir(): got.write("after the program\n")
            return say("end", **total)

for _ in range(2):
    connection, _ = listener.accept()
    with connection:
        try:
            serve(connection)
        except OSError:
            pass
PY

# serve BEHAVIOUR: sets `at`, the options for it.
serve() {
	kill "${server:-}" 2>/dev/null && wait "$server" 2>/dev/null
	rm -f port got ran server.sock
	python3 server.py "$1" &
	server=$!
	local tries
	for ((tries = 0; tries < 200; tries++)); do
		[[ -s port ]] && break
		sleep 0.05
	done
	at="--host 127.0.0.1 --port $(<port)"
	if [[ $1 == unix* ]]; then at="--socket $work/server.sock"; fi
}

# has NAME TEXT...: the server has got each, or does soon.
has() {
	local name=$1 text tries
	shift
	for text; do
		for ((tries = 0; tries < 100; tries++)); do
			! grep -qF -- "$text" got || break
			sleep 0.05
		done
		grep -qF -- "$text" got || { failed "$name" "no '$text' in what was sent: $(<got)"; return; }
	done
	echo "ok $name"
}

serve well
says program 3 "$client $at -p 'touch ran; exit 3' -e cache-misses cache-references -i 500 -e faults --cpu 2" \
	"stats for 'touch ran; exit 3' (vCPU 1 only)" '1,500.00 msec task-clock' '0.750 CPUs utilized' '<not supported>      cycles' \
	'1,500.00          20.00    1.00%            3' "QEMU's other threads" '7      page-faults' '0.500000000           1,500.00'
has requests '"events":"cache-misses cache-references faults"' '"interval_ms":500' '"cpu":2' '"type":"end"' 'after the program'
serve well
# shellcheck disable=SC2016 # It is the client that must not expand it.
says command-without-shell 0 "$client $at -o csv -- echo 'a  b' '\$HOME'" 'a  b $HOME' '1500.00,msec,task-clock,1000,100.00' '<not supported>,,cycles,0,0.00' \
	'20.00,msec,vcpu/0/wait,,' '7,,others/page-faults,1000,100.00'
serve well
says json-without-program 0 "$client $at -d 0.1 -i 500 -o json | python3 -c 'import json, sys; print([json.loads(line)[\"type\"] for line in sys.stdin])'" \
	"['sample', 'end']"
serve well
says report-to-file 0 "$client $at --report report -- true && cat report" '42      context-switches'
serve unix
says socket-and-vm 0 "$client $at --vm web1 -d 0.1" "stats for VM 'web1'"
has vm-in-hello '"vm":"web1"'
serve well
says list 0 "$client $at --list" 'cycles ' '[hardware]  not supported' 'faults '

serve well
says killed-program 137 "$client $at -p 'kill -9 \$\$'" 'context-switches'
serve well
says no-time 1 "$client $at -d 0" '--duration: in no time nothing can be counted'
says full-disk 125 "$client $at -d 0.1 -e faults >/dev/full" 'writing the report: No space left on device'
says no-such-program 127 "$client $at -- ./none" "cannot run './none': No such file"
has no-such-program-ends '"type":"end"'
serve well
says not-executable 126 "$client $at -- /" "cannot run '/': Permission denied"
serve well
says cpu-of-vm 125 "$client $at --cpu 3 -- touch ran" 'there is no virtual CPU 3: the VM has 2' 'The program has not run'
if [[ -e ran ]]; then failed cpu-not-run "it has run"; else echo "ok cpu-not-run"; fi

# Ctrl-C ends a count without a program, with its report.
serve well
says interrupt 0 "timeout -s INT 2 $programs/perf_kvm_client $at; status=\$?; [[ \$status == 124 || \$status == 0 ]]" "stats for VM 'web1'"

# interrupt.py SIGNAL group|client COMMAND...: sends it when the program has begun, and ends as the client does.
cat >interrupt.py <<'PY'
import os, signal, subprocess, sys, time

child = subprocess.Popen(sys.argv[3:], start_new_session=True)
while not os.path.exists("ran"):
    time.sleep(0.01)
(os.killpg if sys.argv[2] == "group" else os.kill)(child.pid, signal.Signals[sys.argv[1]])
sys.exit(child.wait())
PY
serve well
says interrupted-program 9 "timeout 60 python3 interrupt.py SIGINT group $programs/perf_kvm_client $at -p 'trap \"exit 9\" INT; touch ran; sleep 30'" \
	'context-switches'
serve well
says terminated-program 143 "timeout 60 python3 interrupt.py SIGTERM client $programs/perf_kvm_client $at -p 'touch ran; exec sleep 30'" 'context-switches'

serve old
says old-server 0 "$client $at -p true -e 'cycles faults' -i 500" 'speaks the old protocol' '42 context-\x1b[31mswitches'
has old-requests '"param":" -I 500 -e cycles,faults"' '"program":"true"' 'end'

serve shell
says no-json 0 "$client $at -p true" 'speaks the old protocol' '42 context'

serve busy
says busy-old-server 125 "$client $at -p 'sleep 0.5; echo went on'" 'pmu is occupied' 'has closed the connection' 'went on'
serve refuses
says refused 125 "$client $at -- touch ran" 'says: no such \x1b[31mVM' 'The program has not run'
serve refuses
says refused-best-effort 4 "$client $at --best-effort -p 'exit 4'" 'without being counted'
serve endless
says endless-line 125 "$client $at -d 1" 'a line of more than 4194304 bytes'
serve goes
says server-goes 125 "$client $at -p 'sleep 0.5; echo went on'" 'went on' 'has closed the connection; the figures are missing'
serve goes
says server-goes-best-effort 6 "$client $at --best-effort -p 'sleep 0.5; exit 6'" 'the figures are missing'
serve ends
says vm-goes 125 "$client $at -p 'sleep 0.5; echo went on'" 'went on' 'the VM has gone; the figures are incomplete' 'context-switches'
serve nonsense
says nonsense 125 "$client $at -p 'sleep 0.5'" 'makes no sense'
kill "$server" 2>/dev/null
says no-server 125 "$client --host 127.0.0.1 --port 1 -- touch ran" 'cannot connect to 127.0.0.1 port 1: Connection refused (is perf_kvm_server running on the host?)'
says no-report-best-effort 7 "$client --host 127.0.0.1 --port 1 --report /no/such/folder/x --best-effort -p 'exit 7'" 'the program runs without being counted'
says no-server-best-effort 5 "$client --host 127.0.0.1 --port 1 --best-effort -- sh -c 'exit 5'" 'without being counted'
says no-channel 125 "$client --channel $work/none -d 1" 'cannot open the channel' 'No such file'
says one-server 1 "$client --host a --vm b" 'exclude each other'
says program-behind-dashes 1 "$client sleep 5" 'stands behind --'
says list-counts-nothing 1 "$client --list -i 5" '--list and --interval'
says list-has-no-report 1 "$client --list --report x" '--list and --report'
for option in --host --vm --socket --channel -p --report; do says "empty$option" 1 "$client $option ''" 'a value is missing'; done
says one-program 1 "$client -p true -- true" 'one program is run'

# The card over which the server is reached, in a network of its own.
cat >card.sh <<'SH'
ip link set lo up && ip link add card0 type veth && ip link set card0 address 52:54:00:12:34:56 up && ip addr add 192.0.2.1/24 dev card0 || exit 1
python3 server.py card &
server=$!
while [[ ! -s port ]]; do sleep 0.05; done
timeout 60 "$1" --host 192.0.2.1 --port "$(<port)" -d 0.1
status=$?
kill "$server"
exit "$status"
SH
rm -f port got
says card 0 "unshare -rn bash card.sh $programs/perf_kvm_client" "stats for VM 'web1'"
has card-in-requests '"mac":"52:54:00:12:34:56"'

# Any guest runs it: nothing else is needed, not even a C library.
mkdir -p root
cp "$programs/perf_kvm_client" root/
if readelf -l root/perf_kvm_client | grep -q INTERP; then failed static "it needs a dynamic linker"; else echo "ok static"; fi
says alone-in-chroot 0 "unshare -r chroot root /perf_kvm_client --help" 'Usage: perf_kvm_client'
((failures == 0))
