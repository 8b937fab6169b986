#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mig_mon mm_dirty: what it says, and what the kernel says that it has dirtied. One line per check: "ok NAME" or
# "FAILED NAME: reason".
#
# Usage: tests/e2e/mig_mon_dirty.test.sh DIRECTORY_OF_PROGRAMS

needs_root=y
. "$(dirname "$0")/mig_mon_lib.sh"
guest=$programs/../guest

# observe RATE: as the kernel counts, so many pages are dirtied as were asked for, to 1 % or a page. Five times at most:
# other programs may have kept it from running.
observe() {
	local rate=$1 length _ pages
	for _ in 1 2 3 4 5; do
		length=3
		"${first[@]}" "$guest/count_dirty" 96 "$rate" $length 20 "$mig_mon" mm_dirty -m 96 -r "$rate" >observed 2>errors
		[[ $? -ne 3 ]] || { length=4 && observe_in_vm "$rate"; }
		sed 's/^/# /' observed
		read -r _ pages _ <observed
		awk -v pages="${pages#*=}" -v wanted=$((rate * 256 * length)) \
			'BEGIN { off = pages - wanted; if (off < 0) off = -off; exit !(off <= 1 || off <= wanted / 100) }' && return 0
	done
	failed "the rate that the kernel sees, of $rate MB/s" "$(cat observed errors)"
	return 1
}
# On a kernel that can tell, where this one cannot. Its bits are never cleared, so that there must be a page for each write,
# and to read so many takes longer.
observe_in_vm() {
	local rate=$1 memory=$(($1 * 12))
	"$top/scripts/vm-run" --kernel 6.1 --mem $((512 + memory)) --smp 2 --put "$guest/count_dirty" --timeout 240 -- \
		/root/count_dirty $memory "$rate" 4 100 mig_mon mm_dirty -m $memory -r "$rate" </dev/null >observed 2>errors
}
for rate in ${RATES:-1 10 100 500}; do
	! observe "$rate" || echo "ok $rate MB/s are dirtied as asked for: the kernel has counted"
done

# observe_evenly RATE: in any second to 1 %, and in 99 % of the windows of 20 ms to 5 % or a page. In a guest whose clock
# counts its own instructions, so that nothing else which this machine does is in the figures. At the highest rate that such a
# guest can reach the observer takes the CPU: there it may be the windows in which it did not, if these are half of all.
observe_evenly() {
	local rate=$1 memory=$((20 + $1 / 25)) _ all_worst all_even seconds worst windows even
	"$top/scripts/vm-run" --kernel 6.12 --smp 2 --accel tcg,thread=single --qemu "-icount shift=0,sleep=off" \
		--put "$guest/count_dirty" --put "$guest/track_writes.so" --timeout 240 -- \
		/root/count_dirty $memory "$rate" 3 20 mig_mon mm_dirty -m $memory -r "$rate" </dev/null >observed 2>errors
	sed 's/^/# /' observed
	read -r _ _ all_worst all_even seconds worst windows even <observed
	awk -v all_worst="${all_worst#*=}" -v all_even="${all_even#*=}" -v seconds="${seconds#*=}" -v worst="${worst#*=}" \
		-v windows="${windows#*=}" -v even="${even#*=}" 'BEGIN {
			exact = all_worst != "" && all_worst <= 1 || seconds > 0 && worst <= 1
			exit !(exact && (all_even >= 99 || windows >= 75 && even >= 99))
		}'
}
for rate in ${EVEN_RATES:-100}; do
	if observe_evenly "$rate"; then
		echo "ok $rate MB/s are dirtied evenly: the kernel has counted"
	else
		failed "an even rate, as the kernel sees it, of $rate MB/s" "$(cat observed errors)"
	fi
done

# What it says itself.
"${first[@]}" "$mig_mon" mm_dirty -m 64 -r 40 --duration 3s --output json >out 2>&1
within "a rate is kept" "$(value out summary 'o["mb_per_second"]')" 39 40.5
within "the CPU time is that of the work, not of waiting" "$(value out summary 'o["cpu_percent"]')" 0 30
for threads in 1 3; do
	"$mig_mon" mm_dirty -m 64 -p random -r 4G --threads $threads -L --duration 1s >out 2>&1
	ended "accesses are measured: $threads threads" 0 out ", lat (us): p50=" "latency (us): p50 " " p99.9 " "1048576 (us): " "       1 (us): "
done
"$mig_mon" mm_dirty -m 64 -L --duration 2s --output json >out 2>&1
within "each access is in the histogram" "$(value out summary 'o["latency_ns"]["count"] - o["pages"]')" 0 0
within "and in one of its buckets" "$(value out summary 'sum(o["latency_us_at_most"].values()) - o["pages"]')" 0 0
within "which are 21" "$(value out summary 'len(o["latency_us_at_most"])')" 21 21
"$mig_mon" mm_dirty -m 64 -r 5 --duration 2500ms >out 2>&1
ended "lines are those that scripts know, also for a part of a second" 0 out "dirty-rate: 5 (MB/s), time (ms): "
grep -qE '^dirty-rate: [0-9]+ \(MB/s\), time \(ms\): [0-9]+, load: [0-9]+%$' out
ended "nothing else is in the line" 0 out
within "and there are three" "$(grep -c '^dirty-rate' out)" 3 3
within "the last of them for half a second: they are for two and a half" \
	"$(sed -n 's/^dirty-rate.*time (ms): \([0-9]*\),.*/\1/p' out | awk '{ sum += $1 } END { print sum }')" 2495 2600
"${first[@]}" "$mig_mon" mm_dirty -m 16 --rate-schedule 8M:500ms,16M:700ms,0:200ms,1M:200ms --output json >out 2>&1
within "a schedule ends by itself" "$(value out summary 'o["pages"] / 256')" 14.5 16
within "its last part of a second is told" "$(value out second 'o["ms"]')" 550 700
"$mig_mon" mm_dirty -m 16 -p once --duration 1s >out 2>&1
ended "once" 0 out "0 MB/s"
"$mig_mon" mm_dirty -m 64 -p ran --working-set 10% --hot-writes 80% -r 100 --duration 1s >out 2>&1
ended "a working set" 0 out "dirty-rate: "
"$mig_mon" mm_dirty -m 16 -r 10 -p seq >out 2>&1 &
dirty=$!
wait_for out dirty-rate
end $dirty
ended "Ctrl-C ends with a summary" 0 out "MB/s, load"
"$mig_mon" mm_dirty -m 16 -r 10 >out 2>&1 &
dirty=$!
wait_for out dirty-rate
kill -TERM $dirty
wait $dirty
ended "so does SIGTERM" 0 out "MB/s, load"

# Memory.
"$mig_mon" mm_dirty -m 90000T >out 2>&1
ended "more memory than there can be" 1 out "cannot have"
"$mig_mon" mm_dirty -m "$(awk '/^(MemAvailable|SwapFree)/ { sum += $2 } END { print sum + 200000 }' /proc/meminfo)k" >out 2>&1
ended "more memory than there is" 1 out "are available"
"$mig_mon" mm_dirty -m 16 -r 10 2>err | head -n 1 >out
within "what nobody looks at ends" "${PIPESTATUS[0]}" 1 1
"$mig_mon" mm_dirty -m 10 -r 10M --threads 200 --duration 2s --output json >out 2>&1
within "threads share a rate" "$(value out summary 'o["mb_per_second"]')" 9.7 10.2
"$mig_mon" mm_dirty -m 64T -P 2m >out 2>&1
ended "huge pages that are not reserved, and how to reserve them" 1 out "in 33554432 pages of 2 MiB" \
	"echo 33554432 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
large=/sys/kernel/mm/hugepages/hugepages-1048576kB
hint="no pages of 1024 MiB"
[[ ! -d $large ]] || hint="echo 65536 > $large/nr_hugepages"
"$mig_mon" mm_dirty -m 64T -P 1G >out 2>&1
ended "large ones" 1 out "$hint"
pool=/sys/kernel/mm/hugepages/hugepages-2048kB
if [[ -w $pool/nr_hugepages ]]; then
	before=$(<$pool/nr_hugepages)
	echo $((before + 8)) >$pool/nr_hugepages
	"$mig_mon" mm_dirty -m 16 -P 2m --duration 2s >out 2>&1 &
	dirty=$!
	wait_for out dirty-rate
	within "huge pages that are reserved are used" "$(awk '/^Private_Hugetlb/ { sum += $2 } END { print sum }' /proc/$dirty/smaps)" 16384 16384
	wait $dirty
	ended "and dirtied by pages of 4 KiB" 0 out "dirty-rate: "
	echo "$before" >$pool/nr_hugepages
else
	failed "huge pages that are reserved" "this needs root"
fi
"$mig_mon" mm_dirty -m 16 -P 4k -r 1 --duration 1s >out 2>&1
ended "small pages" 0 out "dirty-rate: 1 "

# The byte of a page is changed behind its back.
"$mig_mon" mm_dirty -m 123 -r 123 >out 2>&1 &
dirty=$!
wait_for out dirty-rate
if python3 - $dirty <<'PY'; then
import re, sys
for line in open(f"/proc/{sys.argv[1]}/maps"):
    begin, end = (int(x, 16) for x in re.match(r"(\w+)-(\w+) rw", line).groups()) if " rw" in line else (0, 0)
    if 123 << 20 <= end - begin < 130 << 20:
        memory = open(f"/proc/{sys.argv[1]}/mem", "r+b", buffering=0)
        try:
            for page in range(0, 100 << 20, 4096):
                memory.seek(begin + (10 << 20) + page)
                memory.write(b"\xee")
        except OSError:
            pass  # it has noticed, and has gone
        break
else:
    sys.exit("no such memory")
PY
	wait $dirty
	ended "memory that is not what was written is an error" 1 out "memory is corrupted" "is 0xee"
else
	failed "memory that is not what was written" "cannot write to the memory of $dirty"
	kill $dirty
fi

refused "mm_dirty -p nosuch" "mm_dirty -r x" "mm_dirty -m 0" "mm_dirty -P 3k" "mm_dirty --rate-schedule 5" "mm_dirty operand" \
	"mm_dirty --threads 0" "mm_dirty --threads 100000" "mm_dirty -r 1 --rate-schedule 1:1s" "mm_dirty --working-set 10%" "mm_dirty -p random --hot-writes 10%" "mm_dirty -p random --working-set 0%" \
	"mm_dirty -p random --working-set 101%" "mm_dirty --output xml" "mm_dirty --rate-schedule 5:1s,,5:1s"
helps "mm_dirty -h" "mm_dirty --version"
"$mig_mon" mm_dirty -m 1 -p once -r 5 --duration 100ms >out 2>&1
ended "a rate for what is written once" 0 out "--rate does nothing with -p once"

# Pictures.
"$mig_mon" mm_dirty -m 16 --rate-schedule 5:1s,20:1s -L >dirty.log 2>&1
"$mig_mon" mm_dirty -m 16 --rate-schedule 5:1s,20:1s -L --output json >dirty.json 2>&1
printf '%s\n' 1700000000,18446744073709551615 1700000010,512 1700000030,1024 >spikes
for file in dirty.log dirty.json spikes; do
	"$mig_mon" plot $file >out 2>&1
	ended "in the terminal: $file" 0 out "*"
done
echo '{"type":"outage","end":1795348885.3310452,"gap_ms":620.88244,"length_ms":597.0573}' >outage.json
"$mig_mon" plot outage.json -o outage.svg >out 2>&1
ended "one outage, to the microsecond, as a picture" 0 out "outage.svg"
TZ=UTC-9 "$mig_mon" plot spikes >out 2>&1
ended "times of day are those here" 0 out "07:13:20"
"$mig_mon" plot spikes -o spikes.png >out 2>&1
ended "a spike log as a picture" 0 out "spikes.png"
[[ $(head -c 4 spikes.png) == $'\x89PNG' ]]
ended "it is PNG" 0 out
"$mig_mon" plot -o load.svg <dirty.log >out 2>&1
ended "the output of mm_dirty as pictures" 0 out load-rate.svg load-latency.svg
grep -q 'Latency of accesses' load-latency.svg
ended "they say what they show" 0 out
bad() { # NAME INPUT TEXT...
	local name=$1
	printf "%b" "$2" >input
	"$mig_mon" plot input >out 2>&1
	ended "plot: $name" 1 out "${@:3}"
}
bad "nothing" "" "input has nothing to draw"
bad "a spike log with a line that is none" "1700000000,18446744073709551615\n1700000010,5\noops\n" "input, line 3: "
bad "a spike of no number" "1700000000,x\n" "input, line 1: "
bad "a line that was cut off" "dirty-rate: 5 (MB/s), time (ms): 1000, load: 1%\ndirty-rate: 5 (MB/s), ti" "input, line 2: "
bad "JSON that was cut off" '{"type":"second","mb_per_second":5,"ms":1000,"cpu_percent":1}\n{"type":"seco' "input, line 2: "
bad "JSON of something else" '{"a":1}\n' "input, line 1: "
bad "two kinds" "1700000010,5\ndirty-rate: 5 (MB/s), time (ms): 1000, load: 1%\n" "one by one"
"$mig_mon" plot no-such-file >out 2>&1
ended "plot: a file that is not there" 1 out "cannot read no-such-file: No such file"
cp spikes spikes.png
"$mig_mon" plot -o spikes.png spikes.png >out 2>&1
ended "plot: the input is not overwritten" 1 out "spikes.png"
cmp -s spikes spikes.png
ended "plot: and is as it was" 0 out
refused "plot a b" "plot -o x.jpg spikes" "plot --size 5 spikes" "plot -o - dirty.log" "plot -o /dev/full dirty.log"
"$mig_mon" plot a b >out 2>&1
ended "plot: its own help is offered" 1 out "Try 'mig_mon plot --help'"
printf '%s\n' 1700000000,18446744073709551615 1700000010,512 1700050000,1024 >spikes
"$mig_mon" plot --size 60x20 spikes >out 2>&1
! grep -qE '[0-9]{2}:[0-9]{2}:[0-9]{2}[0-9]' out
ended "plot: times do not touch" 0 out ":00:00 "
helps "plot -h"
((failures == 0))
