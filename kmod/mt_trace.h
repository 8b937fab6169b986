/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_TRACE_H
#define MT_TRACE_H

/* The trace: every migration with its cause, in debugfs migration_trace/. */

#include <linux/kconfig.h>

#include "mt_clock.h"
#include "mt_event.h"

#if IS_ENABLED(CONFIG_SNSC_LITE_MIGRATION_TRACE)

#include "mt_buffer.h"

/* @buf_kb: size of each CPU's buffer in KiB. Return: 0 or a negative error after a message. */
int mt_trace_init(unsigned int buf_kb);
/* Stops the trace. */
void mt_trace_exit(void);

/* When there is no room for an event: stops the trace if it is on. Interrupts are off. */
void mt_trace_no_room(void);

/* Writes the record @word at @record, where there is room, stamped by sched_clock(). Interrupts are off. */
void mt_trace_by_sched_clock(struct mt_record *record, u64 word);

/*
 * Records a migration if the trace is on. Interrupts are off. Whatever this
 * calls it calls as the last thing that it does, so that no register has to be
 * saved.
 */
static __always_inline void mt_trace_migration(pid_t pid, u32 from, u32 to, enum mt_event cause)
{
	struct mt_record *record = mt_buffer_next();
	u64 word;

	if (unlikely(!mt_buffer_has_room(record, 1))) {
		mt_trace_no_room();
		return;
	}
	word = mt_record_word(cause, from, to, pid);
	if (!mt_clock_is_cycles()) {
		mt_trace_by_sched_clock(record, word);
		return;
	}
	record->ts = mt_cycles();
	record->word = word;
	mt_buffer_commit(record, 1);
}

/* Records an event with a name if the trace is on. Any context. */
void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm);

#else

static inline int mt_trace_init(unsigned int buf_kb) { return 0; }
static inline void mt_trace_exit(void) { }
static inline void mt_trace_migration(pid_t pid, u32 from, u32 to, enum mt_event cause) { }
static inline void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm) { }

#endif

#endif /* MT_TRACE_H */
