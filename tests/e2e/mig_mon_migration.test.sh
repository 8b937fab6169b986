#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The outage that mig_mon client_rr tells when a guest with mig_mon server_rr migrates from QEMU to QEMU, against the downtime
# that QEMU tells. Needs root, for a network namespace. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/mig_mon_migration.test.sh DIRECTORY_OF_PROGRAMS

needs_root=y
. "$(dirname "$0")/mig_mon_lib.sh"

interval=10
pauses=(0 150 600)
# Both figures may be right and not agree: QEMU reads its clock before and after it has done something, and the guest sends
# its last answer when it wants to.
slack=$((20 + interval))

# Three times at most: on a machine whose CPUs are taken away, QEMU is late to say what it has done.
for _ in 1 2 3; do
	unshare -n "$top/tests/e2e/migrate-guest.py" "$mig_mon" "$work" $interval "${pauses[@]}" >downtimes 2>errors || break
	awk -v slack=$slack '{ off = $2 + $3 - $4 } off > slack || off < -slack { exit 1 }' downtimes && break
done
if [[ -s errors || $(wc -l <downtimes) -ne $((2 * ${#pauses[@]})) ]]; then
	failed "a guest that migrates" "$(tail -n 3 errors)"
fi
# A guest whose code is translated answers at once, as with KVM, and nothing has to be added to QEMU's figure.
while read -r kind qemu warm_up client any; do
	within "a guest that is $kind: the outage is QEMU's ($qemu ms), and what the guest takes to answer ($warm_up ms)" "$client" \
		$((qemu + warm_up - slack)) $((qemu + warm_up + slack))
	echo "# the outage: $client ms; at another time, of which QEMU does not tell: up to $any ms"
done <downtimes
((failures == 0))
