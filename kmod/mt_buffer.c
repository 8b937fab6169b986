// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/topology.h>

#include "mt_buffer.h"

DEFINE_PER_CPU(struct mt_buffer, mt_buffer);

static unsigned int mt_size_kb;
static u32 mt_chunk_slots;
static bool mt_overwrite;

/* Guards the allocation of buffers, which CPU hotplug does as well. */
static DEFINE_MUTEX(mt_buffer_mutex);
static bool mt_buffer_growing;

static size_t buffer_bytes(void)
{
	return (size_t)mt_size_kb * 1024;
}

u32 mt_buffer_slots(void)
{
	return buffer_bytes() / sizeof(struct mt_record);
}

static void cut_into_chunks(void)
{
	mt_chunk_slots = mt_buffer_slots() / (mt_overwrite ? MT_CHUNKS : 1);
}

void mt_buffer_set_size(unsigned int kb)
{
	mt_size_kb = kb;
	cut_into_chunks();
}

unsigned int mt_buffer_kb(void)
{
	return mt_size_kb;
}

void mt_buffer_set_overwrite(bool overwrite)
{
	mt_overwrite = overwrite;
	cut_into_chunks();
}

bool mt_buffer_overwrites(void)
{
	return mt_overwrite;
}

static struct mt_record *chunk_begin(const struct mt_buffer *buffer, unsigned long number)
{
	return buffer->slot + (number & (MT_CHUNKS - 1)) * mt_chunk_slots;
}

static struct mt_chunk *chunk_of(struct mt_buffer *buffer, unsigned long number)
{
	return &buffer->chunk[number & (MT_CHUNKS - 1)];
}

/*
 * Fails rather than to send the machine looking for memory that it does not
 * have, and leaves it a 32nd part of all: a tracer must not be the reason why
 * the OOM killer comes.
 */
struct mt_record *mt_buffer_alloc(unsigned int cpu)
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
		buffer->slot = mt_buffer_alloc(cpu);
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
		WRITE_ONCE(buffer->end, chunk_begin(buffer, buffer->number) + mt_chunk_slots);
}

bool mt_buffer_next_chunk(u32 slots)
{
	struct mt_buffer *buffer = this_cpu_ptr(&mt_buffer);
	struct mt_record *end = READ_ONCE(buffer->end), *begin;
	u32 used;

	if (!end)
		return false;
	if (!mt_overwrite) {
		buffer->lost++;
		return false;
	}
	used = buffer->next - chunk_begin(buffer, buffer->number);
	chunk_of(buffer, buffer->number)->used = used;
	/* Who sees the new number sees how much is in the chunk before it. */
	smp_wmb();
	WRITE_ONCE(buffer->number, buffer->number + 1);
	/* Nothing of the chunk that had this place is changed before its number is gone: pairs with mt_buffer_copy(). */
	smp_wmb();
	buffer->slots_before += used;
	chunk_of(buffer, buffer->number)->first_event = buffer->slots_before - buffer->doubles;
	begin = chunk_begin(buffer, buffer->number);
	WRITE_ONCE(buffer->next, begin);
	/* It may have been closed meanwhile, and stays closed then. */
	return cmpxchg(&buffer->end, end, begin + mt_chunk_slots) == end;
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

		if (smp_load_acquire(&buffer->next) != buffer->slot || READ_ONCE(buffer->number))
			return false;
	}
	return true;
}

bool mt_buffer_any_full(void)
{
	/* No event takes more slots than a start, which writes one to each buffer. */
	u32 most = mt_chunk_slots - mt_event_slots(MT_EVENT_start_sched_clock);
	unsigned int cpu;

	if (mt_overwrite)
		return false;
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

		*buffer = (struct mt_buffer){ .slot = buffer->slot, .next = buffer->slot };
	}
}

void mt_buffer_save_position(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

		buffer->saved.next = buffer->next;
		buffer->saved.doubles = buffer->doubles;
	}
}

void mt_buffer_rewind(void)
{
	unsigned int cpu;

	if (mt_overwrite)
		return;
	for_each_possible_cpu(cpu) {
		struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);

		buffer->next = buffer->saved.next;
		buffer->doubles = buffer->saved.doubles;
	}
}

/* ---- reading ---- */

/* How many slots of chunk @number, which is not newer than @newest, hold events; it may be overwritten right now. */
static u32 slots_in_chunk(struct mt_buffer *buffer, unsigned long number, unsigned long newest)
{
	struct mt_record *begin = chunk_begin(buffer, number), *next;

	if (number != newest)
		return READ_ONCE(chunk_of(buffer, number)->used);
	next = smp_load_acquire(&buffer->next);
	/* It has gone on to the next chunk. */
	if (next < begin || next > begin + mt_chunk_slots)
		return 0;
	return next - begin;
}

/* Chunk @number was not touched while it was looked at. */
static bool is_intact(const struct mt_buffer *buffer, unsigned long number)
{
	/* What was looked at before the number: pairs with mt_buffer_next_chunk(). */
	smp_rmb();
	return READ_ONCE(buffer->number) < number + MT_CHUNKS;
}

/*
 * To the oldest chunk; whoever was overtaken, to the one behind it, as the oldest goes next, and readers that are slow
 * would be overtaken at once.
 */
static void pass_over(struct mt_buffer *buffer, struct mt_place *place, u64 *lost)
{
	unsigned int chunks = place->event ? MT_CHUNKS - 2 : MT_CHUNKS - 1;
	unsigned long number;
	u64 first;

	do {
		number = READ_ONCE(buffer->number) - chunks;
		smp_rmb();
		first = READ_ONCE(chunk_of(buffer, number)->first_event);
	} while (!is_intact(buffer, number));
	*lost += first - place->event;
	*place = (struct mt_place){ .number = number, .event = first };
}

/* How many of @slots slots are whole events, and how many events these are. */
static u32 whole_events(const struct mt_record *record, u32 slots, u32 *events)
{
	u32 i = 0, size;

	for (*events = 0; i < slots; i += size, ++*events) {
		size = mt_event_slots(mt_record_event(&record[i]));
		if (i + size > slots)
			break;
	}
	return i;
}

u32 mt_buffer_copy(unsigned int cpu, struct mt_place *place, struct mt_record *to, u32 most, u64 *lost)
{
	struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);
	u32 slots, events;
	unsigned long newest;

	if (!buffer->slot)
		return 0;
	for (;;) {
		newest = smp_load_acquire(&buffer->number);
		if (newest >= place->number + MT_CHUNKS) {
			pass_over(buffer, place, lost);
			continue;
		}
		slots = slots_in_chunk(buffer, place->number, newest);
		if (slots > place->slot) {
			slots = min(slots - place->slot, most);
			memcpy(to, chunk_begin(buffer, place->number) + place->slot, slots * sizeof(*to));
		} else {
			slots = 0;
		}
		if (!is_intact(buffer, place->number))
			continue;
		if (slots) {
			slots = whole_events(to, slots, &events);
			place->slot += slots;
			place->event += events;
			return slots;
		}
		if (place->number == READ_ONCE(buffer->number))
			return 0;
		/* There may have been more until the next was begun. */
		if (place->number == newest)
			continue;
		*place = (struct mt_place){ .number = place->number + 1, .event = place->event };
	}
}

const struct mt_record *mt_buffer_piece(unsigned int cpu, struct mt_place *place, const struct mt_record **end,
					u64 *lost)
{
	struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);
	const struct mt_record *begin;
	u32 slots;

	if (!buffer->slot)
		return NULL;
	if (buffer->number >= place->number + MT_CHUNKS)
		pass_over(buffer, place, lost);
	for (;;) {
		slots = slots_in_chunk(buffer, place->number, buffer->number);
		begin = chunk_begin(buffer, place->number) + place->slot;
		if (slots > place->slot)
			break;
		if (place->number == buffer->number)
			return NULL;
		*place = (struct mt_place){ .number = place->number + 1 };
	}
	*end = begin + slots - place->slot;
	place->slot = slots;
	return begin;
}

static u64 bytes_used(struct mt_buffer *buffer)
{
	unsigned long newest = READ_ONCE(buffer->number), number = newest < MT_CHUNKS ? 0 : newest - MT_CHUNKS + 1;
	u64 slots = 0;

	for (; number <= newest; number++)
		slots += slots_in_chunk(buffer, number, newest);
	return slots * sizeof(struct mt_record);
}

struct mt_buffer_stats mt_buffer_stats(unsigned int cpu)
{
	struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);
	struct mt_buffer_stats stats = {};
	unsigned long number;

	if (!buffer->slot)
		return stats;
	/* While it is written to, an event more or less. */
	do {
		number = smp_load_acquire(&buffer->number);
		stats.events = READ_ONCE(buffer->slots_before) + slots_in_chunk(buffer, number, number) - READ_ONCE(buffer->doubles);
		stats.overwritten = number < MT_CHUNKS ? 0 : READ_ONCE(chunk_of(buffer, number + 1)->first_event);
		smp_rmb();
	} while (number != READ_ONCE(buffer->number));
	stats.lost = READ_ONCE(buffer->lost);
	stats.bytes = bytes_used(buffer);
	return stats;
}
