/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_CLOCK_H
#define MT_CLOCK_H

/*
 * The clock of the trace. Times in the file are those of sched_clock(), in
 * nanoseconds. Reading it takes three times as long as all else that an event
 * needs, so that events are stamped with a raw clock: the cycle counter, where
 * there is one that runs at a constant rate and is the same on all CPUs, and
 * sched_clock() itself elsewhere. Both are read together where a run of events
 * begins and where it ends; times in between follow from that when the trace
 * is read.
 */

#include <linux/jump_label.h>
#include <linux/sched/clock.h>
#include <linux/types.h>

#include "compat/cycles.h"

#ifdef MT_HAVE_CYCLES
DECLARE_STATIC_KEY_FALSE(mt_clock_cycles);
#endif

/* At load. @allowed: false if the user wants sched_clock() whatever the counter is like. */
void mt_clock_init(bool allowed);
/* Chooses the raw clock; before each run, as the counter may turn out to be unfit later. */
void mt_clock_choose(void);
/* What was chosen; false again when the counter has become unfit since. */
bool mt_clock_is_steady(void);

/* Which one it is, at the cost of nothing. */
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

/* Both clocks at the same moment, as nearly as can be. */
void mt_clock_sample(u64 *raw, u64 *ns);

/* The time at @raw between two samples. */
u64 mt_clock_between(u64 raw, u64 begin_raw, u64 begin_ns, u64 end_raw, u64 end_ns);

#endif /* MT_CLOCK_H */
