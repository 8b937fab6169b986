// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs migration_stat/: counts of migrations by cause, period after period.
 *
 * Probes count on their own CPU (mt_stat_count()). A timer that fires at the
 * end of each period adds up what all CPUs have counted and appends a row with
 * the growth. Rows stand in blocks; a work item keeps one empty block at hand,
 * because a timer cannot allocate.
 *
 * The timer is the only writer of rows, and publishes each by raising the
 * number of rows of its block. Readers may walk over the blocks at the same
 * time; while somebody reads, nothing is emptied. The files are serialised by
 * mt_stat_mutex.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "compat/timer.h"
#include "mt_debugfs.h"
#include "mt_probe.h"
#include "mt_stat.h"
#include "mt_text.h"

#define MT_PERIOD_MSEC_MAX	86400000UL
#define MT_BLOCK_BYTES		(64 * 1024)

struct mt_stat_row {
	u32 count[MT_NR_CAUSES];
};

struct mt_stat_block {
	struct mt_stat_block *next;
	/* Complete rows. */
	u32 rows;
	struct mt_stat_row row[];
};

#define MT_BLOCK_ROWS ((MT_BLOCK_BYTES - sizeof(struct mt_stat_block)) / sizeof(struct mt_stat_row))

DEFINE_PER_CPU(struct mt_stat_cpu, mt_stat_cpu);

static DEFINE_MUTEX(mt_stat_mutex);
/* 1 while a collection runs. Turned on under the mutex, off there and by the timer. */
static atomic_t mt_stat_on = ATOMIC_INIT(0);

/* Under the mutex. */
static bool mt_stat_attached;
static unsigned int mt_stat_readers;
static unsigned long mt_stat_period_msec = 1000;
/* A collection has been started since the last reset: at this time of day. */
static bool mt_stat_started;
static struct timespec64 mt_stat_start;
static struct mt_stat_block *mt_stat_first;

/* The timer's, and the mutex's while the timer does not run. */
static struct hrtimer mt_stat_timer;
static struct mt_stat_block *mt_stat_last;
static u64 mt_stat_rows, mt_stat_rows_max;
/* Periods that are over and have no row yet. */
static u64 mt_stat_owed;
static unsigned long mt_stat_before[MT_NR_CAUSES];

/* Filled by the work item, taken by the timer. */
static struct mt_stat_block *mt_stat_spare;
/* The work item could not fill it. */
static bool mt_stat_no_memory;

static struct dentry *mt_stat_dir;

/* ---- memory ---- */

static struct mt_stat_block *alloc_block(void)
{
	struct mt_stat_block *block = kvmalloc(MT_BLOCK_BYTES, GFP_KERNEL);

	if (block) {
		block->next = NULL;
		block->rows = 0;
	}
	return block;
}

static void provide_spare(struct work_struct *work)
{
	struct mt_stat_block *block;

	if (READ_ONCE(mt_stat_spare))
		return;
	block = alloc_block();
	if (!block)
		WRITE_ONCE(mt_stat_no_memory, true);
	else if (cmpxchg(&mt_stat_spare, NULL, block))
		kvfree(block);
}
static DECLARE_WORK(mt_stat_spare_work, provide_spare);

static void free_rows(void)
{
	struct mt_stat_block *block, *next;

	for (block = mt_stat_first; block; block = next) {
		next = block->next;
		kvfree(block);
	}
	mt_stat_first = NULL;
	mt_stat_last = NULL;
	mt_stat_rows = 0;
}

/* ---- the timer ---- */

static unsigned long total(enum mt_event cause)
{
	unsigned long sum = 0;
	unsigned int cpu;

	/* A CPU that is offline keeps what it has counted. */
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(&mt_stat_cpu, cpu)->count[cause]);
	return sum;
}

/* What was counted since the last call, or since before @row was asked for first. */
static void take_counts(struct mt_stat_row *row)
{
	int i;

	for (i = 0; i < MT_NR_CAUSES; i++) {
		unsigned long now = total(mt_cause_names[i].number);

		row->count[i] = now - mt_stat_before[i];
		mt_stat_before[i] = now;
	}
}

/* Room for a row, or NULL when there is no block for it yet. */
static struct mt_stat_row *next_row(void)
{
	struct mt_stat_block *block = mt_stat_last;

	if (block->rows == MT_BLOCK_ROWS) {
		block = xchg(&mt_stat_spare, NULL);
		schedule_work(&mt_stat_spare_work);
		if (!block)
			return NULL;
		/* Pairs with the acquire in cursor_block(). */
		smp_store_release(&mt_stat_last->next, block);
		mt_stat_last = block;
	}
	return &block->row[block->rows];
}

/*
 * Writes rows for the periods that are owed, as far as there is room. All that
 * has been counted since the last row goes into the first.
 */
static void append_rows(void)
{
	struct mt_stat_row *row;

	while (mt_stat_owed && mt_stat_rows < mt_stat_rows_max) {
		row = next_row();
		if (!row)
			return;
		take_counts(row);
		/* Pairs with the acquire in stat_line(). */
		smp_store_release(&mt_stat_last->rows, mt_stat_last->rows + 1);
		mt_stat_rows++;
		mt_stat_owed--;
	}
}

static void stop_in_process_context(struct work_struct *work);
static DECLARE_WORK(mt_stat_stop_work, stop_in_process_context);

/*
 * In hard interrupt context. If the machine was stopped for several periods,
 * nobody knows in which of them the events were: all count for the first. It
 * may take more than the spare block to write them down; the rest follows when
 * the work item has provided another.
 */
static enum hrtimer_restart period_over(struct hrtimer *timer)
{
	mt_stat_owed += hrtimer_forward_now(timer, ms_to_ktime(mt_stat_period_msec));
	if (!atomic_read(&mt_stat_on))
		return HRTIMER_NORESTART;

	append_rows();
	if (mt_stat_rows < mt_stat_rows_max && !READ_ONCE(mt_stat_no_memory))
		return HRTIMER_RESTART;

	atomic_set(&mt_stat_on, 0);
	schedule_work(&mt_stat_stop_work);
	return HRTIMER_NORESTART;
}

/* ---- start, stop, reset: all under the mutex ---- */

/* Also when the collection has turned itself off: then it ends what is left of it. */
static void stop_stat(void)
{
	atomic_set(&mt_stat_on, 0);
	if (!mt_stat_attached)
		return;
	hrtimer_cancel(&mt_stat_timer);
	mt_probe_detach(MT_FEATURE_STAT);
	mt_stat_attached = false;
}

static void stop_in_process_context(struct work_struct *work)
{
	mutex_lock(&mt_stat_mutex);
	if (!atomic_read(&mt_stat_on) && mt_stat_attached) {
		stop_stat();
		if (mt_stat_rows == mt_stat_rows_max)
			pr_info("the statistics are full and have stopped; see the parameter stat_hours\n");
		else
			pr_err("no memory for more periods, the statistics have stopped\n");
	}
	mutex_unlock(&mt_stat_mutex);
}

static int start_stat(void)
{
	struct mt_stat_row ignored;
	int ret = -ENOMEM;

	if (mt_stat_readers)
		return -EBUSY;
	if (mt_stat_started)
		return -EPERM;
	mt_stat_owed = 0;
	mt_stat_no_memory = false;
	mt_stat_first = alloc_block();
	provide_spare(NULL);
	if (!mt_stat_first || !READ_ONCE(mt_stat_spare))
		goto free;
	mt_stat_last = mt_stat_first;
	ret = mt_probe_attach(MT_FEATURE_STAT);
	if (ret)
		goto free;

	mt_stat_attached = true;
	mt_stat_started = true;
	atomic_set(&mt_stat_on, 1);
	take_counts(&ignored);
	ktime_get_real_ts64(&mt_stat_start);
	hrtimer_start(&mt_stat_timer, ktime_add_ms(ktime_get(), mt_stat_period_msec), HRTIMER_MODE_ABS_HARD);
	return 0;
free:
	free_rows();
	return ret;
}

static int enable_stat(bool enable)
{
	int ret = 0;

	mutex_lock(&mt_stat_mutex);
	if (!enable)
		stop_stat();
	else if (atomic_read(&mt_stat_on))
		ret = -EPERM;
	else
		ret = start_stat();
	mutex_unlock(&mt_stat_mutex);
	return ret;
}

static int reset_stat(void)
{
	int ret = 0;

	mutex_lock(&mt_stat_mutex);
	if (mt_stat_readers) {
		ret = -EBUSY;
	} else {
		stop_stat();
		free_rows();
		mt_stat_started = false;
	}
	mutex_unlock(&mt_stat_mutex);
	return ret;
}

static int set_period(unsigned long msec)
{
	int ret = 0;

	if (!msec)
		return -EINVAL;
	if (msec > MT_PERIOD_MSEC_MAX)
		return -ERANGE;
	mutex_lock(&mt_stat_mutex);
	/* Not empty; also between a start and the end of the first period. */
	if (mt_stat_started)
		ret = -EPERM;
	else if (mt_stat_readers)
		ret = -EBUSY;
	else
		mt_stat_period_msec = msec;
	mutex_unlock(&mt_stat_mutex);
	return ret;
}

/* ---- text ---- */

enum stat_header {
	STAT_VERSION,
	STAT_PERIOD,
	STAT_GETTIMEOFDAY,
	STAT_TS_FIELD,
	STAT_FIRST_FIELD,
	STAT_HEADER_LINES = STAT_FIRST_FIELD + MT_NR_CAUSES + 1,
};

/* All zero: before the header. */
struct stat_cursor {
	u32 header;
	/* Next row of this block; NULL: of the first. */
	u32 row;
	struct mt_stat_block *block;
	/* Number of the next row. */
	u64 period;
};

static char *put_time(char *to, u64 msec)
{
	u32 fraction = msec % MSEC_PER_SEC;

	to = mt_put_decimal(to, msec / MSEC_PER_SEC);
	*to++ = '.';
	*to++ = '0' + fraction / 100;
	*to++ = '0' + fraction / 10 % 10;
	*to++ = '0' + fraction % 10;
	return to;
}

static char *put_field_name(char *to, u32 index)
{
	to = mt_put_string(to, "field ");
	to = mt_put_decimal(to, index + 2);
	*to++ = ' ';
	return mt_put_string(to, index < MT_NR_CAUSES ? mt_cause_names[index].name : "migrate");
}

static size_t header_line(u32 index, char *line)
{
	char *to = mt_put_string(line, "# ");

	switch (index) {
	case STAT_VERSION:
		to = mt_put_string(to, "version 1.0.0");
		break;
	case STAT_PERIOD:
		to = mt_put_string(to, "period_msec ");
		to = mt_put_decimal(to, mt_stat_period_msec);
		break;
	case STAT_GETTIMEOFDAY:
		to = mt_put_string(to, "gettimeofday ");
		to = mt_put_decimal(to, mt_stat_start.tv_sec);
		*to++ = ' ';
		to = mt_put_decimal(to, mt_stat_start.tv_nsec / NSEC_PER_USEC);
		break;
	case STAT_TS_FIELD:
		to = mt_put_string(to, "ts_field 1");
		break;
	default:
		to = put_field_name(to, index - STAT_FIRST_FIELD);
		break;
	}
	*to++ = '\n';
	return to - line;
}

/* A line is the longest with all counts at their maximum. */
static_assert(MT_LINE_MAX >= sizeof("31536000000.000\n") + (MT_NR_CAUSES + 1) * sizeof("4294967295"));

static size_t row_line(u64 period, const struct mt_stat_row *row, char *line)
{
	char *to = put_time(line, period * mt_stat_period_msec);
	u64 sum = 0;
	int i;

	for (i = 0; i < MT_NR_CAUSES; i++) {
		*to++ = ' ';
		to = mt_put_decimal(to, row->count[i]);
		sum += row->count[i];
	}
	*to++ = ' ';
	to = mt_put_decimal(to, sum);
	*to++ = '\n';
	return to - line;
}

/* The block of the cursor's row; NULL when there is none yet. */
static struct mt_stat_block *cursor_block(struct stat_cursor *cursor)
{
	struct mt_stat_block *next;

	if (!cursor->block)
		cursor->block = mt_stat_first;
	if (!cursor->block || cursor->row < MT_BLOCK_ROWS)
		return cursor->block;
	next = smp_load_acquire(&cursor->block->next);
	if (next) {
		cursor->block = next;
		cursor->row = 0;
	}
	return next;
}

static __always_inline size_t stat_line(void *private, void *position, char *line)
{
	struct stat_cursor *cursor = position;
	struct mt_stat_block *block;

	if (cursor->header == STAT_GETTIMEOFDAY && !mt_stat_started)
		cursor->header++;
	if (cursor->header < STAT_HEADER_LINES)
		return header_line(cursor->header++, line);

	block = cursor_block(cursor);
	if (!block || cursor->row >= smp_load_acquire(&block->rows))
		return 0;
	return row_line(cursor->period++, &block->row[cursor->row++], line);
}

static size_t stat_fill(void *private, void *cursor, char *to, size_t room)
{
	return mt_text_lines(private, cursor, to, room, stat_line);
}

static const struct mt_text_ops stat_text = {
	.cursor_size = sizeof(struct stat_cursor),
	.fill = stat_fill,
};

/* ---- files ---- */

static ssize_t enable_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return mt_read_number(buf, count, pos, atomic_read(&mt_stat_on));
}

static ssize_t enable_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	bool enable;
	int ret = mt_parse_switch(buf, count, &enable);

	if (!ret)
		ret = enable_stat(enable);
	return ret ? ret : count;
}

static ssize_t period_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return mt_read_number(buf, count, pos, READ_ONCE(mt_stat_period_msec));
}

static ssize_t period_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	unsigned long msec;
	int ret = mt_parse_number(buf, count, &msec);

	if (!ret)
		ret = set_period(msec);
	return ret ? ret : count;
}

static ssize_t reset_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	int ret = mt_parse_zero(buf, count);

	if (!ret)
		ret = reset_stat();
	return ret ? ret : count;
}

static int stat_open(struct inode *inode, struct file *file)
{
	struct mt_text *text = mt_text_open(&stat_text, NULL);

	if (!text)
		return -ENOMEM;
	file->private_data = text;
	mutex_lock(&mt_stat_mutex);
	mt_stat_readers++;
	mutex_unlock(&mt_stat_mutex);
	return 0;
}

static int stat_release(struct inode *inode, struct file *file)
{
	mt_text_close(file->private_data);
	mutex_lock(&mt_stat_mutex);
	mt_stat_readers--;
	mutex_unlock(&mt_stat_mutex);
	return 0;
}

static ssize_t stat_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return mt_text_read(file->private_data, buf, count, pos);
}

static const struct file_operations enable_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = enable_read,
	.write = enable_write,
	.llseek = default_llseek,
};

static const struct file_operations period_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = period_read,
	.write = period_write,
	.llseek = default_llseek,
};

static const struct file_operations reset_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = reset_write,
	.llseek = noop_llseek,
};

static const struct file_operations stat_fops = {
	.owner = THIS_MODULE,
	.open = stat_open,
	.read = stat_read,
	.release = stat_release,
	.llseek = no_seek_end_llseek,
};

static const struct mt_file mt_stat_files[] = {
	{ "enable", 0600, &enable_fops },
	{ "period_msec", 0600, &period_fops },
	{ "reset", 0600, &reset_fops },
	{ "stat", 0400, &stat_fops },
};

/* ---- load and unload ---- */

int mt_stat_init(unsigned int hours)
{
	mt_stat_rows_max = (u64)hours * 3600;
	hrtimer_setup(&mt_stat_timer, period_over, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	mt_stat_dir = mt_debugfs_create("migration_stat", mt_stat_files, ARRAY_SIZE(mt_stat_files));
	return PTR_ERR_OR_ZERO(mt_stat_dir);
}

void mt_stat_exit(void)
{
	/* Waits for files in use. */
	debugfs_remove_recursive(mt_stat_dir);
	mutex_lock(&mt_stat_mutex);
	stop_stat();
	mutex_unlock(&mt_stat_mutex);
	cancel_work_sync(&mt_stat_stop_work);
	cancel_work_sync(&mt_stat_spare_work);
	free_rows();
	kvfree(mt_stat_spare);
}
