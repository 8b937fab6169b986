#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every program has a man page, and the page describes every option that --help
# lists, and that the --help of each command lists, if it has commands. One line per check: "ok NAME" or "FAILED NAME: reason".
#
# Usage: tests/e2e/man-options.test.sh DIRECTORY_OF_PROGRAMS

set -u
if [[ $# -ne 1 || ! -d $1 ]]; then
	echo "Usage: $0 DIRECTORY_OF_PROGRAMS" >&2
	exit 2
fi
programs=$1
pages=$(cd "$(dirname "$0")/../../docs/man" && pwd) || exit 1
failures=0

failed() {
	echo "FAILED $1: $2"
	failures=$((failures + 1))
}

# The text of a page without what makes up its fonts and dashes.
plain() { sed -e 's/\\f[A-Z]//g' -e 's/\\-/-/g' "$1"; }

# Commands are listed as "  vm   emulate the streams".
commands() { sed -nE '/^Commands/,/^$/s/^  ([a-z_]+) .*/\1/p'; }
# Options are what the lines of --help begin with: "  -h [ --help ]", "  --period MSEC".
options() { sed -nE 's/^ +(-[A-Za-z]( \[|,) *)?(--[A-Za-z0-9_-]+).*/\3/p' | sort -u; }

found=0
for program in "$programs"/*; do
	[[ -f $program && -x $program ]] || continue
	name=$(basename "$program")
	found=$((found + 1))
	page=$pages/$name.1
	if [[ ! -f $page ]]; then
		failed "man-$name" "there is no page $page"
		continue
	fi
	if ! help=$(timeout 20 "$program" --help </dev/null); then
		failed "man-$name" "$name --help does not end with 0"
		continue
	fi
	! grep -q ' $' <<<"$help" || failed "man-$name" "lines of $name --help end in a blank"
	listed=$(options <<<"$help")
	for command in $(commands <<<"$help"); do
		if ! help=$(timeout 20 "$program" "$command" --help </dev/null); then
			failed "man-$name-$command" "$name $command --help does not end with 0"
			continue
		fi
		listed+=" $(options <<<"$help")"
		grep -qF "$name $command" <(plain "$page") || failed "man-$name-$command" "$page does not tell of $command"
	done
	missing=
	for option in $listed; do
		plain "$page" | grep -qE -- "(^|[^A-Za-z0-9_-])$option([^A-Za-z0-9_-]|$)" || missing+=" $option"
	done
	if [[ -z $listed ]]; then
		failed "man-$name" "$name --help lists no options"
	elif [[ -n $missing ]]; then
		failed "man-$name" "$page does not describe$missing"
	else
		echo "ok man-$name"
	fi
done
((found > 0)) || failed man-pages "no programs in $programs"
((failures == 0))
