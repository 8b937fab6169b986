#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The pages of migrate_report: well formed whatever stands in a trace, nothing in them
# from the network, and figures that the commands in them print as well.
# One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/report.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/lib.sh"
report=$programs/migrate_report
export PATH=$programs:$PATH
cd "$work" && ln -s "$top"/tests/golden/inputs/* . && ln -s "$top/tests/import/module.trace" . || exit 1

# right NAME ARGUMENT...: the page of migrate_report ARGUMENT... is all right, and so are its figures.
right() {
	local name=$1 said
	shift
	if ! said=$("$report" -o page.html "$@" 2>&1); then
		failed "$name" "migrate_report $* ended with an error: $said"
	elif ! said=$(python3 "$top/tests/e2e/check-report.py" page.html 2>&1); then
		failed "$name" "$(tail -n 5 <<<"$said")"
	else
		echo "ok $name"
	fi
}

command -v python3 >/dev/null || { failed report "there is no python3: run scripts/setup"; exit 1; }

# Eight CPUs on two nodes, marks, a slow wave with bursts; in the order of the kernel.
for cpu in {0..7}; do echo "# cpu $cpu core $((cpu % 4 / 2)) llc $((cpu / 4)) node $((cpu / 4)) capacity 1024"; done >wave.trace
python3 "$top/tests/e2e/make-trace.py" 8 20 1000 >>wave.trace
for i in 1 2 3 4; do printf '0x%016x 0 . . 1 11 0x%08x\n' $((1234567890123 + i * 4200000000)) "$i"; done >>wave.trace

# The same figures as migrate_stats.
right figures wave.trace
right figures-recorded module.trace
right figures-small small.trace
right figures-window --begin_mark 1 --end_mark 0x3 wave.trace
right figures-seconds --begin_sec 3 --end_sec 5 wave.trace
right figures-pid --pid 3 --pid 5 wave.trace
right figures-cause --cause pull_task --cause sched_fork wave.trace
right figures-comm-with-colon --comm 'X: server' --cpu_to_exclude 3 wave.trace
right figures-of-two-files part1.trace part2.trace
for trace in tiny version11 gap equal_ts early_event no_start no_nr_cpus cpu_over over64 uptime_60d utf8 garbage dup_pid_comm; do
	right "figures-$trace" "$trace.trace"
done
for trace in header_only start_only no_migrate no_header; do right "in-words-$trace" "$trace.trace"; done
if command -v xz >/dev/null; then
	xz -dc medium.trace.xz >medium.trace
	right figures-medium medium.trace
fi

# Large machines: no more than 64 by 64 cells, and sums of what they stand for.
for cpus in 64 65 200 1024; do
	{
		python3 "$top/tests/e2e/make-trace.py" "$cpus" 1 3000
		[[ $cpus == 65 ]] || for ((cpu = 0; cpu < cpus; cpu++)); do
			echo "# cpu $cpu core $((cpu % 16 / 2)) llc $((cpu / 16)) node $((cpu / 64)) capacity 1024"
		done
	} | LC_ALL=C sort >large.trace
	right "cpus-$cpus" large.trace
done
says cpus-by-node 0 "$report large.trace" "a cell is a last level cache" "cache 63 (CPUs 1008-1023)"

# One damaged line: a CPU or a time that is not, and the rest is seen as before.
{
	grep -v nr_cpus wave.trace
	echo "0x000000ffffffffff 7999 7999 1 5 7"
} >stray-cpu.trace
right figures-stray-cpu stray-cpu.trace
says stray-cpu 0 "$report stray-cpu.trace" "of 8000 CPUs in use" "Of 8000 CPUs, those with migrations" ">7999</text>"
for line in '0xf00000ffffffffff 3 3 1 5 7' '0xf00000ffffffffff 3 . . 1 11 0x00000009'; do
	{ cat wave.trace; echo "$line"; } >stray-time.trace
	right "figures-stray-time-${line:23:1}" stray-time.trace
	says "stray-time-${line:23:1}" 0 "$report stray-time.trace | grep -c 'per second$'" "as it does when a time stamp is damaged" "--end_ts 0x"
	columns=$("$report" stray-time.trace 2>/dev/null | grep -c '> *[0-9.]* s: [0-9.]* per second')
	if ((columns > 50)); then echo "ok stray-time-columns"; else failed stray-time-columns "$columns columns"; fi
done

right pingpong-time-and-most-cpu --pingpong_time 500us --max_cpu 5 wave.trace
says pingpong-time-in-the-command 0 "$report --pingpong_time 2 wave.trace" "--pingpong --pingpong_time 2000000ns --top"
for i in {1..41}; do printf '0x%016x 0 . . 1 11 0x%08x\n' $((1234567890123 + i * 400000000)) "$i"; done | cat wave.trace - >marks.trace
says many-marks 0 "$report marks.trace" "ticks along the upper edge, without labels"
if "$report" marks.trace | grep -q '<text[^>]*>0x'; then failed many-marks-unlabelled "there are labels"; else echo "ok many-marks-unlabelled"; fi

# Hostile names, of processes and of files.
{
	printf '# version 1.1.0\n# nr_cpus 4\n# cause 7 try_to_wake_up\n# cause 8 <script>alert(1)</script>\n# loc 9 set_task_comm\n# loc 11 mark\n'
	for cpu in 0 1 2 3; do echo "# cpu $cpu core $cpu llc 0 node 0 capacity 1024"; done
	pid=10
	for comm in '<script>alert(1)</script>' '"><img src=x onerror=alert(1)>' "' onload='x" '</title></svg><b>' '&lt;&#60;&' ']]>' \
		'<!--' '\x1b' $'\e[31mred' $'tab\there' $'\xff\xfe' $'na\xc3\xafve' $'\xe2\x80\xaertl' $'\xed\xa0\x80' $'\x7f' '' ' blanks  in  it '; do
		printf '0x%016x 0 . . %d 9 : %s\n' $((1000000000 + pid)) "$pid" "$comm"
		for i in 1 2 3; do
			printf '0x%016x 0 %d %d %d %d\n' $((1000000000 + i * 1000000 + pid)) $((i % 2)) $(((i + 1) % 2)) "$pid" $((7 + i % 2))
		done
		pid=$((pid + 1))
	done
} >hostile.trace
right hostile-names hostile.trace
says hostile-is-text 0 "$report hostile.trace" '&lt;script&gt;alert(1)&lt;/script&gt;' '&quot;&gt;&lt;img src=x' 'tab\x09here'
if "$report" hostile.trace 2>/dev/null | grep -qE '<script>alert|<img|</svg><b>|<!--|]]>'; then failed hostile-markup "a name became markup"; else echo "ok hostile-markup"; fi
for name in "it's a \"trace\" & <b>.trace" $'new\nline.trace' '$(touch pwned).trace' '-o.trace'; do
	cp ./tiny.trace "./$name"
	right "file-name-$(printf %q "$name")" -- "$name"
done
[[ ! -e pwned ]] && echo "ok file-name-runs-nothing" || failed file-name-runs-nothing "a command in a page did"
says title 0 "$report --title '</h1><i>\"Tests\" & more' tiny.trace" '<title>&lt;/h1&gt;&lt;i&gt;&quot;Tests&quot; &amp; more</title>'

# Where it comes from and goes to.
same_page() {
	local name=$1 one other
	one=$(eval "$2" | sed 's/ -<.code>/ FILE<\/code>/; s/standard input/FILE/' | sed '/<footer>/,/<.footer>/d; /The trace came through/d')
	other=$(eval "$3" | sed 's/wave.trace/FILE/g; s/sorted.trace/FILE/g' | sed '/<footer>/,/<.footer>/d')
	if [[ $(sed 's/ -<.code>/ FILE<\/code>/g' <<<"$one") == "$other" ]]; then echo "ok $name"; else failed "$name" "'$2' and '$3' differ"; fi
}
LC_ALL=C sort wave.trace >sorted.trace
same_page order-does-not-matter "$report sorted.trace | sed 's/sorted.trace/FILE/g'" "$report wave.trace"
same_page from-a-pipe "cat wave.trace | $report | sed 's/ - |/ FILE |/; s/ -    #/ FILE    #/'" "$report wave.trace"
says to-standard-output 0 "$report tiny.trace -o - | tail -n 1" "</html>"
if command -v script >/dev/null; then
	says not-to-a-terminal 0 "script -qec '$report tiny.trace; echo status \$?' /dev/null </dev/null" "name a file with -o" "status 1"
fi
says empty 1 "$report empty.trace -o none.html" "empty.trace is empty"
says empty-pipe 1 "$report -o none.html </dev/null" "standard input is empty"
says no-file 1 "$report nosuch.trace -o none.html" "nosuch.trace"
says no-trace 1 "$report $top/README.md -o none.html" "is no trace"
says strict 1 "$report --strict garbage.trace -o none.html" "garbage.trace:"
says no-cause 1 "$report --cause nosuch tiny.trace -o none.html" "nosuch"
says not-both 1 "$report --pid 1 --pid_exclude 2 tiny.trace -o none.html" "--pid_exclude"
says no-place 1 "$report tiny.trace -o nosuch/none.html" "nosuch/none.html"
says full 1 "$report tiny.trace -o /dev/full" "/dev/full"
# bash counts in KB; the signal that the limit brings is not to end the program.
says size-limit 1 "(ulimit -f 1; $report tiny.trace -o limited.html)" "limited.html: File too large" "ulimit -f"
says size-limit-export 1 "(ulimit -f 1; $programs/migrate_export small.trace -o limited.json)" "limited.json: File too large"
says size-limit-standard-output 1 "(ulimit -f 1; $programs/migrate_stats --migrate small.trace >stdout.txt)" "File too large"
if compgen -G 'limited*' >/dev/null; then failed size-limit-leaves-nothing "$(echo limited*)"; else echo "ok size-limit-leaves-nothing"; fi
says empty-name 1 "$report tiny.trace -o ''" "-o needs"
[[ ! -e none.html && -z $(echo none.html.tmp*) || $(echo none.html.tmp*) == 'none.html.tmp*' ]] && echo "ok errors-leave-nothing" ||
	failed errors-leave-nothing "$(echo none*)"
says warnings 0 "$report garbage.trace -o page.html; grep -c 'The input was not quite' page.html" "warning: skipped" $'\n1'

# Ctrl-C while it waits for the rest of a pipe.
stopped() {
	local name=$1 signal=$2 program=$3
	if python3 - "$signal" "$program" <<'PY'
import os, signal, subprocess, sys, time

number = getattr(signal, sys.argv[1])
# In the background, or under nohup, some are ignored, and would be by the program.
defaults = lambda: [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
process = subprocess.Popen([sys.argv[2], "-o", "stopped.out"], stdin=subprocess.PIPE, preexec_fn=defaults)
process.stdin.write(b"# version 1.0.0\n")
process.stdin.flush()
for _ in range(200):
    if any(name.startswith("stopped.out.tmp") for name in os.listdir(".")):
        break
    time.sleep(0.05)
else:
    sys.exit("it did not begin to write")
process.send_signal(number)
status = process.wait(20)
assert status == -number, status
left = [name for name in os.listdir(".") if name.startswith("stopped.out")]
assert not left, left
PY
	then echo "ok $name"; else failed "$name" "it leaves something behind, or goes on"; fi
}
stopped ctrl-c SIGINT "$report"
stopped terminated SIGTERM "$report"
stopped ctrl-c-import SIGINT "$programs/migrate_import"
stopped hangup-export SIGHUP "$programs/migrate_export"

((failures == 0))
