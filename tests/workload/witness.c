/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares a trace, started once, with what the module mt_witness has seen.
 * Between the start of a CPU and the stop the trace must hold exactly what the
 * witness saw on that CPU, in the same order. A CPU without a start came online
 * later; all of its events belong to the trace. When it was stopped the trace
 * does not say, but an event of any CPU shows that it had not been until then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"Usage: witness TRACE [EVENTS]    EVENTS: default /sys/kernel/debug/mt_witness/events\n"
"Prints `complete N` for a trace of N migrations; or what is wrong, with status 1.\n";

/* All in nanoseconds. How far the times of one event may lie apart by the clocks alone. */
#define CLOCKS 20000
/* The same, and how far apart CPUs may stop: a CPU of a VM may not run for that long. */
#define NOT_RUNNING 200000000ull

#define CAUSES 64

struct event {
	uint64_t what, when;
};

struct events {
	struct event *event;
	size_t count, room;
	uint64_t last, start;
	bool started;
};

static struct events *traced;
static size_t cpus;
static bool cause_known[CAUSES];
/* The first start, and the latest event of all. */
static uint64_t trace_start = UINT64_MAX, trace_end;

static void die(const char *what, const char *why)
{
	printf("witness: %s: %s\n", what, why);
	exit(1);
}

static struct events *of_cpu(size_t cpu)
{
	if (cpu > 65535)
		die("trace", "a CPU that cannot be");
	if (cpu >= cpus) {
		traced = realloc(traced, (cpu + 1) * sizeof(*traced));
		if (!traced)
			die("memory", "none");
		memset(traced + cpus, 0, (cpu + 1 - cpus) * sizeof(*traced));
		cpus = cpu + 1;
	}
	return &traced[cpu];
}

static void add(struct events *of, uint64_t what, uint64_t when)
{
	if (of->count == of->room) {
		of->room = of->room ? 2 * of->room : 4096;
		of->event = realloc(of->event, of->room * sizeof(*of->event));
		if (!of->event)
			die("memory", "none");
	}
	of->event[of->count++] = (struct event){ what, when };
}

static void read_header(const char *line)
{
	unsigned int cause;

	if (sscanf(line, "# cause %u", &cause) == 1 && cause < CAUSES)
		cause_known[cause] = true;
}

/* Return: whether it is a migration. */
static bool read_event(const char *line)
{
	uint64_t time, from, to, pid;
	unsigned int cause;
	struct events *of;
	size_t cpu;
	char end;
	int fields;

	fields = sscanf(line, "0x%" SCNx64 " %zu %" SCNu64 " %" SCNu64 " %" SCNu64 " %u%c",
			&time, &cpu, &from, &to, &pid, &cause, &end);
	if (fields < 2)
		die("no event of a trace", line);
	of = of_cpu(cpu);
	if (time < of->last)
		die("out of order", line);
	of->last = time;
	if (time > trace_end)
		trace_end = time;
	if (strstr(line, " start_sched_clock ") && !of->started) {
		if (of->count)
			die("events before the start of their CPU", line);
		of->started = true;
		of->start = time;
		if (time < trace_start)
			trace_start = time;
	}
	if (fields == 2)
		return false;
	if (fields != 7 || end != '\n')
		die("no event of a trace", line);
	if (cause >= CAUSES || !cause_known[cause])
		die("no cause of a migration", line);
	add(of, from << 48 | to << 32 | pid, time);
	return true;
}

static size_t read_trace(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t total = 0;
	char line[512];

	if (!file)
		die(path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			read_header(line);
		else
			total += read_event(line);
	}
	fclose(file);
	return total;
}

/* The first that was seen at @when or later. */
static size_t first_at(const struct event *seen, size_t count, uint64_t when)
{
	size_t i = 0;

	while (i < count && seen[i].when < when)
		i++;
	return i;
}

/* For how many events the trace agrees with what was seen. */
static size_t agree(const struct events *of, const struct event *seen, size_t count)
{
	size_t n;

	for (n = 0; n < of->count && n < count && of->event[n].what == seen[n].what &&
	     llabs((long long)(of->event[n].when - seen[n].when)) < (long long)NOT_RUNNING; n++)
		;
	return n;
}

/* Return: what is wrong with a CPU, or NULL. */
static const char *compare_cpu(const struct events *of, const struct event *seen, size_t count, size_t *agreed)
{
	/* Around the start the clocks cannot tell whether an event lies before or behind it. */
	size_t first = first_at(seen, count, of->start > CLOCKS ? of->start - CLOCKS : 0);
	size_t last = first_at(seen, count, of->start + CLOCKS);
	size_t needed = first_at(seen, count, trace_end > NOT_RUNNING ? trace_end - NOT_RUNNING : 0);

	for (*agreed = 0; first <= last; first++) {
		size_t n = agree(of, seen + first, count - first);

		if (n == of->count && first + n >= needed)
			return NULL;
		if (n >= *agreed)
			*agreed = n;
	}
	if (!of->count)
		return "it is not in the trace";
	return *agreed == of->count ? "events are missing at the end" : "it is not what was seen";
}

static int compare(const char *path)
{
	FILE *file = fopen(path, "r");
	uint64_t head[3];
	int bad = 0;

	if (!file)
		die(path, strerror(errno));
	while (fread(head, sizeof(head), 1, file) == 1) {
		struct events *of = of_cpu(head[0]);
		struct event *seen = malloc(head[1] * sizeof(*seen) + 1);
		const char *wrong;
		size_t agreed;

		if (!seen || fread(seen, sizeof(*seen), head[1], file) != head[1])
			die(path, "ends early");
		if (head[2])
			die("the witness", "had no room for all, give it more");
		if (!of->started)
			of->start = trace_start;
		wrong = compare_cpu(of, seen, head[1], &agreed);
		if (wrong) {
			printf("CPU %zu: %s: %zu events traced, %zu seen from the start on, the same for %zu\n", (size_t)head[0],
			       wrong, of->count, (size_t)head[1] - first_at(seen, head[1], of->start), agreed);
			bad = 1;
		}
		of->count = 0;
		free(seen);
	}
	fclose(file);
	for (size_t cpu = 0; cpu < cpus; cpu++)
		if (traced[cpu].count) {
			printf("CPU %zu: the witness does not know it\n", cpu);
			bad = 1;
		}
	return bad;
}

int main(int argc, char **argv)
{
	size_t total;
	int bad;

	if (argc < 2 || argc > 3 || argv[1][0] == '-') {
		fputs(help, stderr);
		return 2;
	}
	total = read_trace(argv[1]);
	/* Nothing was started. */
	if (trace_start == UINT64_MAX && !total) {
		printf("complete 0\n");
		return 0;
	}
	bad = compare(argc > 2 ? argv[2] : "/sys/kernel/debug/mt_witness/events");
	if (!bad)
		printf("complete %zu\n", total);
	return bad;
}
