#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""perf_kvm_server with domains of libvirt, on a bridge: the guest asks over its network card and its channel; domains that come and go
are known at once. Runs as root beside a libvirtd (with-libvirtd), in a network namespace of its own. One line per check.

Usage: perf-kvm-libvirt.py FOLDER_OF_PROGRAMS FOLDER
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

from guests import KERNEL_COMMAND_LINE, Shell, load_vm_run, write_initramfs

PROGRAMS, FOLDER = sys.argv[1:]
SERVER, CLIENT = (os.path.join(PROGRAMS, name) for name in ("perf_kvm_server", "perf_kvm_client"))
HOST = "192.168.122.1"
MAC = "52:54:00:ab:cd:01"
failures = 0

DOMAIN = """<domain type='qemu'>
  <name>web1</name>
  <memory unit='MiB'>128</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{folder}/initramfs</initrd>
    <cmdline>{append}</cmdline>
  </os>
  <devices>
    <emulator>{qemu}</emulator>
    <interface type='bridge'><mac address='{mac}'/><source bridge='br0'/><model type='virtio'/></interface>
    <channel type='unix'><target type='virtio' name='org.migscope.perf.0'/></channel>
    <serial type='unix'><source mode='bind' path='{folder}/web1.serial'/></serial>
  </devices>
</domain>"""


def check(name, good, seen):
    global failures
    failures += not good
    print(f"ok {name}" if good else f"FAILED {name}: {str(seen)[:600]!r}", flush=True)


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=120)


def comes(holds, patience=30):
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def start_domain(vm_run, kernel):
    image = os.path.join(FOLDER, "vmlinuz")
    source, descriptor = vm_run.bootable(kernel)
    with open(f"/proc/self/fd/{descriptor}" if descriptor is not None else source, "rb") as original, open(image, "wb") as copy:
        copy.write(original.read())
    description = os.path.join(FOLDER, "web1.xml")
    with open(description, "w") as xml:
        xml.write(DOMAIN.format(append=KERNEL_COMMAND_LINE, kernel=image, folder=FOLDER, qemu=run("sh", "-c", "command -v qemu-system-x86_64").stdout.strip(), mac=MAC))
    started = run("virsh", "-q", "-c", "qemu:///system", "create", description)
    if started.returncode:
        raise SystemExit(f"the domain does not start: {started.stderr}")
    serial = socket.socket(socket.AF_UNIX)
    serial.connect(os.path.join(FOLDER, "web1.serial"))
    guest = Shell("web1", serial)
    guest.wait()
    guest.run("ip link set lo up; ip addr add 192.168.122.21/24 dev eth0; ip link set eth0 up")
    return guest


def main():
    vm_run = load_vm_run()
    kernel = vm_run.find_kernel("6.1", None)
    write_initramfs(vm_run, kernel, os.path.join(FOLDER, "initramfs"), Shell.INIT, [CLIENT],
                    ("sh", "mount", "cat", "insmod", "ip", "stty", "sleep"), ("virtio_pci", "virtio_net", "virtio_console"))
    for words in ("link set lo up", "link add br0 type bridge", "link set dev br0 up", f"addr add {HOST}/24 dev br0"):
        subprocess.run(["ip", *words.split()], check=True)
    log = os.path.join(FOLDER, "server.log")
    with open(log, "w") as errors:
        server = subprocess.Popen([SERVER, "--socket", os.path.join(FOLDER, "administrator"), "--verbose"], stderr=errors)
    try:
        guest = start_domain(vm_run, kernel)
        for way in ("--host " + HOST, "--channel"):
            status, said = guest.run(f"perf_kvm_client {way} -e task-clock -o json -- sleep 1")
            check(f"a domain of libvirt sees its own counters {way}", status == 0 and '"type":"end"' in said and "task-clock" in said, said)
        told = [json.loads(line) for line in run(SERVER, "--list", "--output", "json").stdout.splitlines()]
        # There is another, of with-libvirtd.
        told = [vm for vm in told if vm["name"] == "web1"]
        check("its name, network card, tap and channel are those of libvirt",
              len(told) == 1 and told[0]["macs"] == [MAC] and len(told[0]["taps"]) == 1 and
              told[0]["channels"][0]["path"].startswith("/"), told)
        watcher = subprocess.Popen([CLIENT, "--socket", os.path.join(FOLDER, "administrator"), "--vm", "web1", "-d", "60", "-o", "json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        comes(lambda: "the administrator: watches web1" in open(log).read())
        run("virsh", "-q", "-c", "qemu:///system", "destroy", "web1")
        said, errors = watcher.communicate(timeout=30)
        check("a domain that is destroyed while it is watched", "has ended" in said + errors and watcher.returncode != 0, said + errors)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
        if failures:
            print("# the server said: " + open(log).read()[-3000:].replace("\n", "\n# "))
    sys.exit(failures > 0)


main()
