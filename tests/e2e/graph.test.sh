#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migrate_graph as its users call it. One line per check: "ok NAME" or "FAILED NAME: reason"; ends with 1 when any failed.
#
# Usage: tests/e2e/graph.test.sh DIRECTORY_OF_PROGRAMS
set -u

here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:-$here/../../build/bin}" && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export TMPDIR=$work/tmp LC_ALL=C.UTF-8
mkdir tmp
failures=0

# check NAME COMMAND...: the command must succeed.
check() {
	local name=$1
	shift
	if "$@" >log 2>&1 </dev/null; then
		echo "ok $name"
	else
		echo "FAILED $name: $* failed: $(head -c 300 log | tr '\n' ' ')"
		failures=$((failures + 1))
	fi
}

# refused NAME PATTERN COMMAND...: exit status 1, with a message that matches on standard error.
refused() {
	local name=$1 pattern=$2 status
	shift 2
	"$@" >out 2>log </dev/null
	status=$?
	if [ $status = 1 ] && grep -qE -- "$pattern" log; then
		echo "ok $name"
	else
		echo "FAILED $name: exit status $status, said '$(head -c 300 log | tr '\n' ' ')'"
		failures=$((failures + 1))
	fi
}

graph() { "$bin/migrate_graph" "$@"; }
is_png() { for f; do [ "$(head -c 8 "$f" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || return 1; done; }
is_svg() { python3 -c 'import sys, xml.dom.minidom as m
for f in sys.argv[1:]: assert m.parse(f).documentElement.tagName == "svg"' "$@"; }
is_pdf() { for f; do [ "$(head -c 5 "$f")" = %PDF- ] && tail -c 16 "$f" | grep -aq %%EOF || return 1; done; }
count_is() { # N COMMAND...: prints N lines
	local n=$1
	shift
	[ "$("$@" | wc -l)" = "$n" ]
}

python3 "$here/make-trace.py" 4 10 500 >t.trace
LC_ALL=C sort t.trace >sorted.trace
"$bin/migrate_stats" --period 500 --period_all --period_cause t.trace >t.stat 2>/dev/null

# ---- pictures of a trace

check "a trace gives four pictures, whose names are printed" count_is 4 graph t.trace
check "they are PNG files" is_png t.trace-{rate,cause,pair,cpu}.png
cp t.trace-cause.png before.png
check "a sorted trace and one in the kernel's order give the same picture" \
	eval 'a=$(graph --graph cause --format terminal <sorted.trace) && [ -n "$a" ] && [ "$a" = "$(graph --graph cause --format terminal <t.trace)" ]'
check "SVG files are well-formed XML" eval 'graph --format svg t.trace && is_svg t.trace-{rate,cause,pair,cpu}.svg'
check "PDF files begin and end as such" eval 'graph --format pdf t.trace && is_pdf t.trace-{rate,cause,pair,cpu}.pdf'
check "the format is that of the file's name" eval 'graph --graph rate -o x.svg t.trace && is_svg x.svg'
check "-o of several pictures gets their names inserted" \
	eval 'mkdir d.v; [ "$(graph -o d.v/x.png --graph cause,pair t.trace)" = "d.v/x-cause.png
d.v/x-pair.png" ] && is_png d.v/x-cause.png d.v/x-pair.png'
stats_of() { "$bin/migrate_stats" --period 500 "$@" 2>/dev/null; }
example=$here/../../docs/example.trace
for fields in period_cause period_cpu period_cpu_pair "period_cpu --period_cpu_pair" period_topology "period_cause --period_topology"; do
	# As many as in the periods that are over, whatever tells them.
	check "a stat file tells the number of migrations, made with --$fields" \
		eval 'stats_of --period_all "$example" >all.stat; total=$(graph --graph rate --format terminal all.stat | grep -o ": [0-9]* migrations")
			stats_of --$fields "$example" >some.stat; graph --graph rate --format terminal some.stat | grep -q "some.stat$total,"'
done
check "distances are no causes" \
	eval 'stats_of --period_cause --period_topology "$example" >some.stat
		graph --graph cause --format terminal some.stat >causes && grep pull_task causes && ! grep across causes'
check "of a stat file that tells only of CPUs they are drawn, and nothing else is missed" \
	eval 'stats_of --period_cpu_pair t.trace >pairs.stat; [ "$(graph pairs.stat 2>&1)" = "pairs.stat-rate.png
pairs.stat-pair.png
pairs.stat-cpu.png" ]'
check "its lines hold all that a picture says" \
	eval 'cp t.trace a-name-that-leaves-too-little-room-in-a-line-of-a-terminal.trace
		graph --graph rate --format terminal a-name-*.trace | head -n 4 | grep -q "periods of "'
check "a terminal gets text with axes and a matrix" \
	eval 'graph --format terminal t.trace >text && grep -q "Migrations per second" text && grep -q "^from.to  *0  *1  *2  *3" text'
check "one picture can go to standard output" eval 'graph --graph rate -o - t.trace >stdout.png && is_png stdout.png'
check "a trace can come through a pipe" eval 'cat t.trace | graph --graph rate -o pipe.png && is_png pipe.png'
check "a trace can come from a process substitution" eval 'graph --graph rate -o sub.png <(cat t.trace) && is_png sub.png'
check "the size is as asked for" \
	eval 'graph --graph rate --size 640x480 -o size.png t.trace && [ "$(od -An -j16 -N8 -tx1 size.png | tr -d " \n")" = 00000280000001e0 ]'
check "a matrix of many CPUs is drawn" \
	eval 'python3 "$here/make-trace.py" 96 2 3000 >many.trace && graph --graph pair,cpu many.trace && is_png many.trace-pair.png many.trace-cpu.png'
python3 "$here/make-trace.py" 4096 1 6000 >large.trace
check "4096 CPUs are put together, and all pictures are drawn" \
	eval 'count_is 4 graph large.trace && is_png large.trace-{rate,cause,pair,cpu}.png'
check "nothing is left in the temporary directory" test -z "$(ls "$TMPDIR")"

# ---- stat files and directories

check "a stat file gives the rate and the causes" eval 'count_is 2 graph t.stat && is_png t.stat-rate.png t.stat-cause.png'
check "each field of a stat file can have its picture" \
	eval 'count_is 8 graph --graph field --output-dir fields t.stat && is_png fields/try_to_wake_up.png fields/migrate.png'
check "80 pictures in one go take seconds" eval 'xz -dc "$here/../golden/inputs/medium.trace.xz" >medium.trace 2>/dev/null || cp many.trace medium.trace
	timeout 60 "$bin/migrate_graph" --graph field --output-dir all medium.trace'
mkdir -p debugfs/migration_trace debugfs/migration_stat
cp t.trace debugfs/migration_trace/trace
printf '# version 1.0.0\n# period_msec 1000\n# ts_field 1\n# field 2 migrate\n' >debugfs/migration_stat/stat
check "a debugfs directory gives what has been recorded in it" \
	eval '[ "$(graph --graph rate --output-dir dbg debugfs)" = dbg/migration_trace-rate.png ]'
check "so does the directory of the trace itself" \
	eval '[ "$(graph --graph rate --output-dir dbg debugfs/migration_trace)" = dbg/migration_trace-rate.png ]'

# ---- times and values

check "the loop of the manual for a stat file works as it stands" bash -c '
	set -e
	mkdir loop1 && cd loop1
	extract=$1/migrate_extract graph=$1/migrate_graph stat=../t.stat
	max_field=`$extract --max_field ${stat}`
	min_field=`$extract --min_field ${stat}`
	for field in `seq ${min_field} ${max_field}`; do
	   title=`$extract --field_name ${field} ${stat}`
	   $extract --extract ${field} ${stat} | ${graph} -TT "${title}"
	done
	test $(ls *.png | wc -l) = 8; test -s try_to_wake_up.png; test -s __migrate_task.png' loop "$bin"
check "names of fields with blanks and colons make pictures too" bash -c '
	set -e
	mkdir loop2 && cd loop2
	$1/migrate_stats --period 1000 --period_cpu_pair ../t.trace >stat
	field=`$1/migrate_extract --field_num "from cpu: 0 to cpu: 1" stat`
	title=`$1/migrate_extract --field_name ${field} stat`
	$1/migrate_extract --extract ${field} stat | $1/migrate_graph -TT "${title}"
	test -s "from cpu: 0 to cpu: 1.png"' loop "$bin"
for format in "--ts_gmt" "--ts_gmt --ts_date" "--ts_gmt --ts_rel"; do
	# shellcheck disable=SC2086
	check "times of migrate_extract $format are read" bash -o pipefail -c '
		bin=$1; shift
		"$bin/migrate_extract" "$@" --extract 8 t.stat | "$bin/migrate_graph" -TT x -o time.png && test -s time.png' x "$bin" $format
done
check "times that pass midnight go on" \
	eval 'printf "23:59:59.000 1\n00:00:01.000 2\n" | graph -TT m --format terminal >text && [ $(grep -c . text) -gt 10 ]'

# ---- hostile text

title=$'../../x`touch pwned`$(touch pwned)\'"\n%s_a^{b}@c\\'
check "a hostile title stays text, in a file of this directory" eval 'mkdir -p down/here && made=$(cd down/here && printf "0 1\n1 2\n" | graph -TT "$title") &&
	case $made in (*/*) false ;; esac && is_png "down/here/$made" && [ $(find down -type f | wc -l) = 1 ] && ! ls | grep -q "x.*touch"'
check "a hostile title is well-formed in SVG" \
	eval 'printf "0 1\n1 2\n" | graph --title "<a>&\"'"'"'</svg>$(printf "\xff\x01")" -o h.svg && is_svg h.svg'
sed $'s/try_to_wake_up/a"b\'`touch${IFS}pwned`$x{_^/' t.trace >hostile.trace
check "hostile names of causes stay text" eval 'graph --graph cause -o c.svg hostile.trace && is_svg c.svg && grep -q "touch" c.svg && ! test -e pwned'
mkdir "it's \"a\" dir | x"
check "names of files may hold quotes, blanks, bars and newlines" \
	eval 'graph --graph rate -o "it'"'"'s \"a\" dir | x/|p
.png" t.trace && is_png "it'"'"'s \"a\" dir | x/|p
.png"'
check "a title that is only dots is no path" eval '[ "$(printf "0 1\n1 2\n" | graph -TT ..)" = "_..png" ] && is_png _..png'

# ---- errors

: >empty
printf 'garbage in\nmore of it\n' >garbage
head -n 14 t.trace >header.trace
refused "empty input is an error" "empty" graph -TT x empty
refused "empty standard input is an error" "empty" graph -TT x
refused "garbage is an error that shows the line" "line 1 .*garbage in" graph garbage
refused "a trace without events is an error" "no events" graph header.trace
refused "a file that does not exist is named" "nosuch.*No such file" graph nosuch
refused "a directory without recordings is named" "neither migration_trace nor migration_stat" graph tmp
refused "a directory that cannot be written is an error before drawing" "cannot create" graph -o /proc/x.png t.trace
refused "a full disk is an error" "No space left" graph --graph rate --format png -o /dev/full t.trace
refused "a limit of file sizes is told as such" "commands for gnuplot: File too large" bash -c 'ulimit -f 1; exec "$1" t.trace' x "$bin/migrate_graph"
refused "a standard output that is closed is told as such" "Bad file descriptor" bash -c 'exec "$1" --format terminal t.trace >&-' x "$bin/migrate_graph"
printf '\037\213\010zip' >zipped
refused "a compressed file is told as such" "zipped is compressed; give its text: zcat zipped" graph zipped
printf 'a 1 [000] 1.0: sched:sched_migrate_task: x\n' >perf.txt
refused "of the text of a tracer the way to a trace is told" "if this is text of perf script, trace-cmd or ftrace, convert it with migrate_import first" graph perf.txt
refused "an unknown graph is named, with those that there are" "pie.*rate, cause" graph --graph pie t.trace
refused "an unknown format is named" "jpg" graph -o x.jpg t.trace
refused "several pictures do not fit into standard output" "one picture" graph -o - t.trace
refused "CPU pairs of a stat file without them are an error" "does not tell" graph --graph pair t.stat
refused "a period longer than the trace is an error" "shorter than one period" graph --period 1h t.trace
rm -rf empty-path && mkdir empty-path
refused "without gnuplot the message says what to install" "cannot run gnuplot.*install" env PATH="$work/empty-path" "$bin/migrate_graph" t.trace
mkdir fake && printf '#!/bin/sh\necho "line 3: it is broken" >&2\nexit 2\n' >fake/gnuplot && chmod +x fake/gnuplot
refused "what gnuplot says reaches the user" "it is broken" env PATH="$work/fake:$PATH" "$bin/migrate_graph" t.trace
printf '#!/bin/sh\nexit 0\n' >fake/gnuplot
refused "a gnuplot that writes nothing is an error" "no picture" env PATH="$work/fake:$PATH" "$bin/migrate_graph" t.trace
printf '#!/bin/sh\nfor i in 0 1 2 3; do echo nonsense >$i; done\n' >fake/gnuplot
refused "a gnuplot that writes something else is an error" "no whole picture" env PATH="$work/fake:$PATH" "$bin/migrate_graph" t.trace
printf '#!/bin/sh\nkill -9 $$\n' >fake/gnuplot
refused "a gnuplot that dies is an error" "killed by signal 9" env PATH="$work/fake:$PATH" "$bin/migrate_graph" t.trace
printf '#!/bin/sh\nexec sleep 100\n' >fake/gnuplot
check "Ctrl-C ends it while gnuplot hangs, and leaves nothing" bash -c '
	PATH=$1/fake:$PATH "$2/migrate_graph" -o gone.png t.trace 2>said & pid=$!
	sleep 1; kill -INT $pid; wait $pid; test $? = 130 && grep -q interrupted said && ! ls | grep -q "^gone" && test -z "$(ls "$TMPDIR")"' x "$work" "$bin"
for tool in migrate_graph migrate_record; do
	check "every option of $tool stands in its manual page" bash -c '
		"$1/$2" --help | grep -oE "^ +(-[a-z] \[ )?--[a-z_]+" | grep -oE -- "--[a-z_]+" >options; test -s options
		while read -r option; do
			sed "s/\\\\-/-/g" "$3/../../docs/man/$2.1" | grep -qE -- "$option([^a-z_]|\$)" || { echo "$option"; exit 1; }
		done <options' x "$bin" $tool "$here"
done
check "an old picture is still there after an error" cmp t.trace-cause.png before.png

exit $((failures > 0))
