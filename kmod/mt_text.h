/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_TEXT_H
#define MT_TEXT_H

/*
 * A file whose text is made while it is read, line by line from a cursor that
 * walks over data which does not change under it. Any read size, several
 * readers, pread() and lseek() work: to go back is to start over and skip.
 * (seq_file is not used because it hands out a page for each read() at best
 * and costs a multiple per line.)
 */

#include <linux/fs.h>
#include <linux/types.h>

/* No line is longer. */
#define MT_LINE_MAX 256

struct mt_text_ops {
	/* Size of the cursor; all zero is the position before the first line. */
	size_t cursor_size;
	/* Fills @room bytes at @to as far as whole lines fit: mt_text_lines(). */
	size_t (*fill)(void *private, void *cursor, char *to, size_t room);
};

/*
 * Writes lines to @to. @next_line writes the next one with its '\n', moves
 * @cursor behind it and returns its length, at most MT_LINE_MAX; 0 at the end,
 * which may be asked again later. It is an argument, and not in mt_text_ops, to
 * become a part of the loop.
 */
static __always_inline size_t mt_text_lines(void *private, void *cursor, char *to, size_t room,
					    size_t (*next_line)(void *private, void *cursor, char *line))
{
	size_t filled = 0, line;

	while (filled + MT_LINE_MAX <= room) {
		line = next_line(private, cursor, to + filled);
		if (!line)
			break;
		filled += line;
	}
	return filled;
}

struct mt_text;

/* @private goes to fill(). Return: NULL when there is no memory. */
struct mt_text *mt_text_open(const struct mt_text_ops *ops, void *private);
void mt_text_close(struct mt_text *text);
/* As file_operations.read. */
ssize_t mt_text_read(struct mt_text *text, char __user *buf, size_t count, loff_t *pos);

/*
 * Pieces of lines. Each writes at @to and returns the position behind what it
 * wrote; they exist because they are several times as fast as snprintf().
 */
char *mt_put_string(char *to, const char *string);
static inline char *mt_put_decimal(char *to, u64 value);
char *mt_put_signed(char *to, s64 value);
/* All 16 digits, lower case, no prefix. */
char *mt_put_hex64(char *to, u64 value);
/* Lower case, @digits digits at least, with leading zeros, no prefix. */
char *mt_put_hex(char *to, u64 value, int digits);

/* Of two digits or more. */
char *mt_put_large_decimal(char *to, u64 value);

static inline char *mt_put_decimal(char *to, u64 value)
{
	if (value >= 10)
		return mt_put_large_decimal(to, value);
	*to = '0' + value;
	return to + 1;
}

#endif /* MT_TEXT_H */
