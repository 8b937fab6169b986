// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that marks as fast as it can. Built twice: as mt_marker it calls
 * the function as any module does, which keeps migrate_trace_lite loaded; as
 * mt_marker_dynamic, to be loaded first, it looks for it each time, and does
 * without it when it is not loaded. See limits.test.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/migrate_trace_lite.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/string.h>

static struct task_struct *marker;
static unsigned long marks;
module_param(marks, ulong, 0444);
MODULE_PARM_DESC(marks, "how many calls there have been");

#ifdef MT_MARKER_DYNAMIC
/*
 * Between the notifications that migrate_trace_lite is live and that it goes
 * away. Past the second one, symbol_get() must not be called: if it finds the
 * module in its last moments, it ends in a BUG_ON() (kernel/module/main.c,
 * strong_try_module_get()).
 */
static bool there;
static DEFINE_MUTEX(there_mutex);

static int note_module(struct notifier_block *block, unsigned long state, void *module)
{
	if (strcmp(((struct module *)module)->name, "migrate_trace_lite"))
		return NOTIFY_DONE;
	mutex_lock(&there_mutex);
	there = state == MODULE_STATE_LIVE;
	mutex_unlock(&there_mutex);
	return NOTIFY_OK;
}

static struct notifier_block note_module_block = { .notifier_call = note_module };

static void mark(void)
{
	typeof(&mt_trace_mark) function;
	int i;

	mutex_lock(&there_mutex);
	function = there ? symbol_get(mt_trace_mark) : NULL;
	mutex_unlock(&there_mutex);
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
#ifdef MT_MARKER_DYNAMIC
	register_module_notifier(&note_module_block);
#endif
	marker = kthread_run(mark_all_the_time, NULL, "mt_marker");
	return PTR_ERR_OR_ZERO(marker);
}

static void __exit marker_exit(void)
{
	kthread_stop(marker);
#ifdef MT_MARKER_DYNAMIC
	unregister_module_notifier(&note_module_block);
#endif
}

module_init(marker_init);
module_exit(marker_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: another module marks all the time");
