// SPDX-License-Identifier: GPL-2.0-only
/*
 * Light weight migration trace: which task moved from which CPU to which, when
 * and why. Parameters, load and unload; the two features are mt_trace.c and
 * mt_stat.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "mt_clock.h"
#include "mt_debugfs.h"
#include "mt_probe.h"
#include "mt_stat.h"
#include "mt_trace.h"

#define MT_STAT_HOURS_MAX	8760

static unsigned int gid;
module_param(gid, uint, 0444);
MODULE_PARM_DESC(gid, "group that may use the debugfs files as root may (default 0: root only)");

#if IS_ENABLED(CONFIG_SNSC_LITE_MIGRATION_TRACE)
static unsigned int trace_buf_kb = CONFIG_SNSC_LITE_MIGRATION_TRACE_BUF_KB;
module_param(trace_buf_kb, uint, 0444);
MODULE_PARM_DESC(trace_buf_kb, "size of each CPU's trace buffer in KiB, 1 to 1048576 (default 1024)");

static bool overwrite;
module_param(overwrite, bool, 0444);
MODULE_PARM_DESC(overwrite, "keep the newest events when a buffer is full, instead of stopping (default n; see also the file "
		 "overwrite)");

static bool cycles = true;
module_param(cycles, bool, 0444);
MODULE_PARM_DESC(cycles, "take times from the CPU's cycle counter where that is steady, which is faster; n: from sched_clock() "
		 "always (default y; reads N where it is not steady)");
#else
enum { trace_buf_kb = 1, overwrite = 0, MT_TRACE_BUF_KB_MAX = 1 };
static bool cycles = true;
#endif

#if IS_ENABLED(CONFIG_SNSC_LITE_MIGRATION_STAT)
static unsigned int stat_hours = CONFIG_SNSC_LITE_MIGRATION_STAT_HOURS;
module_param(stat_hours, uint, 0444);
MODULE_PARM_DESC(stat_hours,
		 "hours that statistics with a period of one second can be collected, 1 to 8760 (default 1)");
#else
enum { stat_hours = 1 };
#endif

static int check_range(const char *name, unsigned int value, unsigned int max)
{
	if (value >= 1 && value <= max)
		return 0;
	pr_err("%s=%u is out of range, it can be 1 to %u\n", name, value, max);
	return -EINVAL;
}

static int __init migrate_trace_lite_init(void)
{
	int ret;

	ret = check_range("trace_buf_kb", trace_buf_kb, MT_TRACE_BUF_KB_MAX);
	if (!ret)
		ret = check_range("stat_hours", stat_hours, MT_STAT_HOURS_MAX);
	if (!ret)
		ret = mt_debugfs_init(gid);
	if (!ret)
		ret = mt_probe_init();
	if (ret)
		return ret;
	cycles = mt_clock_init(cycles);
	ret = mt_trace_init(trace_buf_kb, overwrite);
	if (ret)
		return ret;
	ret = mt_stat_init(stat_hours);
	if (ret)
		mt_trace_exit();
	return ret;
}

static void __exit migrate_trace_lite_exit(void)
{
	mt_stat_exit();
	mt_trace_exit();
}

module_init(migrate_trace_lite_init);
module_exit(migrate_trace_lite_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Light weight trace and statistics of task migrations between CPUs");
MODULE_VERSION("0.1.0");
