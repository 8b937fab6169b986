// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/topology.h>

#include "mt_buffer.h"

DEFINE_PER_CPU(struct mt_buffer, mt_buffer);

/* Slots of each buffer, and of the record that ends a run. */
static u32 mt_buffer_slots;
#define MT_END_SLOTS 2

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

/* Interrupts are off, or nobody else writes to this buffer. */
static void put_clock(struct mt_buffer *buffer, enum mt_event event)
{
	struct mt_record *record = buffer->next;

	record[0].word = mt_record_word(event, 0, 0, 0);
	mt_clock_sample(&record[0].ts, &record[1].ns);
	smp_store_release(&buffer->next, record + mt_event_slots(event));
}

void mt_buffer_open(unsigned int cpu)
{
	struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

	if (!buffer->slot)
		return;
	if (!buffer->run) {
		buffer->run = buffer->next;
		put_clock(buffer, MT_EVENT_clock_begin);
	}
	WRITE_ONCE(buffer->end, buffer->slot + mt_buffer_slots - MT_END_SLOTS);
}

void mt_buffer_close(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu_ptr(&mt_buffer, cpu)->end, NULL);
}

/* The first record of a run tells where its last one is: as its "pid". */
static void finish_run(struct mt_buffer *buffer)
{
	if (!buffer->run)
		return;
	buffer->run->word = mt_record_word(MT_EVENT_clock_begin, 0, 0, buffer->next - buffer->slot);
	buffer->run = NULL;
	put_clock(buffer, MT_EVENT_clock_end);
}

static void finish_this_cpu(void *unused)
{
	finish_run(this_cpu_ptr(&mt_buffer));
}

void mt_buffer_finish(void)
{
	unsigned int cpu;

	cpus_read_lock();
	on_each_cpu(finish_this_cpu, NULL, 1);
	/* The raw clock is the same on all CPUs, so that one can answer for those that are offline. */
	for_each_possible_cpu(cpu)
		finish_run(per_cpu_ptr(&mt_buffer, cpu));
	cpus_read_unlock();
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
	u32 start = mt_event_slots(MT_EVENT_clock_begin) + mt_event_slots(MT_EVENT_start_sched_clock);
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

		if (buffer->next - buffer->slot > mt_buffer_slots - start - MT_END_SLOTS)
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

/* ---- reading ---- */

static const struct mt_record *record_at(unsigned int cpu, u32 slot)
{
	return &per_cpu_ptr(&mt_buffer, cpu)->slot[slot];
}

const struct mt_record *mt_buffer_peek(unsigned int cpu, struct mt_buffer_position *position)
{
	const struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

	while (buffer->slot + position->slot < buffer->next) {
		const struct mt_record *record = &buffer->slot[position->slot];

		switch (mt_record_event(record)) {
		case MT_EVENT_clock_begin:
			position->run = position->slot;
			break;
		case MT_EVENT_clock_end:
			break;
		default:
			return record;
		}
		mt_buffer_advance(position, record);
	}
	return NULL;
}

u64 mt_buffer_time(unsigned int cpu, const struct mt_buffer_position *position,
		   const struct mt_record *record)
{
	const struct mt_record *begin = record_at(cpu, position->run);
	const struct mt_record *end = record_at(cpu, mt_record_pid(begin));

	return mt_clock_between(record->ts, begin[0].ts, begin[1].ns, end[0].ts, end[1].ns);
}

void mt_buffer_advance(struct mt_buffer_position *position, const struct mt_record *record)
{
	position->slot += mt_event_slots(mt_record_event(record));
}
