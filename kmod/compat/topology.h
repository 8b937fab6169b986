/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_COMPAT_TOPOLOGY_H
#define MT_COMPAT_TOPOLOGY_H

/*
 * Where an online CPU stands, as far as the kernel tells modules; -1 where it
 * does not.
 */

#include <linux/sched/topology.h>
#include <linux/topology.h>

#ifdef CONFIG_X86

#include <asm/apicdef.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

static inline int mt_llc_id(unsigned int cpu)
{
#if defined(MT_HAVE_PER_CPU_LLC_ID)
	u32 id = per_cpu_llc_id(cpu);
#elif defined(MT_HAVE_GET_LLC_ID)
	u32 id = get_llc_id(cpu);
#else
	u32 id = BAD_APICID;
#endif

	/* Set where no last level cache was found. */
	return id == BAD_APICID ? -1 : id;
}

/* The capacities of hybrid CPUs are known to the scheduler only; all others are equal. */
static inline int mt_cpu_capacity(unsigned int cpu)
{
#ifdef X86_FEATURE_HYBRID_CPU
	if (boot_cpu_has(X86_FEATURE_HYBRID_CPU))
		return -1;
#endif
	return SCHED_CAPACITY_SCALE;
}

#else

static inline int mt_llc_id(unsigned int cpu)
{
	return -1;
}

static inline int mt_cpu_capacity(unsigned int cpu)
{
	return arch_scale_cpu_capacity(cpu);
}

#endif

#endif /* MT_COMPAT_TOPOLOGY_H */
