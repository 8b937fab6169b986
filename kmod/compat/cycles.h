/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_COMPAT_CYCLES_H
#define MT_COMPAT_CYCLES_H

/* The cycle counter: the architectures where it is worth its while, because sched_clock() costs much more. */

#ifdef CONFIG_X86_64

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#define MT_HAVE_CYCLES 1

static __always_inline u64 mt_cycles(void)
{
	return rdtsc();
}

/*
 * The kernel gives the counter up as soon as it knows that the rate changes
 * with the frequency or stops in idle states, or that CPUs disagree.
 */
static inline bool mt_cycles_are_steady(void)
{
	return boot_cpu_has(X86_FEATURE_TSC) && !check_tsc_unstable();
}

#else

static __always_inline u64 mt_cycles(void)
{
	return 0;
}

#endif

#endif /* MT_COMPAT_CYCLES_H */
