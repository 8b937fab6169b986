// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "mt_debugfs.h"
#include "mt_rules.h"
#include "mt_state.h"

/* Of what is written to one of the files. */
#define MT_RULE_BYTES_MAX 65536
#define MT_PIDS_MAX 4096
/* An hour, in ms. */
#define MT_AFTER_MAX 3600000

struct mt_filter mt_filter;
struct mt_trigger mt_trigger;
atomic_t mt_trigger_armed = ATOMIC_INIT(0);

/* What was written: the processes, and whether their children are meant, too. */
static pid_t mt_filter_tgids[MT_PIDS_MAX];
static u32 mt_nr_tgids;
static bool mt_filter_children;

/* What was written, whether it has come since the last start, and the time between that and the end of the trace. */
static char mt_trigger_text[128];
static bool mt_trigger_fired;
static unsigned int mt_trigger_msec;
static struct irq_work mt_trigger_irq_work;
static void stop_by_trigger(struct work_struct *work);
static DECLARE_DELAYED_WORK(mt_trigger_work, stop_by_trigger);

/* ---- tasks ---- */

/* Its bit is set before it can run, and goes with it: pids are used again. */
void mt_filter_new_task(const struct task_struct *p)
{
	unsigned long *pids = READ_ONCE(mt_filter.pids);

	if (pids && test_bit(current->pid, pids) && (p->tgid == current->tgid || READ_ONCE(mt_filter_children)))
		set_bit(p->pid, pids);
}

/* A thread that is not the first of its process: the first has ended by now, and with it the bit of the pid. */
void mt_filter_exec(const struct task_struct *p, pid_t old)
{
	unsigned long *pids;

	if (p->pid == old)
		return;
	rcu_read_lock();
	pids = READ_ONCE(mt_filter.pids);
	if (pids && test_and_clear_bit(old, pids))
		set_bit(p->pid, pids);
	rcu_read_unlock();
}

/* Probes of these two kinds may be preempted. */
void mt_filter_exit(const struct task_struct *p)
{
	unsigned long *pids;

	rcu_read_lock();
	pids = READ_ONCE(mt_filter.pids);
	if (pids)
		clear_bit(p->pid, pids);
	rcu_read_unlock();
}

/*
 * The threads of the processes that are wanted. To be called when probes see @pids: a thread that is not found here has
 * been made by one that was.
 */
static void find_threads(unsigned long *pids)
{
	struct task_struct *process, *task;
	u32 i;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		for (i = 0; i < mt_nr_tgids && task->tgid != mt_filter_tgids[i]; i++)
			;
		if (i == mt_nr_tgids)
			continue;
		set_bit(task->pid, pids);
		/* Either this is seen, or mt_filter_exit() comes later. */
		smp_mb__after_atomic();
		if (READ_ONCE(task->flags) & PF_EXITING)
			clear_bit(task->pid, pids);
	}
	rcu_read_unlock();
}

static unsigned long *alloc_pids(void)
{
	return vzalloc(BITS_TO_LONGS(PID_MAX_LIMIT + 1) * sizeof(unsigned long));
}

/* NULL: all tasks are recorded from here on. */
static void use_pids(unsigned long *pids)
{
	unsigned long *old = mt_filter.pids;

	WRITE_ONCE(mt_filter.pids, pids);
	if (pids)
		find_threads(pids);
	if (!old)
		return;
	/* Probes look at it with interrupts off, or as readers of RCU. */
	synchronize_rcu();
	vfree(old);
}

/* ---- what was written ---- */

/* The text with blanks for control characters; an ERR_PTR() for what is too long. */
static char *read_text(const char __user *buf, size_t count)
{
	char *text;
	size_t i;

	if (count > MT_RULE_BYTES_MAX)
		return ERR_PTR(-E2BIG);
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return text;
	for (i = 0; i < count; i++)
		if (iscntrl(text[i]))
			text[i] = ' ';
	return text;
}

/* The next word at *@text, which moves behind it, or NULL. */
static char *next_word(char **text)
{
	char *word;

	do
		word = strsep(text, " ,");
	while (word && !*word);
	return word;
}

/* The process that a pid or the pid of one of its threads belongs to; 0: there is none. */
static pid_t process_of(pid_t pid)
{
	struct task_struct *task;
	pid_t tgid = 0;

	rcu_read_lock();
	task = pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_PID);
	if (task)
		tgid = task->tgid;
	rcu_read_unlock();
	return tgid;
}

static int parse_pids(char *text, bool append)
{
	u32 count = append ? mt_nr_tgids : 0;
	pid_t *tgids;
	char *word;
	int ret = 0;

	tgids = kvmalloc(sizeof(mt_filter_tgids), GFP_KERNEL);
	if (!tgids)
		return -ENOMEM;
	memcpy(tgids, mt_filter_tgids, sizeof(mt_filter_tgids));
	while (!ret && (word = next_word(&text))) {
		unsigned int pid;

		if (kstrtouint(word, 10, &pid) || !pid || pid > PID_MAX_LIMIT)
			ret = -EINVAL;
		else if (count == MT_PIDS_MAX)
			ret = -ENOSPC;
		else if (!(tgids[count] = process_of(pid)))
			ret = -ESRCH;
		else
			count++;
	}
	if (!ret) {
		memcpy(mt_filter_tgids, tgids, sizeof(mt_filter_tgids));
		mt_nr_tgids = count;
	}
	kvfree(tgids);
	return ret;
}

static int cause_number(const char *word)
{
	int i;

	for (i = 0; i < MT_NR_CAUSES; i++)
		if (!strcmp(word, mt_cause_names[i].name))
			return mt_cause_names[i].number;
	return -EINVAL;
}

static int parse_causes(char *text, bool append)
{
	u32 causes = append && mt_filter.causes != U32_MAX ? mt_filter.causes : 0;
	char *word;

	while ((word = next_word(&text))) {
		int number = cause_number(word);

		if (number < 0)
			return number;
		causes |= BIT(number);
	}
	WRITE_ONCE(mt_filter.causes, causes ? causes : U32_MAX);
	return 0;
}

static int parse_cpus(char *text, unsigned long *mask, bool append)
{
	unsigned long *cpus;
	int ret = 0;

	text = strim(text);
	cpus = bitmap_zalloc(NR_CPUS, GFP_KERNEL);
	if (!cpus)
		return -ENOMEM;
	if (*text)
		ret = bitmap_parselist(text, cpus, nr_cpu_ids);
	if (append && !bitmap_full(mask, NR_CPUS))
		bitmap_or(cpus, cpus, mask, NR_CPUS);
	if (bitmap_empty(cpus, NR_CPUS))
		bitmap_fill(cpus, NR_CPUS);
	if (!ret)
		bitmap_copy(mask, cpus, NR_CPUS);
	bitmap_free(cpus);
	return ret < 0 ? -EINVAL : 0;
}

/* The CPUs of a NUMA node. */
static int parse_node(const char *word, unsigned long *mask)
{
	unsigned int node, cpu;

	if (!word || kstrtouint(word, 10, &node))
		return -EINVAL;
	if (node >= MAX_NUMNODES || !node_possible(node))
		return -ENODEV;
	bitmap_zero(mask, NR_CPUS);
	for_each_possible_cpu(cpu)
		if (cpu_to_node(cpu) == node)
			__set_bit(cpu, mask);
	return 0;
}

static int parse_number(const char *word, unsigned long max, unsigned long *number)
{
	if (!word || kstrtoul(word, 0, number) || *number > max)
		return -EINVAL;
	return 0;
}

/* "mark [VALUE] [after MSEC]", "migration [pid PID] [cause NAME] [from NODE] [to NODE] [after MSEC]", or nothing. */
static int parse_trigger(char *text, struct mt_trigger *trigger, unsigned int *msec)
{
	char *word = next_word(&text);
	unsigned long number;
	int ret = 0;

	bitmap_fill(trigger->from, NR_CPUS);
	bitmap_fill(trigger->to, NR_CPUS);
	trigger->causes = U32_MAX;
	*msec = 0;
	if (!word)
		return -EINVAL;
	trigger->by_mark = trigger->any_mark = !strcmp(word, "mark");
	if (!trigger->by_mark && strcmp(word, "migration"))
		return -EINVAL;
	while (!ret && (word = next_word(&text))) {
		if (!strcmp(word, "after")) {
			ret = parse_number(next_word(&text), MT_AFTER_MAX, &number);
			*msec = ret ? 0 : number;
		} else if (trigger->by_mark) {
			ret = trigger->any_mark ? parse_number(word, ULONG_MAX, &trigger->mark) : -EINVAL;
			trigger->any_mark = false;
		} else if (!strcmp(word, "pid")) {
			ret = parse_number(next_word(&text), PID_MAX_LIMIT, &number);
			trigger->pid = ret ? 0 : number;
		} else if (!strcmp(word, "cause")) {
			word = next_word(&text);
			ret = word ? cause_number(word) : -EINVAL;
			if (ret >= 0) {
				trigger->causes = BIT(ret);
				ret = 0;
			}
		} else if (!strcmp(word, "from")) {
			ret = parse_node(next_word(&text), trigger->from);
		} else if (!strcmp(word, "to")) {
			ret = parse_node(next_word(&text), trigger->to);
		} else {
			ret = -EINVAL;
		}
	}
	return ret;
}

/* ---- the trigger ---- */

static void schedule_stop(struct irq_work *work)
{
	queue_delayed_work(system_wq, &mt_trigger_work, msecs_to_jiffies(mt_trigger_msec));
}

static void stop_by_trigger(struct work_struct *work)
{
	mt_trace_stop_by_trigger();
}

/* Any context, also under locks of the scheduler. */
void mt_trigger_fire(void)
{
	if (atomic_cmpxchg(&mt_trigger_armed, 1, 0) != 1)
		return;
	WRITE_ONCE(mt_trigger_fired, true);
	irq_work_queue(&mt_trigger_irq_work);
}

bool mt_trigger_has_come(void)
{
	return READ_ONCE(mt_trigger_fired);
}

static void arm(void)
{
	mt_trigger_fired = false;
	atomic_set(&mt_trigger_armed, *mt_trigger_text != '\0');
}

static void disarm(void)
{
	atomic_set(&mt_trigger_armed, 0);
	/* Whoever is about to fire has done so. */
	synchronize_rcu();
	irq_work_sync(&mt_trigger_irq_work);
	cancel_delayed_work(&mt_trigger_work);
}

static int set_trigger(char *text)
{
	struct mt_trigger *trigger;
	unsigned int msec;
	int ret = 0;

	text = strim(text);
	if (strlen(text) >= sizeof(mt_trigger_text))
		return -E2BIG;
	trigger = kzalloc(sizeof(*trigger), GFP_KERNEL);
	if (!trigger)
		return -ENOMEM;
	if (*text) {
		char copy[sizeof(mt_trigger_text)];

		strscpy(copy, text, sizeof(copy));
		ret = parse_trigger(copy, trigger, &msec);
	}
	if (!ret) {
		disarm();
		mt_trigger = *trigger;
		mt_trigger_msec = msec;
		strscpy(mt_trigger_text, text, sizeof(mt_trigger_text));
		mt_trigger_fired = false;
		if (mt_trace_is_on())
			arm();
	}
	kfree(trigger);
	return ret;
}

/* ---- all ---- */

bool mt_rules_any(void)
{
	return mt_nr_tgids || mt_filter.causes != U32_MAX || !bitmap_full(mt_filter.cpu, NR_CPUS) ||
	       !bitmap_full(mt_filter.from, NR_CPUS) || !bitmap_full(mt_filter.to, NR_CPUS) ||
	       (*mt_trigger_text && !mt_trigger.by_mark);
}

void mt_rules_init(void)
{
	mt_filter.causes = U32_MAX;
	bitmap_fill(mt_filter.cpu, NR_CPUS);
	bitmap_fill(mt_filter.from, NR_CPUS);
	bitmap_fill(mt_filter.to, NR_CPUS);
	init_irq_work(&mt_trigger_irq_work, schedule_stop);
}

void mt_rules_exit(void)
{
	disarm();
	cancel_delayed_work_sync(&mt_trigger_work);
	use_pids(NULL);
}

int mt_rules_start(void)
{
	unsigned long *pids = mt_nr_tgids ? alloc_pids() : NULL;

	if (mt_nr_tgids && !pids)
		return -ENOMEM;
	use_pids(pids);
	arm();
	return 0;
}

void mt_rules_stop(void)
{
	disarm();
	use_pids(NULL);
}

/* ---- files ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == ',';
}

static ssize_t write_rule(struct file *file, const char __user *buf, size_t count, loff_t *pos,
			  int (*set)(char *text, bool append))
{
	/* Whether the last write of this file ended in a word. */
	void **open_word = &((struct seq_file *)file->private_data)->private;
	/* What is longer than the buffer of a program comes in several writes. */
	bool append = file->f_flags & O_APPEND || *pos, ends_in_word;
	char *text = read_text(buf, count);
	int ret = -EINVAL;

	if (IS_ERR(text))
		return PTR_ERR(text);
	ends_in_word = count && !is_blank(text[count - 1]);
	mutex_lock(&mt_trace_mutex);
	/* A word that was cut in two is not taken for two. */
	if (!*open_word || !*text || is_blank(*text))
		ret = set(text, append);
	if (!ret)
		mt_trace_rules_changed();
	mutex_unlock(&mt_trace_mutex);
	kfree(text);
	if (ret)
		return ret;
	*open_word = ends_in_word ? file : NULL;
	*pos += count;
	return count;
}

static int set_pids(char *text, bool append)
{
	/* Added to what is there, where the children are that these processes have had. */
	bool add = append && mt_filter.pids, anew = mt_trace_is_on() && !add;
	unsigned long *pids = anew ? alloc_pids() : NULL;
	int ret;

	if (anew && !pids)
		return -ENOMEM;
	ret = parse_pids(text, append);
	if (!ret && add)
		find_threads(mt_filter.pids);
	if (!ret && anew)
		use_pids(mt_nr_tgids ? pids : NULL);
	if (pids != mt_filter.pids)
		vfree(pids);
	return ret;
}

static int set_cpu(char *text, bool append)
{
	return parse_cpus(text, mt_filter.cpu, append);
}

static int set_from(char *text, bool append)
{
	return parse_cpus(text, mt_filter.from, append);
}

static int set_to(char *text, bool append)
{
	return parse_cpus(text, mt_filter.to, append);
}

static int set_trigger_text(char *text, bool append)
{
	return set_trigger(text);
}

static int show_pids(struct seq_file *seq, void *unused)
{
	u32 i;

	for (i = 0; i < mt_nr_tgids; i++)
		seq_printf(seq, "%d\n", mt_filter_tgids[i]);
	return 0;
}

static int show_causes(struct seq_file *seq, void *unused)
{
	int i;

	for (i = 0; mt_filter.causes != U32_MAX && i < MT_NR_CAUSES; i++)
		if (mt_filter.causes >> mt_cause_names[i].number & 1)
			seq_printf(seq, "%s\n", mt_cause_names[i].name);
	return 0;
}

static int show_cpus(struct seq_file *seq, const unsigned long *mask)
{
	if (!bitmap_full(mask, NR_CPUS))
		seq_printf(seq, "%*pbl\n", (int)nr_cpu_ids, mask);
	return 0;
}

static int show_cpu(struct seq_file *seq, void *unused)
{
	return show_cpus(seq, mt_filter.cpu);
}

static int show_from(struct seq_file *seq, void *unused)
{
	return show_cpus(seq, mt_filter.from);
}

static int show_to(struct seq_file *seq, void *unused)
{
	return show_cpus(seq, mt_filter.to);
}

static int show_trigger_text(struct seq_file *seq, void *unused)
{
	if (*mt_trigger_text)
		seq_printf(seq, "%s\n%s", mt_trigger_text, mt_trigger_fired ? "# it has come\n" : "");
	return 0;
}

/* A file that is read whole, under the mutex, and written whole. */
#define MT_RULE_FILE(name, show, set)								\
static int name##_show(struct seq_file *seq, void *unused)					\
{												\
	int ret;										\
												\
	mutex_lock(&mt_trace_mutex);								\
	ret = show(seq, unused);								\
	mutex_unlock(&mt_trace_mutex);								\
	return ret;										\
}												\
												\
static int name##_open(struct inode *inode, struct file *file)					\
{												\
	return single_open(file, name##_show, NULL);						\
}												\
												\
static ssize_t name##_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)	\
{												\
	return write_rule(file, buf, count, pos, set);						\
}												\
												\
const struct file_operations name##_fops = {							\
	.owner = THIS_MODULE,									\
	.open = name##_open,									\
	.read = seq_read,									\
	.write = name##_write,									\
	.llseek = seq_lseek,									\
	.release = single_release,								\
}

MT_RULE_FILE(mt_filter_pid, show_pids, set_pids);
MT_RULE_FILE(mt_filter_cpu, show_cpu, set_cpu);
MT_RULE_FILE(mt_filter_from, show_from, set_from);
MT_RULE_FILE(mt_filter_to, show_to, set_to);
MT_RULE_FILE(mt_filter_cause, show_causes, parse_causes);
MT_RULE_FILE(mt_trigger, show_trigger_text, set_trigger_text);

static ssize_t children_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return mt_read_number(buf, count, pos, mt_filter_children);
}

static ssize_t children_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	bool children;
	int ret = mt_parse_switch(buf, count, &children);

	if (!ret)
		WRITE_ONCE(mt_filter_children, children);
	return ret ? ret : count;
}

const struct file_operations mt_filter_children_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = children_read,
	.write = children_write,
	.llseek = default_llseek,
};
