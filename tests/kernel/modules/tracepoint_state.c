// SPDX-License-Identifier: GPL-2.0-only
/* When it is loaded, logs whether probes are attached to the tracepoints that migrate_trace_lite uses; see load.test. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

static const char * const names[] = {
	"sched_migrate_task", "sched_wakeup_new", "task_rename", "sched_move_numa", "sched_swap_numa",
};

static void show(struct tracepoint *tracepoint, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(tracepoint->name, names[i]))
			pr_info("%s %s\n", names[i], tracepoint->funcs ? "attached" : "free");
}

static int __init tracepoint_state_init(void)
{
	for_each_kernel_tracepoint(show, NULL);
	/* Not to stay. */
	return -EAGAIN;
}
module_init(tracepoint_state_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: which tracepoints have probes");
