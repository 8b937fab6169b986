#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# mig_mon mm_dirty is even, as the kernel counts the pages. On a machine that does nothing else: what disturbs one thread for
# a millisecond shows.
top=$(cd "$(dirname "$0")/../.." && pwd)
EVEN=y RATES="1 10 100 500 1000" exec bash "$top/tests/e2e/mig_mon_dirty.test.sh" "$top/build/bin"
