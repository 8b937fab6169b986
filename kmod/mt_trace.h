/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_TRACE_H
#define MT_TRACE_H

/* The trace: every migration with its cause, in debugfs migration_trace/. */

#include <linux/kconfig.h>

#include "mt_clock.h"
#include "mt_event.h"

#if IS_ENABLED(CONFIG_SNSC_LITE_MIGRATION_TRACE)

#include "mt_buffer.h"

/* The largest buffer of a CPU, in KiB. */
#define MT_TRACE_BUF_KB_MAX 1048576

/*
 * @buf_kb: size of each CPU's buffer in KiB; @overwrite: whether these keep the newest events, or the trace stops when
 * one is full. Return: 0 or a negative error after a message.
 */
int mt_trace_init(unsigned int buf_kb, bool overwrite);
/* Stops the trace. */
void mt_trace_exit(void);

/*
 * For a migration for which there is no room in this chunk of the buffer, which is open, or whose time comes from
 * sched_clock(). Interrupts are off.
 */
void mt_trace_record(u64 word);

/* For a migration while there are filters or a trigger (mt_rules.h). Interrupts are off. */
void mt_trace_by_rules(pid_t pid, u32 from, u32 to, enum mt_event cause);
/* Whether there are. */
DECLARE_STATIC_KEY_FALSE(mt_trace_ruled);

#ifdef MT_HAVE_CYCLES
DECLARE_STATIC_KEY_FALSE(mt_trace_plain);
#endif

/* Whether neither is so, at the cost of nothing. */
static __always_inline bool mt_trace_is_plain(void)
{
#ifdef MT_HAVE_CYCLES
	return static_branch_likely(&mt_trace_plain);
#else
	return false;
#endif
}

/*
 * Records a migration if the trace is on. Interrupts are off. Whatever this
 * calls it calls as the last thing that it does, so that no register has to be
 * saved.
 */
static __always_inline void mt_trace_migration(pid_t pid, u32 from, u32 to, enum mt_event cause)
{
	struct mt_record *record;

	if (!mt_trace_is_plain()) {
		if (static_branch_unlikely(&mt_trace_ruled))
			mt_trace_by_rules(pid, from, to, cause);
		else if (mt_buffer_is_open())
			mt_trace_record(mt_record_word(cause, from, to, pid));
		return;
	}
	record = mt_buffer_next();
	if (unlikely(!mt_buffer_has_room(record, 1))) {
		if (mt_buffer_is_open())
			mt_trace_record(mt_record_word(cause, from, to, pid));
		return;
	}
	record->ts = mt_cycles();
	record->word = mt_record_word(cause, from, to, pid);
	mt_buffer_commit(record, 1);
}

/* Records an event with a name if the trace is on. Any context. */
void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm);

/* A task that current has made, before it runs, with interrupts off; one that has executed a program, and had the pid @old; one that is about to end. */
void mt_trace_new_task(const struct task_struct *p);
void mt_trace_exec(const struct task_struct *p, pid_t old);
void mt_trace_exit_task(const struct task_struct *p);

#else

static inline int mt_trace_init(unsigned int buf_kb, bool overwrite) { return 0; }
static inline void mt_trace_exit(void) { }
static inline void mt_trace_migration(pid_t pid, u32 from, u32 to, enum mt_event cause) { }
static inline void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm) { }
static inline void mt_trace_new_task(const struct task_struct *p) { }
static inline void mt_trace_exec(const struct task_struct *p, pid_t old) { }
static inline void mt_trace_exit_task(const struct task_struct *p) { }

#endif

#endif /* MT_TRACE_H */
