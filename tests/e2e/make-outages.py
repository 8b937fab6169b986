#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes outages of known lengths, and prints how long each was in truth: "LEAST MOST", in ms.

Usage: make-outages.py link INTERFACE MILLISECONDS...    takes it down
       make-outages.py process PID MILLISECONDS...       stops it
"""

import fcntl
import os
import signal
import socket
import struct
import sys
import time

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
REQUEST = "16sh22x"
# Between two: outages are told apart.
PAUSE = 0.4


def set_link(name, up):
    name = name.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack(REQUEST, fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack(REQUEST, name, 0)))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack(REQUEST, name, flags | IFF_UP if up else flags & ~IFF_UP))


def set_process(pid, up):
    os.kill(int(pid), signal.SIGCONT if up else signal.SIGSTOP)


def timed(change, what, up):
    """When the change began and ended: it takes place in between."""
    begin = time.monotonic()
    change(what, up)
    return begin, time.monotonic()


def main():
    change = {"link": set_link, "process": set_process}[sys.argv[1]]
    what = sys.argv[2]
    for wanted in map(float, sys.argv[3:]):
        down = timed(change, what, False)
        time.sleep(wanted / 1000)
        up = timed(change, what, True)
        print(f"{(up[0] - down[1]) * 1000:.3f} {(up[1] - down[0]) * 1000:.3f}", flush=True)
        time.sleep(PAUSE)


main()
