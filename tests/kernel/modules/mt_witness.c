// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second probe, independent of the module under test, that writes down every
 * migration it sees. Events of each CPU stand in the order in which they came.
 *
 * debugfs mt_witness/reset: writing anything forgets all. mt_witness/events:
 * for each possible CPU three u64, its number, how many events there are and
 * how many found no room, then two u64 for each of its events: FROM << 48 |
 * TO << 32 | PID, and sched_clock().
 */
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

static unsigned int room = 1 << 19;
module_param(room, uint, 0444);
MODULE_PARM_DESC(room, "events for each CPU");

struct witness {
	u64 count, lost;
	struct {
		u64 what, when;
	} *event;
};

static DEFINE_PER_CPU(struct witness, witness);
static struct dentry *dir;

static void note(int from, int to, pid_t pid)
{
	struct witness *mine = this_cpu_ptr(&witness);

	if (from == to)
		return;
	if (mine->count == room) {
		mine->lost++;
		return;
	}
	mine->event[mine->count].what = (u64)from << 48 | (u64)to << 32 | (u32)pid;
	mine->event[mine->count].when = sched_clock();
	mine->count++;
}

/* Both are called with interrupts off. */
static void see_migration(void *data, struct task_struct *p, int to)
{
	note(task_cpu(p), to, p->pid);
}

static void see_new_task(void *data, struct task_struct *p)
{
	note(raw_smp_processor_id(), task_cpu(p), p->pid);
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tracepoint;
} seen[] = {
	{ "sched_migrate_task", see_migration },
	{ "sched_wakeup_new", see_new_task },
};

static void find(struct tracepoint *tracepoint, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(seen); i++)
		if (!strcmp(tracepoint->name, seen[i].name))
			seen[i].tracepoint = tracepoint;
}

static void forget_mine(void *unused)
{
	struct witness *mine = this_cpu_ptr(&witness);

	mine->count = 0;
	mine->lost = 0;
}

static ssize_t reset_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	unsigned int cpu;

	cpus_read_lock();
	on_each_cpu(forget_mine, NULL, 1);
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			per_cpu(witness, cpu).count = per_cpu(witness, cpu).lost = 0;
	cpus_read_unlock();
	return count;
}

static const struct file_operations reset_fops = {
	.owner = THIS_MODULE,
	.write = reset_write,
};

/* One CPU after the other; events that come meanwhile are left out. */
static void *cpu_start(struct seq_file *file, loff_t *pos)
{
	while (*pos < nr_cpu_ids && !cpu_possible(*pos))
		++*pos;
	return *pos < nr_cpu_ids ? per_cpu_ptr(&witness, *pos) : NULL;
}

static void *cpu_next(struct seq_file *file, void *item, loff_t *pos)
{
	++*pos;
	return cpu_start(file, pos);
}

static void cpu_stop(struct seq_file *file, void *item)
{
}

static int cpu_show(struct seq_file *file, void *item)
{
	struct witness *of = item;
	u64 count = READ_ONCE(of->count);
	u64 head[] = { file->index, count, of->lost };

	seq_write(file, head, sizeof(head));
	seq_write(file, of->event, count * sizeof(*of->event));
	return 0;
}

static const struct seq_operations events_sops = {
	.start = cpu_start, .next = cpu_next, .stop = cpu_stop, .show = cpu_show,
};
DEFINE_SEQ_ATTRIBUTE(events);

static void free_all(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		vfree(per_cpu(witness, cpu).event);
}

static int attach(void)
{
	int i, ret = 0;

	for_each_kernel_tracepoint(find, NULL);
	for (i = 0; i < ARRAY_SIZE(seen) && !ret; i++)
		ret = seen[i].tracepoint ? tracepoint_probe_register(seen[i].tracepoint, seen[i].probe, NULL) : -ENOENT;
	if (ret && i == ARRAY_SIZE(seen))
		tracepoint_probe_unregister(seen[0].tracepoint, seen[0].probe, NULL);
	return ret;
}

static int __init mt_witness_init(void)
{
	unsigned int cpu;
	int ret = 0;

	for_each_possible_cpu(cpu) {
		per_cpu(witness, cpu).event = vmalloc(array_size(room, 2 * sizeof(u64)));
		if (!per_cpu(witness, cpu).event)
			ret = -ENOMEM;
	}
	if (!ret)
		ret = attach();
	if (ret) {
		free_all();
		return ret;
	}
	dir = debugfs_create_dir("mt_witness", NULL);
	debugfs_create_file("reset", 0200, dir, NULL, &reset_fops);
	debugfs_create_file("events", 0400, dir, NULL, &events_fops);
	return 0;
}

static void __exit mt_witness_exit(void)
{
	int i;

	debugfs_remove_recursive(dir);
	for (i = 0; i < ARRAY_SIZE(seen); i++)
		tracepoint_probe_unregister(seen[i].tracepoint, seen[i].probe, NULL);
	tracepoint_synchronize_unregister();
	free_all();
}

module_init(mt_witness_init);
module_exit(mt_witness_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: a second look at every migration");
