#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The analyzers and hostile input: all fuzzers of tests/fuzz, five minutes in all.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/slow/lib.sh
. "$top/tests/slow/lib.sh"

# What this test alone needs: the compiler that has a fuzzer.
install_package clang
"$top/tests/fuzz/run" --seconds 300
