#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# migrate_predict beside real migrations: convergence is called right in all cases of tests/bench/migrate_predict, and time and data are within
# 10 % in all but two. One line per check: "ok NAME" or "FAILED NAME: reason".

set -u
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
"$(dirname "$0")/../bench/migrate_predict" >"$log" 2>&1
cat "$log"
read -r called cases good <<<"$(sed -nE 's/^convergence called right: ([0-9]+) of ([0-9]+), .* within 10 %: ([0-9]+), .*/\1 \2 \3/p' "$log")"
if [[ -n ${cases-} && $called -eq $cases && $cases -ge 12 ]]; then
	echo "ok convergence is called right in all of $cases cases"
else
	echo "FAILED convergence is called right in all cases: ${called:-none} of ${cases:-none}"
fi
if [[ -n ${cases-} && $good -ge $((cases - 2)) ]]; then
	echo "ok time and data are within 10 % in $good of $cases cases"
else
	echo "FAILED time and data are within 10 % in all cases but two: ${good:-none} of ${cases:-none}"
fi
