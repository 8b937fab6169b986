/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_PIPE_H
#define MT_PIPE_H

/*
 * The file `trace_pipe`: events as they come, in the order of time over all
 * CPUs. Each open file is a stream of its own, from the oldest event that there
 * is when it is opened.
 */

#include <linux/fs.h>

extern const struct file_operations mt_pipe_fops;

void mt_pipe_init(void);
/* When no file is open any more. */
void mt_pipe_exit(void);

/* Under mt_trace_mutex: the trace is about to start; it runs; it has stopped, and no event is under way. */
void mt_pipe_prepare(void);
void mt_pipe_start(void);
void mt_pipe_stop(void);

#endif /* MT_PIPE_H */
