/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_CAUSE_H
#define MT_CAUSE_H

/*
 * Why did this task move?
 *
 * The tracepoint does not say. The call chain would, but to unwind it costs
 * thousands of instructions. Yet only few callers can reach set_task_cpu() in
 * a given state of the task and of the CPU, so asking about the state is as
 * good. All functions are to be called from the tracepoint sched_migrate_task
 * only, and in this order:
 *
 *	if (mt_cause_is_wakeup(p))
 *		try_to_wake_up
 *	else if (mt_current_is_asking())
 *		if (mt_current_is_stopper() || mt_cause_find_stopper())
 *			mt_cause_on_stopper(p, from, to)
 *		else
 *			mt_cause_asked(p, from, to)
 *	else if (!mt_is_realtime(p))
 *		pull_task
 *	else
 *		mt_cause_unasked(p, from, to)
 *
 * try_to_wake_up and pull_task are the causes of nearly all migrations of a
 * working system. Everything is inlined into the probe, since a call takes as long as
 * some of the answers.
 */

#include <linux/cpumask.h>
#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/deadline.h>
#include <linux/sched/prio.h>
#include <linux/sched/rt.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "compat/context.h"
#include "compat/task.h"
#include "mt_event.h"

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

/* Of the RT or the deadline class; whether rt_prio() holds for both depends on the kernel. */
static __always_inline bool mt_is_realtime(const struct task_struct *p)
{
	return p->prio < MAX_RT_PRIO;
}

/*
 * Tasks that NUMA balancing has announced by a tracepoint and that the stopper
 * of their CPU has yet to move. A task that falls asleep in between is never
 * moved and leaves its entry behind; it matches nothing but the same task on
 * its way to the same CPU, and is overwritten in time.
 *
 * An entry is a single word, so that concurrent writers can lose entries to
 * each other but never mix them.
 */
#define MT_NUMA_BITS 6
extern u64 mt_numa_expected[1 << MT_NUMA_BITS];
/* There has been an entry. */
extern bool mt_numa_in_use;

static __always_inline u64 *mt_numa_entry(pid_t pid)
{
	return &mt_numa_expected[hash_32(pid, MT_NUMA_BITS)];
}

/*
 * NUMA balancing is about to send the task @pid to CPU @to; @cause
 * (migrate_task_to or migrate_swap) is the answer when it gets there.
 */
void mt_cause_expect_numa(pid_t pid, int to, enum mt_event cause);

/* The cause that was announced for this move, or 0. Can be asked once. */
static __always_inline enum mt_event mt_cause_take_numa(pid_t pid, int to)
{
	struct mt_record expected;
	u64 *entry;

	if (!READ_ONCE(mt_numa_in_use))
		return 0;
	entry = mt_numa_entry(pid);
	expected.word = READ_ONCE(*entry);
	if (mt_record_pid(&expected) != pid || mt_record_to(&expected) != to)
		return 0;
	WRITE_ONCE(*entry, 0);
	return mt_record_event(&expected);
}

/*
 * The stopper of this CPU ("migration/N"), once mt_cause_find_stopper() has
 * seen it at work. It lives as long as the system does.
 */
DECLARE_PER_CPU(struct task_struct *, mt_stopper);

static __always_inline bool mt_current_is_stopper(void)
{
	return current == this_cpu_read(mt_stopper);
}

/* Whether current is the stopper after all, and has only not been seen before. */
bool mt_cause_find_stopper(void);

/* Somebody holds the task's own lock. */
static __always_inline bool mt_task_is_locked(const struct task_struct *p)
{
	return raw_spin_is_locked((raw_spinlock_t *)&p->pi_lock);
}

/* The stopper moves a task on behalf of somebody else. */
static __always_inline enum mt_event mt_cause_on_stopper(const struct task_struct *p, int from, int to)
{
	enum mt_event numa;

	/*
	 * Active balance alone does not take the task's own lock: it looks for any
	 * task of the run queue, while all others come for this one. It may find
	 * one that is in exec(), or that NUMA balancing has announced. (Should
	 * somebody else hold the lock right now, what follows is a good guess.)
	 */
	if (!mt_is_realtime(p) && !mt_task_is_locked(p))
		return MT_EVENT_pull_one_task;
	numa = mt_cause_take_numa(p->pid, to);
	/* All others push from the stopper's own CPU; a swap does both ways. */
	if (to == raw_smp_processor_id())
		return MT_EVENT_migrate_swap;
	/* Before in_execve: exec() on a CPU that was just forbidden. */
	if (!cpumask_test_cpu(from, p->cpus_ptr))
		return MT_EVENT___migrate_task;
	/* Behind affinity, which may change while a CPU goes offline; before NUMA, whose entry may be an old one. */
	if (!cpu_active(from))
		return MT_EVENT_balance_push;
	if (numa)
		return numa;
	if (p->in_execve)
		return MT_EVENT_sched_exec;
	if (!mt_is_realtime(p))
		return MT_EVENT_pull_one_task;
	return dl_prio(p->prio) ? MT_EVENT_push_dl_task : MT_EVENT_push_rt_task;
}

/*
 * Whether this CPU takes tasks because current, of the RT or deadline class,
 * makes room: it went to sleep, used up its time, or lost a priority that was
 * lent to it. Its own lock is held in the last case only. A task that merely
 * wakes another up can have this CPU given a task, too, by the run queue of
 * the one that it wakes.
 */
static __always_inline bool mt_current_makes_room(void)
{
	return !current->on_rq || current->dl.dl_throttled || mt_task_is_locked(current);
}

/* A task of the RT or deadline class goes from one run queue to another. */
static __always_inline enum mt_event mt_cause_realtime(const struct task_struct *p, int to)
{
	bool pull = to == raw_smp_processor_id() && !in_hardirq() && mt_current_makes_room();

	if (dl_prio(p->prio))
		return pull ? MT_EVENT_pull_dl_task : MT_EVENT_push_dl_task;
	return pull ? MT_EVENT_pull_rt_task : MT_EVENT_push_rt_task;
}

/* While this CPU does what current, not the stopper, asked for. */
static __always_inline enum mt_event mt_cause_asked(const struct task_struct *p, int from, int to)
{
	/* sched_setaffinity() and cpusets move a task that is not running. */
	if (!cpumask_test_cpu(from, p->cpus_ptr) && mt_migration_pending(p))
		return MT_EVENT___migrate_task;
	if (mt_is_realtime(p))
		return mt_cause_realtime(p, to);
	/* Moved by somebody for a reason that is not known here. */
	return MT_EVENT_pull_task;
}

/* A task of the RT or deadline class, while this CPU does something else than current asked for. */
static __always_inline enum mt_event mt_cause_unasked(const struct task_struct *p, int from, int to)
{
	/* Its timer found that the CPU went away while the task was throttled. */
	if (dl_prio(p->prio) && !cpu_active(from) && in_hardirq())
		return MT_EVENT_dl_task_timer;
	return mt_cause_realtime(p, to);
}

#endif /* MT_CAUSE_H */
