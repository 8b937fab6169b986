#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""perf_kvm_server with real guests, honest and hostile ones: what each may see, and that nothing remains. Runs as root in a
network namespace of its own. One line per check: "ok NAME" or "FAILED NAME: reason".

Three guests, each with a virtual network card and a channel but for the last, which has no channel:

    user   user-mode networking
    tap    a tap in a bridge
    evil   the same; one thread of QEMU runs both its virtual CPUs

Usage: perf-kvm-guests.py FOLDER_OF_PROGRAMS FOLDER
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

from guests import Guest, load_vm_run, write_initramfs

PROGRAMS, FOLDER = sys.argv[1:]
SERVER, CLIENT = (os.path.join(PROGRAMS, name) for name in ("perf_kvm_server", "perf_kvm_client"))
HOST, PORT, TAP_GUEST, EVIL_GUEST = "192.168.122.1", 9999, "192.168.122.11", "192.168.122.12"
HOST_6, TAP_GUEST_6 = "fd00:6d69::1", "fd00:6d69::11"
LISTENED = 2222
MACS = {"user": "52:54:00:00:00:01", "tap": "52:54:00:00:00:02", "evil": "52:54:00:00:00:03"}
APPLETS = ("sh", "mount", "cat", "insmod", "ip", "stty", "nc", "arping", "dd", "sleep", "timeout", "true", "head", "tr", "ping")
failures = 0


def check(name, good, seen):
    global failures
    failures += not good
    print(f"ok {name}" if good else f"FAILED {name}: {str(seen)[:600]!r}", flush=True)


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60).stdout


def ip(words):
    subprocess.run(["ip", *words.split()], check=True)


def setting():
    """Of this network: whether a connection keeps the mark of its first packet."""
    return open("/proc/sys/net/ipv4/tcp_fwmark_accept").read().strip()


def make_network():
    for words in ("link set lo up", "link add br0 type bridge", "tuntap add tap0 mode tap", "tuntap add tap1 mode tap",
                  "link set dev tap0 master br0 up", "link set dev tap1 master br0 up", "link set dev br0 up"):
        ip(words)


class Server:
    """perf_kvm_server; before the bridge has its address."""

    def __init__(self):
        self.path = os.path.join(FOLDER, "administrator")
        self.log = os.path.join(FOLDER, "server.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([SERVER, "--host", HOST, "--host", HOST_6, "--host", "127.0.0.1", "--socket", self.path, "--idle", "3s"],
                                            stderr=log)
        self.wait_for("serves at")
        self.at_rest = None

    def said(self):
        return open(self.log).read()

    def wait_for(self, text, patience=20):
        deadline = time.monotonic() + patience
        while text not in self.said():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server does not say '{text}': {self.said()}")
            time.sleep(0.05)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def rests(self):
        """Whether it has no more descriptors open than before any client came."""
        deadline = time.monotonic() + 10
        while self.descriptors() > self.at_rest and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.descriptors() <= self.at_rest

    def most_memory(self):
        """That it ever had, in bytes."""
        return next(int(line.split()[1]) * 1024 for line in open(f"/proc/{self.process.pid}/status") if line.startswith("VmHWM"))

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def started_nothing(self):
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return open(children).read() == ""


def talk(connection, *requests):
    """What the server answers to each request, in JSON; None at the end."""
    stream = connection.makefile("rw")
    answers = []
    for request in requests:
        stream.write(json.dumps(request) + "\n")
        stream.flush()
        line = stream.readline()
        answers.append(json.loads(line) if line else None)
    return answers


def administrator(server, vm):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(server.path)
    return connection, {"type": "hello", "version": 1, "session": "t", "vm": vm}


def tcp(text="", host="127.0.0.1"):
    connection = socket.create_connection((host, PORT), timeout=20)
    connection.sendall(text.encode())
    return connection


def counts(text):
    """Of the client's last JSON object, by event; and the object."""
    objects = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    if not objects or objects[-1].get("type") != "end":
        return {}, {}
    return {one["event"]: one.get("value") for one in objects[-1]["counts"]}, objects[-1]


def vm_of(said):
    return counts(said)[1].get("vm")


def start_guests(vm_run, kernel, guests):
    def channel(name):
        return ["-chardev", f"socket,id=c,path={FOLDER}/{name}.channel,server=on,wait=off", "-device", "virtio-serial-pci",
                "-device", "virtserialport,chardev=c,name=org.migscope.perf.0"]

    def card(name, backend):
        return ["-netdev", f"{backend},id=n", "-device", f"virtio-net-pci,netdev=n,mac={MACS[name]},romfile="]

    machine = ["-m", "128", "-smp", "2"]
    # Its QEMU listens at a port of all addresses.
    for name, backend, accel, more in (("user", f"user,hostfwd=tcp:0.0.0.0:{LISTENED}-:22", "tcg", channel("user")),
                                       ("tap", "tap,ifname=tap0,script=no,downscript=no", "tcg", channel("tap")),
                                       ("evil", "tap,ifname=tap1,script=no,downscript=no", "tcg,thread=single", [])):
        guests[name] = Guest(vm_run, kernel, FOLDER, name, [*machine, *card(name, backend), *more], accel)
    for guest in guests.values():
        guest.wait()
    addresses = {"user": "10.0.2.15", "tap": TAP_GUEST, "evil": EVIL_GUEST}
    for name, guest in guests.items():
        guest.run(f"ip link set lo up; ip addr add {addresses[name]}/24 dev eth0; ip link set eth0 up; ip route add default via 10.0.2.2 2>/dev/null")


BUSY = "while true; do :; done"


def honest(server, guests):
    listed = run(SERVER, "--list")
    check("--list names VMs, their network cards, taps and channels",
          all(MACS[name] in listed and name in listed for name in MACS) and "tap1" in listed, listed)
    objects = [json.loads(line) for line in run(SERVER, "--list", "--output", "json").splitlines()]
    # Other tests may have VMs beside these.
    vcpus = {o["name"]: len(o["vcpu_threads"]) for o in objects if o["name"] in MACS}
    check("--list as JSON has the threads of virtual CPUs", vcpus == {"user": 2, "tap": 2, "evil": 0}, vcpus)

    for name, way in (("user", "--host 10.0.2.2"), ("tap", ""), ("user", "--channel"), ("tap", "--channel"), ("evil", "")):
        work = "sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 7'"
        status, said = guests[name].run(f"perf_kvm_client {way} -o json --report /tmp/report -- {work}; s=$?; cat /tmp/report; (exit $s)")
        seen, end = counts(said)
        check(f"a guest sees its own counters: {name} {way}", status == 7 and (seen.get("task-clock") or 0) > 1e7, said)
    status, said = guests["user"].run("perf_kvm_client --host 10.0.2.2 -p 'sleep 1'")
    check("the report looks as that of perf stat",
          status == 0 and all(text in said for text in ("Performance counter stats for", "CPUs utilized", "<not supported>")), said)
    status, said = guests["tap"].run("perf_kvm_client -e page-faults context-switches -i 200 --cpu 2 -p 'sleep 1'")
    check("the options of perf-kvm: events, interval, one virtual CPU",
          status == 0 and said.count("page-faults") >= 4 and "task-clock" not in said, said)
    status, said = guests["tap"].run("perf_kvm_client -o json -i 700 -d 1")
    objects = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    check("what is left behind the last interval is told as well",
          [o["type"] for o in objects] == ["sample", "sample", "end"] and objects[2]["seconds"] - objects[1]["seconds"] < 0.2, said)
    # The guest's address has to be found to be nobody else's first.
    guests["tap"].run(f"ip -6 addr add {TAP_GUEST_6}/64 dev eth0; for i in 1 2 3 4 5 6 7 8; do ping -6 -c 1 -W 1 {HOST_6} && break; sleep 1; done")
    status, said = guests["tap"].run(f"perf_kvm_client --host {HOST_6} -o json -d 1")
    check("a guest sees its own counters over IPv6", status == 0 and vm_of(said) == "tap", said)
    status, said = guests["tap"].run("perf_kvm_client -e sched:sched_switch context-switches -o json -d 1")
    seen, end = counts(said)
    check("a tracepoint of the host is counted", status == 0 and 0 < (seen["sched:sched_switch"] or 0) <= 1.1 * seen["context-switches"] + 5, said)
    status, said = guests["tap"].run("perf_kvm_client --list")
    check("a guest is told what its host can count", status == 0 and "context-switches" in said, said)
    status, said = guests["tap"].run("perf_kvm_client -o json -- sleep 0.02")
    seen, end = counts(said)
    check("a program of 20 ms is counted", status == 0 and seen.get("task-clock", 0) > 0 and 0.02 <= end["seconds"] < 2, said)
    status, said = guests["evil"].run("perf_kvm_client --cpu 1 -d 1")
    check("of a QEMU with one thread for all virtual CPUs one cannot be counted, which is said", status != 0 and "one thread" in said, said)
    status, said = guests["tap"].run("perf_kvm_client --cpu 3 -d 1")
    check("a virtual CPU that there is not is refused", status != 0 and "2" in said, said)
    status, said = guests["tap"].run("perf_kvm_client -e nonsense -d 1")
    check("an event that there is not is refused", status != 0 and "nonsense" in said, said)
    old = json.dumps({"mac": MACS["evil"], "ip": HOST, "port": PORT, "cpu": 0, "param": " -I 200 -e task-clock,page-faults", "program": "sleep 1"})
    status, said = guests["tap"].run(f"(echo '{old}'; sleep 1; echo end; sleep 1) | nc {HOST} {PORT}")
    check("clients of the old protocol are served as perf stat prints",
          said.count("page-faults") >= 4 and "Performance counter stats for 'sleep 1'" in said, said)


def by_perf(server, guests):
    """The window is where the VM runs: it is stopped before, and after. Its threads do next to nothing then."""
    guest, events = guests["tap"], ["task-clock", "context-switches", "cpu-migrations", "page-faults"]
    threads = [o["thread-id"] for o in guest.ask("query-cpus-fast")]
    guest.type(f"timeout 3 sh -c '{BUSY}' & timeout 3 sh -c '{BUSY}' & sleep 2; dd if=/dev/zero of=/tmp/x bs=1M count=8 2>/dev/null; wait")
    time.sleep(0.5)
    guest.ask("stop")
    time.sleep(0.2)
    connection, hello = administrator(server, "tap")
    talk(connection, hello, {"type": "start", "session": "t", "events": ",".join(events)})
    output = os.path.join(FOLDER, "perf")
    control, ack = os.path.join(FOLDER, "control"), os.path.join(FOLDER, "ack")
    os.mkfifo(control)
    os.mkfifo(ack)
    perf = subprocess.Popen(["perf", "stat", "-j", "-o", output, "--delay=-1", f"--control=fifo:{control},{ack}", "-t", ",".join(map(str, threads)),
                             "-e", ",".join(events)], stderr=subprocess.PIPE)
    with open(control, "w") as to, open(ack) as answers:
        to.write("enable\n")
        to.flush()
        answers.readline()
        guest.ask("cont")
        # From one CPU to another, at least once.
        allowed = os.sched_getaffinity(threads[0])
        for cpu in (min(allowed), max(allowed), min(allowed)):
            os.sched_setaffinity(threads[0], {cpu})
            time.sleep(0.2)
        os.sched_setaffinity(threads[0], allowed)
        time.sleep(1.4)
        guest.ask("stop")
        time.sleep(0.2)
        end = talk(connection, {"type": "end", "session": "t"})[0]
        to.write("disable\n")
        to.flush()
        answers.readline()
    perf.send_signal(signal.SIGINT)
    perf.wait()
    guest.ask("cont")
    guest.finish()
    theirs = {o["event"]: float(o["counter-value"]) for o in map(json.loads, (line for line in open(output) if line.startswith("{")))}
    ours = {o["event"]: o["value"] * o.get("scale", 1) for o in end["counts"]}
    shown = f"{ours} against {theirs}"

    def apart(event):
        return abs(ours[event] - theirs[event])

    check("as perf stat counts: the clock, within 0.1 %",
          apart("task-clock") <= 0.001 * theirs["task-clock"] and ours["task-clock"] > 1000, shown)
    check("as perf stat counts: switches, within 5 or 0.1 %",
          apart("context-switches") <= max(5, 0.001 * theirs["context-switches"]), shown)
    for event in ("cpu-migrations", "page-faults"):
        check(f"as perf stat counts: {event}", ours[event] == theirs[event] > 0, shown)


def vm_told(said):
    return [json.loads(line).get("vm") for line in said.splitlines() if line.startswith("{")]


def forging(server, guests):
    """Whatever a guest says it is: it gets its own counters, or none."""
    hello = '{"type": "hello", "version": 1, "session": "x", "mac": "%s"}' % MACS["tap"]
    ask = f"(echo '{hello}'; sleep 1) | timeout 5 nc {HOST} {PORT}"
    evil = guests["evil"]
    status, said = evil.run(ask)
    check("another's MAC in the request", vm_told(said) == ["evil"], said)
    status, said = evil.run("echo '%s' | timeout 5 nc %s %d" % (hello.replace("}", ', "vm": "tap"}'), HOST, PORT))
    check("another's name in the request", "administrator" in said and "vcpus" not in said, said)
    evil.run(f"ip link set eth0 down; ip link set eth0 address {MACS['tap']}; ip link set eth0 up")
    status, said = evil.run(ask)
    check("another's MAC on the network", vm_told(said) == ["evil"], said)
    evil.run(f"ip addr flush dev eth0; ip addr add {TAP_GUEST}/24 dev eth0")
    status, said = evil.run(ask)
    check("another's MAC and IP on the network", vm_told(said) == ["evil"], said)
    evil.run(f"ip link set eth0 down; ip link set eth0 address {MACS['evil']}; ip link set eth0 up")
    status, said = evil.run(ask)
    check("another's IP on the network", vm_told(said) == ["evil"], said)
    # The host is made to believe that the other's address is here; the other asks meanwhile. Its pings show that the lure is taken.
    lured = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    lured.bind(("tap1", 3))
    lured.setblocking(False)
    evil.type(f"for i in 1 2 3 4 5 6 7 8 9; do for how in U A; do arping -$how -c 1 -I eth0 -s {TAP_GUEST} {HOST} >/dev/null; done; done")
    guests["tap"].run(f"ping -c 12 {HOST} >/dev/null & for i in 1 2 3; do timeout 2 perf_kvm_client -d 1 >/dev/null 2>&1; done; wait")
    evil.finish()
    pings = stolen = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            data, address = lured.recvfrom(2048)
            if address[2] != socket.PACKET_OUTGOING or address[1] != 0x0800 or data[16:20] != socket.inet_aton(TAP_GUEST):
                continue
            pings += data[9] == socket.IPPROTO_ICMP
            stolen += data[9] == socket.IPPROTO_TCP and struct.unpack("!H", data[20:22])[0] == PORT
    check("forged ARP lures what the host sends to another", pings > 0, "no answer to a ping")
    check("but no figures", stolen == 0, f"{stolen} packets")
    evil.run(f"ip addr flush dev eth0; ip addr add {EVIL_GUEST}/24 dev eth0")
    ip("neigh flush all")
    status, said = guests["tap"].run("ping -c 1 -W 2 %s >/dev/null; perf_kvm_client -d 1" % HOST)
    check("the one who was imitated is served as before", status == 0 and "task-clock" in said, said)


def deluding(server, guests):
    """Connections and processes that look as if they were another VM's."""
    blind = subprocess.Popen([SERVER, "--host", HOST, "--port", "9998", "--socket", "", "--connect", "", "--no-nftables"], stderr=subprocess.PIPE,
                             text=True)
    blind.stderr.readline()
    hello = '{"type": "hello", "version": 1, "session": "x"}'
    status, said = guests["evil"].run(f"echo '{hello}' | timeout 5 nc -p {LISTENED} {HOST} 9998")
    check("from the port at which another VM's QEMU listens", "cannot be told for certain" in said, said)
    blind.terminate()
    check("a server without nftables ends with a signal", blind.wait(10) == 0, blind.stderr.read())
    trusting = subprocess.Popen([SERVER, "--host", HOST, "--port", "9998", "--socket", "", "--connect", "", "--no-nftables", "--trust-mac"],
                                stderr=subprocess.PIPE, text=True)
    trusting.stderr.readline()
    status, said = guests["evil"].run("perf_kvm_client --port 9998 -o json -d 1")
    check("the administrator may have MAC addresses believed", status == 0 and vm_of(said) == "evil", said)
    trusting.terminate()
    trusting.wait(10)
    # What calls itself as a QEMU with another's channel, and has a tap with another's name in a network of its own.
    impostor = os.path.join(FOLDER, "qemu-system-x86_64")
    shutil.copy(sys.executable, impostor)
    tun = ("import fcntl, struct, time; tun = open('/dev/net/tun', 'r+b', buffering=0); "
           "fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', b'tap0', 2)); print('ready', flush=True); time.sleep(1000)")
    words = ["-name", "web2,debug-threads=on", "-device", "virtio-serial-pci",
             "-chardev", f"socket,id=c,path={FOLDER}/tap.channel,server=on,wait=off",
             "-device", "virtserialport,chardev=c,name=org.migscope.perf.0"]
    process = subprocess.Popen(["unshare", "-n", impostor, "-c", tun, *words], stdout=subprocess.PIPE, text=True)
    check("the impostor has begun", process.stdout.readline() == "ready\n", "")
    server.wait_for(f"channel of web2: at {FOLDER}/tap.channel listens another process than its QEMU")
    status, said = guests["tap"].run("perf_kvm_client --host %s -o json -d 1" % HOST)
    check("a tap of the same name in another network does not matter", status == 0 and vm_of(said) == "tap", said)
    status, said = guests["tap"].run("perf_kvm_client --channel -o json -d 1")
    check("who claims another's channel does not get it", status == 0 and vm_of(said) == "tap", said)
    process.kill()
    process.wait()
    os.remove(impostor)


def hostile(server, guests):
    evil = guests["evil"]
    for name, text in (("no JSON", "GET / HTTP/1.1"), ("half an object", '{"type": '), ("a cpu that is none", '{"param": "", "cpu": "0; id"}'),
                       ("a command in param", '{"param": " -e cycles; touch /tmp/migscope-injected", "cpu": 0}'),
                       ("a file in param", '{"param": " -o /tmp/migscope-injected", "cpu": 0}'), ("brackets", "[" * 30000)):
        # All of it fits into the serial line's buffer but the brackets.
        if len(text) < 1000:
            evil.run(f"echo '{text}' | timeout 5 nc {HOST} {PORT}")
        answer = tcp(text + "\n").makefile().read()
        check(f"refused: {name}", "error" in answer or "perf_kvm_server: " in answer, answer)
    check("no command of a guest has run", not os.path.exists("/tmp/migscope-injected") and server.started_nothing(), os.listdir("/tmp"))
    status, said = evil.run(f"dd if=/dev/zero bs=64k count=200 2>/dev/null | tr '\\000' 'a' | timeout 20 nc {HOST} {PORT} | head -c 300")
    check("a line that does not end harms nobody: of a guest", status == 0 and "vcpus" not in said, said)
    before = server.most_memory()
    connection, sent = tcp(), 0
    with contextlib.suppress(OSError):
        while sent < 1 << 30:
            sent += connection.send(b"a" * (1 << 20))
    with contextlib.suppress(OSError):
        check("a line of 1 GiB is refused", "at most" in connection.makefile().read(), sent)
    check("and not kept", server.most_memory() - before < 16 << 20, (before, server.most_memory()))
    evil.run("i=0; while [ $i -lt 150 ]; do echo $i; i=$((i+1)); done >/tmp/n")
    with contextlib.ExitStack() as silent:
        refused = 0
        for _ in range(1000):
            try:
                silent.enter_context(tcp())
            except OSError:
                refused += 1
        status, said = guests["tap"].run("perf_kvm_client -d 1")
        check("1000 connections that say nothing: others are served", status == 0 and "task-clock" in said, (refused, said))
    evil.type(f"for i in $(cat /tmp/n); do (sleep 8 | nc {HOST} {PORT} >/dev/null) & done; wait")
    time.sleep(2)
    begin = time.monotonic()
    status, said = guests["tap"].run("perf_kvm_client -d 1")
    check("a guest's connections that say nothing: others are served", status == 0 and "task-clock" in said and time.monotonic() - begin < 20, said)
    evil.finish()
    for _ in range(200):
        connection = tcp('{"type": "hello", "ver')
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    check("resets, half requests and silence leave nothing behind", server.rests(), f"{server.descriptors()} descriptors instead of {server.at_rest}")
    # Many sessions of one guest; the next is refused, and not for others.
    many = f"for i in $(cat /tmp/n); do timeout 4 perf_kvm_client -d 3 >/dev/null 2>&1 & done; sleep 2; perf_kvm_client -d 1; echo end $?; wait"
    evil.run("head -n 16 /tmp/n >/tmp/m; mv /tmp/m /tmp/n")
    evil.type(many)
    time.sleep(1)
    status, said = guests["tap"].run("perf_kvm_client -d 1")
    check("a guest with many clients does not keep others out", status == 0 and "task-clock" in said, said)
    status, said = evil.finish()
    check("a guest has a number of clients at once", "watch this VM already" in said, said)
    # Samples that would take several CPUs.
    greedy = ['{"type": "hello", "version": 1, "session": "x"}',
              '{"type": "start", "session": "x", "interval_ms": 1, "events": "%s"}' % ",".join(["dummy"] * 64)]
    evil.run("".join(f"echo '{line}' {to} /tmp/greedy; " for line, to in zip(greedy, (">", ">>"))))
    evil.type(f"for i in 1 2 3 4 5 6 7 8; do (cat /tmp/greedy; sleep 5) | timeout 6 nc {HOST} {PORT} >/dev/null & done; wait")
    time.sleep(1.5)
    before, begin = server.cpu_seconds(), time.monotonic()
    status, said = guests["tap"].run("perf_kvm_client -d 1")
    share = (server.cpu_seconds() - before) / (time.monotonic() - begin)
    check("a guest that wants all of the server's time gets a part, and others are served",
          status == 0 and "task-clock" in said and 0.05 < share < 0.6, (share, said))
    evil.finish()
    # Who takes nothing of what it is sent.
    connection, hello = administrator(server, "user")
    talk(connection, hello, {"type": "start", "session": "t", "interval_ms": 1, "events": ",".join(["task-clock"] * 64)})
    deadline = time.monotonic() + 30
    while "takes too slowly" not in server.said() and time.monotonic() < deadline:
        time.sleep(0.2)
    check("who takes nothing is cut off, and logged", "takes too slowly" in server.said(), server.said()[-500:])
    connection.close()
    check("after all attacks nothing is left open", server.rests(), f"{server.descriptors()} descriptors instead of {server.at_rest}")
    check("the log has each fault once", max(map(server.said().splitlines().count, server.said().splitlines())) <= 2, server.said()[-3000:])


def replayed(guest):
    """What an earlier session on the channel has sent comes once more."""
    def said_in(session, kind):
        return "echo '%s' >&3; " % json.dumps({"type": kind, "session": session, "version": 1})

    status, said = guest.run("for port in /dev/vport*p1; do exec 3<>$port; done; timeout 5 cat <&3 >/tmp/heard & "
                             + "".join(said_in(*line) for line in (("old", "start"), ("new", "hello"), ("new", "start"), ("old", "end"), ("old", "list")))
                             + "sleep 2; " + said_in("new", "end") + "wait; cat /tmp/heard")
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    check("lines of an old session change nothing in a new one",
          [(o["type"], o["session"]) for o in told] == [("hello", "new"), ("started", "new"), ("end", "new")] and told[2]["seconds"] >= 2, said)


def going(server, guests):
    """VMs that are stopped, boot anew, or die."""
    user = guests["user"]
    user.ask("stop")
    connection, hello = administrator(server, "user")
    answers = talk(connection, hello, {"type": "start", "session": "t"}, {"type": "end", "session": "t"})
    check("a VM that is paused", answers[2] is not None and answers[2].get("type") == "end", answers)
    check("it is told when counting began", answers[2] is not None and abs(answers[1].get("time", 0) - time.time()) < 10, answers)
    user.ask("cont")
    # It leaves a session on its channel when it boots anew.
    user.type("perf_kvm_client --channel -i 100 -d 60")
    time.sleep(1)
    user.ask("system_reset")
    user.seen = b""
    user.wait()
    status, said = user.run("perf_kvm_client --channel -o json -d 1")
    seen, end = counts(said)
    check("a guest that has booted anew has its channel for itself", status == 0 and end.get("seconds", 9) < 3, said)
    replayed(user)
    connection, hello = administrator(server, "evil")
    talk(connection, hello, {"type": "start", "session": "t"})
    guests["evil"].end()
    end = json.loads(connection.makefile().readline() or "{}")
    check("a VM that dies while it is watched: what there is, and why", end.get("type") == "end" and "has ended" in end.get("reason", ""), end)
    check("and what its virtual CPUs took", sum(one["run_ns"] for one in end["vcpus"]) > 0, end)
    check("nothing of it is left", server.rests(), f"{server.descriptors()} descriptors instead of {server.at_rest}")


def main():
    vm_run = load_vm_run()
    kernel = vm_run.find_kernel("6.1", None)
    write_initramfs(vm_run, kernel, os.path.join(FOLDER, "initramfs"), Guest.INIT, [CLIENT], APPLETS, ("virtio_pci", "virtio_net", "virtio_console"))
    make_network()
    before = setting()
    server = Server()
    ip(f"addr add {HOST}/24 dev br0")
    ip(f"-6 addr add {HOST_6}/64 dev br0 nodad")
    guests = {}
    try:
        start_guests(vm_run, kernel, guests)
        check("connections keep the mark of the tap that they come by", (before, setting()) == ("0", "1"), (before, setting()))
        # It has seen all of them, and their channels.
        time.sleep(6)
        server.at_rest = server.descriptors()
        for part in (honest, by_perf, forging, deluding, hostile, going):
            part(server, guests)
        server.process.send_signal(signal.SIGTERM)
        check("it ends with a signal", server.process.wait(10) == 0, server.said()[-500:])
        left = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True).stdout
        check("its rules are gone with it", "migscope" not in left, left)
        check("and the setting is as it was", setting() == before, setting())
    finally:
        for guest in guests.values():
            guest.end()
        server.process.kill()
        if failures:
            print("# the server said: " + server.said()[-3000:].replace("\n", "\n# "))
    sys.exit(failures > 0)


main()
