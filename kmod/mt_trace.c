// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs migration_trace/: the state of the trace, its files and its text.
 *
 * The trace is on or off (mt_trace_on). What the files and mt_trace_enable()
 * do is serialised by mt_trace_mutex. Events come in on any CPU at any time
 * and know nothing of that: they go to their CPU's buffer as long as it is
 * open (mt_buffer.h). A full buffer turns the trace off where it is noticed,
 * under locks of the scheduler; detaching the probes is left to a work item,
 * or to whoever takes the mutex first.
 *
 * The text is made only while the trace is off and no event is under way, and
 * while somebody has it open the trace neither starts nor is emptied. So
 * readers walk over data at rest and need no lock among themselves.
 *
 * Order of locks: mt_trace_mutex, cpu_hotplug_lock, mutex of mt_buffer.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpuhotplug.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/migrate_trace_lite.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>

#include "mt_buffer.h"
#include "mt_debugfs.h"
#include "mt_probe.h"
#include "mt_text.h"
#include "mt_topology.h"
#include "mt_trace.h"

/*
 * The tasks that existed at a start, in memory of their own: they may be more
 * than fit into the buffer of a CPU. They read as events of the CPU that made
 * the list. A trace that was restarted has several.
 */
struct mt_task_list {
	struct list_head node;
	int cpu;
	/* In use and allocated, in events; an event is two records. */
	u32 count, room;
	struct mt_record record[];
};

static DEFINE_MUTEX(mt_trace_mutex);
/* 1 while the trace is on. Turned on under the mutex, off anywhere. */
static atomic_t mt_trace_on = ATOMIC_INIT(0);
/* All below: under the mutex. */
static bool mt_trace_attached;
static unsigned int mt_trace_readers;
static LIST_HEAD(mt_task_lists);

static struct dentry *mt_trace_dir;
static enum cpuhp_state mt_trace_hotplug;

/* ---- events ---- */

static void stop_in_process_context(struct work_struct *work);
static DECLARE_WORK(mt_stop_work, stop_in_process_context);

static void schedule_stop(struct irq_work *work)
{
	schedule_work(&mt_stop_work);
}

static struct irq_work mt_stop_irq_work;

/* Any context, also under locks of the scheduler, where not even a message may be printed. */
static bool turn_off(void)
{
	if (atomic_cmpxchg(&mt_trace_on, 1, 0) != 1)
		return false;
	mt_buffer_close();
	return true;
}

void mt_trace_no_room(void)
{
	if (mt_buffer_is_full() && turn_off())
		irq_work_queue(&mt_stop_irq_work);
}

void mt_trace_by_sched_clock(struct mt_record *record, u64 word)
{
	record->ts = sched_clock();
	record->word = word;
	mt_buffer_commit(record, 1);
}

/*
 * Begins an event of two slots, if the trace is on. Interrupts are off from here to the
 * mt_buffer_commit() of the caller. NULL: do nothing.
 */
static struct mt_record *begin_event(enum mt_event event, pid_t pid)
{
	struct mt_record *record = mt_buffer_next();

	if (!mt_buffer_has_room(record, 2)) {
		mt_trace_no_room();
		return NULL;
	}
	record->ts = mt_clock();
	record->word = mt_record_word(event, 0, 0, pid);
	return record;
}

void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm)
{
	struct mt_record *record;
	unsigned long flags;

	local_irq_save(flags);
	record = begin_event(event, pid);
	if (record) {
		strscpy(record[1].comm, comm, sizeof(record[1].comm));
		mt_buffer_commit(record, 2);
	}
	local_irq_restore(flags);
}

void mt_trace_mark(unsigned long mark)
{
	struct mt_record *record;
	unsigned long flags;

	local_irq_save(flags);
	record = begin_event(MT_EVENT_mark, current->pid);
	if (record) {
		record[1].mark = mark;
		mt_buffer_commit(record, 2);
	}
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GPL(mt_trace_mark);

/* On each CPU, interrupts off: its trace begins. */
static void start_cpu(void *unused)
{
	struct mt_record *record;
	struct timespec64 now;

	if (!atomic_read(&mt_trace_on))
		return;
	mt_buffer_open(smp_processor_id());
	record = begin_event(MT_EVENT_start_sched_clock, 0);
	if (!record)
		return;
	ktime_get_real_ts64(&now);
	record[1].sec = now.tv_sec;
	record[1].usec = now.tv_nsec / NSEC_PER_USEC;
	mt_buffer_commit(record, 2);
}

/* ---- the list of tasks ---- */

static u32 count_tasks(void)
{
	struct task_struct *process, *task;
	u32 count = 0;

	rcu_read_lock();
	for_each_process_thread(process, task)
		count++;
	rcu_read_unlock();
	return count;
}

/* With room for the tasks that there are and those that may come before they are listed. */
static struct mt_task_list *alloc_task_list(void)
{
	u32 count = count_tasks(), room = count + count / 8 + 64;
	struct mt_task_list *list;

	list = kvmalloc(struct_size(list, record, (size_t)room * 2), GFP_KERNEL);
	if (list) {
		list->count = 0;
		list->room = room;
	}
	return list;
}

/*
 * To be called when the probes work already: a task that is missing here has a
 * copy_process event then. The time is taken before the name, under the lock
 * that changes of a name take, so that a later name has a later time.
 * Return: false when the tasks are more than there is room for.
 */
static bool fill_task_list(struct mt_task_list *list)
{
	struct task_struct *process, *task;
	bool all = true;

	list->count = 0;
	list->cpu = raw_smp_processor_id();
	rcu_read_lock();
	for_each_process_thread(process, task) {
		struct mt_record *record = &list->record[list->count * 2];

		if (list->count == list->room) {
			all = false;
			goto out;
		}
		task_lock(task);
		record->ts = sched_clock();
		record->word = mt_record_word(MT_EVENT_task_list, 0, 0, task->pid);
		strscpy(record[1].comm, task->comm, sizeof(record[1].comm));
		task_unlock(task);
		list->count++;
	}
out:
	rcu_read_unlock();
	return all;
}

/* Fills *@list, and replaces it by a larger one as long as it is too small. */
static int list_tasks(struct mt_task_list **list)
{
	while (!fill_task_list(*list)) {
		kvfree(*list);
		*list = alloc_task_list();
		if (!*list)
			return -ENOMEM;
	}
	return 0;
}

static void free_task_lists(void)
{
	struct mt_task_list *list, *next;

	list_for_each_entry_safe(list, next, &mt_task_lists, node)
		kvfree(list);
	INIT_LIST_HEAD(&mt_task_lists);
}

/* ---- start, stop, reset: all under the mutex ---- */

static bool trace_empty(void)
{
	return list_empty(&mt_task_lists) && mt_buffer_empty();
}

/* Also when the trace has turned itself off: then it ends what is left of it. */
static void stop_trace(void)
{
	turn_off();
	if (!mt_trace_attached)
		return;
	/* Returns when no event is being recorded any more. */
	mt_probe_detach(MT_FEATURE_TRACE);
	mt_buffer_stop_growing();
	if (!mt_clock_stop())
		pr_warn("the cycle counter has become unstable, times in this trace may be wrong; sched_clock() is used from the next on\n");
	mt_trace_attached = false;
}

static void stop_in_process_context(struct work_struct *work)
{
	mutex_lock(&mt_trace_mutex);
	if (!atomic_read(&mt_trace_on) && mt_trace_attached) {
		stop_trace();
		if (mt_buffer_any_full())
			pr_info("a buffer is full, the trace has stopped; see the parameter trace_buf_kb\n");
		else
			pr_err("no memory for the buffer of a CPU that came online, the trace has stopped\n");
	}
	mutex_unlock(&mt_trace_mutex);
}

/*
 * Turns the trace on and lets every online CPU begin. A CPU that is coming up
 * meanwhile is either online when the lock is had, with its buffer or without,
 * or prepared after it.
 */
static int start_cpus(void)
{
	int ret = 0;

	cpus_read_lock();
	if (mt_buffer_ready()) {
		atomic_set(&mt_trace_on, 1);
		on_each_cpu(start_cpu, NULL, 1);
	} else {
		ret = -ENOMEM;
	}
	cpus_read_unlock();
	/* A tiny buffer can have been full before all had begun. */
	if (!atomic_read(&mt_trace_on))
		mt_buffer_close();
	return ret;
}

static int start_trace(void)
{
	struct mt_task_list *list;
	int ret;

	list = alloc_task_list();
	if (!list)
		return -ENOMEM;
	ret = mt_buffer_prepare();
	if (ret)
		goto free_list;
	ret = mt_probe_attach(MT_FEATURE_TRACE);
	if (ret)
		goto stop_growing;
	if (!mt_clock_start()) {
		ret = -EPERM;
		goto detach;
	}
	mt_trace_attached = true;
	mt_topology_note();
	mt_buffer_save_position();
	ret = start_cpus();
	if (!ret)
		ret = list_tasks(&list);
	if (ret)
		goto stop;
	list_add_tail(&list->node, &mt_task_lists);
	return 0;

stop:
	stop_trace();
	mt_buffer_rewind();
	if (trace_empty())
		mt_clock_reset();
	goto free_list;
detach:
	mt_probe_detach(MT_FEATURE_TRACE);
stop_growing:
	mt_buffer_stop_growing();
free_list:
	kvfree(list);
	return ret;
}

static int may_start(bool allow_restart)
{
	if (mt_trace_readers)
		return -EBUSY;
	if (trace_empty())
		return 0;
	if (!allow_restart || mt_buffer_any_full())
		return -EPERM;
	return 0;
}

int mt_trace_enable(int enable, int allow_restart)
{
	int ret = 0;

	if (enable != 0 && enable != 1)
		return -EINVAL;

	mutex_lock(&mt_trace_mutex);
	if (!enable) {
		stop_trace();
	} else if (atomic_read(&mt_trace_on)) {
		ret = allow_restart ? 0 : -EPERM;
	} else {
		stop_trace();
		ret = may_start(allow_restart);
		if (!ret)
			ret = start_trace();
	}
	mutex_unlock(&mt_trace_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(mt_trace_enable);

static int reset_trace(void)
{
	int ret = 0;

	mutex_lock(&mt_trace_mutex);
	if (mt_trace_readers) {
		ret = -EBUSY;
	} else {
		stop_trace();
		mt_buffer_reset();
		mt_clock_reset();
		free_task_lists();
	}
	mutex_unlock(&mt_trace_mutex);
	return ret;
}

/*
 * CPU hotplug, before the CPU runs. A CPU without memory for its buffer comes
 * up all the same; the trace stops, because it would have a hole.
 */
static int prepare_cpu(unsigned int cpu)
{
	int ret = mt_buffer_prepare_cpu(cpu);

	if (!atomic_read(&mt_trace_on))
		return 0;
	if (ret) {
		turn_off();
		schedule_work(&mt_stop_work);
		return 0;
	}
	mt_buffer_open(cpu);
	/* Turned off in between: then nobody closes this one. */
	smp_mb();
	if (!atomic_read(&mt_trace_on))
		mt_buffer_close();
	return 0;
}

/* The cycle counter may start anew after a sleep, and tells nothing of the time in between. */
static int machine_sleeps(struct notifier_block *block, unsigned long event, void *unused)
{
	if (event != PM_SUSPEND_PREPARE && event != PM_HIBERNATION_PREPARE)
		return NOTIFY_DONE;
	mutex_lock(&mt_trace_mutex);
	if (atomic_read(&mt_trace_on) && mt_clock_is_cycles()) {
		stop_trace();
		pr_info("the machine goes to sleep, the trace has stopped; see the parameter cycles\n");
	}
	mutex_unlock(&mt_trace_mutex);
	return NOTIFY_OK;
}

static struct notifier_block mt_trace_sleep = { .notifier_call = machine_sleeps };

/* ---- text ---- */

static const char * const mt_header[] = { "version 1.1.0", "nr_cpus ", "ts_field 1" };

/* All zero: before the header. Buffers are read CPU after CPU. */
struct trace_cursor {
	u32 header;
	u32 cpu;
	/* Next slot of this CPU's buffer, and what finds its time quickly. */
	u32 slot, clock_hint;
	/* Next event of this list of tasks, which this CPU made; NULL: before the first. */
	u32 item;
	struct mt_task_list *list;
	bool lists_done;
};

enum {
	TRACE_HEADER_NAMES = ARRAY_SIZE(mt_header),
	TRACE_HEADER_CPUS = TRACE_HEADER_NAMES + MT_NR_CAUSES + MT_NR_LOCS,
};

static size_t cpu_line(u32 cpu, char *line)
{
	struct mt_topology at = mt_topology_of(cpu);
	char *to = line;

	to = mt_put_string(to, "# cpu ");
	to = mt_put_decimal(to, cpu);
	to = mt_put_string(to, " core ");
	to = mt_put_signed(to, at.core);
	to = mt_put_string(to, " llc ");
	to = mt_put_signed(to, at.llc);
	to = mt_put_string(to, " node ");
	to = mt_put_signed(to, at.node);
	to = mt_put_string(to, " capacity ");
	to = mt_put_signed(to, at.capacity);
	*to++ = '\n';
	return to - line;
}

static size_t header_line(u32 index, char *line)
{
	const struct mt_event_name *name;
	char *to = line;

	to = mt_put_string(to, "# ");
	if (index < TRACE_HEADER_NAMES) {
		to = mt_put_string(to, mt_header[index]);
		if (index == 1)
			to = mt_put_decimal(to, num_possible_cpus());
	} else {
		index -= TRACE_HEADER_NAMES;
		to = mt_put_string(to, index < MT_NR_CAUSES ? "cause " : "loc ");
		name = index < MT_NR_CAUSES ? &mt_cause_names[index] : &mt_loc_names[index - MT_NR_CAUSES];
		to = mt_put_decimal(to, name->number);
		*to++ = ' ';
		to = mt_put_string(to, name->name);
	}
	*to++ = '\n';
	return to - line;
}

/* A name may hold any byte; those that would break the line or a terminal show as '?'. */
static char *put_comm(char *to, const char *comm)
{
	int i;

	for (i = 0; i < TASK_COMM_LEN && comm[i]; i++) {
		unsigned char c = comm[i];

		*to++ = c < 0x20 || c == 0x7f ? '?' : c;
	}
	return to;
}

static char *put_pid_and_event(char *to, const struct mt_record *record)
{
	to = mt_put_decimal(to, mt_record_pid(record));
	*to++ = ' ';
	return mt_put_decimal(to, mt_record_event(record));
}

static size_t event_line(u32 cpu, u64 time, const struct mt_record *record, char *line)
{
	const struct mt_record *payload = record + 1;
	char *to = line;

	*to++ = '0';
	*to++ = 'x';
	to = mt_put_hex64(to, time);
	*to++ = ' ';
	to = mt_put_decimal(to, cpu);
	*to++ = ' ';
	switch (mt_record_event(record)) {
	case MT_EVENT_start_sched_clock:
		to = mt_put_string(to, ". . . start_sched_clock ");
		to = mt_put_decimal(to, payload->sec);
		*to++ = ' ';
		to = mt_put_decimal(to, payload->usec);
		break;
	case MT_EVENT_copy_process:
	case MT_EVENT_set_task_comm:
	case MT_EVENT_task_list:
		to = mt_put_string(to, ". . ");
		to = put_pid_and_event(to, record);
		to = mt_put_string(to, " : ");
		to = put_comm(to, payload->comm);
		break;
	case MT_EVENT_mark:
		to = mt_put_string(to, ". . ");
		to = put_pid_and_event(to, record);
		to = mt_put_string(to, " 0x");
		to = mt_put_hex(to, payload->mark, 8);
		break;
	default:
		to = mt_put_decimal(to, mt_record_from(record));
		*to++ = ' ';
		to = mt_put_decimal(to, mt_record_to(record));
		*to++ = ' ';
		to = put_pid_and_event(to, record);
		break;
	}
	*to++ = '\n';
	return to - line;
}

/* The next event in lists of tasks that the cursor's CPU made, or NULL. */
static const struct mt_record *peek_task(struct trace_cursor *cursor)
{
	if (cursor->lists_done)
		return NULL;
	if (cursor->list && cursor->item < cursor->list->count)
		return &cursor->list->record[cursor->item * 2];

	cursor->item = 0;
	cursor->list = list_prepare_entry(cursor->list, &mt_task_lists, node);
	list_for_each_entry_continue(cursor->list, &mt_task_lists, node)
		if (cursor->list->cpu == cursor->cpu && cursor->list->count)
			return &cursor->list->record[0];
	cursor->lists_done = true;
	return NULL;
}

/* The next event of the cursor's CPU in the order of time, or NULL behind its last. */
static const struct mt_record *next_event(struct trace_cursor *cursor, u64 *time)
{
	const struct mt_record *task = peek_task(cursor);
	const struct mt_record *other = mt_buffer_at(cursor->cpu, cursor->slot);

	if (other)
		*time = mt_clock_time(other->ts, &cursor->clock_hint);
	if (task && (!other || task->ts <= *time)) {
		*time = task->ts;
		cursor->item++;
		return task;
	}
	if (other)
		cursor->slot += mt_event_slots(mt_record_event(other));
	return other;
}

static __always_inline size_t trace_line(void *position, char *line)
{
	struct trace_cursor *cursor = position;
	const struct mt_record *record;
	u64 time;

	if (cursor->header < TRACE_HEADER_CPUS)
		return header_line(cursor->header++, line);
	while (cursor->header < TRACE_HEADER_CPUS + nr_cpu_ids) {
		u32 cpu = cursor->header++ - TRACE_HEADER_CPUS;

		if (cpu_possible(cpu))
			return cpu_line(cpu, line);
	}

	while (cursor->cpu < nr_cpu_ids) {
		if (cpu_possible(cursor->cpu)) {
			record = next_event(cursor, &time);
			if (record)
				return event_line(cursor->cpu, time, record, line);
		}
		*cursor = (struct trace_cursor){ .header = cursor->header, .cpu = cursor->cpu + 1 };
	}
	return 0;
}

static size_t trace_fill(void *cursor, char *to, size_t room)
{
	return mt_text_lines(cursor, to, room, trace_line);
}

static const struct mt_text_ops trace_text = {
	.cursor_size = sizeof(struct trace_cursor),
	.fill = trace_fill,
};

/* ---- files ---- */

static ssize_t enable_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return mt_read_number(buf, count, pos, atomic_read(&mt_trace_on));
}

static ssize_t enable_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	bool enable;
	int ret = mt_parse_switch(buf, count, &enable);

	if (!ret)
		ret = mt_trace_enable(enable, 0);
	return ret ? ret : count;
}

static ssize_t mark_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	unsigned long mark;
	int ret = mt_parse_number(buf, count, &mark);

	if (!ret)
		mt_trace_mark(mark);
	return ret ? ret : count;
}

static ssize_t reset_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	int ret = mt_parse_zero(buf, count);

	if (!ret)
		ret = reset_trace();
	return ret ? ret : count;
}

static int trace_open(struct inode *inode, struct file *file)
{
	struct mt_text *text;
	int ret = 0;

	text = mt_text_open(&trace_text);
	if (!text)
		return -ENOMEM;
	mutex_lock(&mt_trace_mutex);
	if (atomic_read(&mt_trace_on)) {
		ret = -EPERM;
	} else {
		/* It may have turned itself off a moment ago. */
		stop_trace();
		mt_topology_note();
		mt_trace_readers++;
		file->private_data = text;
	}
	mutex_unlock(&mt_trace_mutex);
	if (ret)
		mt_text_close(text);
	return ret;
}

static int trace_release(struct inode *inode, struct file *file)
{
	mt_text_close(file->private_data);
	mutex_lock(&mt_trace_mutex);
	mt_trace_readers--;
	mutex_unlock(&mt_trace_mutex);
	return 0;
}

static ssize_t trace_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
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

static const struct file_operations mark_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = mark_write,
	.llseek = noop_llseek,
};

static const struct file_operations reset_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = reset_write,
	.llseek = noop_llseek,
};

static const struct file_operations trace_fops = {
	.owner = THIS_MODULE,
	.open = trace_open,
	.read = trace_read,
	.release = trace_release,
	.llseek = no_seek_end_llseek,
};

static const struct mt_file mt_trace_files[] = {
	{ "enable", 0600, &enable_fops },
	{ "mark", 0600, &mark_fops },
	{ "reset", 0600, &reset_fops },
	{ "trace", 0400, &trace_fops },
};

/* ---- load and unload ---- */

int mt_trace_init(unsigned int buf_kb)
{
	int ret;

	mt_buffer_init(buf_kb);
	mt_topology_note();
	init_irq_work(&mt_stop_irq_work, schedule_stop);
	ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "migrate_trace_lite:prepare", prepare_cpu,
					NULL);
	if (ret < 0) {
		pr_err("cannot watch CPUs come online: error %d\n", ret);
		return ret;
	}
	mt_trace_hotplug = ret;
	mt_trace_dir = mt_debugfs_create("migration_trace", mt_trace_files, ARRAY_SIZE(mt_trace_files));
	if (IS_ERR(mt_trace_dir)) {
		cpuhp_remove_state_nocalls(mt_trace_hotplug);
		return PTR_ERR(mt_trace_dir);
	}
	/* It cannot fail: the only error is that it is registered already. */
	register_pm_notifier(&mt_trace_sleep);
	return 0;
}

void mt_trace_exit(void)
{
	unregister_pm_notifier(&mt_trace_sleep);
	/* Waits for files in use. */
	debugfs_remove_recursive(mt_trace_dir);
	cpuhp_remove_state_nocalls(mt_trace_hotplug);
	mutex_lock(&mt_trace_mutex);
	stop_trace();
	mutex_unlock(&mt_trace_mutex);
	irq_work_sync(&mt_stop_irq_work);
	cancel_work_sync(&mt_stop_work);
	free_task_lists();
	mt_buffer_free();
}
