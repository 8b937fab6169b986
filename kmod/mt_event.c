// SPDX-License-Identifier: GPL-2.0-only
#include "mt_event.h"

#define MT_NAME(number_, name_) { .number = number_, .name = #name_ },
const struct mt_event_name mt_cause_names[MT_NR_CAUSES] = { MT_CAUSES(MT_NAME) };
const struct mt_event_name mt_loc_names[MT_NR_LOCS] = { MT_LOCS(MT_NAME) };
