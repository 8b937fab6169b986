/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes tasks move between CPUs, in ways that are known beforehand (walk),
 * that the kernel counts (counted), as fast as possible (storm), or as a
 * working system does (mixed). The demo traces it, and the kernel tests
 * compare what the trace says with what happened. Build with -static: it runs
 * in small virtual machines.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"Usage: workload MODE [NUMBER...]\n"
	"\n"
	"  walk N          pin this process to one online CPU after the other, N times;\n"
	"                  print its pid and each move as `FROM TO`\n"
	"  on CPU COMMAND  COMMAND, pinned to that CPU\n"
	"  thread 0 COMMAND\n"
	"                  COMMAND, executed by a thread that is not the first of its process\n"
	"  push N          the same to a child that runs all the time, both real-time, so that\n"
	"                  nothing else has a reason to move the child\n"
	"  counted N       N rounds of forks, pipes and affinity in 8 processes; then, with all\n"
	"                  asleep, print `PID MIGRATIONS` of each as the kernel has counted them,\n"
	"                  and end after another second\n"
	"  storm S [T]     T threads (default 3 per CPU) change their CPU as fast as they can, and a\n"
	"                  pair per CPU forks and wakes each other up, for S seconds\n"
	"  threads N       N threads that sleep; prints `ready`, ends with standard input\n"
	"  mixed S         for S seconds: shells that fork, pipelines, real-time threads, CPU hogs,\n"
	"                  a task that changes its affinity\n"
	"  exec N          exec() itself N times while hogs keep all CPUs busy\n"
	"  active N        N times, let a hog share its CPU with hogs that may not leave it while\n"
	"                  the other CPUs are idle, so that only active balance can help\n"
	"  fifo S [N]      N SCHED_FIFO threads (default 2 more than CPUs) of several priorities\n"
	"  deadline S [N]  N SCHED_DEADLINE threads (default 2 more than CPUs)\n"
	"  throttled N     N times, take a CPU offline while a SCHED_DEADLINE task of this CPU has\n"
	"                  used up its time and waits for the next period\n"
	"  numa S          processes whose memory is on the other node: alone, and as many as CPUs\n";

static void die(const char *format, ...)
{
	va_list args;
	int error = errno;

	fprintf(stderr, "workload: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static void burn_ms(long ms)
{
	double end = now() + ms / 1e3;

	while (now() < end)
		;
}

/* CPUs that this process may use, in order. */
static int cpu_list(int *cpus, int max)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		die("sched_getaffinity");
	for (int cpu = 0; cpu < CPU_SETSIZE && n < max; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = cpu;
	return n;
}

static void pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* A CPU that has just gone offline is no reason to stop. */
	if (sched_setaffinity(pid, sizeof(set), &set) && errno != EINVAL)
		die("sched_setaffinity to CPU %d", cpu);
}

static void set_realtime(pid_t pid, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(pid, SCHED_FIFO, &param))
		die("sched_setscheduler FIFO %d", priority);
}

static pid_t start(void (*work)(void *), void *argument, const char *name)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	work(argument);
	_exit(0);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- moves that are known ---- */

/* Pins @pid N times, each time to the next CPU, and prints the moves. */
static void move_around(pid_t pid, int rounds)
{
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE);

	pin(pid, cpus[0]);
	sleep_ms(200);
	printf("%d\n", pid);
	for (int i = 0; i < rounds; i++) {
		pin(pid, cpus[(i + 1) % n]);
		printf("%d %d\n", cpus[i % n], cpus[(i + 1) % n]);
	}
	fflush(stdout);
}

static void hog(void *unused)
{
	(void)unused;
	for (;;)
		;
}

static void push(int rounds)
{
	pid_t child = start(hog, NULL, "pushed");

	set_realtime(0, 2);
	set_realtime(child, 1);
	move_around(child, rounds);
	end(child);
}

/* ---- moves that the kernel counts ---- */

/* The kernel's own count of migrations of @pid, or -1. */
static long kernel_count(pid_t pid)
{
	char path[64], line[256];
	long count = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/sched", pid);
	file = fopen(path, "r");
	if (!file)
		die("%s", path);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "nr_migrations"))
			count = strtol(strchr(line, ':') + 1, NULL, 10);
	fclose(file);
	return count;
}

struct counted {
	int rounds, in, out;
};

static void nothing(void *unused)
{
	(void)unused;
}

/* Wakes its neighbour in a ring of pipes, forks, changes its own affinity, and at the end sleeps. */
static void counted_child(void *argument)
{
	struct counted *c = argument;
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE);
	cpu_set_t all;
	char token = 0;

	sched_getaffinity(0, sizeof(all), &all);
	for (int i = 0; i < c->rounds; i++) {
		if (write(c->out, &token, 1) != 1 || read(c->in, &token, 1) != 1)
			_exit(1);
		if (i % 5 == 0)
			waitpid(start(nothing, NULL, "short"), NULL, 0);
		if (i % 7 == 0)
			pin(0, cpus[(unsigned int)rand() % n]);
		if (i % 7 == 3)
			sched_setaffinity(0, sizeof(all), &all);
		burn_ms(i % 3);
	}
	for (;;)
		pause();
}

static void counted(int rounds)
{
	enum { N = 8 };
	struct counted child[N];
	int pipes[N][2];
	pid_t pid[N];

	for (int i = 0; i < N; i++)
		if (pipe(pipes[i]))
			die("pipe");
	for (int i = 0; i < N; i++) {
		child[i] = (struct counted){ rounds, pipes[i][0], pipes[(i + 1) % N][1] };
		srand(i);
		pid[i] = start(counted_child, &child[i], "counted");
	}
	/* Asleep for good when the counts stand still. */
	for (long before = -1, sum = 0; before != sum;) {
		before = sum;
		sleep_ms(1500);
		sum = 0;
		for (int i = 0; i < N; i++)
			sum += kernel_count(pid[i]);
	}
	for (int i = 0; i < N; i++)
		printf("%d %ld\n", pid[i], kernel_count(pid[i]));
	fflush(stdout);
	sleep_ms(1000);
	for (int i = 0; i < N; i++)
		end(pid[i]);
}

/* ---- as fast as possible ---- */

static volatile bool storm_over;

static void *storm_thread(void *seed)
{
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE);
	unsigned int random = (unsigned long)seed;

	while (!storm_over)
		pin(0, cpus[rand_r(&random) % n]);
	return NULL;
}

static void storm_forker(void *unused)
{
	(void)unused;
	for (;;)
		waitpid(start(nothing, NULL, "forked"), NULL, 0);
}

static void storm_ping(void *argument)
{
	int *fd = argument;
	char token = 0;

	while (write(fd[1], &token, 1) == 1 && read(fd[0], &token, 1) == 1)
		;
}

static void storm(int seconds, int threads)
{
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE), pairs = n < 16 ? n : 16;
	pthread_t thread[256];
	pid_t pid[3 * 16];
	int count = 0;

	if (!threads)
		threads = 3 * n;
	if (threads > 256)
		threads = 256;
	for (int i = 0; i < pairs; i++) {
		int there[2], back[2];

		if (pipe(there) || pipe(back))
			die("pipe");
		pid[count++] = start(storm_forker, NULL, "forker");
		pid[count++] = start(storm_ping, (int[]){ there[0], back[1] }, "ping");
		pid[count++] = start(storm_ping, (int[]){ back[0], there[1] }, "pong");
	}
	for (long i = 0; i < threads; i++)
		if ((errno = pthread_create(&thread[i], NULL, storm_thread, (void *)i)))
			die("pthread_create");
	sleep_ms(seconds * 1000L);
	storm_over = true;
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < count; i++)
		end(pid[i]);
}

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void many_threads(int count)
{
	pthread_attr_t attributes;
	pthread_t thread;
	char byte;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	for (int i = 0; i < count; i++)
		if ((errno = pthread_create(&thread, &attributes, sleeper, NULL)))
			die("thread %d of %d", i + 1, count);
	printf("ready\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}

/* ---- a working system ---- */

static void shell(void *unused)
{
	(void)unused;
	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			prctl(PR_SET_NAME, "cc1");
			burn_ms(20);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		sleep_ms(5);
	}
}

static void *realtime_thread(void *unused)
{
	prctl(PR_SET_NAME, "audio");
	set_realtime(0, 50);
	for (;;) {
		burn_ms(3);
		sleep_ms(7);
	}
	return unused;
}

static void realtime(void *count)
{
	pthread_t thread;

	for (int i = 0; i < *(int *)count; i++)
		pthread_create(&thread, NULL, realtime_thread, NULL);
	for (;;)
		pause();
}

static void wanderer(void *unused)
{
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE);

	(void)unused;
	for (int i = 0;; i++) {
		pin(0, cpus[i % n]);
		sleep_ms(25);
	}
}

static void part_time_hog(void *unused)
{
	(void)unused;
	for (;;) {
		burn_ms(400);
		sleep_ms(100);
	}
}

static void mixed(int seconds)
{
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE), realtime_threads = n + 1;
	int there[2], back[2];
	pid_t pid[64];
	int count = 0;

	if (pipe(there) || pipe(back))
		die("pipe");
	for (int i = 0; i < 3; i++)
		pid[count++] = start(shell, NULL, "make");
	pid[count++] = start(storm_ping, (int[]){ there[0], back[1] }, "producer");
	pid[count++] = start(storm_ping, (int[]){ back[0], there[1] }, "consumer");
	pid[count++] = start(realtime, &realtime_threads, "audiod");
	pid[count++] = start(wanderer, NULL, "wanderer");
	for (int i = 0; i < n + 2 && i < 32; i++)
		pid[count++] = start(part_time_hog, NULL, "hog");
	sleep_ms(seconds * 1000L);
	for (int i = 0; i < count; i++)
		end(pid[i]);
}

static void exec_again(char **argv, int rounds)
{
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE);
	char number[16];

	if (!getenv("WORKLOAD_EXEC")) {
		setenv("WORKLOAD_EXEC", "1", 1);
		for (int i = 0; i < n + 1 && i < 32; i++)
			start(hog, NULL, "hog");
	}
	if (rounds > 0) {
		snprintf(number, sizeof(number), "%d", rounds - 1);
		execl("/proc/self/exe", argv[0], "exec", number, (char *)NULL);
		die("exec");
	}
	/* The hogs end with their parent. */
}

/* ---- moves that are hard to get ---- */

static void active(int rounds)
{
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE);
	cpu_set_t all;

	sched_getaffinity(0, sizeof(all), &all);
	for (int i = 0; i < rounds; i++) {
		int cpu = cpus[i % n];
		pid_t pinned = start(hog, NULL, "pinned"), moved = start(hog, NULL, "moved");

		/* Load balance finds nothing that it may pull: the one is pinned, or the other runs. */
		pin(pinned, cpu);
		pin(moved, cpu);
		sched_setaffinity(moved, sizeof(all), &all);
		sleep_ms(300);
		end(pinned);
		end(moved);
	}
}

/* Runs a while and sleeps a while, up to @argument milliseconds each. */
static void *irregular_thread(void *argument)
{
	unsigned int random = syscall(SYS_gettid);

	for (;;) {
		burn_ms(1 + rand_r(&random) % (long)argument);
		sleep_ms(1 + rand_r(&random) % (long)argument);
	}
	return NULL;
}

static void *fifo_thread(void *priority)
{
	struct sched_param param = { .sched_priority = (long)priority };

	if (sched_setscheduler(syscall(SYS_gettid), SCHED_FIFO, &param))
		die("sched_setscheduler FIFO");
	return irregular_thread((void *)5L);
}

static void fifo(int seconds, int threads)
{
	int cpus[CPU_SETSIZE];
	pthread_t thread;

	if (!threads)
		threads = cpu_list(cpus, CPU_SETSIZE) + 2;
	for (long i = 0; i < threads; i++)
		if ((errno = pthread_create(&thread, NULL, fifo_thread, (void *)(10 + i % 4))))
			die("pthread_create");
	sleep_ms(seconds * 1000L);
}

static void set_deadline(long runtime_us, long period_us)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {
		.size = sizeof(attr), .policy = SCHED_DEADLINE,
		.runtime = runtime_us * 1000, .deadline = period_us * 1000, .period = period_us * 1000,
	};

	if (syscall(SYS_sched_setattr, 0, &attr, 0))
		die("sched_setattr DEADLINE");
}

static void *deadline_thread(void *number)
{
	/* Periods differ, so that priorities do. */
	set_deadline(4000, 10000 + 1500 * ((long)number % 4));
	return irregular_thread((void *)4L);
}

static void deadline(int seconds, int threads)
{
	int cpus[CPU_SETSIZE];
	pthread_t thread;

	if (!threads)
		threads = cpu_list(cpus, CPU_SETSIZE) + 2;
	for (long i = 0; i < threads; i++)
		if ((errno = pthread_create(&thread, NULL, deadline_thread, (void *)i)))
			die("pthread_create");
	sleep_ms(seconds * 1000L);
}

static void set_online(int cpu, bool online)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		die("%s", path);
	/* The kernel refuses while deadline tasks need all CPUs. */
	if (write(fd, online ? "1" : "0", 1) != 1 && errno != EBUSY)
		die("%s", path);
	close(fd);
}

/* Shared with the child whose heart beats. */
struct pulse {
	volatile long beats;
	volatile int cpu;
};

/* Whether the child's heart beats, or has stopped, within @ms. */
static bool wait_for_beat(struct pulse *pulse, bool beating, long ms)
{
	enum { STEP = 100 };

	for (; ms > 0; ms -= STEP) {
		long before = pulse->beats;

		sleep_ms(STEP);
		if ((pulse->beats != before) == beating)
			return true;
	}
	return false;
}

enum { THROTTLED_PERIOD_MS = 2000 };

static void throttled_child(void *argument)
{
	struct pulse *pulse = argument;
	cpu_set_t all;

	sched_getaffinity(0, sizeof(all), &all);
	pin(0, pulse->cpu);
	/* A deadline task may not be pinned. It stays where it is. */
	sched_setaffinity(0, sizeof(all), &all);
	set_deadline(30000, THROTTLED_PERIOD_MS * 1000);
	for (;;) {
		pulse->cpu = sched_getcpu();
		pulse->beats++;
	}
}

static void throttled(int rounds)
{
	struct pulse *pulse = mmap(NULL, sizeof(*pulse), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE);

	if (pulse == MAP_FAILED || n < 2)
		die("no memory, or a single CPU");
	for (int i = 0; i < rounds; i++) {
		pid_t pid;
		int cpu;

		/* The first CPU often cannot go offline. */
		pulse->beats = 0;
		pulse->cpu = cpus[1 + i % (n - 1)];
		pid = start(throttled_child, pulse, "throttled");
		wait_for_beat(pulse, true, 2000);
		cpu = pulse->cpu;
		if (wait_for_beat(pulse, false, 2000) && cpu == pulse->cpu && cpu != cpus[0]) {
			set_online(cpu, false);
			wait_for_beat(pulse, true, 4000);
			set_online(cpu, true);
		}
		end(pid);
		/*
		 * The bandwidth of the dead task stays with its CPU for a period. Kernels up to
		 * 6.12 at least divide by 0 (inactive_task_timer()) if that CPU goes offline.
		 */
		sleep_ms(THROTTLED_PERIOD_MS * 5 / 4);
	}
}

/* A process and the CPUs where its memory and itself begin. */
struct visitor {
	int memory_cpu, run_cpu;
};

static void visitor_child(void *argument)
{
	enum { SIZE = 4 << 20, PAGE = 4096 };
	struct visitor *visitor = argument;
	volatile char *memory;
	cpu_set_t all;

	sched_getaffinity(0, sizeof(all), &all);
	pin(0, visitor->memory_cpu);
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	/* Small pages give the kernel more to learn from. */
	madvise((void *)memory, SIZE, MADV_NOHUGEPAGE);
	for (long i = 0; i < SIZE; i += PAGE)
		memory[i] = 1;
	pin(0, visitor->run_cpu);
	sched_setaffinity(0, sizeof(all), &all);
	for (;;)
		for (long i = 0; i < SIZE; i += PAGE)
			memory[i]++;
}

static void numa(int seconds)
{
	int cpus[CPU_SETSIZE], n = cpu_list(cpus, CPU_SETSIZE);
	double until = now() + seconds;
	struct visitor visitor;
	pid_t pid[CPU_SETSIZE];

	for (int round = 0; now() < until; round++) {
		/* An idle CPU over there lets a task move; where there is none, two can swap. */
		int count = round % 2 ? n : 1;

		for (int i = 0; i < count; i++) {
			/* With CPUs in the order of nodes, far away. */
			visitor = (struct visitor){ cpus[(i + round / 2 + n / 2) % n], cpus[(i + round / 2) % n] };
			pid[i] = start(visitor_child, &visitor, "visitor");
		}
		sleep_ms(4000);
		for (int i = 0; i < count; i++)
			end(pid[i]);
	}
}

static void run_on(int cpu, char **command)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU %d", cpu);
	execvp(command[0], command);
	die("%s", command[0]);
}

static void *execute(void *command)
{
	char **words = command;

	execvp(words[0], words);
	die("cannot run %s", words[0]);
	return NULL;
}

static void run_in_thread(char **command)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, execute, command))
		die("cannot make a thread");
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? atoi(argv[2]) : 0;

	if (!strcmp(mode, "walk"))
		move_around(getpid(), number);
	else if (!strcmp(mode, "on") && argc > 3)
		run_on(number, argv + 3);
	else if (!strcmp(mode, "thread") && argc > 3)
		run_in_thread(argv + 3);
	else if (!strcmp(mode, "push"))
		push(number);
	else if (!strcmp(mode, "counted"))
		counted(number);
	else if (!strcmp(mode, "storm"))
		storm(number, argc > 3 ? atoi(argv[3]) : 0);
	else if (!strcmp(mode, "threads"))
		many_threads(number);
	else if (!strcmp(mode, "mixed"))
		mixed(number);
	else if (!strcmp(mode, "exec"))
		exec_again(argv, number);
	else if (!strcmp(mode, "active"))
		active(number);
	else if (!strcmp(mode, "fifo"))
		fifo(number, argc > 3 ? atoi(argv[3]) : 0);
	else if (!strcmp(mode, "deadline"))
		deadline(number, argc > 3 ? atoi(argv[3]) : 0);
	else if (!strcmp(mode, "throttled"))
		throttled(number);
	else if (!strcmp(mode, "numa"))
		numa(number);
	else {
		fputs(usage, stderr);
		return 2;
	}
	return 0;
}
