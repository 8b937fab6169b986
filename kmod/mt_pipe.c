// SPDX-License-Identifier: GPL-2.0-only
/*
 * When may an event be handed out? An event of another CPU with an earlier
 * time might still be under way. So every MT_PULSE_MSEC a work item takes the
 * time, waits for a grace period of RCU, behind which everything that was
 * stamped before stands in its buffer (events are written with interrupts
 * off), and lets readers go up to that time. Nothing is asked of the CPUs that
 * record.
 *
 * What readers share, mt_until, is written by the work item and by start and
 * stop; each reader's own state is guarded by its mutex, and what they read by
 * mt_trace_mutex, so that nothing is emptied under them.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "mt_buffer.h"
#include "mt_clock.h"
#include "mt_lines.h"
#include "mt_pipe.h"
#include "mt_state.h"
#include "mt_text.h"

#define MT_PULSE_MSEC 50
/* So many slots of a buffer are copied at once. */
#define MT_PIPE_SLOTS 32

/* What a reader has of one CPU. */
struct mt_stream {
	struct mt_place place;
	u32 clock_hint;
	/* Copied, and given out, in slots; lost in front of the next. */
	u32 copied, given;
	u64 lost;
	struct mt_record record[MT_PIPE_SLOTS];
};

struct mt_pipe {
	/* Threads that share the file descriptor. */
	struct mutex mutex;
	/* Whole lines that nobody has read yet. */
	char *page;
	size_t length, offset;
	u64 epoch;
	u32 header;
	bool order_told;
	/* Something was given of a trace, or it was on. Then its end is the end of the file. */
	bool begun;
	/* Where in the lists of tasks; NULL: before the first. */
	struct mt_task_list *list;
	u32 item;
	/* The first that it would have been given was overwritten. */
	bool start_lost;
	/* What tasks are called, made when events with their names were lost; and the next of them to be given. */
	struct mt_task_list *names;
	u32 name;
	unsigned long named_at;
	/* The last time that was given: times never go back, however the clocks were compared. */
	u64 last_time;
	struct mt_clock_table clock;
	unsigned long clock_until;
	struct mt_stream cpu[];
};

static DECLARE_WAIT_QUEUE_HEAD(mt_pipe_wait);
/* Events up to this raw time may be given out. */
static u64 mt_until;
/* Grows with each change of mt_until. */
static unsigned long mt_pulses;
/* Open files; under mt_trace_mutex. */
static unsigned int mt_pipes;
static void pulse(struct work_struct *work);
static DECLARE_DELAYED_WORK(mt_pulse_work, pulse);

static void allow_until(u64 raw)
{
	WRITE_ONCE(mt_until, raw);
	/* Who sees the new number sees the new time. */
	smp_store_release(&mt_pulses, mt_pulses + 1);
	wake_up_all(&mt_pipe_wait);
}

static void schedule_pulse(void)
{
	queue_delayed_work(system_unbound_wq, &mt_pulse_work, msecs_to_jiffies(MT_PULSE_MSEC));
}

static void pulse(struct work_struct *work)
{
	u64 now = mt_clock();

	synchronize_rcu();
	mutex_lock(&mt_trace_mutex);
	/* Stopped meanwhile: then all may be given out. */
	if (mt_trace_is_on()) {
		allow_until(now);
		if (mt_pipes)
			schedule_pulse();
	}
	mutex_unlock(&mt_trace_mutex);
}

void mt_pipe_init(void)
{
	allow_until(U64_MAX);
}

void mt_pipe_exit(void)
{
	cancel_delayed_work_sync(&mt_pulse_work);
}

void mt_pipe_prepare(void)
{
	WRITE_ONCE(mt_until, 0);
}

void mt_pipe_start(void)
{
	if (mt_pipes)
		schedule_pulse();
}

void mt_pipe_stop(void)
{
	allow_until(U64_MAX);
}

/* ---- a reader, with its mutex and mt_trace_mutex held ---- */

static void begin_anew(struct mt_pipe *pipe)
{
	unsigned int cpu;

	pipe->epoch = mt_trace_epoch;
	pipe->list = NULL;
	pipe->item = 0;
	pipe->clock_until = 0;
	mt_tasks_free(pipe->names);
	pipe->names = NULL;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		pipe->cpu[cpu] = (struct mt_stream){};
}

/* The next record of a CPU, if it may be given out; or NULL. */
static const struct mt_record *peek_stream(unsigned int cpu, struct mt_stream *stream)
{
	const struct mt_record *record = &stream->record[stream->given];

	if (stream->given == stream->copied) {
		stream->given = 0;
		stream->copied = mt_buffer_copy(cpu, &stream->place, stream->record, MT_PIPE_SLOTS, &stream->lost);
		record = stream->record;
		if (!stream->copied)
			return NULL;
	}
	return record->ts <= mt_until ? record : NULL;
}

static const struct mt_record *peek_list(struct mt_pipe *pipe)
{
	while (!pipe->list || pipe->item == pipe->list->count) {
		if (pipe->list ? list_is_last(&pipe->list->node, &mt_task_lists) : list_empty(&mt_task_lists))
			return NULL;
		pipe->list = pipe->list ? list_next_entry(pipe->list, node) :
					  list_first_entry(&mt_task_lists, struct mt_task_list, node);
		pipe->item = 0;
	}
	return &pipe->list->record[pipe->item * 2];
}

/* A reader that loses events all the time gets them once a second. Without memory there are none. */
static void list_names(struct mt_pipe *pipe)
{
	if (pipe->names && time_before(jiffies, pipe->named_at + HZ))
		return;
	mt_tasks_free(pipe->names);
	pipe->names = mt_tasks_alloc();
	if (pipe->names && mt_tasks_list(&pipe->names))
		pipe->names = NULL;
	pipe->name = 0;
	pipe->named_at = jiffies;
}

static const struct mt_record *peek_name(const struct mt_pipe *pipe)
{
	return pipe->names && pipe->name < pipe->names->count ? &pipe->names->record[pipe->name * 2] : NULL;
}

/* The times of both clocks up to what may be given out. */
static void refresh_clock(struct mt_pipe *pipe)
{
	unsigned int cpu;

	if (pipe->clock_until == mt_pulses)
		return;
	pipe->clock_until = mt_pulses;
	mt_clock_copy(&pipe->clock);
	for_each_possible_cpu(cpu)
		pipe->cpu[cpu].clock_hint = 0;
}

static size_t give(struct mt_pipe *pipe, u32 cpu, u64 time, const struct mt_record *record, char *line)
{
	pipe->last_time = max(pipe->last_time, time);
	pipe->begun = true;
	return mt_event_line(cpu, pipe->last_time, record, line);
}

/* The next event in the order of time. */
static size_t next_event(struct mt_pipe *pipe, char *line)
{
	const struct mt_record *task = peek_list(pipe), *first = NULL, *record;
	u64 first_time = U64_MAX, time;
	unsigned int cpu, first_cpu = 0;
	struct mt_stream *stream;

	for_each_possible_cpu(cpu) {
		stream = &pipe->cpu[cpu];
		record = peek_stream(cpu, stream);
		if (stream->lost) {
			size_t length = mt_lost_line(cpu, stream->lost, line);

			stream->lost = 0;
			pipe->start_lost |= !pipe->last_time;
			list_names(pipe);
			return length;
		}
		if (!record)
			continue;
		time = mt_clock_time(&pipe->clock, record->ts, &stream->clock_hint);
		if (!first || time < first_time) {
			first = record;
			first_time = time;
			first_cpu = cpu;
		}
	}
	if (task && task->ts <= first_time) {
		pipe->item++;
		return give(pipe, pipe->list->cpu, task->ts, task, line);
	}
	if (!first)
		return 0;
	if (pipe->start_lost) {
		pipe->start_lost = false;
		pipe->last_time = max(pipe->last_time, first_time);
		return mt_start_line(first_cpu, pipe->last_time, &mt_first_start, line);
	}
	task = peek_name(pipe);
	if (task) {
		pipe->name++;
		return give(pipe, pipe->names->cpu, first_time, task, line);
	}
	pipe->cpu[first_cpu].given += mt_event_slots(mt_record_event(first));
	return give(pipe, first_cpu, first_time, first, line);
}

static size_t pipe_line(void *private, void *unused, char *line)
{
	struct mt_pipe *pipe = private;
	size_t length = mt_header_line(&pipe->header, line);

	if (length)
		return length;
	if (!pipe->order_told) {
		pipe->order_told = true;
		return mt_put_string(line, "# order time\n") - line;
	}
	return next_event(pipe, line);
}

/* Whether there is something to read; *@end: there is not, and will not be. */
static bool fill_page(struct mt_pipe *pipe, bool *end)
{
	*end = false;
	if (pipe->offset < pipe->length)
		return true;
	mutex_lock(&mt_trace_mutex);
	if (pipe->epoch != mt_trace_epoch)
		begin_anew(pipe);
	pipe->begun |= mt_trace_is_on();
	refresh_clock(pipe);
	pipe->offset = 0;
	pipe->length = mt_text_lines(pipe, NULL, pipe->page, PAGE_SIZE, pipe_line);
	*end = !pipe->length && pipe->begun && !mt_trace_is_on();
	mutex_unlock(&mt_trace_mutex);
	return pipe->length;
}

/* ---- the file ---- */

static int pipe_open(struct inode *inode, struct file *file)
{
	struct mt_pipe *pipe;

	pipe = kvzalloc(struct_size(pipe, cpu, nr_cpu_ids), GFP_KERNEL);
	if (!pipe)
		return -ENOMEM;
	pipe->page = (char *)__get_free_page(GFP_KERNEL);
	if (!pipe->page) {
		kvfree(pipe);
		return -ENOMEM;
	}
	mutex_init(&pipe->mutex);
	file->private_data = pipe;
	mutex_lock(&mt_trace_mutex);
	begin_anew(pipe);
	if (!mt_pipes++ && mt_trace_is_on())
		schedule_pulse();
	mutex_unlock(&mt_trace_mutex);
	return nonseekable_open(inode, file);
}

static int pipe_release(struct inode *inode, struct file *file)
{
	struct mt_pipe *pipe = file->private_data;

	mutex_lock(&mt_trace_mutex);
	mt_pipes--;
	mutex_unlock(&mt_trace_mutex);
	mt_tasks_free(pipe->names);
	free_page((unsigned long)pipe->page);
	kvfree(pipe);
	return 0;
}

static ssize_t give_page(struct mt_pipe *pipe, char __user *buf, size_t count)
{
	count = min(count, pipe->length - pipe->offset);
	if (copy_to_user(buf, pipe->page + pipe->offset, count))
		return -EFAULT;
	pipe->offset += count;
	return count;
}

static ssize_t pipe_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct mt_pipe *pipe = file->private_data;
	ssize_t ret;
	unsigned long pulses;
	bool end;

	for (;;) {
		/* What comes behind this ends the wait below. */
		pulses = smp_load_acquire(&mt_pulses);
		ret = mutex_lock_interruptible(&pipe->mutex);
		if (ret)
			return ret;
		ret = fill_page(pipe, &end) ? give_page(pipe, buf, count) : end ? 0 : -EAGAIN;
		mutex_unlock(&pipe->mutex);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			return ret;
		ret = wait_event_interruptible(mt_pipe_wait, READ_ONCE(mt_pulses) != pulses);
		if (ret)
			return ret;
	}
}

static __poll_t pipe_poll(struct file *file, poll_table *wait)
{
	struct mt_pipe *pipe = file->private_data;
	__poll_t ready = 0;
	bool end;

	poll_wait(file, &mt_pipe_wait, wait);
	mutex_lock(&pipe->mutex);
	if (fill_page(pipe, &end))
		ready = EPOLLIN | EPOLLRDNORM;
	else if (end)
		ready = EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	mutex_unlock(&pipe->mutex);
	return ready;
}

const struct file_operations mt_pipe_fops = {
	.owner = THIS_MODULE,
	.open = pipe_open,
	.read = pipe_read,
	.poll = pipe_poll,
	.release = pipe_release,
};
