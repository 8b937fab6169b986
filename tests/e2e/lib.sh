# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of whole programs share; sourced with the argument that the test got, the directory of programs. Each
# check prints one line, "ok NAME" or "FAILED NAME: reason". A test ends with ((failures == 0)).

set -u
if [[ $# -ne 1 || ! -x $1/migrate_stats ]]; then
	echo "Usage: $0 DIRECTORY_OF_PROGRAMS" >&2
	exit 2
fi
programs=$(cd "$1" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export TZ=UTC0 LC_ALL=C
failures=0

failed() {
	echo "FAILED $1: $2"
	failures=$((failures + 1))
}

# same NAME 'COMMAND' 'COMMAND': both print the same and end the same way.
same() {
	local one other
	one=$(eval "$2" 2>&1; echo "status $?")
	other=$(eval "$3" 2>&1; echo "status $?")
	if [[ $one == "$other" ]]; then echo "ok $1"; else failed "$1" "'$2' and '$3' differ"; fi
}

# says NAME STATUS 'COMMAND' TEXT...: it ends with STATUS, and prints every TEXT.
says() {
	local name=$1 wanted=$2 command=$3 said status text
	shift 3
	said=$(eval "$command" 2>&1)
	status=$?
	[[ $status -eq $wanted ]] || { failed "$name" "'$command' ended with $status instead of $wanted: ${said:0:500}"; return; }
	for text; do
		[[ $said == *"$text"* ]] || { failed "$name" "'$command' does not say '$text': ${said:0:500}"; return; }
	done
	echo "ok $name"
}
