#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Trackers of vm_dirty_track on arm64: their tests, cross-built without a warning, in an emulated machine with a kernel that has
# what pagemap-scan needs.
set -u

# shellcheck source=tests/slow/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/slow/arm64-vm.sh
. "$(dirname "$0")/arm64-vm.sh"

sources=()
for source in "$top"/userspace/{base,vmhost,vmdirty}/*.cc; do
	source=${source#"$top/"}
	[[ " base/command_line vmhost/domains vmhost/domain_xml " == *" $(cut -d/ -f2- <<<"${source%.cc}") "* ]] || sources+=("$source")
done
if (build_for_arm64 tracker_tests "${sources[@]}" tests/unit/vmdirty/tracker_test.cc) >"$work/log" 2>&1; then
	echo "ok trackers build for arm64"
else
	fail "trackers build for arm64" "errors or warnings"
fi
run_on_arm64 tracker_tests "TRACKER_ROUNDS=20 tracker_tests --use-colour no" -M virt -cpu cortex-a57 -smp 2 -accel tcg,thread=multi ||
	fail "trackers work on arm64" "their tests failed, or the guest did not come to the end"
echo "ok trackers work on arm64 ($kver)"
! grep -q 'pagemap-scan does not work' "$work/log" || fail "pagemap-scan among them" "it does not work there"
echo "ok pagemap-scan among them"
