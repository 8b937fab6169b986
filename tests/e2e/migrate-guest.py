#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Migrates a guest from QEMU to QEMU on one machine, and compares the downtime that QEMU tells with what a client sees.

In the guest, which has the address 192.0.2.2, run `mig_mon server_rr` and `mig_mon mm_dirty`. Both QEMUs have a tap on the
same bridge: this runs as root in a network namespace of its own. For each PAUSE there is one migration, whose switchover
is held for so long; it prints

    migrated QEMU WARM_UP CLIENT ANY

in ms: the downtime that query-migrate tells; how long after that the first answer left the guest, as an emulator that
begins without any translated code is slow at first (the kernel's time stamp of the packet on the tap against QEMU's of
RESUME); the outage that the client tells, which is both; and the longest outage that the client tells of another time: QEMU
holds the guest while it prepares a migration, too. Then the guest is held without a migration, 100 ms longer, so that its
code stays translated. QEMU is the time from STOP to RESUME then, and there is no warm-up:

    held QEMU 0 CLIENT ANY

Usage: migrate-guest.py MIG_MON FOLDER INTERVAL_MS PAUSE_MS...
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

from guests import KERNEL_COMMAND_LINE, PATIENCE, connect, load_vm_run, write_initramfs

GUEST, HOST = "192.0.2.2", "192.0.2.1"
# Not a multiple of 256 KiB: an old QEMU loses dirty pages otherwise when it emulates the CPU.
MEMORY = "196600K"
# All, as a bridge takes packets away before those are served who want one protocol.
ETH_P_ALL, ETH_P_IP, SO_TIMESTAMPNS = 3, 0x0800, 35

INIT = f"""#!/bin/sh
mount -t devtmpfs none /dev
mount -t proc none /proc
for module in $(cat /modules); do insmod $module; done
ip addr add {GUEST}/24 dev eth0
ip link set eth0 up
mig_mon mm_dirty -m 48 -r 12 >/dev/null 2>&1 &
exec mig_mon server_rr >/dev/null 2>&1
"""


class Machine:
    """One QEMU, and its control socket (QMP)."""

    def __init__(self, vm_run, kernel, folder, number, incoming):
        qemu = vm_run.Qemu()
        image, descriptor = vm_run.bootable(kernel)
        control = os.path.join(folder, f"qmp{number}")
        command = ["nice", "-n", "10", qemu.program, *qemu.data, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc",
                   "-accel", qemu.accel(None), "-cpu", "max", "-m", MEMORY, "-kernel", image,
                   "-initrd", os.path.join(folder, "initramfs"), "-append", KERNEL_COMMAND_LINE,
                   "-netdev", f"tap,id=n,ifname=tap{number % 2},script=no,downscript=no",
                   "-device", "virtio-net-pci,netdev=n,mac=52:54:00:12:34:56,romfile=", "-qmp", f"unix:{control},server=on,wait=off"]
        if incoming:
            command += ["-incoming", "defer"]
        self.log = open(os.path.join(folder, f"qemu{number}.log"), "w+")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        pass_fds=[descriptor] if descriptor is not None else [])
        self.socket = connect(control, self.process, self.log)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.events = {}
        self.ask("qmp_capabilities")
        self.ask("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": True} for name in ("events", "return-path", "pause-before-switchover")])

    def ask(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            if not line:
                raise SystemExit(f"QEMU has ended instead of answering {command}")
            answer = json.loads(line)
            if "event" in answer:
                self.events[answer["event"]] = answer["timestamp"]["seconds"] + answer["timestamp"]["microseconds"] / 1e6
            if "error" in answer:
                raise SystemExit(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def wait_for_guest():
    """Until it answers."""
    deadline = time.monotonic() + PATIENCE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        probe.connect((GUEST, 12323))
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                probe.send(b"echo")
                probe.recv(64)
                return
    raise SystemExit("the guest does not answer")


def wait_for_status(machine, wanted):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = machine.ask("query-migrate")
        if answer.get("status") == wanted:
            return answer
        if answer.get("status") in ("failed", "cancelled"):
            raise SystemExit(f"the migration has failed: {answer}")
        time.sleep(0.02)
    raise SystemExit(f"the migration is not {wanted}: {answer}")


def wait_for_event(machine, name):
    """When it was, in s since 1970."""
    while name not in machine.events:
        machine.ask("query-status")
    return machine.events[name]


def migrate(source, destination, folder, pause):
    """What QEMU tells: the downtime in ms, and when the guest was stopped and resumed, in s since 1970."""
    address = f"unix:{os.path.join(folder, 'stream')}"
    destination.ask("migrate-incoming", uri=address)
    source.ask("migrate", uri=address)
    wait_for_status(source, "pre-switchover")
    time.sleep(pause / 1000)
    source.ask("migrate-continue", state="pre-switchover")
    told = wait_for_status(source, "completed")
    return told["downtime"], wait_for_event(source, "STOP"), wait_for_event(destination, "RESUME")


def hold(machine, pause):
    """When the guest was stopped and resumed, in s since 1970."""
    machine.events.clear()
    machine.ask("stop")
    time.sleep(pause / 1000)
    machine.ask("cont")
    return wait_for_event(machine, "STOP"), wait_for_event(machine, "RESUME")


class Tap:
    """What comes out of a guest, with the times at which the kernel got it."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.bind((name, ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setblocking(False)

    def first_answer(self, after):
        """When the guest first sent something over UDP, in s since 1970."""
        while True:
            try:
                data, control, _, address = self.socket.recvmsg(2048, 256)
            except BlockingIOError:
                raise SystemExit("the guest has sent nothing since it was resumed")
            seconds, nanoseconds = struct.unpack("qq", control[0][2][:16])
            at = seconds + nanoseconds / 1e9
            if at >= after and address[1] == ETH_P_IP and data[9] == socket.IPPROTO_UDP and data[12:16] == socket.inet_aton(GUEST):
                return at


class Client:
    """mig_mon client_rr while the block runs; its outages as (end in s since 1970, length in ms)."""

    def __init__(self, mig_mon, folder, interval):
        self.log = os.path.join(folder, "client")
        self.command = [mig_mon, "client_rr", GUEST, str(interval), os.path.join(folder, "spikes"), "--output", "json"]
        if shutil.which("chrt") and not subprocess.run(["chrt", "-f", "10", "true"], stderr=subprocess.DEVNULL).returncode:
            self.command = ["chrt", "-f", "10"] + self.command

    def __enter__(self):
        with open(self.log, "w") as output:
            self.process = subprocess.Popen(self.command, stdout=output)
        time.sleep(1)
        return self

    def __exit__(self, *_):
        time.sleep(1)
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def outages(self, stopped, resumed):
        """Lengths in ms: all together of those between the two times, and the longest of the others."""
        outages = [(o["end"], o["length_ms"]) for o in map(json.loads, open(self.log)) if o["type"] == "outage"]
        during = [length for end, length in outages if end > stopped and end - length / 1000 < resumed]
        return sum(during), max((length for _, length in outages if length not in during), default=0)


def make_network():
    for command in ("link add br0 type bridge", "tuntap add tap0 mode tap", "tuntap add tap1 mode tap", "link set dev tap0 master br0 up",
                    "link set dev tap1 master br0 up", f"addr add {HOST}/24 dev br0", "link set dev br0 up"):
        subprocess.run(["ip", *command.split()], check=True)


def main():
    mig_mon, folder, interval = sys.argv[1], sys.argv[2], int(sys.argv[3])
    vm_run = load_vm_run()
    kernel = vm_run.find_kernel("6.1", None)
    write_initramfs(vm_run, kernel, os.path.join(folder, "initramfs"), INIT, [mig_mon], ("sh", "mount", "cat", "insmod", "ip"),
                    ("virtio_pci", "virtio_net"))
    make_network()
    with contextlib.ExitStack() as machines:
        def start(number):
            machine = Machine(vm_run, kernel, folder, number, number > 0)
            machines.callback(machine.end)
            return machine

        source = start(0)
        wait_for_guest()
        for number, pause in enumerate(map(int, sys.argv[4:]), 1):
            destination, tap = start(number), Tap(f"tap{number % 2}")
            with Client(mig_mon, folder, interval) as client:
                told, stopped, resumed = migrate(source, destination, folder, pause)
            answered = tap.first_answer(resumed)
            during, others = client.outages(stopped, resumed)
            print(f"migrated {told} {(answered - resumed) * 1000:.0f} {during:.0f} {others:.0f}", flush=True)
            source.end()
            source = destination
            with Client(mig_mon, folder, interval) as client:
                stopped, resumed = hold(source, pause + 100)
            during, others = client.outages(stopped, resumed)
            print(f"held {(resumed - stopped) * 1000:.0f} 0 {during:.0f} {others:.0f}", flush=True)


main()
