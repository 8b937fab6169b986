# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by slow proofs that need packages or guests of their own, which keep their last output in $work/log.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck disable=SC2034
cache=${MIGSCOPE_CACHE:-$HOME/.cache/migscope}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fail NAME REASON: ends the proof.
fail() {
	[ ! -s "$work/log" ] || tail -n 20 "$work/log"
	echo "FAILED $1: $2"
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_package NAME: unless it is there
install_package() {
	dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ||
		as_root apt-get install -qq -y --no-install-recommends "$1" >"$work/log" 2>&1 ||
		fail "setting up" "$1 cannot be installed"
}
