// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/percpu.h>

#include "compat/topology.h"
#include "mt_topology.h"

static DEFINE_PER_CPU(struct mt_topology, mt_topology);
static struct cpumask mt_topology_known;

void mt_topology_note(void)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		per_cpu(mt_topology, cpu) = (struct mt_topology){
			.core = topology_core_id(cpu),
			.llc = mt_llc_id(cpu),
			.node = cpu_to_node(cpu),
			.capacity = mt_cpu_capacity(cpu),
		};
		cpumask_set_cpu(cpu, &mt_topology_known);
	}
	cpus_read_unlock();
}

struct mt_topology mt_topology_of(unsigned int cpu)
{
	if (cpumask_test_cpu(cpu, &mt_topology_known))
		return per_cpu(mt_topology, cpu);
	return (struct mt_topology){ -1, -1, cpu_to_node(cpu), -1 };
}
