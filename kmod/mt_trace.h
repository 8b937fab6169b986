/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_TRACE_H
#define MT_TRACE_H

/* The trace: every migration with its cause, in debugfs migration_trace/. */

#include <linux/kconfig.h>

#include "mt_event.h"

#if IS_ENABLED(CONFIG_SNSC_LITE_MIGRATION_TRACE)

/* @buf_kb: size of each CPU's buffer in KiB. Return: 0 or a negative error after a message. */
int mt_trace_init(unsigned int buf_kb);
/* Stops the trace. */
void mt_trace_exit(void);

/* Record an event if the trace is on. Interrupts are off in the first, anyhow in the second. */
void mt_trace_migration(pid_t pid, u32 from, u32 to, enum mt_event cause);
void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm);

#else

static inline int mt_trace_init(unsigned int buf_kb) { return 0; }
static inline void mt_trace_exit(void) { }
static inline void mt_trace_migration(pid_t pid, u32 from, u32 to, enum mt_event cause) { }
static inline void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm) { }

#endif

#endif /* MT_TRACE_H */
