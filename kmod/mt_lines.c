// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include "mt_lines.h"
#include "mt_text.h"
#include "mt_topology.h"

static const char * const mt_header[] = { "version 1.2.0", "nr_cpus ", "ts_field 1" };

enum {
	HEADER_NAMES = ARRAY_SIZE(mt_header),
	HEADER_CPUS = HEADER_NAMES + MT_NR_CAUSES + MT_NR_LOCS,
};

static size_t cpu_line(u32 cpu, char *line)
{
	struct mt_topology at = mt_topology_of(cpu);
	char *to = line;

	to = mt_put_string(to, "# cpu ");
	to = mt_put_decimal(to, cpu);
	to = mt_put_string(to, " core ");
	to = mt_put_signed(to, at.core);
	to = mt_put_string(to, " llc ");
	to = mt_put_signed(to, at.llc);
	to = mt_put_string(to, " node ");
	to = mt_put_signed(to, at.node);
	to = mt_put_string(to, " capacity ");
	to = mt_put_signed(to, at.capacity);
	*to++ = '\n';
	return to - line;
}

static size_t name_line(u32 index, char *line)
{
	const struct mt_event_name *name;
	char *to = line;

	to = mt_put_string(to, "# ");
	if (index < HEADER_NAMES) {
		to = mt_put_string(to, mt_header[index]);
		if (index == 1)
			to = mt_put_decimal(to, num_possible_cpus());
	} else {
		index -= HEADER_NAMES;
		to = mt_put_string(to, index < MT_NR_CAUSES ? "cause " : "loc ");
		name = index < MT_NR_CAUSES ? &mt_cause_names[index] : &mt_loc_names[index - MT_NR_CAUSES];
		to = mt_put_decimal(to, name->number);
		*to++ = ' ';
		to = mt_put_string(to, name->name);
	}
	*to++ = '\n';
	return to - line;
}

/* A name may hold any byte; those that would break the line or a terminal show as '?'. */
static char *put_comm(char *to, const char *comm)
{
	int i;

	for (i = 0; i < TASK_COMM_LEN && comm[i]; i++) {
		unsigned char c = comm[i];

		*to++ = c < 0x20 || c == 0x7f ? '?' : c;
	}
	return to;
}

static char *put_pid_and_event(char *to, const struct mt_record *record)
{
	to = mt_put_decimal(to, mt_record_pid(record));
	*to++ = ' ';
	return mt_put_decimal(to, mt_record_event(record));
}

size_t mt_event_line(u32 cpu, u64 time, const struct mt_record *record, char *line)
{
	const struct mt_record *payload = record + 1;
	char *to = line;

	*to++ = '0';
	*to++ = 'x';
	to = mt_put_hex64(to, time);
	*to++ = ' ';
	to = mt_put_decimal(to, cpu);
	*to++ = ' ';
	switch (mt_record_event(record)) {
	case MT_EVENT_start_sched_clock:
		to = mt_put_string(to, ". . . start_sched_clock ");
		to = mt_put_decimal(to, payload->sec);
		*to++ = ' ';
		to = mt_put_decimal(to, payload->usec);
		break;
	case MT_EVENT_copy_process:
	case MT_EVENT_set_task_comm:
	case MT_EVENT_task_list:
		to = mt_put_string(to, ". . ");
		to = put_pid_and_event(to, record);
		to = mt_put_string(to, " : ");
		to = put_comm(to, payload->comm);
		break;
	case MT_EVENT_mark:
		to = mt_put_string(to, ". . ");
		to = put_pid_and_event(to, record);
		to = mt_put_string(to, " 0x");
		to = mt_put_hex(to, payload->mark, 8);
		break;
	default:
		to = mt_put_decimal(to, mt_record_from(record));
		*to++ = ' ';
		to = mt_put_decimal(to, mt_record_to(record));
		*to++ = ' ';
		to = put_pid_and_event(to, record);
		break;
	}
	*to++ = '\n';
	return to - line;
}

size_t mt_start_line(u32 cpu, u64 time, const struct mt_start *start, char *line)
{
	u64 usec = start->usec + (time - min(time, start->ns)) / NSEC_PER_USEC;
	struct mt_record record[2] = {
		{ .ts = 0, .word = mt_record_word(MT_EVENT_start_sched_clock, 0, 0, 0) },
		{ .sec = start->sec + usec / USEC_PER_SEC, .usec = usec % USEC_PER_SEC },
	};

	return mt_event_line(cpu, time, record, line);
}

size_t mt_header_line(u32 *index, char *line)
{
	if (*index < HEADER_CPUS)
		return name_line((*index)++, line);
	while (*index < HEADER_CPUS + nr_cpu_ids) {
		u32 cpu = (*index)++ - HEADER_CPUS;

		if (cpu_possible(cpu))
			return cpu_line(cpu, line);
	}
	return 0;
}

size_t mt_lost_line(u32 cpu, u64 lost, char *line)
{
	char *to = line;

	to = mt_put_string(to, "# lost ");
	to = mt_put_decimal(to, cpu);
	*to++ = ' ';
	to = mt_put_decimal(to, lost);
	*to++ = '\n';
	return to - line;
}
