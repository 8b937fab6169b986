#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migrate_watch with streams of traces, in a pipe and in a terminal; with the module it is tested in tests/kernel/watch.test. One line per
# check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/watch.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/lib.sh"
watch=$programs/migrate_watch
trace=$top/docs/example.trace
cd "$work" || exit 1

says "a trace to its end" 0 "'$watch' --input '$trace'" "CAUSE" "CPUS" "COMMAND" "try_to_wake_up" "migrations/s"
says "through a pipe" 0 "cat '$trace' | '$watch' --input -" "try_to_wake_up"
migrations=$(awk 'NF == 6 && $4 != "."' "$trace" | wc -l)
says "all of it" 0 "'$watch' --input '$trace'" "$migrations in all"
"$watch" --input "$trace" --output json --top 1000 >out
python3 - "$migrations" >verdict 2>&1 <<'PY'
import json, sys
looks = [json.loads(line) for line in open("out")]
last = looks[-1]
assert last["total"] == int(sys.argv[1]), last["total"]
for table in ("causes", "pairs", "processes"):
    assert sum(row["total"] for row in last[table]) == last["total"], table
print("good")
PY
says "JSON: tables add up" 0 "cat verdict" good
says "no line is longer than 80 columns" 0 "'$watch' --input '$trace' | awk 'length > 80 { bad = 1 } END { exit bad }'"
says "rows" 0 "'$watch' --input '$trace' --top 2 | grep -c '^'" 6
says "sorted by name, reversed" 0 "'$watch' --input '$trace' --sort name --reverse" "try_to_wake_up"

# As it comes: a look each interval, whatever comes.
mkfifo stream
(head -n 100 "$trace"; exec sleep 3) >stream &
says "a look each interval, until --count" 0 "'$watch' --input stream --interval 300ms --count 3 | grep -c CAUSE" 3
kill "$!" 2>/dev/null
(head -n 100 "$trace"; exec sleep 30) >stream &
timeout --preserve-status -s INT 1 "$watch" --input stream --interval 300ms >out 2>&1
says "Ctrl-C is no error, and there is a summary" 0 "(exit $?); tail -n 1 out" "migrations in 1.0 s"
kill "$!" 2>/dev/null

# In a terminal: keys, and the terminal as it was.
cat >terminal.py <<'PY'
import fcntl, os, pty, struct, sys, termios, time
keys, width = sys.argv[1], int(sys.argv[2])
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[3], sys.argv[3:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
before = termios.tcgetattr(fd)
seen = b""
os.set_blocking(fd, False)
def look(seconds):
    global seen
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            seen += os.read(fd, 65536)
        except BlockingIOError:
            time.sleep(0.02)
        except OSError:
            return
look(1)
for key in keys:
    os.write(fd, b"\x03" if key == "C" else key.encode())
    look(0.5)
try:
    after = termios.tcgetattr(fd)
except termios.error:
    after = before
look(2)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.write(seen.decode(errors="replace"))
print("\nstatus", status, "terminal", "as before" if after[3] & termios.ICANON and after[3] & termios.ECHO else "changed")
PY
(head -n 400 "$trace"; exec sleep 60) >stream &
says "a terminal" 0 "python3 terminal.py hhsrq 80 '$watch' --input stream --interval 200ms" "CAUSE" "q: quit" "reversed" "status 0 terminal as before"
kill "$!" 2>/dev/null
(head -n 400 "$trace"; exec sleep 60) >stream &
says "a narrow one, ended by Ctrl-C" 0 "python3 terminal.py C 30 '$watch' --input stream --interval 200ms" "CAUSE" "status 0 terminal as before"
kill "$!" 2>/dev/null

printf 'a,b\n1,2\n' >table.csv
: >empty
says "refused: another file" 1 "'$watch' --input table.csv" "table.csv, line 1: this is no trace"
says "refused: an empty one" 1 "'$watch' --input empty" "empty: this is no trace"
says "refused: none" 1 "'$watch' --input gone" "cannot open gone: No such file"
printf '# version 1.2.0\n# cause 7 w\n0x1 0 0 1 5 7\nwhat\n' >damaged
says "told: lines that make no sense" 0 "'$watch' --input damaged" "1 line made no sense"
for words in "--interval 50ms" "--interval x" "--count 0" "--sort age" "--top 0" "--output xml" "--input ''" "--input stream --debugfs /x"; do
	says "refused: $words" 1 "'$watch' $words" "Try 'migrate_watch --help'"
done
says "a full disk" 1 "'$watch' --input '$trace' >/dev/full" "No space left on device"
((failures == 0))
