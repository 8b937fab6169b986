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

/*
 * Records a migration if the trace is on. Interrupts are off. @clock is mt_clock(), or what the
 * caller knows that to be.
 */
static __always_inline void mt_trace_migration(pid_t pid, u32 from, u32 to, enum mt_event cause,
					       u64 (*clock)(void))
{
	struct mt_record *record = mt_buffer_next();

	if (unlikely(!mt_buffer_has_room(record, 1))) {
		mt_trace_no_room();
		return;
	}
	record->ts = clock();
	record->word = mt_record_word(cause, from, to, pid);
	mt_buffer_commit(record, 1);
}

/* Records an event with a name if the trace is on. Any context. */
void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm);

#else

static inline int mt_trace_init(unsigned int buf_kb) { return 0; }
static inline void mt_trace_exit(void) { }
static inline void mt_trace_migration(pid_t pid, u32 from, u32 to, enum mt_event cause,
				      u64 (*clock)(void)) { }
static inline void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm) { }

#endif

#endif /* MT_TRACE_H */
