#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The analyzers and hostile input: all fuzzers of tests/fuzz, five minutes in all.
set -u

# shellcheck source=tests/slow/lib.sh
. "$(dirname "$0")/lib.sh"

# What this test alone needs: the compiler that has a fuzzer.
install_package clang
"$top/tests/fuzz/run" --seconds 300
