/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_STATE_H
#define MT_STATE_H

/* The state of the trace, for the files that show it. It is mt_trace.c's, and guarded by mt_trace_mutex unless it says otherwise. */

#include <linux/list.h>
#include <linux/mutex.h>

#include "mt_lines.h"
#include "mt_tasks.h"

extern struct mutex mt_trace_mutex;

/* Any context. */
bool mt_trace_is_on(void);

/* What a start has listed, oldest first. A trace that was restarted has several. */
extern struct list_head mt_task_lists;
/* If events were overwritten: what the tasks were called when the trace stopped. Or NULL. */
extern struct mt_task_list *mt_late_tasks;

extern struct mt_start mt_first_start;

/* Grows whenever the trace is emptied. */
extern u64 mt_trace_epoch;

#endif /* MT_STATE_H */
