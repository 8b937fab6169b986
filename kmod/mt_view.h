/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_VIEW_H
#define MT_VIEW_H

/*
 * The file `trace`: all that the buffers hold, CPU after CPU. While the trace
 * is off it walks over data at rest. While a trace runs that keeps the newest
 * events it shows a copy, made when the file was opened.
 */

#include <linux/fs.h>

struct mt_view;

/* Under mt_trace_mutex. @copy: the trace runs. Return: an ERR_PTR() when there is no memory. */
struct mt_view *mt_view_open(bool copy);
void mt_view_close(struct mt_view *view);
/* As file_operations.read. */
ssize_t mt_view_read(struct mt_view *view, char __user *buf, size_t count, loff_t *pos);

#endif /* MT_VIEW_H */
