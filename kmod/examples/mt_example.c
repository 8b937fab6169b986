// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a kernel module traces the migrations during something that it does.
 *
 *   insmod migrate_trace_lite.ko; insmod mt_example.ko rounds=3
 *
 * starts the trace, marks the begin and the end of each round, from process
 * context and from an interrupt on each CPU, and stops the trace. Then
 *
 *   migrate_stats --mark --migrate /sys/kernel/debug/migration_trace/trace
 *
 * shows what moved in between.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/migrate_trace_lite.h>
#include <linux/module.h>
#include <linux/smp.h>

/* The begin of round N is marked with BEGIN + N, and so on. */
#define MT_EXAMPLE_BEGIN	0xb0000000UL
#define MT_EXAMPLE_CPU		0xc0000000UL
#define MT_EXAMPLE_END		0xe0000000UL

static unsigned int rounds = 1;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often the work is done");

static void mark_in_interrupt(void *round)
{
	mt_trace_mark(MT_EXAMPLE_CPU + *(unsigned int *)round);
}

/* Stands for the work that is to be observed. */
static void work(unsigned int round)
{
	msleep(20);
	on_each_cpu(mark_in_interrupt, &round, 1);
}

static int __init example_init(void)
{
	unsigned int round;
	int ret;

	ret = mt_trace_enable(1, 0);
	if (ret) {
		pr_err("cannot start the trace: error %d%s\n", ret,
		       ret == -EPERM ? ", it is not empty: echo 0 > migration_trace/reset" : "");
		return ret;
	}
	for (round = 0; round < rounds; round++) {
		mt_trace_mark(MT_EXAMPLE_BEGIN + round);
		work(round);
		mt_trace_mark(MT_EXAMPLE_END + round);
	}
	return mt_trace_enable(0, 0);
}

static void __exit example_exit(void)
{
}

module_init(example_init);
module_exit(example_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Example: marks in the migration trace");
