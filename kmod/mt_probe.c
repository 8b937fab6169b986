// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/binfmts.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "compat/exit.h"
#include "mt_cause.h"
#include "mt_probe.h"
#include "mt_stat.h"
#include "mt_trace.h"

static __always_inline void migration(struct task_struct *p, int from, int to, enum mt_event cause)
{
	mt_stat_count(cause);
	mt_trace_migration(p->pid, from, to, cause);
}

/* The rarer causes have functions of their own, so that nothing they need costs the others anything. */
static noinline void migration_on_stopper(struct task_struct *p, int from, int to)
{
	migration(p, from, to, mt_cause_on_stopper(p, from, to));
}

static noinline void migration_asked(struct task_struct *p, int from, int to)
{
	if (unlikely(mt_cause_find_stopper()))
		migration_on_stopper(p, from, to);
	else
		migration(p, from, to, mt_cause_asked(p, from, to));
}

static noinline void migration_unasked(struct task_struct *p, int from, int to)
{
	migration(p, from, to, mt_cause_unasked(p, from, to));
}

/*
 * Called by set_task_cpu() with the task's locks held and interrupts off,
 * before it looks whether the CPU changes. No way through here saves a
 * register, unless the clock is sched_clock(): all that is called is called last.
 */
static void probe_migrate(void *data, struct task_struct *p, int to)
{
	int from = task_cpu(p);

	if (unlikely(from == to))
		return;
	if (likely(mt_cause_is_wakeup(p))) {
		migration(p, from, to, MT_EVENT_try_to_wake_up);
	} else if (mt_current_is_asking()) {
		if (likely(mt_current_is_stopper()))
			migration_on_stopper(p, from, to);
		else
			migration_asked(p, from, to);
	} else if (likely(!mt_is_realtime(p))) {
		migration(p, from, to, MT_EVENT_pull_task);
	} else {
		migration_unasked(p, from, to);
	}
}

/*
 * Every new task, of whatever kind, gets here: on its parent's CPU, with
 * interrupts off, placed and about to run for the first time. Its name is
 * complete by then, and nothing has been recorded of it before.
 */
static void probe_wakeup_new(void *data, struct task_struct *p)
{
	int from = raw_smp_processor_id(), to = task_cpu(p);

	mt_trace_new_task(p);
	if (from != to)
		migration(p, from, to, MT_EVENT_sched_fork);
}

/* Called with the new name, before it is set. */
static void probe_rename(void *data, struct task_struct *p, const char *comm)
{
	mt_trace_comm(MT_EVENT_set_task_comm, p->pid, comm);
}

static void probe_exec(void *data, struct task_struct *p, pid_t old, struct linux_binprm *program)
{
	mt_trace_exec(p, old);
}

static void probe_exit(MT_EXIT_ARGUMENTS)
{
	mt_trace_exit_task(p);
}

static void probe_move_numa(void *data, struct task_struct *p, int from, int to)
{
	mt_cause_expect_numa(p->pid, to, MT_EVENT_migrate_task_to);
}

static void probe_swap_numa(void *data, struct task_struct *p, int cpu,
			    struct task_struct *other, int other_cpu)
{
	mt_cause_expect_numa(p->pid, other_cpu, MT_EVENT_migrate_swap);
	if (other)
		mt_cause_expect_numa(other->pid, cpu, MT_EVENT_migrate_swap);
}

static struct mt_probe {
	const char *name;
	void *function;
	/* Which features need it. */
	unsigned int features;
	/* Absent from kernels that are built without NUMA balancing. */
	bool optional;
	struct tracepoint *tracepoint;
} mt_probes[] = {
	/* Announcements before what they announce. */
	{ "sched_move_numa", probe_move_numa, MT_FEATURE_TRACE | MT_FEATURE_STAT, true },
	{ "sched_swap_numa", probe_swap_numa, MT_FEATURE_TRACE | MT_FEATURE_STAT, true },
	{ "sched_migrate_task", probe_migrate, MT_FEATURE_TRACE | MT_FEATURE_STAT },
	{ "sched_wakeup_new", probe_wakeup_new, MT_FEATURE_TRACE | MT_FEATURE_STAT },
	{ "task_rename", probe_rename, MT_FEATURE_TRACE },
	{ "sched_process_exec", probe_exec, MT_FEATURE_TRACE },
	{ "sched_process_exit", probe_exit, MT_FEATURE_TRACE },
};

/* Guards mt_attached and the state of the probes. */
static DEFINE_MUTEX(mt_probe_mutex);
static unsigned int mt_attached;

static void note_tracepoint(struct tracepoint *tracepoint, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(mt_probes); i++)
		if (!strcmp(tracepoint->name, mt_probes[i].name))
			mt_probes[i].tracepoint = tracepoint;
}

int mt_probe_init(void)
{
	int i;

	for_each_kernel_tracepoint(note_tracepoint, NULL);
	for (i = 0; i < ARRAY_SIZE(mt_probes); i++) {
		if (mt_probes[i].tracepoint || mt_probes[i].optional)
			continue;
		pr_err("this kernel has no tracepoint %s; it needs CONFIG_TRACEPOINTS and the scheduler's events\n",
		       mt_probes[i].name);
		return -ENOENT;
	}
	return 0;
}

static bool wanted(const struct mt_probe *probe, unsigned int features)
{
	return probe->tracepoint && (probe->features & features);
}

/* Brings the first @count probes from what the features @old need to what @new need. */
static int switch_probes(unsigned int old, unsigned int new, int count)
{
	int i, ret = 0;

	for (i = 0; i < count && !ret; i++) {
		struct mt_probe *probe = &mt_probes[i];

		if (!wanted(probe, old) && wanted(probe, new))
			ret = tracepoint_probe_register(probe->tracepoint, probe->function, NULL);
		else if (wanted(probe, old) && !wanted(probe, new))
			tracepoint_probe_unregister(probe->tracepoint, probe->function, NULL);
		if (ret)
			pr_err("cannot attach to the tracepoint %s: error %d\n", probe->name, ret);
	}
	if (ret)
		switch_probes(new, old, i - 1);
	return ret;
}

int mt_probe_attach(enum mt_feature feature)
{
	int ret;

	mutex_lock(&mt_probe_mutex);
	ret = switch_probes(mt_attached, mt_attached | feature, ARRAY_SIZE(mt_probes));
	if (!ret)
		mt_attached |= feature;
	mutex_unlock(&mt_probe_mutex);
	if (ret)
		tracepoint_synchronize_unregister();
	return ret;
}

void mt_probe_detach(enum mt_feature feature)
{
	mutex_lock(&mt_probe_mutex);
	switch_probes(mt_attached, mt_attached & ~feature, ARRAY_SIZE(mt_probes));
	mt_attached &= ~feature;
	mutex_unlock(&mt_probe_mutex);
	tracepoint_synchronize_unregister();
	/* For marks, which do not come through a tracepoint. */
	synchronize_rcu();
}
