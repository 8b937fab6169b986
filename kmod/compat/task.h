/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_COMPAT_TASK_H
#define MT_COMPAT_TASK_H

/* What the scheduler keeps in a task, and how its fields are called. */

#include <linux/sched.h>

/* TASK_* state; 5.14 renamed the field. */
static inline unsigned int mt_task_state(const struct task_struct *p)
{
#ifdef MT_HAVE_TASK___STATE
	return READ_ONCE(p->__state);
#else
	return READ_ONCE(p->state);
#endif
}

static inline void mt_set_task_state(struct task_struct *p, unsigned int state)
{
#ifdef MT_HAVE_TASK___STATE
	WRITE_ONCE(p->__state, state);
#else
	WRITE_ONCE(p->state, state);
#endif
}

/* A change of affinity waits for this task to be moved. Unknown before 5.11. */
static inline bool mt_migration_pending(const struct task_struct *p)
{
#ifdef MT_HAVE_MIGRATION_PENDING
	return p->migration_pending;
#else
	return true;
#endif
}

#endif /* MT_COMPAT_TASK_H */
