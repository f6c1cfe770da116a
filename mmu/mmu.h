/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MMU of a CPU: from a virtual address to bytes in physical memory and
 *back, with TLBs, page walks, rights, accessed and dirty bits.  What differs
 *between architectures is behind a table of functions that mmu_init() finds;
 *what only arm64 has is in mmu/arm64.h.
 *
 * An access is a sequence of steps of the current agent, in program order:
 *
 *	STEP_TLB   "tlb lookup"       on this CPU's translation caches
 *	STEP_READ  "walk pgd" ...     one per level that no cache holds
 *	STEP_RMW   "walk set accessed pgd" ..., "walk set dirty"
 *	STEP_READ  "tag check"        arm64, one per granule of Tagged memory
 *	STEP_READ  "load", STEP_WRITE "store", STEP_RMW "xchg" ..., "fetch"
 *
 * The rules (SDM 3A 4.6 - 4.10):
 *  - only present entries without reserved bits are cached;
 *  - A and D are set by an atomic update that looks at the entry again: if it
 *    has changed the walk starts over, if it is gone the access faults;
 *  - a store through an entry cached with D clear walks again;
 *  - a store through an entry cached with D set asks nobody;
 *  - a page fault drops what is cached for the address (x86);
 *  - walks begin at the deepest paging-structure cache entry that fits.
 *
 * The instruction begins (cpu_begin_insn()) when the first lookup is picked;
 *the caller ends it (cpu_end_insn()), also after a fault.
 */
#ifndef MMULATOR_MMU_MMU_H
#define MMULATOR_MMU_MMU_H

#include "base/access.h"
#include "base/machine.h"
#include "mmu/arm64.h"
#include "mmu/profile.h"
#include "tlb/tlb.h"

/* Page-fault error code, SDM 3A 4.7. */
#define PF_P    0x01
#define PF_W    0x02
#define PF_U    0x04
#define PF_RSVD 0x08
#define PF_I    0x10

struct mmu_arch;

struct mmu_switches {
	/* Off: a store through a clean cached entry does not look at memory
	 * (races.md rule 2: then reclaim's deferred flush is wrong). */
	bool dirty_recheck;
	/* Off: A/D updates do not look whether the entry is still present
	 * (Knights Landing). */
	bool ad_present_check;

	/* arm64 */
	bool hw_af;        /* hardware sets the access flag: TCR_EL1.HA */
	bool hw_dbm;       /* ... and dirty state, too: TCR_EL1.HD */
	bool tlbi_erratum; /* a TLBI is done before accesses through what it
	                    * removed are (CVE-2025-10263, Cortex-A76 1286807)
	                    */
	uint8_t asid_bits; /* 8, 16 */
	uint8_t granule;   /* log2 of it: 12, 14, 16 */
};
/* Correct hardware, with all there is. */
extern const struct mmu_switches mmu_switches_default;

struct mmu {
	struct machine *machine; /* NULL until mmu_init() */
	struct cpu *cpu;
	const struct cpu_profile *profile; /* borrowed */

	/* Registers; change them through the functions below once running. */
	paddr_t root;  /* CR3 without its low 12 bits; arm64: of TTBR0_EL1 */
	uint16_t pcid; /* 0 while CR4.PCIDE is clear; arm64: ASID */
	bool cr0_wp;
	bool cr4_pge, cr4_pcide, cr4_smep, cr4_smap, cr4_la57;
	bool efer_nxe;

	struct mmu_switches switches; /* see mmu_set_switches() */
	enum size_mix_policy size_mix;
	uint8_t maxphyaddr;

	const struct mmu_arch *arch;
	/* Addresses below are translated as they are. */
	vaddr_t low_end;
	vaddr_t user_mask; /* bits of a user address that are looked at */
	struct mmu_arm64 arm64;

	/* Bumped by every invalidation and every change of the tables: a walk
	 * in the background that began before must not go on. */
	uint64_t flush_seq;
	/* Counters, for reports. */
	uint64_t nr_accesses, nr_l1_misses, nr_walks, nr_walk_reads;

	struct mmu_walker *walker; /* mmu/speculate.h; NULL: off */
	struct tlb tlb;
};

enum mmu_op {
	MMU_LOAD,
	MMU_STORE,
	MMU_FETCH,   /* an instruction fetch of 1 - 8 bytes */
	MMU_XCHG,    /* value in: new; out: old */
	MMU_XADD,    /* value in: addend; out: old */
	MMU_CMPXCHG, /* value in: new; out: old; stores iff old == expected */
	MMU_STXR,    /* value in: new; out: old; stores iff *exclusive is it */
	MMU_PROBE,   /* translate for reading, move nothing */
	/* arm64: the allocation tag of a granule of 16 bytes, 0 .. 15. What is
	 * not Tagged memory has none: 0 is loaded, a store is lost. */
	MMU_LDG,
	MMU_STG
};

/* arm64: what an exclusive monitor marks, bytes (CTR_EL0.ERG of a Cortex-A76).
 */
#define EXCLUSIVE_GRANULE 64

enum mmu_outcome {
	MMU_DONE,
	MMU_PAGE_FAULT,    /* see fault_info; already emitted as EV_FAULT */
	MMU_GP_FAULT,      /* not canonical */
	MMU_MACHINE_CHECK, /* overlapping entries, SIZE_MIX_MACHINE_CHECK */
	MMU_ABORT /* arm64: alignment, TLB conflict; fault_info has it all */
};

struct mmu_access {
	vaddr_t va;
	uint64_t value;    /* in: to store; out: what was loaded */
	uint64_t expected; /* MMU_CMPXCHG */
	/* MMU_STXR: the granule the CPU has marked, looked at in the step that
	 * stores. */
	const paddr_t *exclusive;
	uint8_t size;    /* 1 2 4 8 (other sizes up to 8 work) */
	uint8_t op;      /* enum mmu_op */
	bool user;       /* CPL 3 */
	bool release;    /* MMU_STORE: a store-release (STLR) */
	bool ac;         /* RFLAGS.AC: CPL < 3 may touch user pages; arm64:
	                  * LDTR, STTR */
	bool unchecked;  /* arm64: no tag check (STGP, STZG, DC GZVA) */
	bool by_sp;      /* arm64: by way of SP or PC, Tag Unchecked */
	uint8_t outcome; /* out: enum mmu_outcome */
	paddr_t pa;      /* out, if done: of the first byte */
};

/**
 * mmu_init - bring up the MMU of a CPU.
 * @m: the machine
 * @cpu: the CPU
 * @p: borrowed for the life of the MMU
 *
 * Protection bits are as 64-bit Linux has them (WP, NXE, PGE, SMEP, SMAP, PCIDE
 * on; arm64: PAN, TBI for user addresses), LA57 as the machine's page-table
 * format says, root 0; nothing is cached.
 */
void mmu_init(struct mmu *mmu, struct machine *m, struct cpu *cpu,
              const struct cpu_profile *p);
/** mmu_set_switches - the hardware is as @switches say from now on; between two
 * runs. */
void mmu_set_switches(struct mmu *mmu, const struct mmu_switches *switches);
/** mmu_reset - as after mmu_init(), for another run; host memory is kept. */
void mmu_reset(struct mmu *mmu);
/** mmu_fini - give back the TLBs' host memory. */
void mmu_fini(struct mmu *mmu);

/**
 * mmu_access - translate and move the bytes. Steps; see above.
 * @acc: what; `outcome` and, for what loads, `value` come back
 * @fault: filled in for a page fault (all but pc), and the address of what else
 *	went wrong
 *
 * An access across a page border translates both pages before it moves a byte.
 * Context: on an agent of mmu->cpu, between instructions nobody else's.
 * Return: true if it retired.
 */
bool must_check mmu_access(struct mmu *mmu, struct mmu_access *acc,
                           struct fault_info *fault);

/**
 * mmu_take_tfsr - arm64: read and clear TFSRE0_EL1. No step.
 *
 * Return: a tag check failed since, without stopping anybody.
 */
static inline bool mmu_take_tfsr(struct mmu *mmu)
{
	bool set = mmu->arm64.tfsr;

	mmu->arm64.tfsr = false;
	return set;
}

/* ---- what kernel code does to it: each one step (STEP_TLB) ---- */

/* `a` of EV_TLB_FLUSH. */
enum mmu_flush {
	MMU_FLUSH_INVLPG,       /* addr; b = current PCID */
	MMU_FLUSH_INVPCID_ADDR, /* addr; b = PCID */
	MMU_FLUSH_INVPCID_CTX,  /* b = PCID */
	MMU_FLUSH_INVPCID_ALL,  /* with globals */
	MMU_FLUSH_INVPCID_NONGLOBAL,
	MMU_FLUSH_CR3,      /* b = new PCID, not with bit 63 */
	MMU_FLUSH_CR4,      /* everything with globals */
	MMU_FLUSH_CR4_SMEP, /* b = current PCID, with globals */
	/* arm64; data = const struct tlbi * */
	MMU_FLUSH_TLBI_VA,   /* addr; b = ASID */
	MMU_FLUSH_TLBI_VAA,  /* addr */
	MMU_FLUSH_TLBI_ASID, /* b = ASID */
	MMU_FLUSH_TLBI_ALL,
	MMU_FLUSH_COUNT
};
/**
 * mmu_flush_name - what an invalidation is called in traces.
 * @kind: below MMU_FLUSH_COUNT
 *
 * Return: a literal; "?" for what is none.
 */
const char *mmu_flush_name(enum mmu_flush kind);

/**
 * mmu_invlpg - INVLPG: what translates @addr goes, every size, of the current
 * PCID and global; and all of the PCID's paging-structure caches.
 *
 * Context: on an agent of this CPU. A step.
 * Source: SDM 3A 4.10.4.1.
 */
void mmu_invlpg(struct mmu *mmu, vaddr_t addr);
/**
 * mmu_invpcid - INVPCID.
 * @type: 0 address, 1 PCID, 2 everything with globals, 3 without
 * @pcid: for types 0 and 1; 0 .. 4095
 * @addr: for type 0; canonical
 *
 * Context: on an agent of this CPU. A step.
 * Return: false if it would be #GP; nothing was dropped then.
 * Source: SDM 2A INVPCID, 3A 4.10.4.1.
 */
bool mmu_invpcid(struct mmu *mmu, unsigned type, unsigned pcid, vaddr_t addr);
/**
 * mmu_write_cr3 - MOV CR3; emits EV_CR3.
 * @root: physical address of the top table
 * @pcid: bits 11:0; 0 without PCIDE
 * @noflush: bit 63; without PCIDE it is #GP
 *
 * Context: on an agent of this CPU. A step.
 * Return: false if it would be #GP; nothing was changed then.
 * Source: SDM 3A 4.10.4.1.
 */
bool mmu_write_cr3(struct mmu *mmu, paddr_t root, unsigned pcid, bool noflush);

#define CR4_PGE   BIT_ULL(7)
#define CR4_LA57  BIT_ULL(12)
#define CR4_PCIDE BIT_ULL(17)
#define CR4_SMEP  BIT_ULL(20)
#define CR4_SMAP  BIT_ULL(21)
/**
 * mmu_write_cr4 - MOV CR4 with its side effects.
 * @cr4: PGE, LA57, PCIDE, SMEP and SMAP are looked at
 *
 * Context: on an agent of this CPU. A step.
 * Return: false if it would be #GP (LA57 changed; PCIDE set with a PCID in CR3
 * that is not 0); nothing was changed then.
 * Source: SDM 3A 4.10.4.1.
 */
bool mmu_write_cr4(struct mmu *mmu, uint64_t cr4);
/** mmu_read_cr4 - the bits of CR4 that mmu_write_cr4() knows; no step. Return:
 * their value. */
uint64_t mmu_read_cr4(const struct mmu *mmu);
/** mmu_read_cr3 - root and PCID; no step. */
static inline uint64_t mmu_read_cr3(const struct mmu *mmu)
{
	return mmu->root | mmu->pcid;
}
/** mmu_flush_all - CR4.PGE off and on: everything including globals. */
void mmu_flush_all(struct mmu *mmu);

#endif
