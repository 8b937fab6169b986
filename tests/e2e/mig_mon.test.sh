#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The command line of mig_mon; what its commands do is in mig_mon_*.test.sh. One line per check: "ok NAME" or
# "FAILED NAME: reason".
#
# Usage: tests/e2e/mig_mon.test.sh DIRECTORY_OF_PROGRAMS

. "$(dirname "$0")/mig_mon_lib.sh"

refused "" nosuch
helps -h --help -v --version
((failures == 0))
