// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "mt_tasks.h"

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

struct mt_task_list *mt_tasks_alloc(void)
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
 * The time is taken before the name, under the lock that changes of a name
 * take, so that a later name has a later time. Return: false when the tasks are more than there is room for.
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

int mt_tasks_list(struct mt_task_list **list)
{
	while (!fill_task_list(*list)) {
		kvfree(*list);
		*list = mt_tasks_alloc();
		if (!*list)
			return -ENOMEM;
	}
	return 0;
}

void mt_tasks_free(struct mt_task_list *list)
{
	kvfree(list);
}
