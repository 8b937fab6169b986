/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MIGRATE_TRACE_LITE_H
#define _LINUX_MIGRATE_TRACE_LITE_H

/*
 * Light weight migration trace: control from within the kernel.
 *
 * Both functions are exported to GPL modules by migrate_trace_lite, built with
 * CONFIG_SNSC_LITE_MIGRATION_TRACE. What they record is read from the debugfs
 * file migration_trace/trace.
 */

/**
 * mt_trace_enable() - start or stop the trace
 * @enable:        1 starts, 0 stops
 * @allow_restart: nonzero continues a trace that is not empty; programs that
 *                 analyse the trace assume that it has no gap
 *
 * May sleep. Stopping waits until no event is being recorded any more; to stop
 * a trace that is off is no error. With @allow_restart a start that finds the
 * trace running is none either.
 *
 * Return: 0;
 * -EINVAL: @enable is neither 0 nor 1;
 * -EPERM:  the trace is not empty (or running) and @allow_restart is 0, or a
 *          buffer is full, so that there is nothing to continue;
 * -EBUSY:  somebody has the file `trace` open;
 * -ENOMEM: not enough memory, nothing has changed.
 */
int mt_trace_enable(int enable, int allow_restart);

/**
 * mt_trace_mark() - add a mark to the trace
 * @mark: any value; it is recorded with the time, the CPU and the current task
 *
 * Any context but NMI. Does nothing while the trace is off.
 */
void mt_trace_mark(unsigned long mark);

#endif /* _LINUX_MIGRATE_TRACE_LITE_H */
