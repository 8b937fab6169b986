// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "mt_buffer.h"
#include "mt_clock.h"
#include "mt_lines.h"
#include "mt_state.h"
#include "mt_text.h"
#include "mt_view.h"

/* What one buffer held, whole events in one piece, and how many were gone before them. */
struct mt_copy {
	struct mt_record *record;
	u32 slots;
	u64 lost;
};

/* Of a trace that runs: all events up to one moment. */
struct mt_snapshot {
	struct mt_clock_table clock;
	u64 until;
	struct mt_copy cpu[];
};

struct mt_view {
	struct mt_text *text;
	struct mt_snapshot *snapshot;
	const struct mt_clock_table *clock;
	/* Names of tasks whose events were overwritten, and the time at which they are told. */
	struct mt_task_list *late;
	u64 late_time;
};

/* ---- the copy ---- */

static void free_snapshot(struct mt_snapshot *snapshot)
{
	unsigned int cpu;

	if (!snapshot)
		return;
	for_each_possible_cpu(cpu)
		kvfree(snapshot->cpu[cpu].record);
	kvfree(snapshot);
}

static int copy_buffer(unsigned int cpu, struct mt_copy *copy)
{
	struct mt_place place = {};
	u32 room = mt_buffer_slots(), slots;
	u64 lost;

	if (!mt_buffer_stats(cpu).events)
		return 0;
	copy->record = mt_buffer_alloc(cpu);
	if (!copy->record)
		return -ENOMEM;
	for (;;) {
		lost = copy->lost;
		slots = mt_buffer_copy(cpu, &place, copy->record + copy->slots, room - copy->slots, &copy->lost);
		if (!slots)
			return 0;
		/* Overwritten behind what there is already: that is too old. */
		if (copy->lost != lost && copy->slots) {
			memmove(copy->record, copy->record + copy->slots, slots * sizeof(*copy->record));
			copy->lost = place.event;
			copy->slots = 0;
		}
		copy->slots += slots;
	}
}

static struct mt_snapshot *take_snapshot(void)
{
	struct mt_snapshot *snapshot;
	unsigned int cpu;

	snapshot = kvzalloc(struct_size(snapshot, cpu, nr_cpu_ids), GFP_KERNEL);
	if (!snapshot)
		return NULL;
	/* Whatever was stamped before this moment stands in its buffer when the grace period is over. */
	snapshot->until = mt_clock();
	synchronize_rcu();
	mt_clock_copy(&snapshot->clock);
	for_each_possible_cpu(cpu) {
		if (copy_buffer(cpu, &snapshot->cpu[cpu])) {
			free_snapshot(snapshot);
			return NULL;
		}
	}
	return snapshot;
}

/* ---- lines ---- */

/* All zero: before the header. */
struct view_cursor {
	u32 header;
	u32 cpu;
	bool lost_told, start_told, lists_done;
	u32 clock_hint;
	/* Records up to the end of this piece of the buffer, what comes behind it, and how many events were overwritten before it. */
	const struct mt_record *next, *end;
	struct mt_place place;
	u64 lost;
	/* Next event of this list of tasks, which this CPU made; NULL: before the first. */
	u32 item, late_item;
	struct mt_task_list *list;
};

/* Return: false if there is no other piece. */
static noinline bool next_piece(const struct mt_view *view, struct view_cursor *cursor)
{
	const struct mt_copy *copy;

	if (!view->snapshot) {
		cursor->next = mt_buffer_piece(cursor->cpu, &cursor->place, &cursor->end, &cursor->lost);
		if (!cursor->next)
			cursor->end = NULL;
		return cursor->next;
	}
	if (cursor->next)
		return false;
	copy = &view->snapshot->cpu[cursor->cpu];
	cursor->next = copy->record;
	cursor->end = copy->record + copy->slots;
	cursor->lost = copy->lost;
	return copy->slots;
}

/* The next record of the cursor's CPU, or NULL. */
static __always_inline const struct mt_record *peek_record(const struct mt_view *view, struct view_cursor *cursor)
{
	if (cursor->next == cursor->end && !next_piece(view, cursor))
		return NULL;
	return !view->snapshot || cursor->next->ts <= view->snapshot->until ? cursor->next : NULL;
}

/* The next event in lists of tasks that the cursor's CPU made, or NULL. */
static const struct mt_record *peek_task(struct view_cursor *cursor)
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

static const struct mt_record *peek_late(const struct mt_view *view, const struct view_cursor *cursor)
{
	if (!view->late || view->late->cpu != cursor->cpu || cursor->late_item == view->late->count)
		return NULL;
	return &view->late->record[cursor->late_item * 2];
}

/* The next line of the cursor's CPU, in the order of time; 0 behind its last. */
static size_t cpu_event(const struct mt_view *view, struct view_cursor *cursor, char *line)
{
	const struct mt_record *record = peek_record(view, cursor);
	const struct mt_record *task = peek_task(cursor), *late = peek_late(view, cursor);
	u64 time = U64_MAX;

	if (cursor->lost && !cursor->lost_told) {
		cursor->lost_told = true;
		return mt_lost_line(cursor->cpu, cursor->lost, line);
	}
	if (record)
		time = mt_clock_time(view->clock, record->ts, &cursor->clock_hint);
	if (task && task->ts <= time && (!late || task->ts <= view->late_time)) {
		cursor->item++;
		return mt_event_line(cursor->cpu, task->ts, task, line);
	}
	if (late) {
		cursor->late_item++;
		return mt_event_line(cursor->cpu, view->late_time, late, line);
	}
	if (!record)
		return 0;
	if (cursor->lost && !cursor->start_told) {
		cursor->start_told = true;
		return mt_start_line(cursor->cpu, time, &mt_first_start, line);
	}
	cursor->next += mt_event_slots(mt_record_event(record));
	return mt_event_line(cursor->cpu, time, record, line);
}

static __always_inline size_t view_line(void *private, void *position, char *line)
{
	struct view_cursor *cursor = position;
	size_t length = mt_header_line(&cursor->header, line);

	while (!length && cursor->cpu < nr_cpu_ids) {
		if (cpu_possible(cursor->cpu))
			length = cpu_event(private, cursor, line);
		if (!length)
			*cursor = (struct view_cursor){ .header = cursor->header, .cpu = cursor->cpu + 1 };
	}
	return length;
}

static size_t view_fill(void *private, void *cursor, char *to, size_t room)
{
	return mt_text_lines(private, cursor, to, room, view_line);
}

static const struct mt_text_ops view_text = {
	.cursor_size = sizeof(struct view_cursor),
	.fill = view_fill,
};

/* ---- open and close ---- */

/* The time of the oldest record, and whether any was overwritten. */
static u64 oldest_time(const struct mt_view *view, bool *overwritten)
{
	u64 oldest = U64_MAX;
	unsigned int cpu;

	*overwritten = false;
	for_each_possible_cpu(cpu) {
		struct view_cursor cursor = { .cpu = cpu };
		const struct mt_record *record = peek_record(view, &cursor);

		if (record)
			oldest = min(oldest, mt_clock_time(view->clock, record->ts, &cursor.clock_hint));
		*overwritten |= cursor.lost != 0;
	}
	return oldest;
}

static int fill_view(struct mt_view *view, bool copy)
{
	bool overwritten;
	int ret = 0;

	view->clock = &mt_clock_table;
	view->late = mt_late_tasks;
	if (copy) {
		view->snapshot = take_snapshot();
		if (!view->snapshot)
			return -ENOMEM;
		view->clock = &view->snapshot->clock;
	}
	view->late_time = oldest_time(view, &overwritten);
	if (!copy || !overwritten)
		return 0;
	view->late = mt_tasks_alloc();
	if (!view->late)
		return -ENOMEM;
	ret = mt_tasks_list(&view->late);
	return ret;
}

struct mt_view *mt_view_open(bool copy)
{
	struct mt_view *view = kzalloc(sizeof(*view), GFP_KERNEL);

	if (!view)
		return ERR_PTR(-ENOMEM);
	view->text = mt_text_open(&view_text, view);
	if (view->text && !fill_view(view, copy))
		return view;
	mt_view_close(view);
	return ERR_PTR(-ENOMEM);
}

void mt_view_close(struct mt_view *view)
{
	if (view->text)
		mt_text_close(view->text);
	/* Those of a trace at rest are not this file's. */
	if (view->snapshot)
		mt_tasks_free(view->late);
	free_snapshot(view->snapshot);
	kfree(view);
}

ssize_t mt_view_read(struct mt_view *view, char __user *buf, size_t count, loff_t *pos)
{
	return mt_text_read(view->text, buf, count, pos);
}
