#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The analyzers and hostile input: all fuzzers of tests/fuzz, five minutes in all.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# What this test alone needs: the compiler that has a fuzzer.
if ! command -v clang++ >/dev/null && ! as_root apt-get install -qq -y --no-install-recommends clang >/dev/null 2>&1; then
	echo "FAILED setting up: clang cannot be installed"
	exit 1
fi
"$top/tests/fuzz/run" --seconds 300
