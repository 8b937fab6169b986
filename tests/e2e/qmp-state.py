#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a tracker of vm_dirty_track has left in a QEMU.

  qmp-state.py SOCKET            waits until the VM runs, nothing migrates and nothing is set for it: "as before"
  qmp-state.py SOCKET runs       waits only until the VM runs and nothing migrates: "runs"
  qmp-state.py SOCKET version    prints QEMU's version
  qmp-state.py SOCKET kill PID   kills PID as soon as the VM is stopped; "stopped" if the end of a migration was awaited then, "too late" if not
"""
import json
import os
import signal
import socket
import sys
import time


class Qmp:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw")
        self.greeting = self.line()
        self.events = []
        self.ask("qmp_capabilities")

    def line(self):
        return json.loads(self.file.readline())

    def ask(self, command):
        self.file.write(json.dumps({"execute": command}) + "\n")
        self.file.flush()
        while True:
            said = self.line()
            if "return" in said:
                return said["return"]
            if "error" in said:
                sys.exit(f"{command}: {said['error']['desc']}")
            self.events.append(said)


def state(qmp):
    parameters = qmp.ask("query-migrate-parameters")
    return {
        "vm": qmp.ask("query-status")["status"],
        "migration": qmp.ask("query-migrate").get("status", "none") in ("none", "completed", "cancelled", "failed"),
        "set": [c["capability"] for c in qmp.ask("query-migrate-capabilities") if c["state"]],
        "limits": [parameters[name] for name in ("max-bandwidth", "downtime-limit")] + [parameters.get("avail-switchover-bandwidth", 0)],
    }


def main():
    qmp = Qmp(sys.argv[1])
    what = sys.argv[2] if len(sys.argv) > 2 else ""
    if what == "version":
        version = qmp.greeting["QMP"]["version"]["qemu"]
        print(f"{version['major']}.{version['minor']}")
    elif what == "kill":
        said = {}
        # Who looks too late sees none.
        qmp.socket.settimeout(5)
        try:
            while said.get("event") != "STOP":
                said = qmp.line()
        except TimeoutError:
            print("too late")
            return
        qmp.socket.settimeout(30)
        os.kill(int(sys.argv[3]), signal.SIGKILL)
        print("stopped" if qmp.ask("query-migrate").get("status") == "pre-switchover" else "too late")
    else:
        end = time.monotonic() + 20
        while True:
            seen = state(qmp)
            runs = seen["vm"] == "running" and seen["migration"]
            if runs and (what == "runs" or (not seen["set"] and seen["limits"] == [128 << 20, 300, 0])):
                print("runs" if what == "runs" else "as before")
                return
            if time.monotonic() > end:
                sys.exit(str(seen))
            time.sleep(0.1)


main()
