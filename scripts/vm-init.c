// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first process of the guest that scripts/vm-run boots. It mounts the
 * usual file systems, runs one command, passes its streams to the host, sends
 * the wanted files and says goodbye. scripts/vm-run compiles it, statically.
 *
 * What to do is in /.vm-run/config: pairs of NUL-terminated strings, a key and
 * its value (see read_config()).
 *
 * It talks to the host over one byte stream: the virtio-serial port named
 * "vm-run", or, in a kernel without virtio, the serial line ttyS1. Both ways
 * the stream consists of frames: one byte type, four bytes length (little
 * endian), the payload. From the guest:
 *
 *   H            ready: the command starts now
 *   O, E         bytes of the command's stdout, stderr
 *   I            the command can take more stdin: 4 bytes, how much
 *   X            the command ended: 4 bytes, its exit status as in a shell
 *   F            a file follows: 4 bytes index among the wanted, 4 bytes mode
 *   D            bytes of that file
 *   Z            that file is complete
 *   N            a file cannot be had: 4 bytes index, then the reason
 *   L            this process failed: a text. Nothing follows.
 *   B            goodbye, all is sent
 *
 * From the host, only as answer to I:
 *
 *   i            bytes of stdin; none at all means end of file
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	HEADER = 5,
	/* virtio-serial sends at most 32 KiB at a time: one frame, one buffer. */
	FRAME = 32 * 1024,
	/* Less than a tty's input buffer, which drops what does not fit. */
	STDIN_CHUNK = 2048,
};

static struct {
	char **argv;
	size_t argc;
	char **env;
	size_t envc;
	char **wanted;
	size_t wantedc;
	char **module;
	size_t modulec;
	const char *cwd;
	int with_stdin;
	/* Run on a pseudo terminal of this size; 0 is none. */
	struct winsize terminal;
} config;

static int port = -1;

static void send_frame(char type, const void *head, size_t head_size, const void *data, size_t size);

static void __attribute__((noreturn)) power_off(void)
{
	sync();
	/* The host ends QEMU when it has read the last frame. */
	sleep(3);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "vm-init: %s\n", text);
	if (port >= 0)
		send_frame('L', NULL, 0, text, strlen(text));
	power_off();
}

static void *grow(void *array, size_t count, size_t size)
{
	/* Always one more than used, for a NULL at the end. */
	array = realloc(array, (count + 2) * size);
	if (!array)
		fail("out of memory");
	return array;
}

static void append(char ***list, size_t *count, char *value)
{
	*list = grow(*list, *count, sizeof(char *));
	(*list)[(*count)++] = value;
	(*list)[*count] = NULL;
}

/* Frames */

static void write_all(const char *data, size_t size)
{
	while (size) {
		ssize_t done = write(port, data, size);

		if (done < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			fprintf(stderr, "vm-init: cannot write to the host: %s\n", strerror(errno));
			port = -1;
			power_off();
		}
		data += done;
		size -= done;
	}
}

static void send_frame(char type, const void *head, size_t head_size, const void *data, size_t size)
{
	static char frame[FRAME];
	uint32_t length = head_size + size;

	frame[0] = type;
	memcpy(frame + 1, &length, 4);
	if (head_size)
		memcpy(frame + HEADER, head, head_size);
	if (size)
		memcpy(frame + HEADER + head_size, data, size);
	write_all(frame, HEADER + length);
}

static void send_number(char type, uint32_t number)
{
	send_frame(type, &number, sizeof(number), NULL, 0);
}

/* The guest's surroundings */

static void mount_all(void)
{
	static const struct {
		const char *type, *where, *options;
	} mounts[] = {
		{ "proc", "/proc", NULL },
		{ "sysfs", "/sys", NULL },
		{ "devtmpfs", "/dev", "mode=0755" },
		{ "devpts", "/dev/pts", "mode=0620,ptmxmode=0666" },
		{ "tmpfs", "/dev/shm", "mode=1777" },
		{ "debugfs", "/sys/kernel/debug", NULL },
		{ "tracefs", "/sys/kernel/tracing", NULL },
		{ "cgroup2", "/sys/fs/cgroup", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].where, 0755);
		/* A kernel without one of these can still run the command. */
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, mounts[i].options) && errno != EBUSY)
			fprintf(stderr, "vm-init: no %s: %s\n", mounts[i].where, strerror(errno));
	}
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "vm-init: %s: %s\n", path, strerror(errno));
	close(fd);
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

static void load_modules(void)
{
	for (size_t i = 0; i < config.modulec; i++) {
		int fd = open(config.module[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			fprintf(stderr, "vm-init: cannot load %s: %s\n", config.module[i], strerror(errno));
		if (fd >= 0)
			close(fd);
	}
}

static void read_config(void)
{
	struct stat st;
	char *text, *end;
	int fd = open("/.vm-run/config", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		fail("cannot read /.vm-run/config: %s", strerror(errno));
	text = malloc(st.st_size + 1);
	if (!text)
		fail("out of memory");
	for (off_t at = 0; at < st.st_size;) {
		ssize_t done = read(fd, text + at, st.st_size - at);

		if (done <= 0)
			fail("cannot read /.vm-run/config");
		at += done;
	}
	close(fd);
	end = text + st.st_size;

	while (text < end) {
		char *key = text, *value = key + strlen(key) + 1;

		text = value + strlen(value) + 1;
		if (!strcmp(key, "arg"))
			append(&config.argv, &config.argc, value);
		else if (!strcmp(key, "env"))
			append(&config.env, &config.envc, value);
		else if (!strcmp(key, "get"))
			append(&config.wanted, &config.wantedc, value);
		else if (!strcmp(key, "module"))
			append(&config.module, &config.modulec, value);
		else if (!strcmp(key, "cwd"))
			config.cwd = value;
		else if (!strcmp(key, "stdin"))
			config.with_stdin = 1;
		else if (!strcmp(key, "terminal"))
			sscanf(value, "%hu %hu", &config.terminal.ws_row, &config.terminal.ws_col);
		else
			fail("unknown key in /.vm-run/config: %s", key);
	}
	if (!config.argc)
		fail("no command in /.vm-run/config");
}

/* The stream to the host */

static int has_virtio_console(void)
{
	DIR *dir = opendir("/sys/bus/virtio/drivers/virtio_console");
	struct dirent *entry;
	int found = 0;

	if (!dir)
		return 0;
	while (!found && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, "virtio", 6);
	closedir(dir);
	return found;
}

static int open_virtio_port(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	int fd = -1;

	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		char path[PATH_MAX], name[32] = "";
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strcmp(name, "vm-run\n")) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			fd = open(path, O_RDWR | O_CLOEXEC);
		}
		fclose(file);
	}
	closedir(dir);
	return fd;
}

static int open_serial(void)
{
	struct termios raw;
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (tcgetattr(fd, &raw)) {
		close(fd);
		return -1;
	}
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	raw.c_cflag |= CLOCAL | CREAD;
	tcsetattr(fd, TCSANOW, &raw);
	return fd;
}

static void open_port(void)
{
	/* The port appears some time after its driver: the host names it. */
	if (has_virtio_console()) {
		for (int i = 0; i < 1000 && port < 0; i++) {
			port = open_virtio_port();
			if (port < 0)
				usleep(5000);
		}
	}
	if (port < 0)
		port = open_serial();
	if (port < 0)
		fail("neither a virtio-serial port nor ttyS1: no way to reach the host");
}

/* The command */

/* The child's ends are 0 to 2; with a terminal, all three are the terminal. */
static pid_t start_command(int *in, int *out, int *err)
{
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int terminal = config.terminal.ws_row, master = -1, report[2];
	pid_t pid;

	if (terminal) {
		master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (master < 0 || unlockpt(master))
			fail("cannot open a pseudo terminal: %s", strerror(errno));
		ioctl(master, TIOCSWINSZ, &config.terminal);
	} else {
		for (int i = 0; i < 3; i++)
			if (pipe2(pipes[i], O_CLOEXEC))
				fail("cannot open a pipe: %s", strerror(errno));
	}
	if (pipe2(report, O_CLOEXEC))
		fail("cannot open a pipe: %s", strerror(errno));

	pid = fork();
	if (pid < 0)
		fail("cannot start a process: %s", strerror(errno));
	if (!pid) {
		sigset_t none;
		int error;

		setsid();
		if (terminal) {
			int slave = open(ptsname(master), O_RDWR);

			if (slave < 0)
				_exit(126);
			dup2(slave, 0);
			dup2(slave, 1);
			dup2(slave, 2);
			if (slave > 2)
				close(slave);
		} else {
			dup2(pipes[0][0], 0);
			dup2(pipes[1][1], 1);
			dup2(pipes[2][1], 2);
		}
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_DFL);
		if (config.cwd && chdir(config.cwd))
			chdir("/");
		environ = config.env;
		execvp(config.argv[0], config.argv);
		error = errno;
		dprintf(2, "vm-run: cannot run %s in the guest: %s\n", config.argv[0], strerror(error));
		_exit(error == ENOENT ? 127 : 126);
	}
	close(report[0]);
	close(report[1]);

	if (terminal) {
		*in = master;
		*out = master;
		*err = -1;
	} else {
		close(pipes[0][0]);
		close(pipes[1][1]);
		close(pipes[2][1]);
		*in = pipes[0][1];
		*out = pipes[1][0];
		*err = pipes[2][0];
		fcntl(*in, F_SETFL, O_NONBLOCK);
		fcntl(*err, F_SETFL, O_NONBLOCK);
	}
	fcntl(*out, F_SETFL, O_NONBLOCK);
	return pid;
}

/* Sends what there is. False at the end of the stream. */
static int forward(int fd, char type)
{
	char data[FRAME - HEADER];
	ssize_t size = read(fd, data, sizeof(data));

	if (size > 0)
		send_frame(type, NULL, 0, data, size);
	return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

static void read_exactly(char *data, size_t size)
{
	while (size) {
		ssize_t done = read(port, data, size);

		if (done > 0) {
			data += done;
			size -= done;
		} else if (done == 0) {
			usleep(1000); /* nobody at the other end, yet */
		} else if (errno != EINTR && errno != EAGAIN) {
			fail("cannot read from the host: %s", strerror(errno));
		}
	}
}

static int child_ended[2];

static void on_sigchld(int signal)
{
	int saved = errno;

	(void)signal;
	if (write(child_ended[1], "", 1) < 0)
		errno = saved; /* the pipe is full of wake-ups already */
	errno = saved;
}

/* Reaps, as the first process must. True when @pid was among them. */
static int reap(pid_t pid, int *status)
{
	int ended = 0, one;
	pid_t who;

	while ((who = waitpid(-1, &one, WNOHANG)) > 0) {
		if (who == pid) {
			*status = one;
			ended = 1;
		}
	}
	return ended;
}

static int run_command(void)
{
	char input[STDIN_CHUNK];
	size_t input_at = 0, input_size = 0;
	int in, out, err, asked = 0, status = 0, ended = 0;
	struct sigaction action = { .sa_handler = on_sigchld, .sa_flags = SA_RESTART };
	pid_t pid;

	if (pipe2(child_ended, O_CLOEXEC | O_NONBLOCK))
		fail("cannot open a pipe: %s", strerror(errno));
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);

	pid = start_command(&in, &out, &err);
	if (!config.with_stdin && !config.terminal.ws_row) {
		close(in);
		in = -1;
	}

	while (!ended) {
		int has_input = input_at < input_size;
		struct pollfd fds[] = {
			{ .fd = child_ended[0], .events = POLLIN },
			{ .fd = out, .events = POLLIN },
			{ .fd = err, .events = POLLIN },
			{ .fd = in >= 0 && asked ? port : -1, .events = POLLIN },
			{ .fd = in >= 0 && has_input ? in : -1, .events = POLLOUT },
		};

		if (in >= 0 && !asked && !has_input) {
			send_number('I', STDIN_CHUNK);
			asked = 1;
			continue;
		}
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			fail("poll: %s", strerror(errno));
		}
		if (fds[0].revents) {
			char drain[64];

			while (read(child_ended[0], drain, sizeof(drain)) > 0)
				;
			ended = reap(pid, &status);
		}
		if (fds[1].revents && !forward(out, 'O')) {
			if (config.terminal.ws_row) {
				/* An error until the command opens its end, and after it closed it. */
				usleep(10000);
			} else {
				close(out);
				out = -1;
			}
		}
		if (fds[2].revents && !forward(err, 'E')) {
			close(err);
			err = -1;
		}
		if (fds[3].revents & POLLIN) {
			char header[HEADER];
			uint32_t size;

			read_exactly(header, HEADER);
			memcpy(&size, header + 1, 4);
			if (header[0] != 'i' || size > sizeof(input))
				fail("unexpected frame from the host");
			read_exactly(input, size);
			input_at = 0;
			input_size = size;
			asked = 0;
			if (!size) {
				if (in != out)
					close(in);
				in = -1;
			}
		}
		if (fds[4].revents) {
			ssize_t done = write(in, input + input_at, input_size - input_at);

			if (done > 0) {
				input_at += done;
			} else if (done < 0 && errno != EAGAIN && errno != EINTR) {
				close(in); /* the command takes no more */
				in = -1;
			}
		}
	}

	/*
	 * What the command wrote before it ended is in the pipes. Something it
	 * left running in the background may hold them open: do not wait for it.
	 */
	for (int i = 0; i < 2; i++) {
		int fd = i ? err : out;
		struct pollfd more = { .fd = fd, .events = POLLIN };

		while (fd >= 0 && poll(&more, 1, 0) > 0 && (more.revents & POLLIN) && forward(fd, i ? 'E' : 'O'))
			;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void send_file(uint32_t index, const char *path)
{
	static char data[FRAME - HEADER];
	struct stat st;
	ssize_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		close(fd);
		fd = -1;
		errno = EISDIR;
	}
	if (fd < 0) {
		const char *reason = strerror(errno);

		send_frame('N', &index, sizeof(index), reason, strlen(reason));
		return;
	}
	{
		uint32_t head[2] = { index, st.st_mode & 07777 };

		send_frame('F', head, sizeof(head), NULL, 0);
	}
	while ((size = read(fd, data, sizeof(data))) > 0)
		send_frame('D', NULL, 0, data, size);
	if (size < 0) {
		const char *reason = strerror(errno);

		send_frame('N', &index, sizeof(index), reason, strlen(reason));
	} else {
		send_frame('Z', NULL, 0, NULL, 0);
	}
	close(fd);
}

int main(void)
{
	int status;

	if (getpid() != 1) {
		fputs("vm-init: only works as the first process of a guest; see scripts/vm-run\n", stderr);
		return 2;
	}
	umask(022);
	mount_all();
	read_config();
	load_modules();
	open_port();
	raise_loopback();
	sethostname("vm", 2);
	/* From here on the console gets everything but debug messages. */
	write_file("/proc/sys/kernel/printk", "7\n");

	send_frame('H', NULL, 0, NULL, 0);
	status = run_command();
	send_number('X', status);
	if (config.cwd && chdir(config.cwd))
		chdir("/");
	for (size_t i = 0; i < config.wantedc; i++)
		send_file(i, config.wanted[i]);
	sync();
	send_frame('B', NULL, 0, NULL, 0);
	power_off();
}
