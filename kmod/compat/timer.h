/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_COMPAT_TIMER_H
#define MT_COMPAT_TIMER_H

/* High resolution timers: 6.13 joined the function and the initialisation. */

#include <linux/hrtimer.h>

#ifndef MT_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif /* MT_COMPAT_TIMER_H */
