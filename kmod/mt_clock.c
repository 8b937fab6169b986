// SPDX-License-Identifier: GPL-2.0-only
#include <linux/irqflags.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "mt_clock.h"

#ifdef MT_HAVE_CYCLES

DEFINE_STATIC_KEY_FALSE(mt_clock_cycles);

/*
 * Between the two samples of a clock an interrupt of the machine below (SMM, a
 * hypervisor) can take any time; the closest of some tries had none.
 */
#define MT_SAMPLE_TRIES 16

static bool mt_clock_allowed;

void mt_clock_init(bool allowed)
{
	mt_clock_allowed = allowed;
	mt_clock_choose();
}

void mt_clock_choose(void)
{
	if (mt_clock_allowed && mt_cycles_are_steady())
		static_branch_enable(&mt_clock_cycles);
	else
		static_branch_disable(&mt_clock_cycles);
}

bool mt_clock_is_steady(void)
{
	return !static_key_enabled(&mt_clock_cycles) || mt_cycles_are_steady();
}

static void sample_cycles(u64 *raw, u64 *ns)
{
	u64 before, between, time, closest = U64_MAX;
	unsigned long flags;
	int i;

	local_irq_save(flags);
	for (i = 0; i < MT_SAMPLE_TRIES; i++) {
		before = mt_cycles();
		time = sched_clock();
		between = mt_cycles() - before;
		if (between < closest) {
			closest = between;
			*raw = before + between / 2;
			*ns = time;
		}
	}
	local_irq_restore(flags);
}

void mt_clock_sample(u64 *raw, u64 *ns)
{
	if (static_key_enabled(&mt_clock_cycles))
		sample_cycles(raw, ns);
	else
		*raw = *ns = sched_clock();
}

/*
 * Linear between the samples. So the error is nowhere larger than that of the
 * worse sample, however long the run, as long as the rates of both clocks are
 * constant: no rate has to be known.
 */
u64 mt_clock_between(u64 raw, u64 begin_raw, u64 begin_ns, u64 end_raw, u64 end_ns)
{
	if (unlikely(end_raw <= begin_raw || end_ns < begin_ns))
		return begin_ns;
	raw = clamp(raw, begin_raw, end_raw);
	/* The clamped quotient is at most 1, so that the division cannot overflow. */
	return begin_ns + mul_u64_u64_div_u64(raw - begin_raw, end_ns - begin_ns, end_raw - begin_raw);
}

#else

void mt_clock_init(bool allowed)
{
}

void mt_clock_choose(void)
{
}

bool mt_clock_is_steady(void)
{
	return true;
}

void mt_clock_sample(u64 *raw, u64 *ns)
{
	*raw = *ns = sched_clock();
}

u64 mt_clock_between(u64 raw, u64 begin_raw, u64 begin_ns, u64 end_raw, u64 end_ns)
{
	return raw;
}

#endif
