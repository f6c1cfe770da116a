/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of mmu/: what an architecture fills in, and one walk of the
 * page tables.
 */
#ifndef MMULATOR_MMU_MMU_INTERNAL_H
#define MMULATOR_MMU_MMU_INTERNAL_H

#include <string.h>

#include "mmu/mmu.h"

/* What an access needs, whoever makes it. */
struct mmu_need {
	bool write, fetch, user, ac;
	bool speculative; /* nobody asked: no right is missing, D stays */
};

enum walk_end {
	WALK_MAPPED,
	WALK_NOT_PRESENT,
	WALK_RESERVED, /* arm64: address size */
	WALK_ACCESS_FLAG,
	WALK_DENIED,
	WALK_ALIGNMENT, /* no walk's: of an atomic access */
	WALK_CONFLICT,  /* nor this: entries overlap */
	WALK_TAG_CHECK, /* nor this: it failed */
	WALK_OVERTAKEN  /* by an invalidation on this CPU: as if it never was */
};

/* What became of a translation that came to nothing. */
struct mmu_end {
	enum walk_end how;
	uint8_t level;  /* of the entry that it ended with */
	uint8_t rights; /* WALK_DENIED: all it gives */
};

struct walk {
	struct mmu *mmu;
	vaddr_t va;
	vaddr_t index_va; /* without what no level looks at */
	struct mmu_need need;
	uint64_t flush_seq; /* of the MMU when it began */
	uint16_t pcid;
	uint8_t from_psc; /* level of the PSC entry it began with, or 0 */
	uint8_t top;      /* level of the root */
	uint8_t level;    /* of the entry being looked at */
	uint8_t shift;    /* log2 of what that spans */
	uint8_t bits;     /* of an index into a table */
	uint8_t rights;   /* so far */
	paddr_t table;    /* that holds the entry */
	uint64_t entry;   /* its value */
	paddr_t next;     /* the frame or table it leads to */
	uint8_t span;     /* a leaf's: log2 of what may be held as one */
	/* What will be held; `table` is noted on the way. */
	struct tlb_entry leaf;
};

/* Where a walk that no cache shortens begins. */
struct walk_root {
	paddr_t table;
	vaddr_t va_mask; /* the bits of an address that levels look at */
	uint8_t levels;
	uint8_t granule; /* log2: 12, 14, 16 */
	uint8_t rights;  /* all there are */
};

/* Where one page's part of an access goes. */
struct mmu_target {
	vaddr_t va;
	paddr_t pa;
	unsigned size;
	bool tlb_hit;
	bool has_entry;
	bool tagged;            /* Tagged memory */
	struct tlb_entry entry; /* a copy, if somebody watches accesses */
};

/* What differs between architectures; found once, by mmu_init(). */
struct mmu_arch {
	void (*power_on)(struct mmu *mmu);
	/* mmu->switches are others now. */
	void (*configure)(struct mmu *mmu);
	/*
	 * Look at an address that is not below mmu->low_end. Return: false if
	 * no walk could begin: acc->outcome and *fault say why. Else *va is
	 * what is translated.
	 */
	bool (*address)(struct mmu *mmu, struct mmu_access *acc, vaddr_t *va,
	                struct fault_info *fault);
	/* Could a walk in the background begin? Likewise. */
	bool (*speculable)(struct mmu *mmu, vaddr_t va);
	/* Do effective rights permit what is not a load or store of a user? */
	bool (*allowed)(const struct mmu *mmu, const struct mmu_need *need,
	                unsigned rights);
	/* walk_tables() */
	enum walk_end (*walk)(struct mmu *mmu, vaddr_t va,
	                      const struct mmu_need *need, struct walk *w);
	/* The exception for an access that came to nothing; false. */
	bool (*fault)(struct mmu *mmu, struct mmu_access *acc, vaddr_t va,
	              struct mmu_end end, struct fault_info *fault);
	/* Entries of different size match and the machine cannot stand it;
	 * false. */
	bool (*overlap)(struct mmu *mmu, struct mmu_access *acc, vaddr_t va,
	                struct fault_info *fault);
	/* The leaf @e with D set; @e if it is not there any more. */
	uint64_t (*with_dirty)(const struct mmu *mmu, uint64_t e);
	/* Do the tags permit an access to @t? Steps. NULL: there are none. */
	bool (*check_tags)(struct mmu *mmu, struct mmu_access *acc,
	                   const struct mmu_target *t,
	                   struct fault_info *fault);
	/* MMU_LDG, MMU_STG. A step. NULL: no such thing. */
	void (*move_tag)(struct mmu *mmu, struct mmu_access *acc,
	                 const struct mmu_target *t);
	/* May an atomic access be where it is? */
	bool (*atomic_aligned)(const struct mmu *mmu,
	                       const struct mmu_access *acc);
};

extern const struct mmu_arch mmu_arch_x86;
extern const struct mmu_arch mmu_arch_arm64;

/** mmu_tlb_obj - identity of this CPU's translation caches. */
static inline objid_t mmu_tlb_obj(const struct mmu *mmu)
{
	return obj_make(OBJ_SPACE_TLB, mmu->cpu->id);
}

/** mmu_mem_load - phys_read(), quick for words. */
static inline uint64_t mmu_mem_load(struct physmem *mem, paddr_t pa,
                                    unsigned size)
{
	const uint8_t *p = phys_plain(mem, pa);
	uint64_t value;

	if (likely(p && size == sizeof(value))) {
		memcpy(&value, p, sizeof(value));
		return value;
	}
	return phys_read(mem, pa, size);
}

/** mmu_root_of - the root that @va is translated from. */
static inline paddr_t mmu_root_of(const struct mmu *mmu, vaddr_t va)
{
	return unlikely(va >> 63) && mmu->machine->arch == ARCH_ARM64
	               ? mmu->arm64.root1
	               : mmu->root;
}

/** mmu_op_writes - does an access of kind @op store? */
static inline bool mmu_op_writes(unsigned op)
{
	return (BIT_ULL(MMU_STORE) | BIT_ULL(MMU_XCHG) | BIT_ULL(MMU_XADD) |
	        BIT_ULL(MMU_CMPXCHG) | BIT_ULL(MMU_STXR) | BIT_ULL(MMU_STG)) >>
	               op &
	       1;
}

/** mmu_op_atomic - does an access of kind @op read and write at once? */
static inline bool mmu_op_atomic(unsigned op)
{
	return op >= MMU_XCHG && op < MMU_PROBE;
}

static inline struct mmu_need mmu_need_of(const struct mmu_access *acc)
{
	return (struct mmu_need){
		.write = mmu_op_writes(acc->op),
		.fetch = acc->op == MMU_FETCH,
		.user = acc->user,
		.ac = acc->ac,
	};
}

/** mmu_user_allowed - do effective rights @rights permit a load or store of
 * user mode? The same on all. */
static inline bool mmu_user_allowed(bool write, unsigned rights)
{
	unsigned want = TLB_U | (write ? TLB_W : 0);

	return (rights & want) == want;
}

/** mmu_allowed - do effective rights @rights permit @need? */
static inline bool mmu_allowed(const struct mmu *mmu,
                               const struct mmu_need *need, unsigned rights)
{
	if (likely(need->user && !need->fetch))
		return mmu_user_allowed(need->write, rights);
	return mmu->arch->allowed(mmu, need, rights);
}

/** mmu_report_fault - tell everybody that an access ends with *@fault; false.
 */
bool mmu_report_fault(struct mmu *mmu, const struct fault_info *fault);
/** mmu_tell_flush - an invalidation ran: walks that began before it end. */
void mmu_tell_flush(struct mmu *mmu, enum mmu_flush kind, unsigned pcid,
                    vaddr_t addr);

/**
 * walk_tables - walk for w->va with w->need; steps.
 * Return: how it ended; WALK_MAPPED: w is at the leaf, with A and for a write D
 * set. WALK_OVERTAKEN: a speculative walk; an access and what interrupts its
 * CPU do not overlap.
 */
static inline enum walk_end walk_tables(struct mmu *mmu, vaddr_t va,
                                        const struct mmu_need *need,
                                        struct walk *w)
{
	return mmu->arch->walk(mmu, va, need, w);
}

/** walk_fill - complete w->leaf and hold it. Return: the entry held; NULL if
 * nothing takes it. */
struct tlb_entry *walk_fill(struct walk *w);

#endif
