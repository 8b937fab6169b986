/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_LINES_H
#define MT_LINES_H

/*
 * The lines of a trace as text (docs/format.md). Each function writes one at @line, MT_LINE_MAX bytes at most, and
 * returns its length.
 */

#include <linux/types.h>

#include "mt_event.h"

/* The header, line after line: *@index is 0 at first. Return: 0 behind the last. */
size_t mt_header_line(u32 *index, char *line);

/* An event that CPU @cpu recorded at sched_clock() @time; @record is followed by its payload, if it has one. */
size_t mt_event_line(u32 cpu, u64 time, const struct mt_record *record, char *line);

/* Both clocks at the first start of a trace: sched_clock(), and the time of day. */
struct mt_start {
	u64 ns;
	s64 sec;
	u64 usec;
};

/* In place of a start that was overwritten: at sched_clock() @time, with the time of day of that moment. */
size_t mt_start_line(u32 cpu, u64 time, const struct mt_start *start, char *line);

/* That @lost events of CPU @cpu are missing here. */
size_t mt_lost_line(u32 cpu, u64 lost, char *line);

#endif /* MT_LINES_H */
