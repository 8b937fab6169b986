/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_PROBE_H
#define MT_PROBE_H

/*
 * The scheduler's tracepoints. They are found by name when the module is
 * loaded, and a probe is attached only while a feature wants it: a module that
 * is loaded and idle costs nothing.
 */

#include <linux/bits.h>

enum mt_feature {
	MT_FEATURE_TRACE = BIT(0),
	MT_FEATURE_STAT = BIT(1),
};

/* Return: 0, or -ENOENT after a message that names the tracepoint not found. */
int mt_probe_init(void);

/*
 * Attaches the probes that @feature needs. Process context. Return: 0, or a
 * negative error of tracepoint_probe_register() and nothing is attached.
 */
int mt_probe_attach(enum mt_feature feature);

/*
 * Detaches what @feature alone needed. When it returns, no probe works for
 * @feature on any CPU any more, and code that ran with interrupts or
 * preemption off when it was called has left that section.
 */
void mt_probe_detach(enum mt_feature feature);

#endif /* MT_PROBE_H */
