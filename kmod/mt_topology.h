/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_TOPOLOGY_H
#define MT_TOPOLOGY_H

/* Where each CPU stands in the machine, for the header of the trace. */

/* As the kernel numbers them; capacity as the scheduler sees it, 0 to 1024. -1: unknown. */
struct mt_topology {
	int core, llc, node, capacity;
};

/*
 * Remembers the CPUs that are online; one that is not is known from before.
 * At load and under the mutex of the trace, as is the other.
 */
void mt_topology_note(void);
struct mt_topology mt_topology_of(unsigned int cpu);

#endif /* MT_TOPOLOGY_H */
