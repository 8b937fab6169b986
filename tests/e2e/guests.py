# SPDX-License-Identifier: GPL-2.0-only
"""Guests for tests: an initramfs with programs of ours, a QEMU that boots it, and a shell in the guest."""

import importlib.machinery
import importlib.util
import json
import os
import re
import socket
import stat
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 120
# A kernel that boots beside others may measure its TSC wrong, by a factor even (tsc_early_khz=300000 makes it); the HPET's
# rate is known, so that a second of the guest is one of the host's. Two checks that a busy host delays are not made.
KERNEL_COMMAND_LINE = "quiet panic=-1 clocksource=hpet tsc=reliable no_timer_check"


def load_vm_run():
    """What scripts/vm-run knows of kernels, modules, archives and QEMU."""
    loader = importlib.machinery.SourceFileLoader("vm_run", os.path.join(TOP, "scripts/vm-run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("vm_run", loader))
    loader.exec_module(module)
    return module


def write_initramfs(vm_run, kernel, path, init, programs, applets, modules):
    """`init` is the script that runs as process 1, and loads what /modules names, in that order."""
    archive, box = vm_run.Archive(), vm_run.busybox()
    for folder in ("bin", "dev", "lib", "proc", "sys", "tmp"):
        archive.add(folder, stat.S_IFDIR | 0o755)
    archive.add("init", stat.S_IFREG | 0o755, init.encode())
    archive.add_file(box, "bin/busybox")
    for applet in applets:
        archive.add("bin/" + applet, stat.S_IFLNK | 0o777, b"busybox")
    for program in programs:
        archive.add_file(vm_run.stripped(program), "bin/" + os.path.basename(program))
    for library in vm_run.shared_libraries([box, *programs]):
        archive.add_file(library, library)
    known = vm_run.KernelModules(kernel)
    names = list(dict.fromkeys(needed for name in modules for needed in known.closure(name) or []))
    for name in names:
        archive.add(f"lib/{name}.ko", stat.S_IFREG | 0o644, known.read(name))
    archive.add("modules", stat.S_IFREG | 0o644, "".join(f"/lib/{name}.ko\n" for name in names).encode())
    with open(path, "wb") as f:
        archive.write(f.fileno())


def connect(path, process, log):
    """To a socket at which a QEMU that was started just now listens."""
    client = socket.socket(socket.AF_UNIX)
    deadline = time.monotonic() + PATIENCE
    while client.connect_ex(path):
        if process.poll() is not None or time.monotonic() > deadline:
            log.seek(0)
            raise SystemExit(f"QEMU does not run: {log.read().strip()}")
        time.sleep(0.05)
    return client


class Shell:
    """A guest's serial line into which commands are typed, a line each. Lines that come while it boots may be lost, or half of them."""

    INIT = """#!/bin/sh
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
for module in $(cat /modules); do insmod $module; done
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo -onlcr
while read -r number line; do
	sh -c "$line" </dev/null
	echo "<<$number $?>>"
done
"""

    def __init__(self, name, serial):
        self.name, self.serial, self.number, self.seen = name, serial, 0, b""

    def wait(self):
        """Until it answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self.run("true", 1)
                return
            except TimeoutError:
                pass
        raise SystemExit(f"{self.name}: no shell answers in the guest")

    def run(self, command, patience=60):
        """Types a command; returns its exit status and what it has printed."""
        self.type(command)
        return self.finish(patience)

    def type(self, command):
        self.number += 1
        self.serial.sendall(f"\n{self.number} {command}\n".encode())

    def finish(self, patience=60):
        """Of the command that was typed last."""
        end = re.compile(rb"<<%d (\d+)>>\n" % self.number)
        deadline = time.monotonic() + patience
        while not (found := end.search(self.seen)):
            self.serial.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                got = self.serial.recv(65536)
            except socket.timeout:
                raise TimeoutError(f"{self.name}: the command has not ended") from None
            if not got:
                raise SystemExit(f"{self.name}: QEMU has ended")
            self.seen += got
        said, self.seen = self.seen[:found.start()], self.seen[found.end():]
        return int(found[1]), re.sub(rb"<<\d* \d+>>\n", b"", said).decode(errors="replace")


class Guest(Shell):
    """A QEMU with such a guest, and its monitor."""

    def __init__(self, vm_run, kernel, folder, name, arguments, accel="tcg"):
        image, descriptor = vm_run.bootable(kernel)
        monitor, serial = (os.path.join(folder, f"{name}.{end}") for end in ("qmp", "serial"))
        command = ["nice", "-n", "10", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc",
                   "-accel", accel, "-cpu", "max", "-kernel", image, "-initrd", os.path.join(folder, "initramfs"),
                   "-append", KERNEL_COMMAND_LINE, "-name", f"{name},debug-threads=on",
                   "-qmp", f"unix:{monitor},server=on,wait=off", "-serial", f"unix:{serial},server=on,wait=off", *arguments]
        self.log = open(os.path.join(folder, f"{name}.log"), "w+")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        pass_fds=[descriptor] if descriptor is not None else [])
        self.monitor = connect(monitor, self.process, self.log).makefile("rw")
        super().__init__(name, connect(serial, self.process, self.log))
        self.monitor.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.monitor.flush()
        while True:
            answer = json.loads(self.monitor.readline())
            if "error" in answer:
                raise SystemExit(f"{self.name}: {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
