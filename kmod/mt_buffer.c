// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/topology.h>

#include "mt_buffer.h"

DEFINE_PER_CPU(struct mt_buffer, mt_buffer);

static u32 mt_buffer_slots;

/* Guards the allocation of buffers, which CPU hotplug does as well. */
static DEFINE_MUTEX(mt_buffer_mutex);
static bool mt_buffer_growing;

void mt_buffer_init(unsigned int kb)
{
	mt_buffer_slots = (u64)kb * 1024 / sizeof(struct mt_record);
}

static size_t buffer_bytes(void)
{
	return (size_t)mt_buffer_slots * sizeof(struct mt_record);
}

/*
 * Fails rather than to send the machine looking for memory that it does not
 * have, and leaves it a 32nd part of all: a tracer must not be the reason why
 * the OOM killer comes.
 */
static struct mt_record *alloc_slots(unsigned int cpu)
{
	long left = si_mem_available() - (long)(buffer_bytes() >> PAGE_SHIFT);

	if (left < (long)(totalram_pages() / 32))
		return NULL;
	return kvmalloc_node(buffer_bytes(), GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN,
			     cpu_to_node(cpu));
}

static int prepare_cpu(unsigned int cpu)
{
	struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

	lockdep_assert_held(&mt_buffer_mutex);
	if (!buffer->slot) {
		buffer->slot = alloc_slots(cpu);
		buffer->next = buffer->slot;
	}
	return buffer->slot ? 0 : -ENOMEM;
}

static void free_cpu(unsigned int cpu)
{
	struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

	kvfree(buffer->slot);
	*buffer = (struct mt_buffer){};
}

void mt_buffer_free(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		free_cpu(cpu);
}

int mt_buffer_prepare(void)
{
	unsigned int cpu;
	bool had_none = mt_buffer_empty();
	int ret = 0;

	cpus_read_lock();
	mutex_lock(&mt_buffer_mutex);
	for_each_online_cpu(cpu) {
		ret = prepare_cpu(cpu);
		if (ret)
			break;
	}
	if (!ret)
		mt_buffer_growing = true;
	else if (had_none)
		mt_buffer_free();
	mutex_unlock(&mt_buffer_mutex);
	cpus_read_unlock();
	return ret;
}

bool mt_buffer_ready(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (!per_cpu_ptr(&mt_buffer, cpu)->slot)
			return false;
	return true;
}

void mt_buffer_stop_growing(void)
{
	mutex_lock(&mt_buffer_mutex);
	mt_buffer_growing = false;
	mutex_unlock(&mt_buffer_mutex);
}

int mt_buffer_prepare_cpu(unsigned int cpu)
{
	int ret;

	mutex_lock(&mt_buffer_mutex);
	ret = mt_buffer_growing ? prepare_cpu(cpu) : 0;
	mutex_unlock(&mt_buffer_mutex);
	return ret;
}

void mt_buffer_open(unsigned int cpu)
{
	struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

	if (buffer->slot)
		WRITE_ONCE(buffer->end, buffer->slot + mt_buffer_slots);
}

void mt_buffer_close(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu_ptr(&mt_buffer, cpu)->end, NULL);
}

bool mt_buffer_empty(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

		if (smp_load_acquire(&buffer->next) != buffer->slot)
			return false;
	}
	return true;
}

bool mt_buffer_any_full(void)
{
	/* No event takes more slots than a start, which writes one to each buffer. */
	u32 most = mt_buffer_slots - mt_event_slots(MT_EVENT_start_sched_clock);
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

		if (buffer->next - buffer->slot > most)
			return true;
	}
	return false;
}

void mt_buffer_reset(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

		buffer->next = buffer->slot;
	}
}

void mt_buffer_save_position(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

		buffer->saved = buffer->next;
	}
}

void mt_buffer_rewind(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

		buffer->next = buffer->saved;
	}
}
