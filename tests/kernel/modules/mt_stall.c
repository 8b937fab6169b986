// SPDX-License-Identifier: GPL-2.0-only
/* When it is loaded, stops all CPUs for a while, as a paused virtual machine does; see stat.test. */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/smp.h>

static unsigned int msec = 3000;
module_param(msec, uint, 0444);
MODULE_PARM_DESC(msec, "how long, in milliseconds");

static void stall(void *unused)
{
	mdelay(msec);
}

static int __init stall_init(void)
{
	on_each_cpu(stall, NULL, 1);
	/* Not to stay. */
	return -EAGAIN;
}
module_init(stall_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: all CPUs stand still");
