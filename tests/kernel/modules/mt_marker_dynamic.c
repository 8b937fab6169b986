// SPDX-License-Identifier: GPL-2.0-only
#define MT_MARKER_DYNAMIC
#include "mt_marker.c"
