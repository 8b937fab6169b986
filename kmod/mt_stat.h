/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_STAT_H
#define MT_STAT_H

/* The statistics: how many migrations of each cause in each period, in debugfs migration_stat/. */

#include <linux/kconfig.h>
#include <linux/percpu.h>

#include "mt_event.h"

#if IS_ENABLED(CONFIG_SNSC_LITE_MIGRATION_STAT)

struct mt_stat_cpu {
	unsigned long count[MT_NR_EVENTS];
};

DECLARE_PER_CPU(struct mt_stat_cpu, mt_stat_cpu);

/*
 * Counts a migration. The counters never stop and never go back, so that one
 * instruction does it; a collection looks at how they grow.
 */
static inline void mt_stat_count(enum mt_event cause)
{
	this_cpu_inc(mt_stat_cpu.count[cause]);
}

/* @hours: how long a collection with a period of one second can last. Return: 0 or a negative error. */
int mt_stat_init(unsigned int hours);
/* Stops the collection. */
void mt_stat_exit(void);

#else

static inline void mt_stat_count(enum mt_event cause) { }
static inline int mt_stat_init(unsigned int hours) { return 0; }
static inline void mt_stat_exit(void) { }

#endif

#endif /* MT_STAT_H */
