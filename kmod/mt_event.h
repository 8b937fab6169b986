/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_EVENT_H
#define MT_EVENT_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/sched.h>
#include <linux/threads.h>
#include <linux/types.h>

/*
 * The one table of events. Numbers are part of the files that users keep: 1 to
 * 11 are those of the original facility, new events are added at the end.
 *
 * A cause is named after the kernel function that decides on the move; what
 * each means for a user stands in docs/causes.md, how it is recognised in
 * mt_cause.h.
 */
#define MT_CAUSES(X)				\
	X(1, __migrate_task)			\
	X(2, pull_one_task)			\
	X(3, pull_rt_task)			\
	X(4, pull_task)				\
	X(5, push_rt_task)			\
	X(6, sched_fork)			\
	X(7, try_to_wake_up)			\
	X(12, pull_dl_task)			\
	X(13, push_dl_task)			\
	X(14, dl_task_timer)	\
	X(15, migrate_task_to)			\
	X(16, migrate_swap)			\
	X(17, sched_exec)			\
	X(18, balance_push)

/* Events that are no cause of a migration. */
#define MT_LOCS(X)				\
	X(8, copy_process)			\
	X(9, set_task_comm)			\
	X(10, task_list)			\
	X(11, mark)

enum mt_event {
	/* Has a name but no number in the file. */
	MT_EVENT_start_sched_clock = 0,
#define MT_ENUM(number, name) MT_EVENT_##name = number,
	MT_CAUSES(MT_ENUM)
	MT_LOCS(MT_ENUM)
#undef MT_ENUM
	MT_NR_EVENTS = 19,
};

#define MT_ONE(number, name) +1
enum {
	MT_NR_CAUSES = 0 MT_CAUSES(MT_ONE),
	MT_NR_LOCS = 0 MT_LOCS(MT_ONE),
};
#undef MT_ONE
static_assert(1 + MT_NR_CAUSES + MT_NR_LOCS == MT_NR_EVENTS);

struct mt_event_name {
	enum mt_event number;
	const char *name;
};

/* In the order of their numbers. */
extern const struct mt_event_name mt_cause_names[MT_NR_CAUSES];
extern const struct mt_event_name mt_loc_names[MT_NR_LOCS];

/*
 * A record is one slot of 16 bytes. Events with a payload take the slot behind
 * it as well (mt_event_slots()).
 */
struct mt_record {
	union {
		struct {
			/* of the raw clock (mt_clock.h), or sched_clock(), nanoseconds */
			u64 ts;
			/* event, from, to, pid: see mt_record_word() */
			u64 word;
		};
		/* Payloads. */
		char comm[TASK_COMM_LEN];
		u64 mark;
		struct {
			s64 sec;
			u64 usec;
		};
	};
};
static_assert(sizeof(struct mt_record) == 16);

/* Bits of mt_record.word, from the lowest. */
#define MT_EVENT_BITS	6
#define MT_CPU_BITS	13
static_assert(MT_NR_EVENTS <= BIT(MT_EVENT_BITS));
static_assert(NR_CPUS <= BIT(MT_CPU_BITS));

static __always_inline u64 mt_record_word(enum mt_event event, u32 from, u32 to, pid_t pid)
{
	return event | (u64)from << MT_EVENT_BITS |
	       (u64)to << (MT_EVENT_BITS + MT_CPU_BITS) | (u64)(u32)pid << 32;
}

static inline enum mt_event mt_record_event(const struct mt_record *record)
{
	return record->word & (BIT(MT_EVENT_BITS) - 1);
}

static inline u32 mt_record_from(const struct mt_record *record)
{
	return record->word >> MT_EVENT_BITS & (BIT(MT_CPU_BITS) - 1);
}

static inline u32 mt_record_to(const struct mt_record *record)
{
	return record->word >> (MT_EVENT_BITS + MT_CPU_BITS) & (BIT(MT_CPU_BITS) - 1);
}

static inline pid_t mt_record_pid(const struct mt_record *record)
{
	return record->word >> 32;
}

/* How many slots an event takes. */
static __always_inline u32 mt_event_slots(enum mt_event event)
{
	switch (event) {
	case MT_EVENT_start_sched_clock:
	case MT_EVENT_copy_process:
	case MT_EVENT_set_task_comm:
	case MT_EVENT_task_list:
	case MT_EVENT_mark:
		return 2;
	default:
		return 1;
	}
}

#endif /* MT_EVENT_H */
