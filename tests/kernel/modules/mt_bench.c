// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event at the tracepoint sched_migrate_task costs with whatever is
 * attached to it: calls the tracepoint as the scheduler does, many times with
 * interrupts off, and reads the time stamp counter before and after. In a
 * guest whose counter counts instructions (QEMU's -icount) that is exact.
 *
 * debugfs mt_bench/cost: write "STATE CALLS"; reads as instructions per call,
 * times 100. STATE is what seems to go on: "waking", the task wakes up;
 * "balancing", it is pulled by a softirq; "stopper", the stopper moves it (so
 * that the search for the cause goes its longest way).
 * mt_bench/empty: 1 attaches a probe that does nothing, 0 takes it off.
 * mt_bench/pid_offset: where a task keeps its pid, for BPF programs.
 */
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/stop_machine.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>

#include "../compat/task.h"

static struct dentry *dir;
static struct tracepoint *tracepoint;
static struct task_struct *task;
static u64 cost;

static void find(struct tracepoint *candidate, void *unused)
{
	if (!strcmp(candidate->name, "sched_migrate_task"))
		tracepoint = candidate;
}

/* As __DO_TRACE() does it; a module has to go through the trampoline's address. */
static __always_inline void call_tracepoint(int to)
{
	struct tracepoint_func *function = rcu_dereference_raw(tracepoint->funcs);
	void (*trampoline)(void *, struct task_struct *, int) = tracepoint->static_call_tramp;

	if (function)
		trampoline(function->data, task, to);
}

static noinline u64 measure(unsigned int calls)
{
	u64 begin = rdtsc();

	while (calls--)
		call_tracepoint(1);
	return rdtsc() - begin;
}

static u64 measure_with_interrupts_off(unsigned int calls)
{
	u64 without;

	/* The first call finds caches, and lazy work, as the others do not. */
	measure(1);
	without = measure(0);
	return measure(calls) - without;
}

static u64 measure_in_softirq(unsigned int calls)
{
	u64 took;

	preempt_count_add(SOFTIRQ_OFFSET);
	took = measure_with_interrupts_off(calls);
	preempt_count_sub(SOFTIRQ_OFFSET);
	return took;
}

struct stopper_work {
	unsigned int calls;
	u64 took;
};

static int work_of_stopper(void *data)
{
	struct stopper_work *work = data;

	raw_spin_lock(&task->pi_lock);
	work->took = measure_with_interrupts_off(work->calls);
	raw_spin_unlock(&task->pi_lock);
	return 0;
}

/* The work of stop_machine() is done by the stopper, with interrupts off. */
static u64 measure_on_stopper(unsigned int calls)
{
	struct stopper_work work = { .calls = calls };

	stop_machine(work_of_stopper, &work, NULL);
	return work.took;
}

static void run(const char *what, unsigned int calls)
{
	unsigned int before = mt_task_state(task);
	unsigned long flags;
	u64 took;

	/* Nobody else looks at the task: it sleeps, and is woken up at the end only. */
	mt_set_task_state(task, strcmp(what, "waking") ? TASK_RUNNING : TASK_WAKING);
	if (!strcmp(what, "stopper")) {
		took = measure_on_stopper(calls);
	} else {
		local_irq_save(flags);
		if (!strcmp(what, "balancing"))
			took = measure_in_softirq(calls);
		else
			took = measure_with_interrupts_off(calls);
		local_irq_restore(flags);
	}
	mt_set_task_state(task, before);
	cost = took * 100 / calls;
}

static ssize_t cost_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char text[32] = "", state[16];
	unsigned int calls;

	if (count >= sizeof(text) || copy_from_user(text, buf, count))
		return -EINVAL;
	if (sscanf(text, "%15s %u", state, &calls) != 2 || !calls || calls > 100000)
		return -EINVAL;
	run(state, calls);
	return count;
}

static noinline void empty_probe(void *data, struct task_struct *p, int to)
{
}

static int empty_set(void *unused, u64 on)
{
	if (on)
		return tracepoint_probe_register(tracepoint, empty_probe, NULL);
	return tracepoint_probe_unregister(tracepoint, empty_probe, NULL);
}
DEFINE_DEBUGFS_ATTRIBUTE(empty_fops, NULL, empty_set, "%llu\n");

static ssize_t show(char __user *buf, size_t count, loff_t *pos, const char *text)
{
	return simple_read_from_buffer(buf, count, pos, text, strlen(text));
}

static ssize_t cost_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	char text[32];

	scnprintf(text, sizeof(text), "%llu\n", cost);
	return show(buf, count, pos, text);
}

static ssize_t pid_offset_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	char text[32];

	scnprintf(text, sizeof(text), "%zu\n", offsetof(struct task_struct, pid));
	return show(buf, count, pos, text);
}

static const struct file_operations cost_fops = {
	.owner = THIS_MODULE,
	.read = cost_read,
	.write = cost_write,
};

static const struct file_operations pid_offset_fops = {
	.owner = THIS_MODULE,
	.read = pid_offset_read,
};

static int wait_to_be_stopped(void *unused)
{
	return 0;
}

static int __init mt_bench_init(void)
{
	for_each_kernel_tracepoint(find, NULL);
	if (!tracepoint)
		return -ENOENT;
	/* Never woken before the end, so that nobody else looks at its state. */
	task = kthread_create(wait_to_be_stopped, NULL, "mt_bench");
	if (IS_ERR(task))
		return PTR_ERR(task);
	dir = debugfs_create_dir("mt_bench", NULL);
	debugfs_create_file("cost", 0600, dir, NULL, &cost_fops);
	debugfs_create_file("empty", 0200, dir, NULL, &empty_fops);
	debugfs_create_file("pid_offset", 0400, dir, NULL, &pid_offset_fops);
	return 0;
}

static void __exit mt_bench_exit(void)
{
	debugfs_remove_recursive(dir);
	kthread_stop(task);
}

module_init(mt_bench_init);
module_exit(mt_bench_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Measures what a migration event costs");
