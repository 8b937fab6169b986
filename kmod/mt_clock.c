// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "compat/timer.h"
#include "mt_clock.h"

struct mt_clock_table mt_clock_table;

#ifdef MT_HAVE_CYCLES

DEFINE_STATIC_KEY_FALSE(mt_clock_cycles);

static bool mt_clock_allowed;

/*
 * Both clocks at the same moment, in the order of time. Two samples would do
 * if the rate of sched_clock() were constant; it changes by some millionths
 * when the kernel gets to know its counter better, in the first seconds after
 * boot, and under some hypervisors at any time. So they are taken often at
 * first, and when the table is full, every other one is dropped, and from then
 * on they are taken half as often.
 */
#define MT_SAMPLE_MSEC 250

/* Guards the table while its timer runs. */
static DEFINE_RAW_SPINLOCK(mt_clock_lock);
static u64 mt_sample_msec;
static struct hrtimer mt_sample_timer;

/*
 * While the clocks are read one after the other, an interrupt of the machine
 * below (SMM, a hypervisor) can take any time; the quickest of some tries had
 * none.
 */
#define MT_SAMPLE_TRIES 16

static void take_sample(struct mt_clock_sample *sample)
{
	u64 before, time, took, quickest = U64_MAX;
	unsigned long flags;
	int i;

	local_irq_save(flags);
	for (i = 0; i < MT_SAMPLE_TRIES; i++) {
		before = mt_cycles();
		time = sched_clock();
		took = mt_cycles() - before;
		if (took < quickest) {
			quickest = took;
			sample->raw = before + took / 2;
			sample->ns = time;
		}
	}
	local_irq_restore(flags);
}

static void thin_out(void)
{
	u32 i;

	for (i = 1; i < MT_SAMPLES / 2; i++)
		mt_clock_table.sample[i] = mt_clock_table.sample[2 * i];
	mt_clock_table.count = MT_SAMPLES / 2;
	mt_sample_msec *= 2;
}

/* From the timer, and while it does not run. */
static void add_sample(void)
{
	struct mt_clock_sample sample;
	unsigned long flags;

	take_sample(&sample);
	raw_spin_lock_irqsave(&mt_clock_lock, flags);
	if (mt_clock_table.count == MT_SAMPLES)
		thin_out();
	mt_clock_table.sample[mt_clock_table.count++] = sample;
	raw_spin_unlock_irqrestore(&mt_clock_lock, flags);
}

static enum hrtimer_restart sample_again(struct hrtimer *timer)
{
	add_sample();
	hrtimer_forward_now(timer, ms_to_ktime(mt_sample_msec));
	return HRTIMER_RESTART;
}

static void choose_clock(void)
{
	if (mt_clock_allowed && mt_cycles_are_steady())
		static_branch_enable(&mt_clock_cycles);
	else
		static_branch_disable(&mt_clock_cycles);
}

bool mt_clock_init(bool allowed)
{
	mt_clock_allowed = allowed;
	hrtimer_setup(&mt_sample_timer, sample_again, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	mt_clock_reset();
	choose_clock();
	return mt_clock_is_cycles();
}

bool mt_clock_start(void)
{
	/* One clock for all that stands in the buffers. */
	if (!mt_clock_table.count)
		choose_clock();
	if (!mt_clock_is_cycles())
		return true;
	if (mt_clock_table.count && mt_cycles() < mt_clock_table.sample[mt_clock_table.count - 1].raw)
		return false;
	add_sample();
	hrtimer_start(&mt_sample_timer, ms_to_ktime(mt_sample_msec), HRTIMER_MODE_REL_HARD);
	return true;
}

bool mt_clock_stop(void)
{
	if (!mt_clock_is_cycles())
		return true;
	hrtimer_cancel(&mt_sample_timer);
	add_sample();
	return mt_cycles_are_steady();
}

void mt_clock_reset(void)
{
	mt_clock_table.count = 0;
	mt_sample_msec = MT_SAMPLE_MSEC;
}

/*
 * Linear between two samples: the error is nowhere larger than that of the
 * worse one, and time does not go back, as long as no rate changes between them.
 */
static u64 interpolate(u64 raw, const struct mt_clock_sample *from, const struct mt_clock_sample *to)
{
	if (unlikely(to->raw <= from->raw || to->ns < from->ns))
		return from->ns;
	raw = clamp(raw, from->raw, to->raw);
	/* The quotient is at most to->ns - from->ns, so that the division cannot overflow. */
	return from->ns + mul_u64_u64_div_u64(raw - from->raw, to->ns - from->ns, to->raw - from->raw);
}

u64 mt_clock_time(const struct mt_clock_table *table, u64 raw, u32 *hint)
{
	u32 i = *hint;

	if (!mt_clock_is_cycles())
		return raw;
	while (i + 2 < table->count && raw >= table->sample[i + 1].raw)
		i++;
	*hint = i;
	return interpolate(raw, &table->sample[i], &table->sample[i + 1]);
}

void mt_clock_copy(struct mt_clock_table *table)
{
	unsigned long flags;

	if (!mt_clock_is_cycles())
		return;
	raw_spin_lock_irqsave(&mt_clock_lock, flags);
	table->count = mt_clock_table.count;
	memcpy(table->sample, mt_clock_table.sample, table->count * sizeof(*table->sample));
	raw_spin_unlock_irqrestore(&mt_clock_lock, flags);
	take_sample(&table->sample[table->count++]);
}

#else

bool mt_clock_init(bool allowed)
{
	return false;
}

bool mt_clock_start(void)
{
	return true;
}

bool mt_clock_stop(void)
{
	return true;
}

void mt_clock_reset(void)
{
}

void mt_clock_copy(struct mt_clock_table *table)
{
}

u64 mt_clock_time(const struct mt_clock_table *table, u64 raw, u32 *hint)
{
	return raw;
}

#endif
