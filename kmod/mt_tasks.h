/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_TASKS_H
#define MT_TASKS_H

/* The names of the tasks that existed at a moment, as events of the trace. Serialised by the caller (mt_trace.c). */

#include <linux/list.h>

#include "mt_event.h"

/*
 * In memory of their own: they may be more than fit into the buffer of a CPU.
 * They read as events of the CPU that made the list.
 */
struct mt_task_list {
	struct list_head node;
	int cpu;
	/* In use and allocated, in events; an event is two records, stamped with sched_clock(). */
	u32 count, room;
	struct mt_record record[];
};

/* With room for the tasks that there are and those that may come before they are listed. NULL: no memory. */
struct mt_task_list *mt_tasks_alloc(void);

/*
 * Fills *@list, and replaces it by a larger one as long as it is too small. To be called when the probes work
 * already: a task that is missing here has a copy_process event then. Return: 0 or -ENOMEM.
 */
int mt_tasks_list(struct mt_task_list **list);

void mt_tasks_free(struct mt_task_list *list);

#endif /* MT_TASKS_H */
