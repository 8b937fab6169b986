#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One command to the monitor of a QEMU: qmp.py SOCKET COMMAND [ARGUMENTS_AS_JSON]. Prints what it returns, as JSON."""

import json
import socket
import sys

with socket.socket(socket.AF_UNIX) as monitor:
    monitor.settimeout(30)
    monitor.connect(sys.argv[1])
    stream = monitor.makefile("rw")
    stream.readline()
    for command in ({"execute": "qmp_capabilities"},
                    {"execute": sys.argv[2], "arguments": json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}}):
        stream.write(json.dumps(command) + "\n")
        stream.flush()
        answer = {"event": None}
        while "event" in answer:
            answer = json.loads(stream.readline())
    if "error" in answer:
        sys.exit(f"{sys.argv[2]}: {answer['error']['desc']}")
    print(json.dumps(answer["return"]))
