// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes down what migrate_trace_lite does without: for every migration the
 * stack of who moves the task. tests/causes/run reads the true cause off it.
 *
 * One thing a stack does not tell. migration_cpu_stop() works in the stopper
 * for whoever asked for it: sched_setaffinity(), exec() or NUMA balancing. So
 * the asker's stack is recorded as well, when it asks, and its event and that
 * of the migration carry the address of the request (the argument that the
 * stopper's function is given) by which they find each other.
 *
 * From load to unload it records into memory that is there from the start. The
 * file debugfs migration_cause_check may be read at any time; a line is
 *
 *	TS CPU migrate FROM TO PID PRIO REQUEST FUNCTION...
 *	TS CPU new     FROM TO PID PRIO 0 FUNCTION...
 *	TS CPU ask     . . PID . REQUEST FUNCTION...
 *
 * with the innermost function first; PID is the task that moves or asks,
 * REQUEST is 0 outside the stopper's migration_cpu_stop().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

static unsigned int records = 16384;
module_param(records, uint, 0444);
MODULE_PARM_DESC(records, "how many events fit, per CPU");

enum kind { MIGRATE, NEW, ASK };
static const char * const kind_names[] = { "migrate", "new", "ask" };

#define DEPTH 24

struct record {
	u64 ts;
	unsigned long request;
	pid_t pid;
	short from, to, prio;
	u8 kind, depth;
	unsigned long stack[DEPTH];
};

/* Written by its own CPU only, with interrupts off; a reader sees what is below the head. */
struct log {
	struct record *record;
	unsigned int head, dropped;
	/* What migration_cpu_stop() was called with last on this CPU. */
	unsigned long request;
};

static DEFINE_PER_CPU(struct log, logs);
static struct dentry *file;

static noinline void write_record(enum kind kind, pid_t pid, int from, int to, int prio, unsigned long request)
{
	struct log *log;
	struct record *record;
	unsigned long flags;

	local_irq_save(flags);
	log = this_cpu_ptr(&logs);
	if (log->head == records) {
		log->dropped++;
	} else {
		record = &log->record[log->head];
		*record = (struct record){
			.ts = sched_clock(), .request = request, .pid = pid,
			.from = from, .to = to, .prio = prio, .kind = kind,
		};
		/* Not this function and not its caller, the probe. */
		record->depth = stack_trace_save(record->stack, DEPTH, 2);
		smp_store_release(&log->head, log->head + 1);
	}
	local_irq_restore(flags);
}

/* ---- what happens ---- */

static void probe_migrate(void *data, struct task_struct *p, int to)
{
	int from = task_cpu(p);

	if (from != to)
		write_record(MIGRATE, p->pid, from, to, p->prio, __this_cpu_read(logs.request));
}

static void probe_wakeup_new(void *data, struct task_struct *p)
{
	int from = raw_smp_processor_id(), to = task_cpu(p);

	if (from != to)
		write_record(NEW, p->pid, from, to, p->prio, 0);
}

static struct kprobe at_work;

/* The probe stands behind the mark for indirect branches (endbr64) that functions begin with on some kernels. */
static bool is_migration_cpu_stop(unsigned long function)
{
	return (unsigned long)at_work.addr - function <= 4;
}

/* stop_one_cpu(cpu, function, argument) and stop_one_cpu_nowait(cpu, function, argument, work) */
static int __kprobes probe_ask(struct kprobe *probe, struct pt_regs *regs)
{
	if (is_migration_cpu_stop(regs_get_kernel_argument(regs, 1)))
		write_record(ASK, current->pid, 0, 0, 0, regs_get_kernel_argument(regs, 2));
	return 0;
}

/* migration_cpu_stop(argument): the stopper, which does not change its CPU. */
static int __kprobes probe_work(struct kprobe *probe, struct pt_regs *regs)
{
	__this_cpu_write(logs.request, regs_get_kernel_argument(regs, 0));
	return 0;
}

static struct kprobe at_work = { .symbol_name = "migration_cpu_stop", .pre_handler = probe_work };
static struct kprobe at_ask = { .symbol_name = "stop_one_cpu", .pre_handler = probe_ask };
static struct kprobe at_ask_nowait = { .symbol_name = "stop_one_cpu_nowait", .pre_handler = probe_ask };
/* Requests are known before the work that they ask for. */
static struct kprobe *kprobes[] = { &at_work, &at_ask, &at_ask_nowait };

static struct tracepoint_use {
	const char *name;
	void *function;
	struct tracepoint *tracepoint;
} tracepoints[] = {
	{ "sched_migrate_task", probe_migrate },
	{ "sched_wakeup_new", probe_wakeup_new },
};

static void note_tracepoint(struct tracepoint *tracepoint, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tracepoints); i++)
		if (!strcmp(tracepoint->name, tracepoints[i].name))
			tracepoints[i].tracepoint = tracepoint;
}

static void detach(int count)
{
	while (count--)
		tracepoint_probe_unregister(tracepoints[count].tracepoint, tracepoints[count].function, NULL);
	tracepoint_synchronize_unregister();
}

static int attach(void)
{
	int i, ret;

	for_each_kernel_tracepoint(note_tracepoint, NULL);
	for (i = 0; i < ARRAY_SIZE(tracepoints); i++) {
		ret = -ENOENT;
		if (tracepoints[i].tracepoint)
			ret = tracepoint_probe_register(tracepoints[i].tracepoint, tracepoints[i].function, NULL);
		if (ret) {
			pr_err("cannot attach to %s: error %d\n", tracepoints[i].name, ret);
			detach(i);
			return ret;
		}
	}
	return 0;
}

/* ---- text ---- */

/*
 * Position 0 is the line with the losses, and (cpu << 32) + i + 1 the record i
 * of a CPU: logs that grow while they are read must not shift the others.
 */
static void *text_start(struct seq_file *text, loff_t *pos)
{
	unsigned int cpu = *pos >> 32;

	if (!*pos)
		return SEQ_START_TOKEN;
	for (; cpu < nr_cpu_ids; *pos = ((loff_t)++cpu << 32) + 1) {
		struct log *log = per_cpu_ptr(&logs, cpu);

		if (cpu_possible(cpu) && (u32)*pos - 1 < smp_load_acquire(&log->head))
			return &log->record[(u32)*pos - 1];
	}
	return NULL;
}

static void *text_next(struct seq_file *text, void *unused, loff_t *pos)
{
	++*pos;
	return text_start(text, pos);
}

static void text_stop(struct seq_file *text, void *unused)
{
}

static void show_losses(struct seq_file *text)
{
	unsigned int dropped = 0;
	unsigned long missed = 0;
	int cpu, i;

	for_each_possible_cpu(cpu)
		dropped += per_cpu_ptr(&logs, cpu)->dropped;
	for (i = 0; i < ARRAY_SIZE(kprobes); i++)
		missed += kprobes[i]->nmissed;
	seq_printf(text, "# dropped %u missed %lu\n", dropped, missed);
}

static int text_show(struct seq_file *text, void *item)
{
	struct record *record = item;
	int cpu, i;

	if (item == SEQ_START_TOKEN) {
		show_losses(text);
		return 0;
	}
	for_each_possible_cpu(cpu) {
		struct log *log = per_cpu_ptr(&logs, cpu);

		if (record >= log->record && record < log->record + records)
			break;
	}
	seq_printf(text, "0x%016llx %d %s ", record->ts, cpu, kind_names[record->kind]);
	if (record->kind == ASK)
		seq_printf(text, ". . %d .", record->pid);
	else
		seq_printf(text, "%d %d %d %d", record->from, record->to, record->pid, record->prio);
	seq_printf(text, " %lx", record->request);
	for (i = 0; i < record->depth; i++)
		seq_printf(text, " %pB", (void *)record->stack[i]);
	seq_putc(text, '\n');
	return 0;
}

static const struct seq_operations text_sops = {
	.start = text_start,
	.next = text_next,
	.stop = text_stop,
	.show = text_show,
};
DEFINE_SEQ_ATTRIBUTE(text);

/* ---- load and unload ---- */

static void free_logs(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		vfree(per_cpu_ptr(&logs, cpu)->record);
}

static int __init cause_check_init(void)
{
	int cpu, registered, ret;

	for_each_possible_cpu(cpu) {
		struct log *log = per_cpu_ptr(&logs, cpu);

		log->record = vzalloc(array_size(records, sizeof(struct record)));
		if (!log->record) {
			ret = -ENOMEM;
			goto free;
		}
	}
	for (registered = 0; registered < ARRAY_SIZE(kprobes); registered++) {
		ret = register_kprobe(kprobes[registered]);
		if (ret) {
			pr_err("cannot probe %s: error %d\n", kprobes[registered]->symbol_name, ret);
			goto unregister;
		}
	}
	ret = attach();
	if (ret)
		goto unregister;
	file = debugfs_create_file("migration_cause_check", 0400, NULL, NULL, &text_fops);
	return 0;

unregister:
	unregister_kprobes(kprobes, registered);
free:
	free_logs();
	return ret;
}

static void __exit cause_check_exit(void)
{
	debugfs_remove(file);
	detach(ARRAY_SIZE(tracepoints));
	unregister_kprobes(kprobes, ARRAY_SIZE(kprobes));
	free_logs();
}

module_init(cause_check_init);
module_exit(cause_check_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: the stack of every migration");
