/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_BUFFER_H
#define MT_BUFFER_H

/*
 * The buffers of the trace: one for each CPU, filled from its start to its end
 * and then full.
 *
 * Writing: only the buffer's own CPU writes, with interrupts off, so that a
 * record can be reserved, stamped and written as one step, and records stand
 * in the order of time. Nothing is written before mt_buffer_open() and after
 * mt_buffer_close() with a grace period behind it.
 *
 * Everything else: in process context, with the trace closed and the caller's
 * mutex held (mt_trace.c), unless a function says otherwise.
 */

#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>

#include "mt_event.h"

struct mt_buffer {
	/* Where the next record goes; only the own CPU moves it while the buffer is open. */
	struct mt_record *next;
	/* Where writing ends; NULL while the buffer is closed. */
	struct mt_record *end;
	struct mt_record *slot;
	/* What mt_buffer_rewind() goes back to. */
	struct mt_record *saved;
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
}

/* When there was no room: it was because this CPU's buffer is full. */
static inline bool mt_buffer_is_full(void)
{
	return this_cpu_read(mt_buffer.end) != NULL;
}

/*
 * Sets the size of every buffer, once at load: @kb * 1024 bytes. Buffers are
 * allocated later.
 */
void mt_buffer_init(unsigned int kb);
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
/* Some buffer has no room for another event of the largest kind. */
bool mt_buffer_any_full(void);
void mt_buffer_reset(void);
/* Remembers what is in the buffers, and drops all that came since. */
void mt_buffer_save_position(void);
void mt_buffer_rewind(void);

/* The record in slot @slot of CPU @cpu, or NULL behind the last. */
static inline const struct mt_record *mt_buffer_at(unsigned int cpu, u32 slot)
{
	const struct mt_buffer *buffer = per_cpu_ptr(&mt_buffer, cpu);
	const struct mt_record *record = buffer->slot + slot;

	return record < buffer->next ? record : NULL;
}

#endif /* MT_BUFFER_H */
