/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only arm64's MMU has: its registers, TLBI and its completion.  Stage 1
 * of EL1&0, VMSAv8-64, Arm ARM (DDI 0487) D8 and D24.
 *
 * A TLBI of this CPU's TLBs is performed at once.  An inner-shareable one is
 * posted to every other CPU: its agent "dvm/N" performs it, as a step of its
 * own, between two instructions of that CPU.  mmu_dsb() waits until all of this
 * CPU's are performed everywhere and every store made through what they removed
 * is in memory.  With the switch tlbi_erratum it waits for neither the stores
 * nor the instruction, but the next TLBI and DSB of that CPU do: Linux repeats
 * them on such CPUs (ARM64_WORKAROUND_REPEAT_TLBI).
 */
#ifndef MMULATOR_MMU_ARM64_H
#define MMULATOR_MMU_ARM64_H

#include "base/machine.h"

struct dvm;
struct mmu;

/* TCR_EL1, D24.2.207. */
#define TCR_T0SZ_SHIFT 0
#define TCR_EPD0       BIT_ULL(7)
#define TCR_TG0_SHIFT  14 /* 0: 4K, 1: 64K, 2: 16K */
#define TCR_T1SZ_SHIFT 16
#define TCR_EPD1       BIT_ULL(23)
#define TCR_TG1_SHIFT  30 /* 1: 16K, 2: 4K, 3: 64K */
#define TCR_IPS_SHIFT  32
#define TCR_AS         BIT_ULL(36) /* ASIDs of 16 bits */
#define TCR_TBI0       BIT_ULL(37)
#define TCR_TBI1       BIT_ULL(38)
#define TCR_HA         BIT_ULL(39)
#define TCR_HD         BIT_ULL(40)
#define TCR_HPD0       BIT_ULL(41)
#define TCR_HPD1       BIT_ULL(42)

/* MAIR_EL1: one byte for each AttrIndx; this one is Tagged Normal memory. */
#define MAIR_TAGGED 0xf0

/* ESR_EL1, D24.2.40. */
#define ESR_EC_SHIFT         26
#define ESR_EC_IABT_LOW      0x20 /* instruction abort from EL0 */
#define ESR_EC_IABT_CUR      0x21 /* ... from EL1 */
#define ESR_EC_DABT_LOW      0x24 /* data abort from EL0 */
#define ESR_EC_DABT_CUR      0x25
#define ESR_IL               BIT_ULL(25)
#define ESR_WNR              BIT_ULL(6)
#define ESR_FSC              0x3f
/* DFSC and IFSC; to the first four add the manual's level, 0 .. 3. */
#define ESR_FSC_ADDRESS_SIZE 0x00
#define ESR_FSC_TRANSLATION  0x04
#define ESR_FSC_ACCESS_FLAG  0x08
#define ESR_FSC_PERMISSION   0x0c
#define ESR_FSC_TAG_CHECK    0x11
#define ESR_FSC_ALIGNMENT    0x21
#define ESR_FSC_CONFLICT     0x30

/* One half of the address space: TTBR0_EL1's, TTBR1_EL1's. */
struct mmu_half {
	uint8_t granule; /* log2: 12, 14, 16 */
	uint8_t va_bits; /* 64 - TnSZ: 25 .. 48 */
	uint8_t levels;
	bool tbi;      /* the top byte of an address is ignored */
	bool no_walks; /* EPDn: a miss is a translation fault */
	bool flat;     /* HPDn: attributes of tables do not count */
};

struct mmu_arm64 {
	paddr_t root1; /* of TTBR1_EL1; TTBR0_EL1 is mmu->root, mmu->pcid */
	uint64_t tcr;
	uint64_t mair;
	bool pan; /* PSTATE.PAN */
	/* TCR_EL1, taken apart. */
	struct mmu_half half[2];
	uint8_t pa_bits;
	bool hw_af, hw_dbm;
	uint16_t asid_mask;
	/* An MSR TTBR0_EL1 that may or may not have taken effect. */
	bool ttbr0_pending;
	paddr_t next_root;
	uint16_t next_asid;
	/* A cached entry gave a permission fault while others' TLBIs wait. */
	bool denied;
	enum mte_tcf tcf; /* SCTLR_EL1.TCF0 */
	bool tfsr;        /* TFSRE0_EL1.TF0 */
};

/**
 * mmu_write_ttbr0 - MSR TTBR0_EL1.
 * @root: physical address of the top table
 * @asid: of as many bits as TCR_EL1.AS says; others are lost
 *
 * Takes effect at mmu_isb() or the next access in user mode; until then each
 * access and walk uses the old or the new value (CHOICE_OTHER).  Emits EV_CR3
 * when it does.
 *
 * Context: on an agent of this CPU. A step.
 * Source: D8.1.2, D24.1.2.2.
 */
void mmu_write_ttbr0(struct mmu *mmu, paddr_t root, unsigned asid);
/**
 * mmu_write_tcr - MSR TCR_EL1 and an ISB.
 * @tcr: T0SZ, T1SZ, EPDn, TGn, IPS, AS, TBIn, HA, HD and HPDn are looked at;
 *	TnSZ outside of 16 .. 39 are taken for the nearest
 *
 * What is cached stays: software invalidates it. No step.
 */
void mmu_write_tcr(struct mmu *mmu, uint64_t tcr);
/**
 * mmu_write_tcf - MSR SCTLR_EL1 with another TCF0, and an ISB.
 * @tcf: from the next access on
 *
 * Loads, stores and atomics of EL0 to Tagged memory compare the address's tag
 * with that of every granule they touch; so do LDTR and STTR while @tcf is sync
 * or asymmetric (Linux keeps PSTATE.TCO set otherwise, and ignores what these
 * leave in TFSRE0_EL1).  No step.
 *
 * An access by way of SP and an immediate (mmu_access.by_sp) is Tag Unchecked.
 * DIVERGES: it reads the tag all the same, as a step, and does not compare it.
 * Source: D10.4.1; SetTagCheckedInstruction(), shared/functions/mte.
 */
void mmu_write_tcf(struct mmu *mmu, enum mte_tcf tcf);
/**
 * mmu_isb - a context synchronization event.
 *
 * Context: on an agent of this CPU. A step.
 */
void mmu_isb(struct mmu *mmu);

/**
 * mmu_tlbi - a TLBI instruction; emits EV_TLB_FLUSH wherever it is performed.
 * @t: what it names; an ASID of 16 bits
 *
 * Context: on an agent of this CPU. A step; waits while another CPU has too
 * many to perform.
 * Source: D8.14.
 */
void mmu_tlbi(struct mmu *mmu, const struct tlbi *t);
/**
 * mmu_tlbi_name - a TLBI in the words of the assembler.
 * @t: what it names
 *
 * Return: "tlbi vale1is" and the like; a literal.
 */
const char *mmu_tlbi_name(const struct tlbi *t);
/**
 * mmu_dsb - wait for this CPU's stores, and for its TLBIs, see above.
 * @domain: BARRIER_NSH: not for the TLBIs of other CPUs' TLBs
 *
 * Context: on an agent of this CPU. A step, two if stores are pending.
 * Source: D8.14.5, B2.3.12.
 */
void mmu_dsb(struct mmu *mmu, enum barrier_domain domain);

#endif
