// SPDX-License-Identifier: GPL-2.0-only
/* Calls the functions for other modules with good and bad arguments and logs what they return; see api.test. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/migrate_trace_lite.h>
#include <linux/module.h>

static int __init api_test_init(void)
{
	mt_trace_mark(99);
	pr_info("enable 2: %d\n", mt_trace_enable(2, 0));
	pr_info("enable -1: %d\n", mt_trace_enable(-1, 1));
	pr_info("start: %d\n", mt_trace_enable(1, 0));
	mt_trace_mark(1);
	pr_info("start again: %d\n", mt_trace_enable(1, 0));
	pr_info("start again, restart allowed: %d\n", mt_trace_enable(1, 1));
	pr_info("stop: %d\n", mt_trace_enable(0, 0));
	mt_trace_mark(98);
	pr_info("stop again: %d\n", mt_trace_enable(0, 0));
	pr_info("start, not empty: %d\n", mt_trace_enable(1, 0));
	pr_info("restart: %d\n", mt_trace_enable(1, 1));
	mt_trace_mark(2);
	pr_info("stop: %d\n", mt_trace_enable(0, 0));
	return 0;
}

static void __exit api_test_exit(void)
{
}

module_init(api_test_init);
module_exit(api_test_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of the functions that migrate_trace_lite exports");
