/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares a trace with what the module mt_witness has seen. A trace begins
 * and ends on each CPU at some moment; in between it must hold exactly the
 * events that the witness saw on that CPU, in the same order.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
"Usage: witness TRACE [EVENTS]    EVENTS: default /sys/kernel/debug/mt_witness/events\n"
"Prints `complete N` for a trace of N migrations; or what is wrong, with status 1.\n";

struct events {
	uint64_t *event, last_time;
	size_t count, room;
};

static struct events *traced;
static size_t cpus;

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

static void add(struct events *of, uint64_t event)
{
	if (of->count == of->room) {
		of->room = of->room ? 2 * of->room : 4096;
		of->event = realloc(of->event, of->room * sizeof(*of->event));
		if (!of->event)
			die("memory", "none");
	}
	of->event[of->count++] = event;
}

static size_t read_trace(const char *path)
{
	FILE *file = fopen(path, "r");
	uint64_t time, from, to, pid;
	unsigned int cause;
	size_t cpu, total = 0;
	char line[512], end;
	int fields;

	if (!file)
		die(path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		fields = sscanf(line, "0x%" SCNx64 " %zu %" SCNu64 " %" SCNu64 " %" SCNu64 " %u%c",
				&time, &cpu, &from, &to, &pid, &cause, &end);
		if (fields < 2)
			die("no event of a trace", line);
		if (time < of_cpu(cpu)->last_time)
			die("out of order", line);
		of_cpu(cpu)->last_time = time;
		if (fields == 2)
			continue;
		if (fields != 7 || end != '\n')
			die("no event of a trace", line);
		add(of_cpu(cpu), from << 48 | to << 32 | pid);
		total++;
	}
	fclose(file);
	return total;
}

/* Where the traced events stand among those that were seen. */
static const char *find(const struct events *of, const uint64_t *seen, size_t count)
{
	size_t size = of->count * sizeof(*seen);
	const char *at = (const char *)seen, *end = at + count * sizeof(*seen);

	while ((at = memmem(at, end - at, of->event, size)) && (at - (const char *)seen) % sizeof(*seen))
		at++;
	return at;
}

/* How far they agree, when they do not to the end. */
static void explain(size_t cpu, const struct events *of, const uint64_t *seen, size_t count)
{
	size_t i, n, best = 0, where = 0;

	for (i = 0; i < count; i++) {
		for (n = 0; n < of->count && i + n < count && of->event[n] == seen[i + n]; n++)
			;
		if (n > best) {
			best = n;
			where = i;
		}
	}
	printf("CPU %zu: %zu events traced, %zu seen, the same for %zu from %zu on;", cpu, of->count, count, best, where);
	if (best < of->count)
		printf(" then traced %016" PRIx64, of->event[best]);
	if (where + best < count)
		printf(" seen %016" PRIx64, seen[where + best]);
	printf("\n");
}

static int compare(const char *path)
{
	FILE *file = fopen(path, "r");
	uint64_t head[3], *seen;
	int bad = 0;

	if (!file)
		die(path, strerror(errno));
	while (fread(head, sizeof(head), 1, file) == 1) {
		struct events *of = of_cpu(head[0]);

		seen = malloc(head[1] * sizeof(*seen) + 1);
		if (!seen || fread(seen, sizeof(*seen), head[1], file) != head[1])
			die(path, "ends early");
		if (head[2])
			die("the witness", "had no room for all, give it more");
		if (of->count && !find(of, seen, head[1])) {
			explain(head[0], of, seen, head[1]);
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
	bad = compare(argc > 2 ? argv[2] : "/sys/kernel/debug/mt_witness/events");
	if (!bad)
		printf("complete %zu\n", total);
	return bad;
}
