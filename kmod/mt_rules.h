/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_RULES_H
#define MT_RULES_H

/*
 * Which events are recorded (filters), and which one ends the trace (trigger).
 * What is set takes effect at once, also while the trace is on.
 *
 * Probes ask in any context; all else is in process context, with
 * mt_trace_mutex held.
 */

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/smp.h>

#include "mt_event.h"

struct mt_filter {
	/* A bit for each thread by its pid; NULL: all. */
	unsigned long *pids;
	/* A bit for each cause by its number. */
	u32 causes;
	DECLARE_BITMAP(cpu, NR_CPUS);
	DECLARE_BITMAP(from, NR_CPUS);
	DECLARE_BITMAP(to, NR_CPUS);
};

extern struct mt_filter mt_filter;

/* Whether names of a task are recorded. */
static inline bool mt_filter_task(pid_t pid)
{
	const unsigned long *pids = READ_ONCE(mt_filter.pids);

	return !pids || test_bit(pid, pids);
}

static __always_inline bool mt_filter_migration(pid_t pid, u32 from, u32 to, enum mt_event cause)
{
	return mt_filter_task(pid) && mt_filter.causes >> cause & 1 && test_bit(from, mt_filter.from) && test_bit(to, mt_filter.to) &&
	       test_bit(raw_smp_processor_id(), mt_filter.cpu);
}

/*
 * A task was made by current; a task that had the pid @old has executed a program, which gives it the pid of its
 * process; a task is about to end.
 */
void mt_filter_new_task(const struct task_struct *p);
void mt_filter_exec(const struct task_struct *p, pid_t old);
void mt_filter_exit(const struct task_struct *p);

struct mt_trigger {
	bool by_mark, any_mark;
	unsigned long mark;
	/* 0: any. */
	pid_t pid;
	u32 causes;
	DECLARE_BITMAP(from, NR_CPUS);
	DECLARE_BITMAP(to, NR_CPUS);
};

extern struct mt_trigger mt_trigger;
/* 1 while it waits for its event. */
extern atomic_t mt_trigger_armed;

void mt_trigger_fire(void);

static __always_inline bool mt_trigger_is_migration(pid_t pid, u32 from, u32 to, enum mt_event cause)
{
	return atomic_read(&mt_trigger_armed) && !mt_trigger.by_mark && (!mt_trigger.pid || mt_trigger.pid == pid) &&
	       mt_trigger.causes >> cause & 1 && test_bit(from, mt_trigger.from) && test_bit(to, mt_trigger.to);
}

static inline bool mt_trigger_is_mark(unsigned long mark)
{
	return atomic_read(&mt_trigger_armed) && mt_trigger.by_mark && (mt_trigger.any_mark || mt_trigger.mark == mark);
}

/* Since the last start. */
bool mt_trigger_has_come(void);

/* Whether migrations are looked at at all. */
bool mt_rules_any(void);

void mt_rules_init(void);
/* When no probe works any more. */
void mt_rules_exit(void);
/* The probes work, and the trace is about to start: finds the threads of the processes. Return: 0 or -ENOMEM. */
int mt_rules_start(void);
/* The trace has stopped. */
void mt_rules_stop(void);

extern const struct file_operations mt_filter_pid_fops, mt_filter_children_fops, mt_filter_cpu_fops, mt_filter_from_fops, mt_filter_to_fops,
	mt_filter_cause_fops, mt_trigger_fops;

/* mt_trace.c: after a change of what mt_rules_any() says; and what a trigger does, in process context without the mutex. */
void mt_trace_rules_changed(void);
void mt_trace_stop_by_trigger(void);

#endif /* MT_RULES_H */
