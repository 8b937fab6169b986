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
	/* Threads that share the file descriptor. */
	struct mutex mutex;
	/* Some whole lines; `offset` is where they stand in the file. */
	char *page;
	size_t length;
	loff_t offset;
	/* Behind the last line in `page`. */
	u8 cursor[];
};

struct mt_text *mt_text_open(const struct mt_text_ops *ops)
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
	size_t filled = 0, line;

	while (filled + MT_LINE_MAX <= PAGE_SIZE) {
		line = text->ops->next_line(text->cursor, text->page + filled);
		if (!line)
			break;
		filled += line;
	}
	text->offset += text->length;
	text->length = filled;
	return filled;
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

char *mt_put_decimal(char *to, u64 value)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = '0' + value % 10;
		value /= 10;
	} while (value);
	while (n)
		*to++ = digits[--n];
	return to;
}

char *mt_put_signed(char *to, s64 value)
{
	if (value < 0)
		*to++ = '-';
	return mt_put_decimal(to, value < 0 ? -(u64)value : value);
}

char *mt_put_hex(char *to, u64 value, int digits)
{
	static const char hex[] = "0123456789abcdef";
	int n = digits;

	while (n < 16 && value >> (4 * n))
		n++;
	while (n)
		*to++ = hex[value >> (4 * --n) & 0xf];
	return to;
}
