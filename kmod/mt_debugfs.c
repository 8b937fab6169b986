// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "mt_debugfs.h"

static kgid_t mt_group = GLOBAL_ROOT_GID;

int mt_debugfs_init(unsigned int gid)
{
	mt_group = make_kgid(&init_user_ns, gid);
	if (!gid_valid(mt_group)) {
		pr_err("gid=%u is no group\n", gid);
		return -EINVAL;
	}
	return 0;
}

/* The file belongs to root until the group has been set. */
static void share_with_group(struct dentry *file, umode_t mode)
{
	struct inode *inode = d_inode(file);

	inode_lock(inode);
	inode->i_gid = mt_group;
	inode->i_mode |= mode >> 3;
	inode_unlock(inode);
}

static struct dentry *give_up(struct dentry *dir, const char *name, struct dentry *error)
{
	pr_err("cannot make %s in debugfs: error %ld%s\n", name, PTR_ERR(error),
	       PTR_ERR(error) == -EEXIST ? " (it is there already)" : "");
	debugfs_remove_recursive(dir);
	return error;
}

struct dentry *mt_debugfs_create(const char *name, const struct mt_file *files, int count)
{
	struct dentry *dir = debugfs_create_dir(name, NULL);
	int i;

	if (IS_ERR(dir))
		return give_up(NULL, name, dir);
	for (i = 0; i < count; i++) {
		struct dentry *file = debugfs_create_file(files[i].name, files[i].mode, dir, NULL,
							  files[i].fops);

		if (IS_ERR(file))
			return give_up(dir, files[i].name, file);
		if (!gid_eq(mt_group, GLOBAL_ROOT_GID))
			share_with_group(file, files[i].mode);
	}
	return dir;
}

int mt_parse_number(const char __user *buf, size_t count, unsigned long *number)
{
	/* Room for 64 binary digits would do; longer is not a number that anybody means. */
	char text[72];

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	/* "1\0..." is not 1. */
	if (strlen(text) != count)
		return -EINVAL;
	return kstrtoul(text, 0, number);
}

/* A number up to @max, anything else is -EINVAL. */
static int parse_up_to(const char __user *buf, size_t count, unsigned long max, unsigned long *number)
{
	int ret = mt_parse_number(buf, count, number);

	if (ret == -EFAULT)
		return ret;
	return ret || *number > max ? -EINVAL : 0;
}

int mt_parse_switch(const char __user *buf, size_t count, bool *on)
{
	unsigned long number;
	int ret = parse_up_to(buf, count, 1, &number);

	if (!ret)
		*on = number;
	return ret;
}

int mt_parse_zero(const char __user *buf, size_t count)
{
	unsigned long number;

	return parse_up_to(buf, count, 0, &number);
}

ssize_t mt_read_number(char __user *buf, size_t count, loff_t *pos, unsigned long number)
{
	char text[24];
	int length = scnprintf(text, sizeof(text), "%lu\n", number);

	return simple_read_from_buffer(buf, count, pos, text, length);
}
