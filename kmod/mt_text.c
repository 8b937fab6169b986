// SPDX-License-Identifier: GPL-2.0-only
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "mt_text.h"

struct mt_text {
	const struct mt_text_ops *ops;
	void *private;
	/* Threads that share the file descriptor. */
	struct mutex mutex;
	/* Some whole lines; `offset` is where they stand in the file. */
	char *page;
	size_t length;
	loff_t offset;
	/* Behind the last line in `page`. */
	u8 cursor[];
};

struct mt_text *mt_text_open(const struct mt_text_ops *ops, void *private)
{
	struct mt_text *text = kzalloc(sizeof(*text) + ops->cursor_size, GFP_KERNEL);

	if (!text)
		return NULL;
	text->page = (char *)__get_free_page(GFP_KERNEL);
	if (!text->page) {
		kfree(text);
		return NULL;
	}
	text->ops = ops;
	text->private = private;
	mutex_init(&text->mutex);
	return text;
}

void mt_text_close(struct mt_text *text)
{
	free_page((unsigned long)text->page);
	kfree(text);
}

static void rewind(struct mt_text *text)
{
	memset(text->cursor, 0, text->ops->cursor_size);
	text->offset = 0;
	text->length = 0;
}

/* Replaces what is in the page by what follows it; false at the end. */
static bool next_page(struct mt_text *text)
{
	text->offset += text->length;
	text->length = text->ops->fill(text->private, text->cursor, text->page, PAGE_SIZE);
	return text->length;
}

/* Brings the page to where @pos is; 0, 1 at the end, or -EINTR. */
static int seek(struct mt_text *text, loff_t pos)
{
	if (pos < text->offset)
		rewind(text);
	while (pos >= text->offset + text->length) {
		if (!next_page(text))
			return 1;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

ssize_t mt_text_read(struct mt_text *text, char __user *buf, size_t count, loff_t *pos)
{
	size_t done = 0;
	ssize_t ret = 0;

	mutex_lock(&text->mutex);
	while (done < count) {
		size_t start, n;

		ret = seek(text, *pos + done);
		if (ret)
			break;
		start = *pos + done - text->offset;
		n = min(count - done, text->length - start);
		if (copy_to_user(buf + done, text->page + start, n)) {
			ret = -EFAULT;
			break;
		}
		done += n;
	}
	mutex_unlock(&text->mutex);
	if (!done && ret < 0)
		return ret;
	*pos += done;
	return done;
}

char *mt_put_string(char *to, const char *string)
{
	size_t length = strlen(string);

	memcpy(to, string, length);
	return to + length;
}

/* All pairs of digits, one after the other: "00" to "99", and "00" to "ff". */
#define PAIRS10(d) d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9"
#define PAIRS16(d) PAIRS10(d) d "a" d "b" d "c" d "d" d "e" d "f"

static const char mt_decimal_pairs[] =
	PAIRS10("0") PAIRS10("1") PAIRS10("2") PAIRS10("3") PAIRS10("4")
	PAIRS10("5") PAIRS10("6") PAIRS10("7") PAIRS10("8") PAIRS10("9");

static const char mt_hex_pairs[] =
	PAIRS16("0") PAIRS16("1") PAIRS16("2") PAIRS16("3") PAIRS16("4") PAIRS16("5") PAIRS16("6") PAIRS16("7")
	PAIRS16("8") PAIRS16("9") PAIRS16("a") PAIRS16("b") PAIRS16("c") PAIRS16("d") PAIRS16("e") PAIRS16("f");

static unsigned int decimal_digits(u64 value)
{
	unsigned int digits;

	for (digits = 0; value >= 10000; digits += 4)
		value /= 10000;
	return digits + (value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : 4);
}

char *mt_put_large_decimal(char *to, u64 value)
{
	char *end = to + decimal_digits(value);

	for (to = end; value >= 100; value /= 100) {
		to -= 2;
		memcpy(to, mt_decimal_pairs + value % 100 * 2, 2);
	}
	if (value < 10)
		to[-1] = '0' + value;
	else
		memcpy(to - 2, mt_decimal_pairs + value * 2, 2);
	return end;
}

char *mt_put_signed(char *to, s64 value)
{
	if (value < 0)
		*to++ = '-';
	return mt_put_decimal(to, value < 0 ? -(u64)value : value);
}

char *mt_put_hex64(char *to, u64 value)
{
	int i;

#pragma GCC unroll 8
	for (i = 0; i < 8; i++)
		memcpy(to + 2 * i, mt_hex_pairs + (value >> (56 - 8 * i) & 0xff) * 2, 2);
	return to + 16;
}

char *mt_put_hex(char *to, u64 value, int digits)
{
	char all[16];

	mt_put_hex64(all, value);
	while (digits < 16 && value >> (4 * digits))
		digits++;
	memcpy(to, all + 16 - digits, digits);
	return to + digits;
}
