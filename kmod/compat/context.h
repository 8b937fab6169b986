/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_COMPAT_CONTEXT_H
#define MT_COMPAT_CONTEXT_H

/* Which context the CPU is in. */

#include <linux/preempt.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define in_hardirq() in_irq()
#endif

#endif /* MT_COMPAT_CONTEXT_H */
