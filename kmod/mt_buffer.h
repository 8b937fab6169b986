/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_BUFFER_H
#define MT_BUFFER_H

/*
 * The buffers of the trace: one for each CPU, filled chunk after chunk. When
 * the last chunk is full, the buffer is full, or, if it keeps the newest
 * events (mt_buffer_set_overwrite()), the first chunk is filled again.
 *
 * Writing: only the buffer's own CPU writes, with interrupts off, so that a
 * record can be reserved, stamped and written as one step, and records stand
 * in the order of time. Nothing is written before mt_buffer_open() and after
 * mt_buffer_close() with a grace period behind it. No event stands in two
 * chunks.
 *
 * Reading while it is open: chunks have numbers that only grow. Whoever has
 * copied records of a chunk, and sees behind that that its number is still
 * among the last ones, has copied what was written (mt_buffer_copy()).
 *
 * Everything else: in process context, with the trace closed and the caller's
 * mutex held (mt_trace.c), unless a function says otherwise.
 */

#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>

#include "mt_event.h"

/*
 * Of a buffer that keeps the newest events: enough that little is lost with one, and the smallest buffer has room for
 * events of two slots in each. A buffer that does not has one chunk, number 0.
 */
#define MT_CHUNKS 16

struct mt_chunk {
	/* How many slots events take in it, once the next chunk is begun. */
	u32 used;
	/* How many events of this CPU there were before it. */
	u64 first_event;
};

struct mt_buffer {
	/* Where the next record goes; only the own CPU moves it while the buffer is open. */
	struct mt_record *next;
	/* Where writing into this chunk ends; NULL while the buffer is closed. */
	struct mt_record *end;
	struct mt_record *slot;
	/* The number of the chunk that is being filled: it is at number % MT_CHUNKS. */
	unsigned long number;
	/* Slots in all chunks before this one, events of two slots, and events for which there was no room. */
	u64 slots_before, doubles, lost;
	/* What mt_buffer_rewind() goes back to. */
	struct {
		struct mt_record *next;
		u64 doubles;
	} saved;
	struct mt_chunk chunk[MT_CHUNKS];
};

DECLARE_PER_CPU(struct mt_buffer, mt_buffer);

/*
 * To write a record on this CPU: take the place, see that there is room for
 * @slots slots at it, write, commit. Interrupts are off all the time.
 */
static __always_inline struct mt_record *mt_buffer_next(void)
{
	lockdep_assert_irqs_disabled();
	return this_cpu_read(mt_buffer.next);
}

/* There is none if the buffer is full, or closed. */
static __always_inline bool mt_buffer_has_room(const struct mt_record *next, u32 slots)
{
	return next + slots <= this_cpu_read(mt_buffer.end);
}

static __always_inline void mt_buffer_commit(struct mt_record *record, u32 slots)
{
	/* Pairs with smp_load_acquire() of whoever looks before the grace period. */
	smp_wmb();
	this_cpu_write(mt_buffer.next, record + slots);
	if (slots == 2)
		this_cpu_inc(mt_buffer.doubles);
}

/*
 * When there was no room for @slots slots: goes on with the next chunk. Return: false if the buffer is
 * full, or closed. Interrupts are off, on the buffer's CPU.
 */
bool mt_buffer_next_chunk(u32 slots);

/* Of this CPU. When there was no room even so: it is full. */
static __always_inline bool mt_buffer_is_open(void)
{
	return this_cpu_read(mt_buffer.end) != NULL;
}

/*
 * Sets the size of every buffer, @kb * 1024 bytes, and whether it keeps the
 * newest events; while there are none, as after mt_buffer_free(). Buffers are
 * allocated later.
 */
void mt_buffer_set_size(unsigned int kb);
unsigned int mt_buffer_kb(void);
void mt_buffer_set_overwrite(bool overwrite);
bool mt_buffer_overwrites(void);
void mt_buffer_free(void);

/*
 * Allocates buffers for the online CPUs that have none, each on its CPU's
 * node, and from then on for every CPU before it comes online, until
 * mt_buffer_stop_growing(). Takes cpus_read_lock(). Return: 0, or -ENOMEM; then
 * buffers of an empty trace have been freed, those of another are kept.
 */
int mt_buffer_prepare(void);
void mt_buffer_stop_growing(void);
/* Every online CPU has a buffer. Under cpus_read_lock(). */
bool mt_buffer_ready(void);

/*
 * For the hotplug callback, which runs before CPU @cpu does: its buffer, if
 * buffers are wanted at all. Return: 0 or -ENOMEM.
 */
int mt_buffer_prepare_cpu(unsigned int cpu);

/* Lets CPU @cpu write, if it has a buffer. From the CPU itself or before it is online. */
void mt_buffer_open(unsigned int cpu);
/* Ends writing on all CPUs. Any context. Writers may be under way still. */
void mt_buffer_close(void);

bool mt_buffer_empty(void);
/* Some buffer, of those that do not keep the newest events, has no room for another event of the largest kind. */
bool mt_buffer_any_full(void);
void mt_buffer_reset(void);
/* Remembers what is in the buffers, and drops all that came since, but for buffers that keep the newest events. */
void mt_buffer_save_position(void);
void mt_buffer_rewind(void);

/* ---- reading, also while it is open; memory must not go away meanwhile ---- */

/*
 * A place in the buffer of a CPU, in front of its event number `event`. All zero: before everything since the last
 * reset.
 */
struct mt_place {
	unsigned long number;
	u32 slot;
	u64 event;
};

/*
 * Copies up to @most slots from @place of CPU @cpu on to @to, whole events,
 * and moves @place behind them. What was overwritten before it could be copied
 * is passed over; *@lost grows by so many events. Return: how many slots were
 * copied; 0 when there are no more now.
 */
u32 mt_buffer_copy(unsigned int cpu, struct mt_place *place, struct mt_record *to, u32 most, u64 *lost);

/*
 * Of a buffer at rest: the next piece of events behind @place, which moves behind it, up to *@end. *@lost grows by the
 * events that were overwritten before it. Return: where the piece begins; NULL: there is none.
 */
const struct mt_record *mt_buffer_piece(unsigned int cpu, struct mt_place *place, const struct mt_record **end,
					u64 *lost);

/* Room for all that can be copied from the buffer of CPU @cpu, for kvfree(). Return: NULL if memory is short. */
struct mt_record *mt_buffer_alloc(unsigned int cpu);
/* So many slots. */
u32 mt_buffer_slots(void);

struct mt_buffer_stats {
	/* All since the last reset; those of them that are gone; those for which there was no room. */
	u64 events, overwritten, lost;
	/* That events take in the buffer now. */
	u64 bytes;
};
struct mt_buffer_stats mt_buffer_stats(unsigned int cpu);

#endif /* MT_BUFFER_H */
