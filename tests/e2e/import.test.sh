#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migrate_import against the kernel module: in a VM the same workload is recorded by the module, by ftrace and by perf at
# once. The imported traces have to have the module's migrations, each with the module's cause or `unknown`. And what
# both new programs do with files and faults. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/import.test.sh DIRECTORY_OF_PROGRAMS    KERNEL=6.1 in the environment: as for scripts/vm-run --kernel

. "$(dirname "$0")/lib.sh"
bin=$programs
samples=$top/tests/import
cd "$work" || exit 1

# check NAME COMMAND...: it succeeds and prints nothing; what it prints is the reason otherwise.
check() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1) && [[ -z $said ]]; then echo "ok $name"; else failed "$name" "${said:-$* failed}"; fi
}
# fails NAME TEXT COMMAND...: it ends with 1 and says TEXT.
fails() {
	local name=$1 text=$2 said status
	shift 2
	said=$("$@" 2>&1 >/dev/null </dev/null)
	status=$?
	if [[ $status -eq 1 && $said == *"$text"* ]]; then echo "ok $name"; else failed "$name" "status $status, '$said'"; fi
}

# compare.py MODULE IMPORTED inside|around: the import lies inside the module's recording, or around it. The module's
# trace and ftrace were begun and ended one after the other, so that the longer one may have more of a process's
# migrations at its beginning and end, but not between them.
cat >compare.py <<'PY'
import collections, sys

def read(name):
    causes, marks, moves = {}, [], []
    for line in open(name, errors="replace"):
        word = line.split()
        if line.startswith("# cause"):
            causes[word[2]] = word[3]
        elif line.startswith("0x") and len(word) == 6 and word[2] != ".":
            moves.append((int(word[0], 16), word[4], word[2], word[3], causes[word[5]]))
        elif line.startswith("0x") and len(word) == 7 and word[5] == "11":
            marks.append(int(word[0], 16))
    by_pid = collections.defaultdict(list)
    for move in sorted(moves, key=lambda move: move[0]):
        by_pid[move[1]].append(move)
    return by_pid, marks

def contradicts(ours, theirs):
    return theirs[4] not in ("unknown", ours[4])

def place(short, long, module_first):
    """Where `short` stands in `long`. A task that goes to and fro fits in several places: the one with the causes."""
    key = lambda moves: [move[2:4] for move in moves]
    def misfit(at):
        pairs = zip(short, long[at:]) if module_first else zip(long[at:], short)
        return sum(contradicts(*pair) for pair in pairs), 0 if module_first else abs(long[at][0] - short[0][0])
    places = [at for at in range(len(long) - len(short) + 1) if key(long[at:at + len(short)]) == key(short)]
    return min(places, key=misfit) if short and places else 0 if not short else None

(module, _), (imported, marks), how = read(sys.argv[1]), read(sys.argv[2]), sys.argv[3]
faults, counts = [], collections.Counter()
for pid in sorted(set(module) | set(imported)):
    short, long = imported[pid], module[pid]
    if how == "around":
        short, long = long, short
    at = place(short, long, how == "around")
    if at is None:
        faults.append(f"process {pid}: module {module[pid]}, import {imported[pid]}")
        continue
    rest = long[:at] + long[at + len(short):]
    if how == "inside":
        # Ours is as long as ftrace was on, whose marks are its first and last event; 20 ms for what lies between the switches.
        slack = 20_000_000
        late = [move for move in rest if marks[0] + slack < move[0] < marks[-1] - slack]
        if late:
            faults.append(f"process {pid}: import has lost {late}")
    long = long[at:at + len(short)]
    for a, b in zip(*((long, short) if how == "inside" else (short, long))):
        counts[a[4], b[4]] += 1
        if contradicts(a, b):
            faults.append(f"process {pid}: {b} is {a[4]}")
for fault in faults[:5]:
    print(fault[:300])
compared, wakeups, told = sum(counts.values()), 0, 0
for (ours, theirs), count in counts.items():
    if ours in ("try_to_wake_up", "sched_fork"):
        wakeups += count
        told += count * (theirs == ours)
if compared < 100:
    print(f"only {compared} migrations: {dict(counts)}")
# Only where an event is lost, or clocks of CPUs are apart, is a wakeup not proven.
if told < 0.95 * wakeups:
    print(f"only {told} of {wakeups} wakeups and forks are told: {dict(counts)}")
print(f"{compared} migrations, {told} of {wakeups} wakeups and forks told", file=open("log", "a"))
PY

# What both programs do with files and faults.
summary() { "$bin/migrate_import" --strict -o "$1" "$2" 2>&1; }
for form in ftrace trace-cmd perf; do
	said=$(summary sample.trace "$samples/$form.txt")
	if [[ $said == "migrate_import: 30 migrations (6 try_to_wake_up, 15 sched_fork, 9 unknown), 4 CPUs, "*" -> sample.trace"* ]]; then
		echo "ok the sample of $form"
	else
		failed "the sample of $form" "$said"
	fi
	"$bin/migrate_import" <"$samples/$form.txt" >piped.trace 2>log
	check "standard input and output, $form" cmp sample.trace piped.trace
done
check "analyzers read it without a complaint" sh -c "'$bin/migrate_stats' --strict --stats sample.trace >/dev/null"
check "a pipe of three" sh -c "cat '$samples/perf.txt' | '$bin/migrate_import' | '$bin/migrate_export' | python3 -m json.tool >/dev/null"
head -c 20000 "$samples/ftrace.txt" >cut.txt
fails "strict" "cut.txt:" "$bin/migrate_import" --strict -o no.trace cut.txt
fails "no event" "no event in it" "$bin/migrate_import" -o no.trace /dev/null
printf PERFILE2 >perf.data
fails "a recording instead of its text" "perf script --ns -i perf.data | migrate_import" "$bin/migrate_import" -o no.trace perf.data
fails "no such file" "cannot open" "$bin/migrate_export" -o no.trace no.file
fails "a cause that is not there" "pull_task" "$bin/migrate_export" -o no.trace --cause pull_task sample.trace
cp sample.trace own.trace
fails "the input as output" "it would be lost" "$bin/migrate_export" -o own.trace own.trace
check "and it is still there" cmp sample.trace own.trace
fails "the input as output, standard input" "it would be lost" sh -c "'$bin/migrate_export' -o own.trace <own.trace"
fails "a stat file is no trace" "is a stat file" "$bin/migrate_export" -o no.trace "$top/tests/golden/inputs/k1000.stat"
fails "what is no trace is not exported" "is no trace" "$bin/migrate_export" -o no.trace /bin/ls
fails "a full disk, import" "cannot write" "$bin/migrate_import" -o /dev/full "$samples/ftrace.txt"
fails "a full disk, export" "cannot write" "$bin/migrate_export" -o /dev/full sample.trace
TMPDIR=/nonexistent fails "no room to wait" "--cpus" "$bin/migrate_import" <(grep -v '#P:' "$samples/ftrace.txt") -o no.trace
check "nothing is left of what failed" sh -c 'ls | grep no.trace; true'

# Memory is bounded: 128 MiB of address space are enough for any length, and for lines that never end.
memory() {
	local name=$1 said
	shift
	said=$( (ulimit -v 131072; "$@" 2>&1 >/dev/null) | tail -n 1)
	if [[ $said == *memory* || $said == *bad_alloc* ]]; then failed "$name" "$said"; else echo "ok $name"; fi
}
many() {
	awk 'BEGIN { for (i = 0; i < 400000; i++) {
		printf "  a-1 [000] d..2. %.6f: sched_waking: comm=n%d pid=%d prio=120 target_cpu=001\n", 1 + i / 1e6, i, i
		printf "  a-1 [000] d..2. %.6f: sched_migrate_task: comm=n%d pid=%d prio=120 orig_cpu=1 dest_cpu=2\n", 1 + i / 1e6, i, i } }'
}
many >many.txt
memory "many processes" "$bin/migrate_import" many.txt
memory "a line without an end" "$bin/migrate_import" <(head -c 100000000 /dev/zero)

# The same workload, recorded by the module, ftrace and perf.
for program in perf trace-cmd; do
	if ! command -v $program >/dev/null; then
		failed "module and $program" "$program is not installed: run scripts/setup"
		exit 1
	fi
done
cat >inner.sh <<'GUEST'
echo 1 >$T/enable
echo 1 >$F/tracing_on
echo 1 >$F/trace_marker
workload mixed 2
echo 2 >$F/trace_marker
echo 0 >$F/tracing_on
echo 0 >$T/enable
GUEST
cat >guest.sh <<'GUEST'
export F=/sys/kernel/debug/tracing T=/sys/kernel/debug/migration_trace PATH=$PATH:/root/guest
events="sched:sched_migrate_task sched:sched_waking sched:sched_wakeup sched:sched_wakeup_new task:task_rename"
modprobe migrate_trace_lite || exit 1
echo 0 >$F/tracing_on
echo 8192 >$F/buffer_size_kb
for event in $events; do echo $event >>$F/set_event; done
perf record -q -a -m 1024 $(printf ' -e %s' $events) -o perf.data -- sh inner.sh || exit 1
cat $T/trace >module.trace
cat $F/trace >ftrace.txt
trace-cmd extract -o trace.dat >/dev/null
GUEST
if ! "$top/scripts/vm-run" --kernel "${KERNEL:-6.1}" --mem 1024 --put "$top/build/guest=/root/guest" \
	--put "$(command -v perf)=/usr/bin/perf" --put "$(command -v trace-cmd)=/usr/bin/trace-cmd" --put guest.sh --put inner.sh \
	--get module.trace=module.trace --get ftrace.txt=ftrace.txt --get perf.data=perf.data --get trace.dat=trace.dat \
	--timeout 240 -- sh guest.sh </dev/null >vm.log 2>&1; then
	failed "a recording by module, ftrace and perf" "$(tail -n 3 vm.log | tr '\n' ' ')"
	exit 1
fi
trace-cmd report -t trace.dat >trace-cmd.txt 2>/dev/null
perf script --ns --header -i perf.data >perf.txt 2>/dev/null
for form in ftrace trace-cmd perf; do
	check "import of $form, no line in doubt" sh -c "'$bin/migrate_import' --strict $form.txt >$form.trace"
done
rm -f log
check "ftrace has the module's migrations, and no cause that contradicts" python3 compare.py module.trace ftrace.trace inside
check "trace-cmd has the module's migrations, and no cause that contradicts" python3 compare.py module.trace trace-cmd.trace inside
check "perf has the module's migrations, and no cause that contradicts" python3 compare.py module.trace perf.trace around
cat log
((failures == 0))
