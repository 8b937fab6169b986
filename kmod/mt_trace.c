// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs migration_trace/: the state of the trace and its files.
 *
 * The trace is on or off (mt_trace_on). What the files and mt_trace_enable()
 * do is serialised by mt_trace_mutex. Events come in on any CPU at any time
 * and know nothing of that: they go to their CPU's buffer as long as it is
 * open (mt_buffer.h). A full buffer, unless it keeps the newest events, turns
 * the trace off where it is noticed, under locks of the scheduler; detaching
 * the probes is left to a work item, or to whoever takes the mutex first.
 *
 * While somebody has the file `trace` open (mt_view.h) the trace neither starts
 * nor is emptied. So its readers walk over data at rest, or over a copy, and
 * need no lock among themselves. Readers of `trace_pipe` (mt_pipe.h) hold up
 * nobody.
 *
 * Order of locks: mt_trace_mutex, cpu_hotplug_lock, mutex of mt_buffer.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpuhotplug.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/irq_work.h>
#include <linux/jump_label.h>
#include <linux/ktime.h>
#include <linux/migrate_trace_lite.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>

#include "mt_buffer.h"
#include "mt_debugfs.h"
#include "mt_pipe.h"
#include "mt_probe.h"
#include "mt_rules.h"
#include "mt_state.h"
#include "mt_topology.h"
#include "mt_trace.h"
#include "mt_view.h"

DEFINE_MUTEX(mt_trace_mutex);
/* 1 while the trace is on. Turned on under the mutex, off anywhere. */
static atomic_t mt_trace_on = ATOMIC_INIT(0);
/* All below: under the mutex. */
static bool mt_trace_attached;
static unsigned int mt_trace_readers;
LIST_HEAD(mt_task_lists);
struct mt_task_list *mt_late_tasks;
struct mt_start mt_first_start;
u64 mt_trace_epoch;

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

/* A place for an event of @slots slots, or NULL: the trace is off, or ends here. Interrupts are off. */
static struct mt_record *reserve(u32 slots)
{
	struct mt_record *record = mt_buffer_next();

	if (likely(mt_buffer_has_room(record, slots)))
		return record;
	if (mt_buffer_next_chunk(slots))
		return mt_buffer_next();
	if (mt_buffer_is_open() && turn_off())
		irq_work_queue(&mt_stop_irq_work);
	return NULL;
}

void mt_trace_record(u64 word)
{
	struct mt_record *record = reserve(1);

	if (!record)
		return;
	record->ts = mt_clock();
	record->word = word;
	mt_buffer_commit(record, 1);
}

DEFINE_STATIC_KEY_FALSE(mt_trace_ruled);

void mt_trace_by_rules(pid_t pid, u32 from, u32 to, enum mt_event cause)
{
	bool fires = unlikely(mt_trigger_is_migration(pid, from, to, cause));

	if (mt_filter_migration(pid, from, to, cause))
		mt_trace_record(mt_record_word(cause, from, to, pid));
	if (fires)
		mt_trigger_fire();
}

/*
 * Begins an event of two slots, if the trace is on. Interrupts are off from here to the
 * mt_buffer_commit() of the caller. NULL: do nothing.
 */
static struct mt_record *begin_event(enum mt_event event, pid_t pid)
{
	struct mt_record *record = reserve(2);

	if (!record)
		return NULL;
	record->ts = mt_clock();
	record->word = mt_record_word(event, 0, 0, pid);
	return record;
}

void mt_trace_comm(enum mt_event event, pid_t pid, const char *comm)
{
	struct mt_record *record;
	unsigned long flags;

	local_irq_save(flags);
	/* With interrupts off the filter does not go away. */
	record = mt_filter_task(pid) ? begin_event(event, pid) : NULL;
	if (record) {
		strscpy(record[1].comm, comm, sizeof(record[1].comm));
		mt_buffer_commit(record, 2);
	}
	local_irq_restore(flags);
}

void mt_trace_new_task(const struct task_struct *p)
{
	mt_filter_new_task(p);
	mt_trace_comm(MT_EVENT_copy_process, p->pid, p->comm);
}

void mt_trace_exec(const struct task_struct *p, pid_t old)
{
	mt_filter_exec(p, old);
}

void mt_trace_exit_task(const struct task_struct *p)
{
	mt_filter_exit(p);
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
		if (mt_trigger_is_mark(mark))
			mt_trigger_fire();
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

#ifdef MT_HAVE_CYCLES
DEFINE_STATIC_KEY_FALSE(mt_trace_plain);

static void choose_plain(bool plain)
{
	if (plain)
		static_branch_enable(&mt_trace_plain);
	else
		static_branch_disable(&mt_trace_plain);
}
#else
static void choose_plain(bool plain)
{
}
#endif

static void choose_way(void)
{
	bool ruled = mt_rules_any();

	if (ruled)
		static_branch_enable(&mt_trace_ruled);
	choose_plain(mt_clock_is_cycles() && !ruled);
	if (!ruled)
		static_branch_disable(&mt_trace_ruled);
}

void mt_trace_rules_changed(void)
{
	choose_way();
}

bool mt_trace_is_on(void)
{
	return atomic_read(&mt_trace_on);
}

static void free_task_lists(void)
{
	struct mt_task_list *list, *next;

	list_for_each_entry_safe(list, next, &mt_task_lists, node)
		mt_tasks_free(list);
	INIT_LIST_HEAD(&mt_task_lists);
	mt_tasks_free(mt_late_tasks);
	mt_late_tasks = NULL;
}

static bool any_overwritten(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (mt_buffer_stats(cpu).overwritten)
			return true;
	return false;
}

/* What tasks are called whose events with their names are gone. Without memory they have none. */
static void list_late_tasks(void)
{
	mt_tasks_free(mt_late_tasks);
	mt_late_tasks = any_overwritten() ? mt_tasks_alloc() : NULL;
	if (mt_late_tasks && mt_tasks_list(&mt_late_tasks))
		mt_late_tasks = NULL;
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
	mt_rules_stop();
	list_late_tasks();
	mt_pipe_stop();
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

static void note_start(void)
{
	struct timespec64 now;

	if (!trace_empty())
		return;
	ktime_get_real_ts64(&now);
	mt_first_start = (struct mt_start){ sched_clock(), now.tv_sec, now.tv_nsec / NSEC_PER_USEC };
}

static int start_trace(void)
{
	struct mt_task_list *list;
	int ret;

	list = mt_tasks_alloc();
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
	choose_way();
	mt_topology_note();
	mt_buffer_save_position();
	note_start();
	mt_pipe_prepare();
	ret = mt_rules_start();
	if (!ret)
		ret = start_cpus();
	if (!ret)
		ret = mt_tasks_list(&list);
	if (ret)
		goto stop;
	list_add_tail(&list->node, &mt_task_lists);
	mt_pipe_start();
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
	mt_tasks_free(list);
	return ret;
}

void mt_trace_stop_by_trigger(void)
{
	mutex_lock(&mt_trace_mutex);
	/* It may have been stopped and started meanwhile. */
	if (atomic_read(&mt_trace_on) && mt_trigger_has_come()) {
		stop_trace();
		pr_info("the trigger has come, the trace has stopped\n");
	}
	mutex_unlock(&mt_trace_mutex);
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
		mt_trace_epoch++;
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

/* Under the mutex, before what can only be changed while nothing has been recorded. */
static int may_change(void)
{
	if (mt_trace_readers)
		return -EBUSY;
	if (atomic_read(&mt_trace_on))
		return -EBUSY;
	stop_trace();
	return trace_empty() ? 0 : -EBUSY;
}

static ssize_t overwrite_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return mt_read_number(buf, count, pos, mt_buffer_overwrites());
}

static ssize_t overwrite_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	bool overwrite;
	int ret = mt_parse_switch(buf, count, &overwrite);

	if (ret)
		return ret;
	mutex_lock(&mt_trace_mutex);
	ret = may_change();
	if (!ret)
		mt_buffer_set_overwrite(overwrite);
	mutex_unlock(&mt_trace_mutex);
	return ret ? ret : count;
}

static ssize_t size_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return mt_read_number(buf, count, pos, mt_buffer_kb());
}

/* Buffers of the new size are allocated at the next start. */
static ssize_t size_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	unsigned long kb;
	int ret = mt_parse_number(buf, count, &kb);

	if (!ret && (kb < 1 || kb > MT_TRACE_BUF_KB_MAX))
		ret = -EINVAL;
	if (ret)
		return ret;
	mutex_lock(&mt_trace_mutex);
	ret = may_change();
	if (!ret) {
		mt_buffer_free();
		mt_buffer_set_size(kb);
	}
	mutex_unlock(&mt_trace_mutex);
	return ret ? ret : count;
}

static int stats_show(struct seq_file *seq, void *unused)
{
	unsigned int cpu;

	mutex_lock(&mt_trace_mutex);
	for_each_possible_cpu(cpu) {
		struct mt_buffer_stats stats = mt_buffer_stats(cpu);

		seq_printf(seq, "cpu %u events %llu bytes %llu lost %llu overwritten %llu\n", cpu, stats.events, stats.bytes, stats.lost,
			   stats.overwritten);
	}
	mutex_unlock(&mt_trace_mutex);
	return 0;
}

static int stats_open(struct inode *inode, struct file *file)
{
	return single_open(file, stats_show, NULL);
}

static int trace_open(struct inode *inode, struct file *file)
{
	struct mt_view *view = ERR_PTR(-EPERM);
	bool on;

	mutex_lock(&mt_trace_mutex);
	on = atomic_read(&mt_trace_on);
	/* It may have turned itself off a moment ago. */
	if (!on)
		stop_trace();
	if (!on || mt_buffer_overwrites()) {
		mt_topology_note();
		view = mt_view_open(on);
	}
	if (!IS_ERR(view)) {
		mt_trace_readers++;
		file->private_data = view;
	}
	mutex_unlock(&mt_trace_mutex);
	return PTR_ERR_OR_ZERO(view);
}

static int trace_release(struct inode *inode, struct file *file)
{
	mutex_lock(&mt_trace_mutex);
	mt_view_close(file->private_data);
	mt_trace_readers--;
	mutex_unlock(&mt_trace_mutex);
	return 0;
}

static ssize_t trace_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return mt_view_read(file->private_data, buf, count, pos);
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

static const struct file_operations overwrite_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = overwrite_read,
	.write = overwrite_write,
	.llseek = default_llseek,
};

static const struct file_operations size_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = size_read,
	.write = size_write,
	.llseek = default_llseek,
};

static const struct file_operations stats_fops = {
	.owner = THIS_MODULE,
	.open = stats_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

static const struct mt_file mt_trace_files[] = {
	{ "buffer_size_kb", 0600, &size_fops },
	{ "enable", 0600, &enable_fops },
	{ "filter_cause", 0600, &mt_filter_cause_fops },
	{ "filter_children", 0600, &mt_filter_children_fops },
	{ "filter_cpu", 0600, &mt_filter_cpu_fops },
	{ "filter_from", 0600, &mt_filter_from_fops },
	{ "filter_pid", 0600, &mt_filter_pid_fops },
	{ "filter_to", 0600, &mt_filter_to_fops },
	{ "mark", 0600, &mark_fops },
	{ "overwrite", 0600, &overwrite_fops },
	{ "reset", 0600, &reset_fops },
	{ "stats", 0400, &stats_fops },
	{ "trace", 0400, &trace_fops },
	{ "trace_pipe", 0400, &mt_pipe_fops },
	{ "trigger", 0600, &mt_trigger_fops },
};

/* ---- load and unload ---- */

int mt_trace_init(unsigned int buf_kb, bool overwrite)
{
	int ret;

	mt_buffer_set_size(buf_kb);
	mt_buffer_set_overwrite(overwrite);
	mt_rules_init();
	mt_pipe_init();
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
	mt_rules_exit();
	mt_pipe_exit();
	free_task_lists();
	mt_buffer_free();
}
