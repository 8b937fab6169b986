/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_CAUSE_H
#define MT_CAUSE_H

#include "mt_event.h"

/*
 * Why the scheduler moves @p from CPU @from to CPU @to. To be called from the
 * tracepoint sched_migrate_task only: the answer is read off the state of the
 * task and of this CPU at that moment.
 */
enum mt_event mt_cause(const struct task_struct *p, int from, int to);

/*
 * NUMA balancing is about to send the task @pid to CPU @to; @cause
 * (migrate_task_to or migrate_swap) is what mt_cause() answers when it gets
 * there.
 */
void mt_cause_expect_numa(pid_t pid, int to, enum mt_event cause);

#endif /* MT_CAUSE_H */
