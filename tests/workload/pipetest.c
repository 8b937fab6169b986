/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads trace_pipe without waiting, asks poll(), and says what comes: pipetest MIGRATION_TRACE_DIRECTORY, while the trace is off and empty. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *directory;

static void put(const char *name, const char *value)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		printf("%s: %s\n", path, strerror(errno));
	close(fd);
}

/* Reads all that there is now; how the last read() ended. */
static ssize_t drain(int fd, size_t *bytes)
{
	char text[65536];
	ssize_t n;

	*bytes = 0;
	while ((n = read(fd, text, sizeof(text))) > 0)
		*bytes += n;
	return n;
}

static const char *ending(ssize_t n)
{
	return n == 0 ? "the end" : strerror(errno);
}

int main(int argc, char **argv)
{
	struct pollfd poller = { .events = POLLIN };
	char path[256];
	size_t bytes;
	ssize_t n;

	directory = argc > 1 ? argv[1] : ".";
	snprintf(path, sizeof(path), "%s/trace_pipe", directory);
	poller.fd = open(path, O_RDONLY | O_NONBLOCK);
	if (poller.fd < 0) {
		printf("%s: %s\n", path, strerror(errno));
		return 1;
	}
	n = drain(poller.fd, &bytes);
	printf("%s", bytes > 100 ? "the header can be read\n" : "no header\n");
	printf("then nothing: %s\n", ending(n));
	printf("poll: %s within 200 ms\n", poll(&poller, 1, 200) ? "something" : "nothing");
	put("filter_cause", "migrate_swap");
	put("enable", "1");
	usleep(300000);
	drain(poller.fd, &bytes);
	put("mark", "1");
	printf("a mark: %s\n", poll(&poller, 1, 5000) == 1 && poller.revents & POLLIN ? "readable" : "not readable");
	drain(poller.fd, &bytes);
	put("enable", "0");
	poll(&poller, 1, 5000);
	n = drain(poller.fd, &bytes);
	printf("stopped: readable, and %s\n", ending(n));
	n = drain(poller.fd, &bytes);
	printf("%s again\n", ending(n));
	put("filter_cause", "");
	return 0;
}
