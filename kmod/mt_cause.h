/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_CAUSE_H
#define MT_CAUSE_H

#include <linux/sched.h>
#include <linux/sched/prio.h>

#include "compat/context.h"
#include "compat/task.h"
#include "mt_event.h"

/*
 * Why the scheduler moves @p from CPU @from to CPU @to. To be called from the
 * tracepoint sched_migrate_task only: the answer is read off the state of the
 * task and of this CPU at that moment.
 */
enum mt_event mt_cause(const struct task_struct *p, int from, int to);

/*
 * The two answers that nearly all migrations of a working system have, to be
 * asked in this order before mt_cause() where every instruction counts.
 */

/* try_to_wake_up: a wakeup puts the task on another CPU. */
static __always_inline bool mt_cause_is_wakeup(const struct task_struct *p)
{
	return mt_task_state(p) == TASK_WAKING;
}

/*
 * Whether this CPU is doing what current asked for. Otherwise it is an
 * interrupt, or schedule() looking for work after current went to sleep: both
 * also happen on top of the stopper and say nothing about it.
 */
static __always_inline bool mt_current_is_asking(void)
{
	return !in_hardirq() && !in_serving_softirq() &&
	       mt_task_state(current) == TASK_RUNNING;
}

/* pull_task: periodic, nohz or new-idle balancing of fair tasks. */
static __always_inline bool mt_cause_is_balance(const struct task_struct *p)
{
	return p->prio >= MAX_RT_PRIO && !mt_current_is_asking();
}

/*
 * NUMA balancing is about to send the task @pid to CPU @to; @cause
 * (migrate_task_to or migrate_swap) is what mt_cause() answers when it gets
 * there.
 */
void mt_cause_expect_numa(pid_t pid, int to, enum mt_event cause);

#endif /* MT_CAUSE_H */
