/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads, starts, reads and sets the module while the kernel lets one
 * allocation fail: the first, then the second, and so on until there are no
 * more. And loads it as if the kernel did not have a tracepoint. Build with -static: it runs in
 * small virtual machines. The kernel side is Documentation/fault-injection.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULE "migrate_trace_lite"

static const char usage[] =
	"Usage: faults load MODULE.ko\n"
	"       faults start MODULE.ko FOLDER [FILE TEXT]\n"
	"       faults write MODULE.ko FOLDER FILE TEXT\n"
	"       faults read MODULE.ko FOLDER FILE\n"
	"       faults without MODULE.ko TRACEPOINT\n"
	"\n"
	"  load      load the module with each allocation of that in turn failing; each time it must\n"
	"            load afterwards, when nothing fails\n"
	"  start     the same for writing 1 to FOLDER/enable, on a freshly loaded module each time;\n"
	"            TEXT, if any, is written to FOLDER/FILE before\n"
	"  write     the same for writing TEXT to FOLDER/FILE while FOLDER/enable is 1\n"
	"  read      the same for reading FOLDER/FILE, of a trace whose oldest events were overwritten\n"
	"  without   load a copy of the module that looks for a tracepoint of another name, which no\n"
	"            kernel has (the last letter becomes `#`), and say what came of it\n";

static void die(const char *format, ...)
{
	va_list args;
	int error = errno;

	printf("faults: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", strerror(error));
	exit(1);
}

static char *image;
static size_t image_size;

static void read_image(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		die("%s", path);
	image_size = status.st_size;
	image = malloc(image_size);
	if (!image || read(fd, image, image_size) != (ssize_t)image_size)
		die("%s", path);
	close(fd);
}

static int load(const char *parameters)
{
	return syscall(SYS_init_module, image, image_size, parameters) ? errno : 0;
}

static void must_load(const char *parameters, const char *when)
{
	if ((errno = load(parameters)))
		die("loading %s", when);
}

static void unload(void)
{
	if (syscall(SYS_delete_module, MODULE, O_NONBLOCK))
		die("unloading");
}

/* ---- faults ---- */

static int fail_nth;

static void arm(int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(fail_nth, text, length, 0) != length)
		die("fail-nth");
}

/* Whether the fault has happened. */
static bool disarm(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0)
		die("fail-nth");
	arm(0);
	return atoi(text) == 0;
}

struct count {
	int failed, succeeded, odd;
};

static void note(struct count *count, int n, bool hit, int error)
{
	if (hit && !error) {
		count->succeeded++;
	} else if (hit && error == ENOMEM) {
		count->failed++;
	} else if (error) {
		printf("%s %d: %s\n", hit ? "fault" : "no fault", n, strerror(error));
		count->odd++;
	}
}

static const char *folder;

/* Of `start`, `write` and `read`; `text` is NULL if there is none. */
static const char *file, *text;

static int open_file(const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, flags | O_CLOEXEC);
}

/* Return: 0, or the error number. */
static int write_file(const char *name, const char *what)
{
	int fd = open_file(name, O_WRONLY), error;

	if (fd < 0)
		return errno;
	error = write(fd, what, strlen(what)) < 0 ? errno : 0;
	close(fd);
	return error;
}

static void must_write(const char *name, const char *what)
{
	if ((errno = write_file(name, what)))
		die("writing %s to %s/%s", what, folder, name);
}

/* To its end, or to where a reader would have to wait. Return: 0, or the error number. */
static int read_file(const char *name)
{
	static char page[4096];
	int fd = open_file(name, O_RDONLY | O_NONBLOCK), error = 0;
	ssize_t got;

	if (fd < 0)
		return errno;
	while ((got = read(fd, page, sizeof(page))) > 0)
		;
	if (got < 0 && errno != EAGAIN)
		error = errno;
	close(fd);
	return error;
}

/* A module that loaded works, whatever failed on the way. */
static void try_out(void)
{
	static const char *const folders[] = {
		"/sys/kernel/debug/migration_trace", "/sys/kernel/debug/migration_stat",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		folder = folders[i];
		must_write("enable", "1");
		must_write("enable", "0");
		must_write("reset", "0");
	}
}

/* Return: whether there is an Nth allocation. */
static bool load_with_fault(int n, struct count *count)
{
	bool hit;
	int error;

	arm(n);
	error = load("");
	hit = disarm();
	note(count, n, hit, error);
	if (error)
		must_load("", "after a fault");
	try_out();
	unload();
	return hit;
}

static bool start_with_fault(int n, struct count *count)
{
	bool hit;
	int error;

	must_load("", "before a start");
	if (text)
		must_write(file, text);
	arm(n);
	error = write_file("enable", "1");
	hit = disarm();
	note(count, n, hit, error);
	if (error)
		must_write("enable", "1");
	must_write("enable", "0");
	must_write("reset", "0");
	must_write("enable", "1");
	unload();
	return hit;
}

static bool write_with_fault(int n, struct count *count)
{
	bool hit;
	int error;

	must_load("", "before a write");
	must_write("enable", "1");
	arm(n);
	error = write_file(file, text);
	hit = disarm();
	note(count, n, hit, error);
	must_write(file, text);
	must_write("enable", "0");
	unload();
	return hit;
}

static bool read_with_fault(int n, struct count *count)
{
	bool hit;
	int error;

	must_load("overwrite=1 trace_buf_kb=4", "before a read");
	must_write("enable", "1");
	for (int i = 0; i < 1000; i++)
		must_write("mark", "1");
	arm(n);
	error = read_file(file);
	hit = disarm();
	note(count, n, hit, error);
	if ((errno = read_file(file)))
		die("reading %s/%s after a fault", folder, file);
	unload();
	return hit;
}

static void for_each_fault(bool (*step)(int n, struct count *count))
{
	struct count count = { 0 };
	int n = 1;

	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		die("/proc/thread-self/fail-nth");
	while (step(n, &count))
		n++;
	printf("%d faults: %d refused for lack of memory, %d did no harm, %d odd\n", n - 1, count.failed,
	       count.succeeded, count.odd);
}

/* ---- a kernel without a tracepoint ---- */

static void load_without(const char *name)
{
	size_t length = strlen(name) + 1, places = 0;
	char *at = image, *end = image + image_size;
	int error;

	while ((at = memmem(at, end - at, name, length))) {
		if (at > image && !at[-1]) {
			at[length - 2] = '#';
			places++;
		}
		at += length;
	}
	if (!places) {
		errno = ENOENT;
		die("the name %s in the module", name);
	}
	error = load("");
	printf("%s: %s\n", name, error ? strerror(error) : "loaded");
	if (!error)
		unload();
}

int main(int argc, char **argv)
{
	const char *mode = argc < 3 ? "" : argv[1];

	if (argc >= 3)
		read_image(argv[2]);
	folder = argc > 3 ? argv[3] : NULL;
	file = argc > 4 ? argv[4] : NULL;
	text = argc > 5 ? argv[5] : NULL;
	/* Seen at once, also when the kernel dies. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(mode, "load")) {
		for_each_fault(load_with_fault);
	} else if ((argc == 4 || argc == 6) && !strcmp(mode, "start")) {
		for_each_fault(start_with_fault);
	} else if (argc == 6 && !strcmp(mode, "write")) {
		for_each_fault(write_with_fault);
	} else if (argc == 5 && !strcmp(mode, "read")) {
		for_each_fault(read_with_fault);
	} else if (argc == 4 && !strcmp(mode, "without")) {
		load_without(argv[3]);
	} else {
		fputs(usage, stderr);
		return 2;
	}
	return 0;
}
