/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_COMPAT_EXIT_H
#define MT_COMPAT_EXIT_H

/* What the tracepoint sched_process_exit passes besides the task: 6.17 added whether it is the last of its process. */

#ifdef MT_HAVE_EXIT_GROUP_DEAD
#define MT_EXIT_ARGUMENTS void *data, struct task_struct *p, bool group_dead
#else
#define MT_EXIT_ARGUMENTS void *data, struct task_struct *p
#endif

#endif /* MT_COMPAT_EXIT_H */
