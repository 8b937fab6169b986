// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks that tell the time: each CPU in turn asks sched_clock(), makes a mark
 * with the answer, asks again, and makes another. The time of the first mark
 * has to lie between the two answers. Writing to the parameter `mark` does it.
 */
#include <linux/cpu.h>
#include <linux/migrate_trace_lite.h>
#include <linux/module.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>

/* The trace marks the first as this many times two, the second as one more. */
static void mark(void *unused)
{
	u64 before, after;

	before = sched_clock();
	mt_trace_mark(before << 1);
	after = sched_clock();
	mt_trace_mark(after << 1 | 1);
}

static int mark_all(const char *value, const struct kernel_param *param)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		smp_call_function_single(cpu, mark, NULL, 1);
	cpus_read_unlock();
	return 0;
}

static const struct kernel_param_ops mark_ops = { .set = mark_all };
module_param_cb(mark, &mark_ops, NULL, 0200);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Compares the times in a trace with sched_clock()");
