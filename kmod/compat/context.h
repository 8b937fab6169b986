/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_COMPAT_CONTEXT_H
#define MT_COMPAT_CONTEXT_H

/* Which context the CPU is in. */

#include <linux/preempt.h>

/* The name is of 5.11. */
#ifndef in_hardirq
#define in_hardirq() in_irq()
#endif

#endif /* MT_COMPAT_CONTEXT_H */
