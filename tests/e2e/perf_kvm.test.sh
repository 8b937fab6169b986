#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# perf_kvm_server and perf_kvm_client with real guests, and with a libvirtd. Needs root, for network namespaces. One line per
# check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/perf_kvm.test.sh DIRECTORY_OF_PROGRAMS

needs_root=y
. "$(dirname "$0")/mig_mon_lib.sh"
server=$programs/perf_kvm_server

says "an address that is none" 1 "unshare -n '$server' --host no-such-host.invalid --socket ''" "cannot find the host 'no-such-host.invalid'"
says "a port that is none" 1 "'$server' --port 70000" "--port: 70000 is none: 1 to 65535"
says "a limit that serves nobody" 1 "'$server' --max-clients 0" "--max-clients: 0 would serve nobody"
says "no time to ask" 1 "'$server' --idle 0" "--idle: 0 would send everybody away"
says "a form that is none" 1 "'$server' --list --output xml" "'xml' is neither text nor json"
says "a word too many" 1 "'$server' web1" "web1"
says "a folder that is not there" 1 "unshare -n '$server' --socket /no/such/socket" "cannot listen at /no/such/socket" "No such file or directory"
says "a file that is no socket stays" 1 "touch file; unshare -n '$server' --socket file" "another file is there"
sed "s|^ExecStart=.*|ExecStart=$server|" "$programs/../userspace/tools/perf_kvm_server.service" >perf_kvm_server.service
says "systemd has nothing to say of its unit" 1 "systemd-analyze verify --man=no ./perf_kvm_server.service 2>&1 | grep ."
# Nobody's address yet, and a second server.
unshare -n "$server" --socket socket 2>log &
wait_for log "serves at 192.168.122.1 port 9999"
ended "it serves at an address that comes later" 0 log
says "another runs" 1 "unshare -n '$server' --socket socket" "another perf_kvm_server runs"
grep -E '^(Uid|CapEff|NoNewPrivs):' "/proc/$!/status" | tr -s '\t' ' ' >rights
ended "it is not root then, and never will be" 0 rights "Uid: 65534" "CapEff: 0000004000081002" "NoNewPrivs: 1"
kill -KILL $!
wait $! 2>/dev/null
unshare -n "$server" --socket socket 2>log &
wait_for log "serves at"
ended "what one that was killed has left does not matter" 0 log "and at socket"
kill -INT $!
wait $!
ended "Ctrl-C ends it" 0 log

# Where names of tracepoints are, if nobody has mounted it. Nothing of this is seen from outside, and no VM of others in it.
tracefs='[ -d /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing; exec "$@"'
mkdir guests libvirt
unshare -nmpf --kill-child --mount-proc sh -c "$tracefs" sh "$top/tests/e2e/perf-kvm-guests.py" "$programs" "$work/guests" || ((++failures))
timeout -k 5 300 unshare -n "$top/tests/e2e/with-libvirtd" "$top/tests/e2e/perf-kvm-libvirt.py" "$programs" "$work/libvirt" || ((++failures))
((failures == 0))
