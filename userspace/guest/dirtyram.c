/* SPDX-License-Identifier: GPL-2.0-only */
// dirtyram: dirties memory of a guest at a known rate, with pages that tell who wrote them and when. Runs in an initramfs
// without /proc, on 32-bit machines too, and needs nothing but its own file.

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/version.h"
#include "guest/dirtyram_page.h"

#define USAGE "Usage: dirtyram INITIAL PERIODIC MSEC [FILE [ROUNDS]]\n"

static const char kHelp[] =
    USAGE
    "\n"
    "Dirties memory: INITIAL pages of 4096 bytes at first, then PERIODIC of them every MSEC milliseconds, spread over all\n"
    "and each in its turn, until SIGTERM or Ctrl-C. Every page tells who wrote it and when.\n"
    "\n"
    "  INITIAL        1 to 4294967295\n"
    "  PERIODIC       0 to INITIAL\n"
    "  MSEC           1 to 86400000\n"
    "  FILE           write to this file or device memory, from its start; -: to memory of the process (default)\n"
    "  ROUNDS         end after so many; 0: go on for ever (default)\n"
    "\n"
    "  -h [ --help ]  print this help and exit\n"
    "  --version      print the version and exit\n"
    "\n"
    "Examples:\n"
    "  dirtyram 409600 2048 30\n"
    "  dirtyram 2048 100 10 /sys/bus/pci/devices/0000:00:04.0/resource2\n";

static const int64_t kMillisecond = 1000000;

struct Job {
    uint32_t initial, periodic, msec, rounds;
    const char* file;  // NULL: memory of its own
};

struct Area {
    uint8_t* memory;
    uint32_t pid, pages;
    int64_t begin;  // of the process, CLOCK_MONOTONIC
    uint64_t written;
};

static volatile sig_atomic_t stopped;

static void stop(int signal) {
    (void)signal;
    stopped = 1;
}

static void complain(const char* format, va_list arguments) {
    fputs("dirtyram: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    exit(1);
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail_usage(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    fputs(USAGE "Try 'dirtyram --help'.\n", stderr);
    exit(2);
}

static uint32_t number(const char* name, const char* text, uint32_t least, uint32_t most) {
    uint64_t value = 0;
    const char* at = text;
    while (*at >= '0' && *at <= '9' && value <= most) value = value * 10 + (uint64_t)(*at++ - '0');
    if (at == text || *at != '\0' || value < least || value > most)
        fail_usage("%s: '%s' is no number from %" PRIu32 " to %" PRIu32, name, text, least, most);
    return (uint32_t)value;
}

static struct Job read_arguments(int argc, char** argv) {
    struct Job job = {0, 0, 0, 0, NULL};
    if (argc < 4) fail_usage("%s is missing", argc < 2 ? "INITIAL" : argc < 3 ? "PERIODIC" : "MSEC");
    if (argc > 6) fail_usage("'%s' is one argument too many", argv[6]);
    job.initial = number("INITIAL", argv[1], 1, UINT32_MAX);
    job.periodic = number("PERIODIC", argv[2], 0, job.initial);
    job.msec = number("MSEC", argv[3], 1, 24 * 3600 * 1000);
    if (argc > 4 && strcmp(argv[4], "-") != 0) job.file = argv[4];
    if (argc > 5) job.rounds = number("ROUNDS", argv[5], 0, UINT32_MAX);
    return job;
}

/// Writing behind the end of a file kills the process, so that it has to be long enough. What other files have is not known.
static void check_size(int fd, const char* file, uint64_t size) {
    struct stat status;
    if (fstat(fd, &status) != 0) fail("cannot tell the size of %s: %s", file, strerror(errno));
    if (S_ISREG(status.st_mode) && (uint64_t)status.st_size < size)
        fail("%s is too short: it has %" PRIu64 " bytes, and INITIAL pages take %" PRIu64 "; make it longer, or INITIAL less", file,
             (uint64_t)status.st_size, size);
}

static uint8_t* map_memory(const struct Job* job) {
    const uint64_t size = (uint64_t)job->initial * kDirtyramPageBytes;
    int fd = -1, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void* memory = MAP_FAILED;
    if (job->file) {
        flags = MAP_SHARED;
        fd = open(job->file, O_RDWR | O_CLOEXEC);
        if (fd < 0) fail("cannot open %s for reading and writing: %s", job->file, strerror(errno));
        check_size(fd, job->file, size);
    }
    errno = ENOMEM;
    if (size <= SIZE_MAX) memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (memory == MAP_FAILED)
        fail("cannot map %" PRIu64 " bytes of %s: %s; a lower INITIAL takes less", size, job->file ? job->file : "memory", strerror(errno));
    if (fd >= 0) close(fd);
    return memory;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 * kMillisecond + time.tv_nsec;
}

/// In words that are aligned, as device memory may not take others, and in this order.
static void store_record(volatile uint64_t* to, const uint8_t* bytes) {
    uint64_t words[kDirtyramRecordBytes / sizeof(uint64_t)];
    memcpy(words, bytes, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) to[i] = words[i];
}

static void write_page(struct Area* area, uint32_t page, uint32_t round) {
    struct DirtyramRecord record = {area->pid, page, round, (uint32_t)((now() - area->begin) / kMillisecond), 0, area->pages};
    const uint32_t hash = dirtyram_page_hash(&record);
    uint8_t bytes[kDirtyramRecordBytes];
    uint8_t* to = area->memory + (size_t)page * kDirtyramPageBytes;
    for (; record.number < kDirtyramRecordsInPage; record.number++, to += kDirtyramRecordBytes) {
        dirtyram_encode(&record, hash, bytes);
        store_record((volatile uint64_t*)to, bytes);
    }
    area->written++;
}

static void write_all(struct Area* area) {
    for (uint32_t page = 0; page < area->pages && !stopped; page++) write_page(area, page, 0);
}

/// A PCI device that is not enabled swallows all that is written to its memory.
static void check_kept(const struct Area* area, const char* file) {
    static const char kMagic[] = "dirtyram";
    uint64_t magic;
    memcpy(&magic, kMagic, sizeof magic);
    if (*(volatile uint64_t*)area->memory != magic)
        fail("%s does not keep what is written to it (if it is memory of a PCI device, enable that first: echo 1 >enable)", file);
}

/// The area has as many parts as pages are to be written; the round after that takes the next page of each part.
static void write_round(struct Area* area, uint32_t periodic, uint32_t round) {
    for (uint64_t part = 0; part < periodic && !stopped; part++) {
        const uint32_t first = (uint32_t)(part * area->pages / periodic), end = (uint32_t)((part + 1) * area->pages / periodic);
        write_page(area, first + (round - 1) % (end - first), round);
    }
}

/// A signal that comes before the process sleeps must not be slept over: it is let in only while it does.
static void sleep_until(int64_t time) {
    sigset_t blocked, before;
    int64_t left;
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    while (!stopped && (left = time - now()) > 0) {
        const struct timespec pause = {(time_t)(left / (1000 * kMillisecond)), (long)(left % (1000 * kMillisecond))};
        ppoll(NULL, 0, &pause, &before);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    if (fflush(stdout) != 0) fail("writing standard output: %s", strerror(errno));
}

/// A round that is late is written at once, and the clock goes on from there: one that lasts too long leads to no burst.
static void write_rounds(struct Area* area, const struct Job* job) {
    const int64_t period = job->msec * kMillisecond;
    int64_t next = now();
    uint32_t rounds = 0, late = 0;
    while (!stopped && (job->rounds == 0 || rounds < job->rounds)) {
        next += period;
        if (next < now()) {
            next = now();
            late++;
        }
        sleep_until(next);
        if (!stopped) write_round(area, job->periodic, ++rounds);
    }
    say("dirtyram %" PRIu32 ": ended in %.1f s, rounds %" PRIu32 ", late %" PRIu32 ", pages written %" PRIu64 "\n", area->pid,
        (double)(now() - area->begin) / 1e9, rounds, late, area->written);
}

static void end_by(int signal) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    sigaction(signal, &action, NULL);
}

static void run(const struct Job* job) {
    struct Area area = {map_memory(job), (uint32_t)getpid(), job->initial, now(), 0};
    end_by(SIGTERM);
    end_by(SIGINT);
    write_all(&area);
    if (job->file && area.written > 0) check_kept(&area, job->file);
    if (!stopped)
        say("dirtyram %" PRIu32 ": %" PRIu32 " pages written, %" PRIu32 " every %" PRIu32 " ms\n", area.pid, job->initial, job->periodic,
            job->msec);
    write_rounds(&area, job);
}

static bool is_option(int argc, char** argv, const char* option) { return argc > 1 && strcmp(argv[1], option) == 0; }

int main(int argc, char** argv) {
    if (is_option(argc, argv, "--help") || is_option(argc, argv, "-h")) {
        say("%s", kHelp);
        return 0;
    }
    if (is_option(argc, argv, "--version")) {
        say("dirtyram (migscope) " MIGSCOPE_VERSION "\n");
        return 0;
    }
    if (argc > 1 && argv[1][0] == '-') fail_usage("unknown option '%s'", argv[1]);
    const struct Job job = read_arguments(argc, argv);
    run(&job);
    return 0;
}
