#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# mig_mon mm_dirty is even at any rate, as the kernel counts the pages.
top=$(cd "$(dirname "$0")/../.." && pwd)
RATES=1000 EVEN_RATES="1 10 100 500 1000" exec bash "$top/tests/e2e/mig_mon_dirty.test.sh" "$top/build/bin"
