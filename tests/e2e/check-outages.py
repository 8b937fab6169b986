#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every outage that was made is reported, once, with its length to within one interval, and no other.

Usage: check-outages.py JSON_LINES SPIKE_LOG INTERVAL_MS <LENGTHS, a line "LEAST MOST" in ms for each
"""

import json
import sys


def main():
    interval = float(sys.argv[3])
    outages = [o for o in map(json.loads, open(sys.argv[1])) if o["type"] == "outage"]
    made = [tuple(map(float, line.split())) for line in sys.stdin]
    told = [o["length_ms"] for o in outages]
    if len(told) != len(made):
        sys.exit(f"{len(made)} outages were made, {len(told)} reported: {made}; {told}")
    for (least, most), length in zip(made, told):
        if not least - interval <= length <= most + interval:
            sys.exit(f"an outage of {least} to {most} ms is reported as {length} ms")
    spikes = [tuple(map(int, line.split(","))) for line in open(sys.argv[2])]
    if spikes[0][1] != 2**64 - 1 or [gap for _, gap in spikes[1:]] != [round(o["gap_ms"]) for o in outages]:
        sys.exit(f"the spike log has {spikes}, the outages are {outages}")
    worst = max(max(least - length, length - most, 0) for (least, most), length in zip(made, told))
    print(f"{len(told)} outages, each once, lengths off by at most {worst:.1f} ms")


main()
