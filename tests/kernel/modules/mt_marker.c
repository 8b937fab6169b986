// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that marks as fast as it can. Built twice: as mt_marker it calls
 * the function as any module does, which keeps migrate_trace_lite loaded; as
 * mt_marker_dynamic it looks for it each time that migrate_trace_lite has been
 * loaded, and lets it go after some thousand marks. See limits.test.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/migrate_trace_lite.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/string.h>

static struct task_struct *marker;
static unsigned long marks;
module_param(marks, ulong, 0444);
MODULE_PARM_DESC(marks, "how many calls there have been");

#ifdef MT_MARKER_DYNAMIC
static typeof(&mt_trace_mark) function;

/* Not in the thread: symbol_get() has a race with the unloading of what it looks for, and may find the kernel's BUG_ON(). */
static int module_changed(struct notifier_block *block, unsigned long state, void *data)
{
	struct module *mod = data;

	if (state == MODULE_STATE_LIVE && !strcmp(mod->name, "migrate_trace_lite"))
		smp_store_release(&function, symbol_get(mt_trace_mark));
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = module_changed };

static void mark(void)
{
	typeof(&mt_trace_mark) found = smp_load_acquire(&function);
	int i;

	if (!found)
		return;
	for (i = 0; i < 10000; i++)
		found(marks++);
	WRITE_ONCE(function, NULL);
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
	if (IS_ERR(marker))
		return PTR_ERR(marker);
#ifdef MT_MARKER_DYNAMIC
	register_module_notifier(&notifier);
#endif
	return 0;
}

static void __exit marker_exit(void)
{
#ifdef MT_MARKER_DYNAMIC
	unregister_module_notifier(&notifier);
#endif
	kthread_stop(marker);
}

module_init(marker_init);
module_exit(marker_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: another module marks all the time");
