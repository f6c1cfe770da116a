/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's access to user memory, through the current CPU's MMU: copies
 * translate, fault and take steps as instructions in kernel mode with
 * RFLAGS.AC set do.
 */
#ifndef MMULATOR_EMU_UACCESS_H
#define MMULATOR_EMU_UACCESS_H

#include "base/machine.h"

/** copy_from_user, copy_to_user - all of @n bytes. Context: on the agent of a
 * task, in kernel mode, no spinlock held. Return: 0 or -EFAULT. */
int must_check copy_from_user(void *to, vaddr_t from, size_t n);
int must_check copy_to_user(vaddr_t to, const void *from, size_t n);
/**
 * user_load_bytes - copy_from_user() that says how far it got.
 * @atomic: as under pagefault_disable(): a fault is not handled but ends the
 *	copy (Linux: copy_from_user_inatomic())
 *
 * Context: as above; @atomic: locks may be held that a fault would need.
 * Return: bytes not copied.
 */
size_t user_load_bytes(void *to, vaddr_t from, size_t n, bool atomic);
/** strncpy_from_user - a string with its NUL into @n bytes.
 * Return: its length; -EFAULT; -ENAMETOOLONG. */
long must_check strncpy_from_user(char *to, vaddr_t from, size_t n);

#endif
