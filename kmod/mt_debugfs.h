/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MT_DEBUGFS_H
#define MT_DEBUGFS_H

/* What the files of both features have in common. */

#include <linux/fs.h>

struct dentry;

/*
 * Sets who may use the files besides root: members of group @gid, nobody for
 * 0. Once, before any file is made. Return: 0 or -EINVAL.
 */
int mt_debugfs_init(unsigned int gid);

struct mt_file {
	const char *name;
	/* For root; a group gets the same. */
	umode_t mode;
	const struct file_operations *fops;
};

/*
 * Makes the directory @name at the top of debugfs with the @count files of
 * @files. Return: what debugfs_remove_recursive() takes, or an ERR_PTR() after
 * a message.
 */
struct dentry *mt_debugfs_create(const char *name, const struct mt_file *files, int count);

/*
 * Reads what a user wrote: one unsigned number in decimal, hexadecimal (0x) or
 * octal (0), with or without a newline behind it. Return: 0, -EINVAL, -ERANGE
 * or -EFAULT.
 */
int mt_parse_number(const char __user *buf, size_t count, unsigned long *number);

/* The same for a file that takes 0 or 1, and for one that takes 0 only; all else is -EINVAL. */
int mt_parse_switch(const char __user *buf, size_t count, bool *on);
int mt_parse_zero(const char __user *buf, size_t count);

/* Answers a read with @number and a newline. As simple_read_from_buffer(). */
ssize_t mt_read_number(char __user *buf, size_t count, loff_t *pos, unsigned long number);

#endif /* MT_DEBUGFS_H */
