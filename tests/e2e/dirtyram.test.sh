#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dirtyram: what it finds in its arguments, what stands in its pages and which of them it writes, and whether all builds of it
# run in guests of their architecture. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/dirtyram.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/lib.sh"
guests=${MIGSCOPE_CACHE:-$HOME/.cache/migscope}/guests
dirtyram=$programs/dirtyram
cd "$work" || exit 1
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT

# is NAME VALUE WANTED
is() {
	if [[ $2 == "$3" ]]; then echo "ok $1"; else failed "$1" "'$2' instead of '$3'"; fi
}

# The layout as the manual has it: pages.py FILE|PID INITIAL EXPRESSION prints the value of EXPRESSION, with lists of what each
# page has. Every record of every page has to be whole, but for the page in which a PID may have been stopped.
cat >pages.py <<'PY'
import struct, sys

def mix(value, word):
    value = (value ^ word) * 16777619 & 0xffffffff
    return value ^ value >> 15

def record(data):
    magic, pid, page, turn, msec, number, check, initial = struct.unpack("<8s4I2HI", data)
    value = 2166136261
    for word in pid, page, turn, msec, initial, number:
        value = mix(value, word)
    return (pid, page, turn, msec, initial, number) if magic == b"dirtyram" and check == value >> 16 else None

def memory(pid, size):
    for line in open(f"/proc/{pid}/maps"):
        begin, end = (int(word, 16) for word in line.split()[0].split("-"))
        if end - begin == size:
            with open(f"/proc/{pid}/mem", "rb") as file:
                file.seek(begin)
                return file.read(size)
    sys.exit(f"process {pid} has no mapping of {size} bytes")

source, N = sys.argv[1], int(sys.argv[2])
data = memory(source, N * 4096) if source.isdigit() else open(source, "rb").read(N * 4096)
assert len(data) == N * 4096, f"{len(data)} bytes"
pids, rounds, times = [], [], []
unfinished = 0
for page in range(N):
    records = [record(data[at:at + 32]) for at in range(page * 4096, (page + 1) * 4096, 32)]
    unfinished += len({r and r[2] for r in records}) > 1
    for number, r in enumerate(records):
        assert r or source.isdigit(), f"page {page}: record {number} is none"
        assert not r or (r[1], r[4], r[5]) == (page, N, number), f"page {page}, record {number}: {r}"
    pids.append(records[0][0])
    rounds.append(records[0][2])
    times.append(records[0][3])
assert unfinished <= 1, f"{unfinished} pages are of several rounds"

def parts(P):
    """Whether what was written last is a page in each of P parts."""
    last = [page for page in range(N) if rounds[page] == max(rounds)]
    return len(last) == P and all(k * N // P <= page < (k + 1) * N // P for k, page in enumerate(last))

print(eval(sys.argv[3]))
PY
pages() { python3 pages.py "$@" 2>&1 | tail -n 1; }

# Arguments.
for words in "" 512 "512 512"; do
	says "too few arguments: '$words'" 2 "$dirtyram $words" "is missing" "Usage: dirtyram INITIAL PERIODIC MSEC [FILE [ROUNDS]]"
done
says "too many arguments" 2 "$dirtyram 1 1 1 - 1 surplus" "'surplus' is one argument too many" "Usage:"
says "no pages" 2 "$dirtyram 0 0 5" "INITIAL: '0' is no number from 1 to 4294967295"
says "more pages in a round than there are" 2 "$dirtyram 512 513 5" "PERIODIC: '513' is no number from 0 to 512"
says "rounds without end" 2 "$dirtyram 512 512 0" "MSEC: '0' is no number from 1 to 86400000"
for word in -5 5x 0x5 '""' '" 5"' 4294967296 99999999999999999999999; do
	says "no number: $word" 2 "$dirtyram 5 5 5 - $word" "ROUNDS: '${word//\"/}' is no number from 0 to 4294967295"
done
says "an option that is not there" 2 "$dirtyram --fast" "unknown option '--fast'" "Usage:"
says "help" 0 "$dirtyram --help" "Usage: dirtyram INITIAL PERIODIC MSEC [FILE [ROUNDS]]" "Examples:"
says "version" 0 "$dirtyram --version" "dirtyram (migscope) "
says "more than fits" 1 "ulimit -v 500000; $dirtyram 4000000 1 5" "cannot map 16384000000 bytes of memory: Cannot allocate memory"
says "no file" 1 "$dirtyram 1 1 5 none" "cannot open none for reading and writing: No such file or directory"
truncate -s 8191 short
says "a file that is too short" 1 "$dirtyram 2 1 5 short" "short is too short: it has 8191 bytes, and INITIAL pages take 8192"
is "it is left as it is" "$(stat -c %s short)" 8191
says "output that cannot be written" 1 "$dirtyram 2 1 5 - 1 >/dev/full" "writing standard output: No space left on device"

# What stands in a file. 17 parts of 1000 pages: 58 or 59 each.
truncate -s $((1001 * 4096)) area
for rounds in 1 58 59 130; do
	"$dirtyram" 1000 17 1 area $rounds >out 2>&1
	is "$rounds rounds end" "$(sed -E 's/^dirtyram [0-9]+: (ended in [0-9.]+ s, |)//; s/late [0-9]+/late N/' out | paste -sd /)" \
		"1000 pages written, 17 every 1 ms/rounds $rounds, late N, pages written $((1000 + 17 * rounds))"
	is "$rounds rounds are in the pages" "$(pages area 1000 'max(rounds), parts(17), len(set(pids))')" "($rounds, True, 1)"
done
is "no page is older than one turn of all" "$(pages area 1000 'min(rounds) > 130 - 59')" True
"$dirtyram" 1000 17 1 area 58 >out 2>&1
is "pages of parts that are longer wait for the next round" "$(pages area 1000 'rounds.count(0)')" $((1000 - 17 * 58))
is "no round comes before its time" "$(pages area 1000 'all(time >= turn for time, turn in zip(times, rounds))')" True
is "what is behind the area stays" "$(tail -c 4096 area | tr -d '\0' | wc -c)" 0
"$dirtyram" 1000 1000 1 area 3 >out 2>&1
is "all pages in each round" "$(pages area 1000 'set(rounds)')" "{3}"
"$dirtyram" 1000 0 1 area 3 >out 2>&1
is "no pages in each round" "$(pages area 1000 'set(rounds)')" "{0}"
"$dirtyram" 1 1 1 area 3 >out 2>&1
is "one page" "$(pages area 1 rounds)" "[3]"

# started ARGUMENT...: in the background, until its first line; $writer
started() {
	"$dirtyram" "$@" >out 2>&1 &
	writer=$!
	for _ in $(seq 100); do
		! grep -q written out || return
		sleep 0.1
	done
}
# Until the process stands still.
stopped() {
	kill -STOP "$1"
	until grep -q '^State:.*stopped' "/proc/$1/status"; do sleep 0.01; done
}
ended() { sed -nE 's/.*: ended in ([0-9.]+) s, rounds ([0-9]+), late ([0-9]+),.*/\1 \2 \3/p' out; }

started 777 50 5 - 300
stopped $writer
is "memory of the process" "$(pages $writer 777 'set(pids)')" "{$writer}"
sleep 1
kill -CONT $writer
wait $writer
is "it goes on after it was stopped" $? 0
read -r seconds rounds late < <(ended)
is "what was missed is not made up for" "$(awk -v s="$seconds" -v r="$rounds" 'BEGIN { print (r <= (s - 0.9) * 200) }')" 1
is "it counts as late" "$((late > 0))" 1
for signal in INT TERM; do
	started 10 10 3600000
	kill -$signal $writer
	wait $writer
	is "SIG$signal ends it while it waits" $? 0
	is "SIG$signal: and it has waited" "$(ended | cut -d' ' -f2-)" "0 0"
done
# As often as it was to be, on a machine that may be busy.
for _ in 1 2 3 4 5; do
	"$dirtyram" 1000 100 10 - 100 >out 2>&1
	read -r seconds rounds late < <(ended)
	[[ $seconds != 1.0 ]] || break
done
is "100 rounds of 10 ms take a second" "$seconds" 1.0

# What a program is for, and whether it needs others.
cat >elf.py <<'PY'
import struct, sys
data = open(sys.argv[1], "rb").read()
assert data[:4] == b"\x7fELF"
wide = data[4] == 2
machine = struct.unpack_from("<H", data, 18)[0]
at, size, count = (struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)) if wide else \
    (struct.unpack_from("<I", data, 28)[0], *struct.unpack_from("<HH", data, 42))
kinds = [struct.unpack_from("<I", data, at + i * size)[0] for i in range(count)]
PT_INTERP = 3
print({62: "x86_64", 40: "armhf", 183: "arm64"}[machine], "dynamic" if PT_INTERP in kinds else "static")
PY
for architecture in x86_64 armhf arm64; do
	is "dirtyram.$architecture" "$(python3 elf.py "$programs/../guest/dirtyram.$architecture" 2>&1 | tail -n 1)" "$architecture static"
done

# initrd ARCHITECTURE_OF_GUEST ARCHITECTURE: with busybox, dirtyram, and what they are to do; there is no /proc.
initrd() {
	local root=root.$2
	mkdir -p "$root"/{bin,dev,sys}
	cp -L "$guests/$1/busybox" "$root/bin/" && cp "$programs/../guest/dirtyram.$2" "$root/bin/dirtyram" || return
	cat >"$root/init" <<'TXT'
#!/bin/busybox sh
PATH=/bin
busybox mount -t devtmpfs devtmpfs /dev
busybox mount -t sysfs sysfs /sys
dirtyram 512 512 50 - 20 &
dirtyram 512 512 50 - 20 &
dirtyram 50 50 5 - 200 &
for memory in /sys/bus/pci/devices/*/resource2; do
	[ "$(busybox stat -c %s "$memory")" = 8388608 ] || continue
	# The BIOS of a PC has enabled it.
	[ ! -e /dev/ttyAMA0 ] || dirtyram 1 0 1 "$memory" 1
	echo 1 >"${memory%/*}/enable"
	dirtyram 2048 100 10 "$memory" 50
done
wait
busybox poweroff -f
TXT
	chmod +x "$root/init"
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"initrd.$2"
}

# boots NAME ARCHITECTURE_OF_GUEST ARCHITECTURE CONSOLE QEMU...: the guest, until it has done what it was to do.
boots() {
	local name=$1 guest=$2 architecture=$3 console=$4 log=log.$1 writers
	shift 4
	if ! initrd "$guest" "$architecture"; then
		failed "$name" "there is nothing to boot in $guests/$guest (run scripts/setup), or no build of dirtyram for $architecture"
		return
	fi
	timeout 180 "$@" -accel tcg,thread=multi -nic none -display none -no-reboot -serial stdio -monitor none -kernel "$guests/$guest/vmlinuz" \
		-initrd "initrd.$architecture" -append "console=$console quiet panic=-1" </dev/null 2>"$log.errors" | tr -d '\r' >"$log"
	writers=$(grep -oE ': (512 pages written, 512 every 50|50 pages written, 50 every 5) ms' "$log" | sort | uniq -c | tr -s ' \n' ' ')
	if [[ $writers == " 1 : 50 pages written, 50 every 5 ms 2 : 512 pages written, 512 every 50 ms " ]]; then
		echo "ok $name: three writers"
	else
		failed "$name" "it said: $(tail -n 3 "$log" "$log.errors")"
	fi
	is "$name: they write as much as they are to" "$(grep -oE 'rounds.*pages written.*' "$log" | sed 's/late [0-9]*, //' | sort | paste -sd /)" \
		"rounds 20, pages written 10752/rounds 20, pages written 10752/rounds 200, pages written 10050${shared:+/rounds 50, pages written 7048}"
}

# with_memory NAME BOOTS...: the same with device memory, which is a file here.
with_memory() {
	local name=$1 shared=$1.shared
	shift
	truncate -s 8M "$shared"
	boots "$name" "$@" -object "memory-backend-file,id=shared,size=8M,mem-path=$shared,share=on" -device ivshmem-plain,memdev=shared,master=on
	is "$name: device memory" "$(pages "$shared" 2048 'max(rounds), parts(100), len(set(pids))')" "(50, True, 1)"
}
not_enabled() { says "$1: a device that is not enabled" 0 "cat log.$1" "resource2 does not keep what is written to it"; }

shared=
with_memory pc amd64 x86_64 ttyS0 qemu-system-x86_64 -M pc -m 256
# Without LPAE, which this kernel lacks, PCI has to lie below 4 GiB.
with_memory virt-32 armhf armhf ttyAMA0 qemu-system-arm -M virt,highmem=off -cpu cortex-a15 -m 64
not_enabled virt-32
# arm64 and vexpress-a15 boot in the test of dirtylog_verify.
((failures == 0))
