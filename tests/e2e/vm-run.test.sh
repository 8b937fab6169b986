#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What scripts/vm-run promises, tried on a real kernel. One line per check:
# "ok NAME" or "FAILED NAME: reason". Ends with 1 when
# any failed. A boot takes seconds, so checks share one where they can.
#
# Usage: tests/e2e/vm-run.test.sh    KERNEL=6.1 in the environment: as for scripts/vm-run --kernel (default 6.12)

set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0
kernel=(--kernel "${KERNEL:-6.12}")

vm() { scripts/vm-run "${kernel[@]}" "$@" </dev/null; }

ok() { echo "ok $1"; }
failed() {
	echo "FAILED $1: $2"
	failures=$((failures + 1))
}
check() { # NAME EXPECTED ACTUAL
	if [[ $2 == "$3" ]]; then
		ok "$1"
	else
		failed "$1" "expected $(printf %q "$2"), got $(printf %q "$3")"
	fi
}
check_says() { # NAME TEXT FILE
	if grep -qF -- "$2" "$3"; then
		ok "$1"
	else
		failed "$1" "no '$2' in: $(head -c 600 "$3" | tr '\n' '|')"
	fi
}
sum() { sha256sum | cut -d' ' -f1; }

# Long ones first, in the background, beside what follows.
vm --timeout 25 -- sleep 1000 >"$work/hang.out" 2>"$work/hang.err" &
hang=$!

# One boot: output, files both ways, surroundings, a status other than 0.
head -c 1048576 /dev/urandom >"$work/random"
mkdir -p "$work/tree/sub"
printf '#!/bin/sh\necho "from a script: $1"\n' >"$work/tree/sub/script"
chmod 755 "$work/tree/sub/script"
ln -s sub/script "$work/tree/link"
vm --put "$work/random" --put "$work/tree" --put "$work/random=/opt/a b/c=d" \
	--get "random=$work/back" --get "/root/log=$work/log" --get "/nowhere=$work/nowhere" -- sh -c '
	cat random
	cat random random >&2
	echo late >log
	{
		pwd; id -u; uname -r; tree/link argument; cmp random "/opt/a b/c=d" && echo same
		for m in debug tracing; do [ -d /sys/kernel/$m ] && [ "$(ls /sys/kernel/$m)" ] && echo $m; done
		for f in /proc /sys /dev /dev/shm /sys/fs/cgroup; do grep -q " $f " /proc/mounts && echo $f; done
		nproc; cat /sys/devices/system/clocksource/clocksource0/current_clocksource
		echo 0 >/sys/devices/system/cpu/cpu1/online; nproc
		echo 1 >/sys/devices/system/cpu/cpu1/online; nproc
	} >>log 2>&1
	exit 77' >"$work/out" 2>"$work/err"
check "exit status 77 passes" 77 $?
check "stdout is 8-bit clean and apart" "$(sum <"$work/random")" "$(sum <"$work/out")"
check "stderr is 8-bit clean and apart" "$(cat "$work/random" "$work/random" | sum)" \
	"$(head -c 2097152 "$work/err" | sum)"
check "a file goes in and comes back the same" "$(sum <"$work/random")" "$(sum <"$work/back")"
tail -c +2097153 "$work/err" >"$work/err.end"
check_says "a missing guest file is named" \
	"vm-run: cannot fetch /nowhere from the guest: No such file" "$work/err.end"
[[ ! -e $work/nowhere ]]
check "a missing guest file leaves nothing behind" 0 $?
check "folders, links, modes and odd names arrive; surroundings are right" \
	"late|/root|0|from a script: argument|same|debug|tracing|/proc|/sys|/dev|/dev/shm|/sys/fs/cgroup|4|tsc|3|4|" \
	"$(grep -vx '[0-9]*\.[0-9]*\..*' "$work/log" | tr '\n' '|')"

# Arguments, as they are; stdin; status 0, made 125 by a file that is missing.
cat >"$work/show" <<'END'
#!/bin/sh
for a; do printf '<%s>' "$a"; done
sha256sum | cut -d' ' -f1
END
chmod 755 "$work/show"
arguments=('' ' ' 'a b' "it's" '"q"' $'two\nlines' '$HOME `id` \' '--' '-x' '*' $'\xff\xfe\x01' '')
scripts/vm-run "${kernel[@]}" --put "$work/show" --get "/gone=$work/gone" -- ./show "${arguments[@]}" \
	<"$work/random" >"$work/out" 2>"$work/err"
check "a missing guest file after status 0 gives 125" 125 $?
check "arguments are passed as they are, stdin is 8-bit clean" \
	"$(for a in "${arguments[@]}"; do printf '<%s>' "$a"; done; sum <"$work/random")" "$(cat "$work/out")"

# The kernel complains, then panics.
kver=$(vm -- uname -r)
headers=${MIGSCOPE_CACHE:-$HOME/.cache/migscope}/kernels/$kver/build
if [[ ! -d $headers ]]; then
	failed "a kernel warning is reported" "no headers of $kver to build a module with: run scripts/setup"
else
	mkdir "$work/module"
	echo 'obj-m := complain.o' >"$work/module/Kbuild"
	cat >"$work/module/complain.c" <<-'END'
		#include <linux/module.h>
		static int __init complain_init(void) { WARN(1, "as ordered\n"); return 0; }
		module_init(complain_init);
		MODULE_LICENSE("GPL");
	END
	make -C "$headers" M="$work/module" modules >"$work/make" 2>&1
	check "the cached headers build a module" 0 $?
	vm --put "$work/module/complain.ko" --strict-kernel -- insmod complain.ko 2>"$work/err"
	check "a kernel warning with --strict-kernel gives 126" 126 $?
	check_says "a kernel warning is reported" "vm-run: the guest's kernel reported: " "$work/err"
	check_says "a kernel warning is shown as the kernel wrote it" "complain_init" "$work/err"
fi
# With panic_print the kernel lists all tasks after the panic: hundreds of lines more.
vm --console "$work/console" -- sh -c '
	echo before
	echo 1 >/proc/sys/kernel/panic_print
	echo c >/proc/sysrq-trigger' >"$work/out" 2>"$work/err"
check "a panic gives 126" 126 $?
check "output before a panic arrives" before "$(cat "$work/out")"
check_says "a panic is shown, however much is printed after it" "sysrq triggered crash" "$work/err"
check_says "--console has it too" "sysrq triggered crash" "$work/console"

# What the kernel says of a breakpoint, from a guest that can say it when it wants.
breakpoint() { # BYTE
	vm -- sh -c "
		echo 'Oops: int3: 0000 [#1] PREEMPT SMP NOPTI' >/dev/kmsg
		echo 'Code: 48 89 de $1 <8a> 05 ff ff' >/dev/kmsg
		echo c >/proc/sysrq-trigger" 2>"$work/err"
}
breakpoint e8
check "a breakpoint that is not in memory gives 123" 123 $?
check_says "a breakpoint that is not in memory is explained" "QEMU has run code that the guest had changed" "$work/err"
breakpoint cc
check "a breakpoint in memory is a panic like any other" 126 $?

wait $hang
check "a hang gives 124" 124 $?
check_says "a hang is explained" "vm-run: time-out: COMMAND was still running" "$work/hang.err"

# Two at the same time; without virtio; statuses 0 and 3.
vm --transport serial -- sh -c 'echo over serial; exit 3' >"$work/one" 2>&1 &
one=$!
vm --smp 1 -- sh -c 'echo two; (sleep 100) & exit 0' >"$work/two" 2>&1
check "exit status 0 passes, background processes do not delay it" 0 $?
wait $one
check "exit status 3 passes" 3 $?
check "two at the same time do not mix; serial works" "over serial two" "$(cat "$work/one" "$work/two" | tr '\n' ' ' | sed 's/ $//')"

# What needs no boot.
expect() { # NAME STATUS TEXT ARGUMENT...
	local name=$1 status=$2 text=$3
	shift 3
	scripts/vm-run "$@" </dev/null >"$work/out" 2>"$work/err"
	check "$name" "$status" $?
	check_says "$name: message" "$text" "$work/err"
}
expect "a missing kernel gives 125" 125 "scripts/setup --kernel 2.4" --kernel 2.4 -- true
expect "a file that is no kernel gives 125" 125 "is not a Linux kernel image" --kernel "$work/random" -- true
expect "an unknown option gives 125" 125 "vm-run: unrecognized arguments: --frobnicate" --frobnicate -- true
expect "no command gives 125" 125 "no COMMAND given" --smp 2
expect "a missing file to put gives 125" 125 "there is no /nowhere" --put /nowhere -- true
expect "a wrong QEMU option gives 125 and QEMU's words" 125 "QEMU could not start the guest" --qemu -frobnicate -- true
expect "an unknown module gives 125" 125 "there is no such module" --module frobnicate -- true
VM_RUN_QEMU=/nowhere/qemu expect "a missing QEMU gives 125" 125 "scripts/setup" -- true

# Stopped from outside: QEMU is gone, too.
scripts/vm-run "${kernel[@]}" --qemu "-name guest=vm-run-test-$$" -- sleep 1000 </dev/null 2>/dev/null &
stopped=$!
sleep 2
kill -TERM $stopped
wait $stopped
check "SIGTERM ends it as a signal does" 143 $?
check "SIGTERM leaves no QEMU" "" "$(ps -eo args | grep "vm-run-test-$$" | grep -v grep)"

echo "$failures failed"
((failures == 0))
