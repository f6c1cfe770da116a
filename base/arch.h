/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The architectures a machine can have.
 *
 * What differs between them sits behind one table of functions per module,
 * found by machine->arch when the machine is made: struct pt_format
 * (pagetable), struct mmu_arch (mmu), struct mm_arch (mm, Linux's asm/ hooks),
 * struct vcpu_arch (emu), struct syscall_abi (syscalls).  Nobody else asks
 * which architecture a machine has.
 */
#ifndef MMULATOR_BASE_ARCH_H
#define MMULATOR_BASE_ARCH_H

#include <stdbool.h>

enum arch_id {
	ARCH_X86_64,
	ARCH_ARM64,
	ARCH_COUNT
};

/**
 * arch_name - what an architecture is called in scenarios and reports.
 * @arch: any value
 *
 * Return: "x86_64", "arm64", a literal; "?" for what is none.
 */
const char *arch_name(enum arch_id arch);
/**
 * arch_parse - an architecture by its name.
 * @name: as arch_name() gives it
 * @arch: set to it
 *
 * Return: false if there is none of that name.
 */
bool arch_parse(const char *name, enum arch_id *arch);

#endif
