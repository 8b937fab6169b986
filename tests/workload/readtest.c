/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a file in every way that read() allows and compares with what one pass
 * in large pieces gives. For files of debugfs, whose text is made while it is
 * read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *whole;
static size_t size;

static void die(const char *what, const char *why)
{
	printf("readtest: %s: %s\n", what, why);
	exit(1);
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die(path, strerror(errno));
	return fd;
}

static void read_whole(const char *path)
{
	int fd = open_file(path);
	size_t room = 0;
	ssize_t n;

	do {
		if (room - size < 1 << 20) {
			room += 8 << 20;
			whole = realloc(whole, room);
			if (!whole)
				die("memory", "none");
		}
		n = read(fd, whole + size, 1 << 20);
		if (n < 0)
			die(path, strerror(errno));
		size += n;
	} while (n);
	close(fd);
}

static void compare(const char *how, size_t offset, const char *data, ssize_t n)
{
	if (n < 0)
		die(how, strerror(errno));
	if (offset + n > size || memcmp(whole + offset, data, n)) {
		printf("%s: differs at %zu\n", how, offset);
		exit(1);
	}
}

static void in_pieces(const char *path, size_t piece, size_t most)
{
	int fd = open_file(path);
	static char data[1 << 20];
	size_t offset = 0;
	char how[64];
	ssize_t n;

	snprintf(how, sizeof(how), "pieces of %zu", piece);
	while (offset < most && (n = read(fd, data, piece))) {
		compare(how, offset, data, n);
		offset += n;
	}
	if (offset < most && offset != size)
		die(how, "ends early");
	close(fd);
}

static void at_random(const char *path)
{
	int fd = open_file(path);
	static char data[10000];
	unsigned int random = 1;

	for (int i = 0; i < 200; i++) {
		size_t offset = rand_r(&random) % (size + 100), want = rand_r(&random) % sizeof(data);
		ssize_t n;

		if (i % 2) {
			n = pread(fd, data, want, offset);
		} else {
			if (lseek(fd, offset, SEEK_SET) != (off_t)offset)
				die("lseek", strerror(errno));
			n = read(fd, data, want);
		}
		if (offset >= size) {
			if (n)
				die("behind the end", "there is data");
			continue;
		}
		compare("random", offset, data, n);
		if (n != (ssize_t)(want < size - offset ? want : size - offset))
			die("random", "read() returned less than there is");
	}
	if (lseek(fd, 0, SEEK_END) >= 0 || errno != EINVAL)
		die("lseek to the end", "not refused");
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		die("usage", "readtest FILE");
	read_whole(argv[1]);
	in_pieces(argv[1], 1, 20000);
	in_pieces(argv[1], 7, 200000);
	in_pieces(argv[1], 4095, -1);
	in_pieces(argv[1], 4096, -1);
	in_pieces(argv[1], 1 << 20, -1);
	at_random(argv[1]);
	printf("all ways of reading agree\n");
	return 0;
}
