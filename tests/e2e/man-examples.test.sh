#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples in the man pages that use docs/example.trace print what the pages say; a line "..." there stands for any
# lines. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/man-examples.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/lib.sh"
cd "$top/docs" || exit 1

cat >"$work/examples.py" <<'PY'
import os, re, subprocess

def plain(line):
    return re.sub(r"\\f.", "", line).replace("\\-", "-").replace("\\e", "\\").removeprefix("    ").rstrip()

def blocks(page):
    for block in re.findall(r"^\.EX\n(.*?)^\.EE$", open(page).read(), re.M | re.S):
        lines = [plain(line) for line in block.splitlines()]
        if lines[0].startswith("$ ") and "example.trace" in lines[0]:
            yield lines[0][2:], lines[1:]

def fits(expected, said):
    pattern = "".join("(?:.*\n)*" if line.strip() == "..." else re.escape(line) + "\n" for line in expected)
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in said))

found = 0
for name in sorted(os.listdir("man")):
    for command, expected in blocks(os.path.join("man", name)):
        found += 1
        done = subprocess.run(command, shell=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = done.stdout.splitlines()
        if fits(expected, said):
            print(f"ok {name}: {command}")
        else:
            print(f"FAILED {name}: {command}: printed", repr("\n".join(said)))
if not found:
    print("FAILED man-examples: no page has any")
PY
PATH=$programs:$PATH python3 "$work/examples.py"
