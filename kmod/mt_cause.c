// SPDX-License-Identifier: GPL-2.0-only
#include "mt_cause.h"

u64 mt_numa_expected[1 << MT_NUMA_BITS];
bool mt_numa_in_use __read_mostly;
DEFINE_PER_CPU(struct task_struct *, mt_stopper);

void mt_cause_expect_numa(pid_t pid, int to, enum mt_event cause)
{
	WRITE_ONCE(*mt_numa_entry(pid), mt_record_word(cause, 0, to, pid));
	WRITE_ONCE(mt_numa_in_use, true);
}

/*
 * The stopper runs at a priority that no task of a user can have: FIFO with
 * the internal priority 0. Other kernel threads could be given it, hence the
 * name, which only the kernel can set.
 */
bool mt_cause_find_stopper(void)
{
	if (current->prio != 0 || !(current->flags & PF_KTHREAD) || memcmp(current->comm, "migratio", 8))
		return false;
	this_cpu_write(mt_stopper, current);
	return true;
}
