/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another walker for arm64: Unicorn's own MMU, as in second_x86.h.  It makes
 * one access at EL0 or EL1, through the half of the address space that is under
 * test; its own program lies in the other.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_SECOND_ARM64_H
#define MMULATOR_TESTS_EVIDENCE_SECOND_ARM64_H

#include <stdbool.h>
#include <stdint.h>

struct second_arm;

enum second_arm_op {
	SECOND_ARM_READ,
	SECOND_ARM_WRITE,
	SECOND_ARM_ATOMIC, /* LDADD */
	SECOND_ARM_FETCH,  /* branches there, where second_arm_code() is; to
	                    * any address but 0 */
	SECOND_ARM_OP_COUNT
};

struct second_arm_access {
	uint64_t va, value;
	uint8_t size; /* 1 2 4 8; for SECOND_ARM_ATOMIC and _FETCH 8 */
	enum second_arm_op op;
	bool el0, pan;     /* PAN: at EL1 */
	bool unprivileged; /* LDTR, STTR: at EL1 */
	bool keep_tlb;     /* what the access before has left */
};

enum second_arm_end {
	SECOND_ARM_DONE,
	SECOND_ARM_ABORT,
	SECOND_ARM_OTHER /* see `number` */
};
struct second_arm_result {
	enum second_arm_end end;
	uint64_t value; /* loaded; of a fetch: the number in the code */
	uint64_t esr, far;
	int number; /* of the exception, or -1 - an error of Unicorn's */
};

#define SECOND_ARM_RAM       UINT64_C(0x100000000)
/* Physical addresses it keeps for itself. */
#define SECOND_ARM_OWN       UINT64_C(0x04000000)
#define SECOND_ARM_OWN_BYTES UINT64_C(0x00010000)

/** second_arm_new - NULL: this Unicorn cannot do it; *@why is why. */
struct second_arm *second_arm_new(const char **why);
void second_arm_free(struct second_arm *s);
/** second_arm_ram - its memory of SECOND_ARM_RAM bytes, zero at first. */
uint8_t *second_arm_ram(struct second_arm *s);
/** second_arm_window - as second_window(). */
bool second_arm_window(struct second_arm *s, uint64_t va);
/** second_arm_code - eight bytes that tell @number, below 2^16. */
uint64_t second_arm_code(unsigned number);
/**
 * second_arm_setup - which tables, and how.
 * @high: the half under test is the upper one: TTBR1_EL1
 * @table: what its TTBR leads to
 * @tcr: the fields of TCR_EL1 for that half; those of the other are the
 *	second walker's own
 *
 * Return: the value TCR_EL1 has now; 0: it could not.
 */
uint64_t second_arm_setup(struct second_arm *s, bool high, uint64_t table,
                          uint64_t tcr);
struct second_arm_result second_arm_access(struct second_arm *s,
                                           const struct second_arm_access *acc);

#endif
