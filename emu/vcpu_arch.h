/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the execution of guest code has to know of an architecture: one table
 * per architecture, found by machine->arch.  Everything that is x86 or arm64 in
 * this folder is behind it, in the files emu/x86_*.c and emu/arm64_*.c.
 */
#ifndef MMULATOR_EMU_VCPU_ARCH_H
#define MMULATOR_EMU_VCPU_ARCH_H

#include "base/arch.h"
#include "base/types.h"

struct disas_arch;
struct emitter;
struct guest_regs;
struct op;
struct unicorn_arch;

struct vcpu_arch {
	const char *pc_name; /* of the program counter, for people */

	/* ---- code of scenario threads ---- */

	/* Append the instructions of @op. */
	void (*compile_op)(struct emitter *e, const struct op *op);
	/* Let the jump that begins at @jump reach @distance bytes on. */
	void (*link_jump)(uint8_t *jump, int64_t distance);

	/* ---- code as text ---- */

	const struct disas_arch *disas; /* emu/disas_internal.h */

	/* ---- registers of ELF guests ---- */

	size_t regs_size; /* of struct guest_regs, bytes that are used */
	/* As a program finds them at its first instruction. */
	void (*regs_start)(struct guest_regs *regs, vaddr_t entry, vaddr_t sp);
	/* @regs are at a system call: it returns 0. */
	void (*regs_return_0)(struct guest_regs *regs);
	/* Where the stack pointer and the address of the TLS are. */
	uint64_t *(*regs_sp)(struct guest_regs *regs);
	uint64_t *(*regs_tls)(struct guest_regs *regs);

	/* ---- execution ---- */

	const struct unicorn_arch *unicorn; /* emu/unicorn_internal.h */
};

extern const struct vcpu_arch vcpu_arch_x86;
extern const struct vcpu_arch vcpu_arch_arm64;

/**
 * vcpu_arch_get - the table of an architecture.
 * @arch: below ARCH_COUNT
 *
 * Return: it, for ever.
 */
const struct vcpu_arch *vcpu_arch_get(enum arch_id arch);

#endif
