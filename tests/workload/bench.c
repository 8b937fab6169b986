/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bench-kernel runs in a guest that counts instructions: prints how many
 * something took, and attaches BPF programs as peers of the module.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

static const char help[] =
"Usage: bench read FILE [SIZE]       instructions to read all of FILE, SIZE bytes at a time, and its bytes\n"
"       bench switch ROUNDS          instructions per round of two processes that wake each other\n"
"       bench bpf count|ring PID COMMAND...\n"
"                                    runs COMMAND while a BPF program is attached to sched_migrate_task, one that\n"
"                                    counts or one that writes records of 24 bytes; PID is the offset of the pid in\n"
"                                    a task\n";

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int read_file(const char *path, size_t size)
{
	char *buffer = malloc(size);
	unsigned long long begin, total = 0;
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0 || !buffer)
		die(path);
	/* The pages of the buffer. */
	memset(buffer, 1, size);
	begin = __rdtsc();
	while ((n = read(fd, buffer, size)) > 0)
		total += n;
	if (n < 0)
		die(path);
	printf("%llu %llu\n", (unsigned long long)__rdtsc() - begin, total);
	return 0;
}

static void pass_on(int from, int to, int rounds)
{
	char byte;

	while (rounds--)
		if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1)
			die("pipe");
}

static int compare(const void *a, const void *b)
{
	unsigned long long x = *(unsigned long long *)a, y = *(unsigned long long *)b;

	return x < y ? -1 : x > y;
}

/* The median: a round in which the timer's interrupt comes takes more. */
static int switches(int rounds)
{
	unsigned long long *took = malloc(rounds * sizeof(*took)), begin;
	int there[2], back[2], i;
	char byte = 0;
	pid_t child;

	if (rounds < 1 || !took || pipe(there) || pipe(back))
		die("pipe");
	child = fork();
	if (!child) {
		pass_on(there[0], back[1], rounds + 1);
		_exit(0);
	}
	if (write(there[1], &byte, 1) != 1)
		die("pipe");
	for (i = 0; i < rounds; i++) {
		begin = __rdtsc();
		pass_on(back[0], there[1], 1);
		took[i] = __rdtsc() - begin;
	}
	kill(child, 9);
	waitpid(child, NULL, 0);
	qsort(took, rounds, sizeof(*took), compare);
	printf("%llu\n", took[rounds / 2]);
	return 0;
}

/* ---- BPF ---- */

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int make_map(enum bpf_map_type type, int key, int value, int entries)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value, .max_entries = entries };
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		die("BPF map");
	return fd;
}

#define INSN(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, s, o, size) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define STORE_IMM(d, o, i, size) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define MAP(d, fd) INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define JUMP_IF_0(s, o) INSN(BPF_JMP | BPF_JEQ | BPF_K, s, 0, o, 0)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static void attach(struct bpf_insn *code, size_t count)
{
	static char log[65536];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (unsigned long)code,
		.insn_cnt = count,
		.license = (unsigned long)"GPL",
		.log_buf = (unsigned long)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int program = bpf(BPF_PROG_LOAD, &attr);

	if (program < 0) {
		fputs(log, stderr);
		die("BPF program");
	}
	attr = (union bpf_attr){ .raw_tracepoint = { .name = (unsigned long)"sched_migrate_task", .prog_fd = program } };
	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0)
		die("BPF program at sched_migrate_task");
}

/* A counter for each CPU. */
static void attach_count(void)
{
	int map = make_map(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	struct bpf_insn code[] = {
		STORE_IMM(10, -4, 0, BPF_W),
		MOV(2, 10), ADD_IMM(2, -4), MAP(1, map), CALL(BPF_FUNC_map_lookup_elem),
		JUMP_IF_0(0, 3),
		LOAD(1, 0, 0), ADD_IMM(1, 1), STORE(0, 1, 0, BPF_DW),
		MOV_IMM(0, 0), EXIT(),
	};

	attach(code, sizeof(code) / sizeof(code[0]));
}

/* Time, pid and destination; the source is the CPU that writes the record, mostly. */
static void attach_ring(int pid)
{
	int map = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, 4 << 20);
	struct bpf_insn code[] = {
		MOV(6, 1),
		MAP(1, map), MOV_IMM(2, 24), MOV_IMM(3, 0), CALL(BPF_FUNC_ringbuf_reserve),
		JUMP_IF_0(0, 14),
		MOV(7, 0),
		CALL(BPF_FUNC_ktime_get_ns), STORE(7, 0, 0, BPF_DW),
		MOV(1, 7), ADD_IMM(1, 8), MOV_IMM(2, 4), LOAD(3, 6, 0), ADD_IMM(3, pid),
		CALL(BPF_FUNC_probe_read_kernel),
		LOAD(1, 6, 8), STORE(7, 1, 16, BPF_DW),
		MOV(1, 7), MOV_IMM(2, 0), CALL(BPF_FUNC_ringbuf_submit),
		MOV_IMM(0, 0), EXIT(),
	};

	attach(code, sizeof(code) / sizeof(code[0]));
}

static int with_bpf(char **argv)
{
	pid_t child;
	int status;

	if (!strcmp(argv[0], "count"))
		attach_count();
	else
		attach_ring(atoi(argv[1]));
	child = fork();
	if (!child) {
		execvp(argv[2], argv + 2);
		die(argv[2]);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "read"))
		return read_file(argv[2], argc > 3 ? atoi(argv[3]) : 65536);
	if (argc == 3 && !strcmp(argv[1], "switch"))
		return switches(atoi(argv[2]));
	if (argc >= 5 && !strcmp(argv[1], "bpf"))
		return with_bpf(argv + 2);
	fputs(help, stderr);
	return 2;
}
