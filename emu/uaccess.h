/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's access to user memory, through the current CPU's MMU: copies
 * translate, fault and take steps as instructions in kernel mode with
 * RFLAGS.AC set do.
 */
#ifndef MMULATOR_EMU_UACCESS_H
#define MMULATOR_EMU_UACCESS_H

#include "base/machine.h"

/**
 * copy_from_user - read user memory, as the current task's kernel mode.
 * @to: at least @n bytes
 * @from: where the user has it
 * @n: bytes
 *
 * Context: on the agent of a task, in kernel mode, no spinlock held. Steps as
 * instructions would; faults are handled.
 * Return: 0, or -EFAULT: some bytes may have been copied.
 * Source: Linux v6.12 include/linux/uaccess.h copy_from_user()
 */
int must_check copy_from_user(void *to, vaddr_t from, size_t n);
/**
 * copy_to_user - write user memory, likewise.
 * @to: where the user wants it
 * @from: @n bytes
 * @n: bytes
 *
 * Context: as copy_from_user().
 * Return: 0, or -EFAULT: some bytes may have been copied.
 */
int must_check copy_to_user(vaddr_t to, const void *from, size_t n);
/**
 * user_load_bytes - copy_from_user() that says how far it got.
 * @to: at least @n bytes
 * @from: where the user has it
 * @n: bytes
 * @atomic: as under pagefault_disable(): a fault is not handled but ends the
 *	copy (Linux: copy_from_user_inatomic())
 *
 * Context: as copy_from_user(); @atomic: locks may be held that a fault would
 * need.
 * Return: bytes not copied.
 */
size_t user_load_bytes(void *to, vaddr_t from, size_t n, bool atomic);
/**
 * strncpy_from_user - a string of the user's.
 * @to: at least @n bytes; gets the string with its NUL
 * @from: where the user has it
 * @n: bytes
 *
 * Context: as copy_from_user().
 * Return: its length without the NUL; -EFAULT; -ENAMETOOLONG if there is no NUL
 * in @n bytes.
 */
long must_check strncpy_from_user(char *to, vaddr_t from, size_t n);

#endif
