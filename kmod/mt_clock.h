/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_CLOCK_H
#define MT_CLOCK_H

/*
 * The clock of the trace. Times in the file are those of sched_clock(), in
 * nanoseconds. To read it takes longer than all else that an event needs, so
 * that events are stamped with a raw clock: the cycle counter, where there is
 * one that runs at a constant rate and is the same on all CPUs, and
 * sched_clock() itself elsewhere. While the trace is on both are sampled
 * together now and then; the times of events follow from that when the trace
 * is read.
 */

#include <linux/jump_label.h>
#include <linux/sched/clock.h>
#include <linux/types.h>

#include "compat/cycles.h"

#ifdef MT_HAVE_CYCLES
DECLARE_STATIC_KEY_FALSE(mt_clock_cycles);
#endif

/* Which raw clock it is, at the cost of nothing. */
static __always_inline bool mt_clock_is_cycles(void)
{
#ifdef MT_HAVE_CYCLES
	return static_branch_likely(&mt_clock_cycles);
#else
	return false;
#endif
}

/* The raw clock. Any context. */
static __always_inline u64 mt_clock(void)
{
	return mt_clock_is_cycles() ? mt_cycles() : sched_clock();
}

/*
 * At load. @allowed: false if the user wants sched_clock() whatever the counter
 * is like. Return: whether the counter is used.
 */
bool mt_clock_init(bool allowed);

/*
 * The rest: serialised by the caller (mt_trace.c). mt_clock_start() comes
 * before the first event of a run, mt_clock_stop() behind its last. Runs can
 * follow each other until mt_clock_reset().
 */

/* Return: false if the counter has gone back since the last run, as it does when the machine sleeps. */
bool mt_clock_start(void);
/* Return: false if the counter has turned out to be unfit meanwhile. */
bool mt_clock_stop(void);
void mt_clock_reset(void);

/* Both clocks at the same moments, in the order of time. */
#define MT_SAMPLES 512

struct mt_clock_table {
	u32 count;
	struct mt_clock_sample {
		u64 raw, ns;
	} sample[MT_SAMPLES + 1];
};

/* Of all runs up to now; while stopped it does not change. */
extern struct mt_clock_table mt_clock_table;

/*
 * The table as it is now, up to this moment: what was stamped before it was called has a time by it. Also while it
 * runs.
 */
void mt_clock_copy(struct mt_clock_table *table);

/*
 * sched_clock() at the raw time @raw. *@hint makes it quick: 0 at first, kept for the next, later one.
 */
u64 mt_clock_time(const struct mt_clock_table *table, u64 raw, u32 *hint);

#endif /* MT_CLOCK_H */
