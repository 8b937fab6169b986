# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of mig_mon share; sourced with the argument that the test got. They run in $work. A test that cannot do
# without root sets needs_root=y before: an ordinary user runs it by sudo.

if [[ -n ${needs_root-} && $EUID -ne 0 ]]; then
	exec sudo -n env HOME="$HOME" PATH="$PATH" ${MIGSCOPE_CACHE:+MIGSCOPE_CACHE="$MIGSCOPE_CACHE"} bash "$0" "$@"
fi
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
mig_mon=$programs/mig_mon
cd "$work" || exit 1
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
# Ports that nobody else uses, as far as one can tell.
port=$((20000 + $$ % 20000))
# Where it is allowed, what measures time runs before all else, so that a busy machine does not count as slow.
first=()
! chrt -f 10 true 2>/dev/null || first=(chrt -f 10)

# ended NAME STATUS FILE TEXT...: the command before ended with STATUS ($?), and FILE has every TEXT.
ended() {
	local status=$? name=$1 wanted=$2 file=$3 text
	shift 3
	[[ $status -eq $wanted ]] || { failed "$name" "ended with $status instead of $wanted: $(tail -n 3 "$file")"; return; }
	for text; do
		grep -qF -- "$text" "$file" || { failed "$name" "no '$text' in: $(tail -n 5 "$file")"; return; }
	done
	echo "ok $name"
}
# within NAME VALUE FROM TO
within() {
	if awk -v v="$2" -v a="$3" -v b="$4" 'BEGIN { exit !(v != "" && v >= a && v <= b) }'; then
		echo "ok $1"
	else
		failed "$1" "$2 is not from $3 to $4"
	fi
}
# wait_for FILE TEXT: until it says so.
wait_for() {
	for _ in $(seq 100); do
		! grep -qF -- "$2" "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}
# value FILE TYPE EXPRESSION: of the last object of that type in JSON lines.
value() {
	python3 -c 'import json, sys
last = [o for o in map(json.loads, open(sys.argv[1])) if o["type"] == sys.argv[2]][-1]
print(eval(sys.argv[3], {"o": last}))' "$@"
}
end() { # PID
	kill -INT "$1"
	wait "$1"
}
# all_end STATUS NAME COMMAND_LINE...: each ends with that status, and says who is speaking.
all_end() {
	local status=$1 name=$2 words
	for words in "${@:3}"; do
		# shellcheck disable=SC2086
		"$mig_mon" $words >out 2>&1
		ended "$name: mig_mon $words" "$status" out "mig_mon"
	done
}
# Each COMMAND_LINE is an error of usage, or prints help or version.
refused() { all_end 1 refused "$@"; }
helps() { all_end 0 help "$@"; }
