/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One access of an arm64 CPU as the manual tells it: Arm ARM (DDI 0487),
 * chapter D8, stage 1 of the EL1&0 translation regime with VMSAv8-64, 48-bit
 * addresses, FEAT_HAFDBS, FEAT_HPDS, FEAT_PAN; exceptions as in D24.2.40
 * (ESR_EL1).
 *
 * Written from the manual to be compared with the walker of mmu/, so it
 * includes nothing of the project: bits are numbers here, as in the manual's
 * tables, and so are levels.  It knows no TLB and no order of steps.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_ARMARM_H
#define MMULATOR_TESTS_EVIDENCE_ARMARM_H

#include <stdbool.h>
#include <stdint.h>

struct arm_cpu {
	uint64_t ttbr0, ttbr1; /* tables; without ASID and CnP */
	uint64_t tcr;          /* TCR_EL1, D24.2.207 */
	unsigned pa_bits;      /* ID_AA64MMFR0_EL1.PARange */
	bool pan;              /* PSTATE.PAN */
	uint64_t (*read)(void *data, uint64_t pa); /* 8 bytes of memory */
	void *data;
};

enum arm_kind {
	ARM_READ,
	ARM_WRITE,
	ARM_ATOMIC, /* LDADD, SWP ... */
	ARM_FETCH
};

struct arm_access {
	uint64_t va;
	enum arm_kind kind;
	bool el0;          /* or EL1 */
	bool unprivileged; /* LDTR, STTR at EL1 */
};

/* What a translation allows, all levels together. */
struct arm_rights {
	bool user;      /* EL0 may read and write data at all */
	bool write;     /* whoever may read may write */
	bool user_exec; /* EL0 */
	bool priv_exec; /* EL1 */
};

struct arm_used {
	uint64_t pa, before, after;
};

/* Where a translation begins: from a TTBR, or in the middle. */
struct arm_start {
	unsigned level; /* the manual's, 0 .. 3, of the first descriptor */
	uint64_t table;
	struct arm_rights limit;
};

struct arm_result {
	bool fault;
	uint64_t esr, far;
	uint64_t pa;
	/* Of the leaf that was reached, whether or not it may be used. */
	unsigned shift; /* 0: none was */
	struct arm_rights rights;
	bool global, contiguous, dirty;
	unsigned attr_index;
	unsigned nr_used;
	struct arm_used used[4]; /* from the top */
	struct arm_start below[4];
	unsigned nr_below;
};

/**
 * arm_start - a translation of @va that begins with a TTBR.
 * Return: false if none begins: a fault without a walk.
 */
bool arm_start(const struct arm_cpu *cpu, uint64_t va, struct arm_start *start);
/**
 * arm_access - what comes of it. Changes nothing.
 * @from: NULL: from the TTBR
 */
struct arm_result arm_access(const struct arm_cpu *cpu,
                             const struct arm_access *acc,
                             const struct arm_start *from);
/** arm_permits - D8.4: may @acc go ahead with @rights? An atomic access may if
 * it may read and write. */
bool arm_permits(const struct arm_cpu *cpu, const struct arm_access *acc,
                 const struct arm_rights *rights);
/** arm_permission_esr - ESR_EL1 of a permission fault at @level. */
uint64_t arm_permission_esr(const struct arm_cpu *cpu,
                            const struct arm_access *acc,
                            const struct arm_rights *rights, unsigned level);

#endif
