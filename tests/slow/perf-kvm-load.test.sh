#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# perf_kvm_server beside 1000 connections that say nothing, and with 64 clients on 8 VMs that get samples each 10 ms, for a minute. One line
# per check.
#
# Usage: tests/slow/perf-kvm-load.test.sh
set -u

# shellcheck source=tests/slow/lib.sh
. "$(dirname "$0")/lib.sh"

"$top/tests/bench/perf_kvm" --runs 20 --seconds 60 >"$work/log" 2>&1 || fail "64 clients are served for a minute" "$(tail -n 1 "$work/log")"
sed 's/^/# /' "$work/log"
echo "ok 64 clients are served for a minute"
waits=$(sed -n 's/^beside 1000 connections that say nothing *\([0-9.]*\) .*/\1/p' "$work/log")
awk -v v="$waits" 'BEGIN { exit !(v != "" && v < 10) }' || fail "beside 1000 silent connections it answers within 10 ms" "$waits ms, the median of 20"
echo "ok beside 1000 silent connections it answers within 10 ms"
fewest=$(sed -n 's/.*, \([0-9.]*\) % to the client that got fewest/\1/p' "$work/log")
awk -v v="$fewest" 'BEGIN { exit !(v != "" && v > 99 && v < 102) }' || fail "each gets its samples" "$fewest % of them"
echo "ok each gets its samples"
