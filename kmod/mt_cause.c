// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why did this task move?
 *
 * The tracepoint does not say. The call chain would, but to unwind it costs
 * thousands of instructions. Yet only few callers can reach set_task_cpu() in
 * a given state of the task and of the CPU, so asking about the state, in the
 * order below, is as good and costs about a hundred instructions at worst.
 */
#include <linux/cpumask.h>
#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/sched/deadline.h>
#include <linux/sched/rt.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mt_cause.h"

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
static u64 mt_numa_expected[1 << MT_NUMA_BITS];

static u64 *numa_entry(pid_t pid)
{
	return &mt_numa_expected[hash_32(pid, MT_NUMA_BITS)];
}

void mt_cause_expect_numa(pid_t pid, int to, enum mt_event cause)
{
	WRITE_ONCE(*numa_entry(pid), mt_record_word(cause, 0, to, pid));
}

/* The cause that was announced for this move, or 0. Can be asked once. */
static enum mt_event take_numa(pid_t pid, int to)
{
	u64 *entry = numa_entry(pid);
	struct mt_record expected = { .word = READ_ONCE(*entry) };

	if (mt_record_pid(&expected) != pid || mt_record_to(&expected) != to)
		return 0;
	WRITE_ONCE(*entry, 0);
	return mt_record_event(&expected);
}

/*
 * The stopper ("migration/N") runs at a priority that no task of a user can
 * have: FIFO with the internal priority 0. Other kernel threads could be given
 * it, hence the name, which only the kernel can set.
 */
static bool current_is_stopper(void)
{
	return current->prio == 0 && (current->flags & PF_KTHREAD) &&
	       !memcmp(current->comm, "migratio", 8);
}

/* Of the RT or the deadline class; whether rt_prio() holds for both depends on the kernel. */
static bool is_realtime(const struct task_struct *p)
{
	return p->prio < MAX_RT_PRIO;
}

/* Somebody holds the task's own lock. */
static bool task_is_locked(const struct task_struct *p)
{
	return raw_spin_is_locked((raw_spinlock_t *)&p->pi_lock);
}

/*
 * Whether this CPU takes tasks because current, of the RT or deadline class,
 * makes room: it went to sleep, used up its time, or lost a priority that was
 * lent to it. Its own lock is held in the last case only. A task that merely
 * wakes another up can have this CPU given a task, too, by the run queue of
 * the one that it wakes.
 */
static bool current_makes_room(void)
{
	return !current->on_rq || current->dl.dl_throttled || task_is_locked(current);
}

/* The stopper moves a task on behalf of somebody else. */
static enum mt_event cause_on_stopper(const struct task_struct *p, int from, int to)
{
	enum mt_event numa;

	/*
	 * Active balance alone does not take the task's own lock: it looks for any
	 * task of the run queue, while all others come for this one. It may find
	 * one that is in exec(), or that NUMA balancing has announced. (Should
	 * somebody else hold the lock right now, what follows is a good guess.)
	 */
	if (!is_realtime(p) && !task_is_locked(p))
		return MT_EVENT_pull_one_task;
	numa = take_numa(p->pid, to);
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
	if (!is_realtime(p))
		return MT_EVENT_pull_one_task;
	return dl_prio(p->prio) ? MT_EVENT_push_dl_task : MT_EVENT_push_rt_task;
}

enum mt_event mt_cause(const struct task_struct *p, int from, int to)
{
	if (mt_cause_is_wakeup(p))
		return MT_EVENT_try_to_wake_up;
	if (mt_cause_is_balance(p))
		return MT_EVENT_pull_task;

	/* Its timer found that the CPU went away while the task was throttled. */
	if (dl_prio(p->prio) && !cpu_active(from) && in_hardirq())
		return MT_EVENT_dl_task_timer;

	if (mt_current_is_asking()) {
		if (current_is_stopper())
			return cause_on_stopper(p, from, to);
		/* sched_setaffinity() and cpusets move a task that is not running. */
		if (!cpumask_test_cpu(from, p->cpus_ptr) && mt_migration_pending(p))
			return MT_EVENT___migrate_task;
	}

	if (is_realtime(p)) {
		bool pull = to == raw_smp_processor_id() && !in_hardirq() && current_makes_room();

		if (dl_prio(p->prio))
			return pull ? MT_EVENT_pull_dl_task : MT_EVENT_push_dl_task;
		return pull ? MT_EVENT_pull_rt_task : MT_EVENT_push_rt_task;
	}

	/* Moved by somebody for a reason that is not known here. */
	return MT_EVENT_pull_task;
}
