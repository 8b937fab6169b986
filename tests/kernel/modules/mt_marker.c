// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that marks as fast as it can. Built twice: as mt_marker it calls
 * the function as any module does, which keeps migrate_trace_lite loaded; as
 * mt_marker_dynamic it looks for it each time, and does without it when it is
 * not loaded. See limits.test.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/migrate_trace_lite.h>
#include <linux/module.h>
#include <linux/sched.h>

static struct task_struct *marker;
static unsigned long marks;
module_param(marks, ulong, 0444);
MODULE_PARM_DESC(marks, "how many calls there have been");

#ifdef MT_MARKER_DYNAMIC
static void mark(void)
{
	typeof(&mt_trace_mark) function = symbol_get(mt_trace_mark);
	int i;

	if (!function)
		return;
	for (i = 0; i < 100; i++)
		function(marks++);
	symbol_put(mt_trace_mark);
}
#else
static void mark(void)
{
	mt_trace_mark(marks++);
}
#endif

static int mark_all_the_time(void *unused)
{
	while (!kthread_should_stop()) {
		mark();
		cond_resched();
	}
	return 0;
}

static int __init marker_init(void)
{
	marker = kthread_run(mark_all_the_time, NULL, "mt_marker");
	return PTR_ERR_OR_ZERO(marker);
}

static void __exit marker_exit(void)
{
	kthread_stop(marker);
}

module_init(marker_init);
module_exit(marker_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: another module marks all the time");
