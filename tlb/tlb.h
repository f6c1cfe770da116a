/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation caches of one CPU: TLBs of one or two levels, and the
 * paging-structure caches (PSC; arm64: walk caches), after SDM 3A 4.10 and Arm
 * ARM (DDI 0487) D8.13.  A tag is called PCID here; arm64's is the ASID.
 *
 * Pure data structures: no steps, no memory accesses, no choices.  Who looks up
 * decides which of several matches it uses; who fills says what.
 *
 * Invariants (tlb_check()):
 *  - an array holds at most one entry per (address, size, PCID or global); two
 *    sizes for one address may sit side by side, and so may different frames
 *    in arrays of different kind or level, until something drops one;
 *  - what is not present is never held;
 *  - a hint leads to an entry of the first level that is the only match for
 *    its address, or it leads nowhere.
 *
 * A translation that sits in several arrays is several copies with one serial.
 *
 * Not here: walks, permissions, the meaning of control registers (mmu/).
 */
#ifndef MMULATOR_TLB_TLB_H
#define MMULATOR_TLB_TLB_H

#include "base/types.h"

enum tlb_kind {
	TLB_DATA,
	TLB_INSN,
	TLB_KIND_COUNT
};
/* Of an entry: x86's three; pages, blocks and contiguous ranges of arm64's
 * granules of 4K, 16K and 64K. */
enum tlb_size {
	TLB_4K,
	TLB_16K,
	TLB_64K,
	TLB_2M,
	TLB_32M,
	TLB_512M,
	TLB_1G,
	TLB_SIZE_COUNT
};
enum tlb_replacement {
	TLB_TREE_PLRU,
	TLB_LRU
};

static inline unsigned tlb_size_shift(enum tlb_size size)
{
	static const uint8_t shifts[TLB_SIZE_COUNT] = {
		12, 14, 16, 21, 25, 29, 30,
	};

	return shifts[size];
}
/** tlb_shift_size - the opposite; @shift is that of a size. */
static inline enum tlb_size tlb_shift_size(unsigned shift)
{
	/* From 12 on; what is no size is 0. */
	static const uint8_t sizes[] = {
		TLB_4K, 0, TLB_16K, 0,        TLB_64K, 0, 0,
		0,      0, TLB_2M,  0,        0,       0, TLB_32M,
		0,      0, 0,       TLB_512M, TLB_1G,
	};

	return (enum tlb_size)sizes[shift - 12];
}
/**
 * tlb_size_name - what pages of 1 << @shift bytes are called, for people.
 *
 * Return: "4K", "64K", "2M" ..., a literal; "?" for what is no size.
 */
const char *tlb_size_name(unsigned shift);

/* Effective rights and attributes: of all levels together, except D and G. */
#define TLB_W 0x01 /* writable */
#define TLB_U 0x02 /* user */
#define TLB_X 0x04 /* executable; arm64: at EL0 */
#define TLB_D                                                                  \
	0x08       /* D was set in the leaf when filled or since: a store need \
	            * not look at the table again */
#define TLB_G 0x10 /* global: any PCID */
#define TLB_P 0x20 /* arm64: executable at EL1 */
#define TLB_T 0x40 /* arm64: Tagged memory, MAIR_EL1 0xf0 */

/* A table that was walked. */
struct tlb_table {
	uint32_t pfn;        /* 0: this level was not walked */
	uint32_t generation; /* of the frame when the walk read it */
};
#define TLB_LEVELS 5

struct tlb_entry {
	vaddr_t va;         /* first address translated, aligned to the size */
	pfn_t pfn;          /* first frame */
	uint8_t shift;      /* of a size: 12, 21 ... */
	uint8_t leaf_shift; /* of the page table's leaf; larger than shift if
	                     * the page was splintered for lack of room */
	uint8_t rights;     /* TLB_W ... */
	uint8_t filled_by;  /* id of the agent that filled it */
	uint16_t pcid;
	uint8_t from_psc;   /* level of the PSC entry the walk began from, or
	                     * 0 */
	uint8_t leaf_level; /* of the table the leaf was in: 1 = PTE ... */
	uint32_t frame_generation; /* of the first frame at fill */
	uint64_t serial;           /* one per fill; copies share it; never 0 */
	uint64_t fill_step;
	paddr_t leaf_pa;                    /* where the leaf entry was read */
	struct tlb_table table[TLB_LEVELS]; /* [level - 1] */
};

/* ---- geometry ---- */

#define TLB_ARRAYS_MAX 10
#define TLB_NAME_MAX   16
struct tlb_array_geometry {
	char name[TLB_NAME_MAX]; /* "l1d-4k" */
	uint8_t level;           /* 1 or 2 */
	uint8_t kinds;           /* bits 1 << TLB_DATA, 1 << TLB_INSN */
	uint8_t sizes;           /* bits 1 << TLB_4K ... */
	uint8_t replacement;
	uint16_t entries;
	uint16_t ways; /* == entries: fully associative */
};

struct tlb_geometry {
	struct tlb_array_geometry array[TLB_ARRAYS_MAX];
	unsigned nr_arrays;
	uint8_t asid_bits; /* 12 or 16; 0: 12 */
	/* Entries of the PSC of a level, by level of the entry cached: [2] PDE,
	 * [3] PDPTE, [4] PML4E, [5] PML5E. 0: none. At most TLB_PSC_MAX. */
	uint16_t psc[TLB_LEVELS + 1];
};
#define TLB_ENTRIES_MAX 8192
#define TLB_WAYS_MAX    128
#define TLB_PSC_MAX     128

/**
 * tlb_geometry_check - is it one this module can build?
 * Return: NULL, or what is wrong with it (a literal); *@array is the index of
 * the array concerned, or nr_arrays.
 */
const char *tlb_geometry_check(const struct tlb_geometry *g, unsigned *array);

/* ---- the TLB ---- */

/* Why an entry went: `a` of EV_TLB_DROP. */
enum tlb_drop {
	TLB_DROP_REPLACED, /* made room for another */
	TLB_DROP_REFILLED, /* a newer translation of the same page */
	TLB_DROP_INVLPG,
	TLB_DROP_INVPCID, /* address or context */
	TLB_DROP_CR3,
	TLB_DROP_ALL,         /* INVPCID all, CR4 */
	TLB_DROP_FAULT,       /* a page fault for that address */
	TLB_DROP_DIRTY,       /* a store had to look at the entry again */
	TLB_DROP_SPONTANEOUS, /* no reason at all */
	TLB_DROP_TLBI,        /* arm64: any TLBI */
	TLB_DROP_COUNT
};
/**
 * tlb_drop_name - what a reason is called in traces.
 * @reason: below TLB_DROP_COUNT
 *
 * Return: "invlpg" and the like, a literal; "?" for what is no reason.
 */
const char *tlb_drop_name(enum tlb_drop reason);

/* Tree-PLRU: the nodes above a way, and what they become when it is used. All
 * zero for LRU. */
struct tlb_path {
	uint64_t mask[2];
	uint64_t bits[2];
};

struct tlb_array {
	struct tlb_array_geometry geo;
	uint32_t set_mask;
	uint8_t page_shift; /* of tags, tlb/tlb_internal.h */
	uint32_t nr_valid, nr_global, nr_splintered;
	uint32_t nr_of_size[TLB_SIZE_COUNT];
	uint64_t *tags;            /* [set * ways + way]; 0 = invalid */
	uint64_t *stamps;          /* likewise: see TLB_CLOCK */
	struct tlb_entry *entries; /* likewise */
	uint8_t *sigs;             /* [set * sig_stride + way]: a byte of each
	                            * tag, see tlb/signature.h */
	uint32_t sig_stride;
	uint64_t *tree;         /* [set * 2]: PLRU nodes */
	struct tlb_path *paths; /* [way] */
};

/*
 * A stamp is the time of the last use above the number of the way, so that the
 * smallest stamp of a set names the victim: the way used longest ago, or the
 * first free one.
 */
#define TLB_CLOCK TLB_WAYS_MAX
static inline uint64_t tlb_stamp(uint64_t clock, unsigned way)
{
	return clock * TLB_CLOCK + way;
}

/* A shortcut of the host's: no state of the simulated machine. */
struct tlb_hint {
	uint64_t key; /* page number but for four bits, and PCID */
	uint64_t epoch;
	struct tlb_entry *entry;
	uint64_t *stamp;
	uint64_t *tree;
	const struct tlb_path *path;
	unsigned way;
};
#define TLB_HINTS 256

/* An upper-level entry held by the PSC: leads to the table one level down. */
struct psc_entry {
	vaddr_t va;     /* first address it spans */
	paddr_t table;  /* the table it leads to */
	paddr_t pa;     /* where the entry was read */
	uint64_t value; /* its raw value */
	uint64_t fill_step;
	uint16_t pcid;
	uint8_t level;  /* 2 .. 5 */
	uint8_t rights; /* W U X of this level and those above */
	uint8_t filled_by;
	struct tlb_table walked[TLB_LEVELS]; /* [level - 1], @level and above */
};

struct psc {
	uint16_t size, nr_valid;
	uint64_t tags[TLB_PSC_MAX];   /* 0 = invalid */
	uint64_t stamps[TLB_PSC_MAX]; /* last use */
	struct psc_entry entries[TLB_PSC_MAX];
	uint8_t slot[256]; /* host's guess where a tag is */
};

/* Where a lookup looks. */
struct tlb_probe {
	const struct tlb_array *array;
	uint8_t size, shift;
};

struct tlb {
	uint64_t epoch;
	uint64_t clock;
	uint64_t last_serial;
	struct tlb_hint hints[TLB_KIND_COUNT][TLB_HINTS];

	struct tlb_array arrays[TLB_ARRAYS_MAX];
	unsigned nr_arrays;
	/* Array by kind and size, -1 = none. */
	int l1[TLB_KIND_COUNT][TLB_SIZE_COUNT];
	int l2[TLB_KIND_COUNT][TLB_SIZE_COUNT];
	struct tlb_probe probes[TLB_KIND_COUNT][2 * TLB_SIZE_COUNT];
	unsigned nr_probes[TLB_KIND_COUNT];
	struct psc psc[TLB_LEVELS + 1]; /* by level; 0 and 1 unused */
	/* log2 of what their entries span, by level, of addresses that begin
	 * with 0 and with 1. See tlb_set_granule(). */
	uint8_t psc_shift[2][TLB_LEVELS + 1];

	/* Called when a copy is about to go, before it does; may be NULL. */
	void (*dropped)(struct tlb *t, const struct tlb_entry *e,
	                enum tlb_drop reason);
	void *data; /* of the owner */
};

/**
 * tlb_init - an empty TLB.
 * @t: the TLB, whatever it was
 * @g: what it is made of; tlb_geometry_check() has nothing against it (BUG)
 *
 * Allocates host memory; tlb_fini() gives it back.
 */
void tlb_init(struct tlb *t, const struct tlb_geometry *g);
/** tlb_fini - give back what tlb_init() allocated; @t is no TLB any more. */
void tlb_fini(struct tlb *t);
/** tlb_reset - as after tlb_init(); nobody is told. */
void tlb_reset(struct tlb *t);
/**
 * tlb_set_granule - how page tables are made from now on; 4K after tlb_init().
 * @half: 0: of addresses below the middle, 1: above
 * @shift: 12, 14, 16: an entry is 8 bytes, a table one such page
 *
 * Context: the paging-structure caches hold nothing of that half.
 */
void tlb_set_granule(struct tlb *t, unsigned half, unsigned shift);

/* ---- looking up ---- */

static inline uint64_t tlb_hint_key(vaddr_t va, uint16_t pcid)
{
	return (va >> 12) << 16 | pcid;
}

/* Folded: programs like to use arrays a power of two apart. */
static inline unsigned tlb_hint_slot(vaddr_t va)
{
	return (va >> 12 ^ va >> 20 ^ va >> 28) & (TLB_HINTS - 1);
}

/** tlb_hint_find - the hint for @va, if there is one. */
static inline const struct tlb_hint *tlb_hint_find(const struct tlb *t,
                                                   enum tlb_kind kind,
                                                   vaddr_t va, uint16_t pcid)
{
	const struct tlb_hint *h = &t->hints[kind][tlb_hint_slot(va)];

	if (unlikely(h->key != tlb_hint_key(va, pcid) || h->epoch != t->epoch))
		return NULL;
	return h;
}

/** tlb_hint_use - count a use of the hint's entry. */
static inline void tlb_hint_use(struct tlb *t, const struct tlb_hint *h)
{
	*h->stamp = tlb_stamp(++t->clock, h->way);
	h->tree[0] = (h->tree[0] & ~h->path->mask[0]) | h->path->bits[0];
	h->tree[1] = (h->tree[1] & ~h->path->mask[1]) | h->path->bits[1];
}

/**
 * tlb_lookup_fast - the entry for @va if it is known to be the only match and
 * in the first level; counts as its use.
 * Return: the entry or NULL: then tlb_lookup() knows.
 */
static inline struct tlb_entry *
tlb_lookup_fast(struct tlb *t, enum tlb_kind kind, vaddr_t va, uint16_t pcid)
{
	const struct tlb_hint *h = tlb_hint_find(t, kind, va, pcid);

	if (unlikely(!h))
		return NULL;
	tlb_hint_use(t, h);
	return h->entry;
}

struct tlb_match {
	struct tlb_entry *entry;
	uint8_t array; /* index into arrays */
	uint8_t level; /* 1 or 2 */
};
/* Two levels, global and not. */
#define TLB_MATCHES_MAX (4 * TLB_SIZE_COUNT)

/**
 * tlb_lookup - every distinct translation held for an address.
 * @kind: of access: data or instruction
 * @va: any address, not only a page's first
 * @pcid: of the geometry's width; entries of others match if they are global
 * @m: at least TLB_MATCHES_MAX; first level first, smallest size first
 *
 * A copy in the second level of what the first level gave is left out. Changes
 * nothing.
 *
 * Return: how many, 0 .. TLB_MATCHES_MAX.
 */
unsigned tlb_lookup(const struct tlb *t, enum tlb_kind kind, vaddr_t va,
                    uint16_t pcid, struct tlb_match *m);

/**
 * tlb_use - count a use of a match; brings it into the first level.
 * @kind: of access, as @va and @pcid those of the lookup
 * @m: what tlb_lookup() gave; stale afterwards
 * @unique: it was the only match: remember it for tlb_lookup_fast()
 *
 * Return: the entry in the first level.
 */
struct tlb_entry *tlb_use(struct tlb *t, enum tlb_kind kind, vaddr_t va,
                          uint16_t pcid, const struct tlb_match *m,
                          bool unique);

/* ---- changing ---- */

/**
 * tlb_fill - hold a translation, in both levels.
 * @kind: of the access that brought it
 * @va: its address
 * @e: va, pfn, shift, rights ... of the leaf's page; the serial is set here.
 *	If no array takes its size it is splintered around @va, in place.
 *
 * Return: the entry in the first level, NULL if nothing takes it.
 */
struct tlb_entry *tlb_fill(struct tlb *t, enum tlb_kind kind, vaddr_t va,
                           struct tlb_entry *e);

/**
 * tlb_set_dirty - set TLB_D in every copy of a translation.
 * @serial: the translation's
 * @va: an address it is held for
 */
void tlb_set_dirty(struct tlb *t, uint64_t serial, vaddr_t va);

/**
 * tlb_holds - is any copy of a translation held, but one?
 * @serial: the translation's
 * @va: an address it may be held for
 * @but: a copy that does not count; NULL: all do
 *
 * Return: one is.
 */
bool tlb_holds(const struct tlb *t, uint64_t serial, vaddr_t va,
               const struct tlb_entry *but);

/**
 * tlb_invalidate_addr - drop what translates an address: every size, both
 * kinds, of one PCID, and all pieces of a splintered page.
 * @va: the address
 * @pcid: whose entries
 * @globals: global entries as well
 * @reason: for those who observe
 *
 * Source: SDM 3A 4.10.4.1.
 */
void tlb_invalidate_addr(struct tlb *t, vaddr_t va, uint16_t pcid, bool globals,
                         enum tlb_drop reason);
/**
 * tlb_invalidate_context - drop what is tagged @pcid and not global; @reason is
 * for those who observe.
 */
void tlb_invalidate_context(struct tlb *t, uint16_t pcid, enum tlb_drop reason);
/**
 * tlb_invalidate_all - drop all PCIDs, global entries if @globals; @reason is
 * for those who observe.
 */
void tlb_invalidate_all(struct tlb *t, bool globals, enum tlb_drop reason);
/**
 * tlb_invalidate_globals - drop global entries, and only those; @reason is for
 * those who observe.
 */
void tlb_invalidate_globals(struct tlb *t, enum tlb_drop reason);
/* What a TLBI is for: everything, or what is in a range. */
struct tlb_scope {
	vaddr_t va;
	uint64_t size; /* bytes from va on; 0: the whole address space */
	uint16_t pcid;
	bool every_pcid; /* ... as well as pcid */
	bool globals;    /* global entries as well */
	uint8_t level;   /* only entries whose leaf was at this level; 0: any */
};
/**
 * tlb_scope_takes - is a translation in the scope of an invalidation?
 * @s: the scope
 * @e: the translation
 *
 * A piece of a splintered page counts as the page.
 *
 * Return: it is.
 */
bool tlb_scope_takes(const struct tlb_scope *s, const struct tlb_entry *e);
/**
 * tlb_invalidate_scope - drop everything in @s (TLB_DROP_TLBI).
 *
 * Source: Arm ARM (DDI 0487) D8.14.
 */
void tlb_invalidate_scope(struct tlb *t, const struct tlb_scope *s);
/**
 * tlb_drop_serial - drop the copies of one translation.
 * @serial: the translation's
 * @va: an address it is held for
 * @reason: for those who observe
 */
void tlb_drop_serial(struct tlb *t, uint64_t serial, vaddr_t va,
                     enum tlb_drop reason);

/* ---- paging-structure caches ---- */

/**
 * psc_lookup - the deepest entry held for an address; counts as its use.
 * @va: the address
 * @pcid: whose
 *
 * Return: the entry, valid until the PSC changes; NULL if none is held.
 */
const struct psc_entry *psc_lookup(struct tlb *t, vaddr_t va, uint16_t pcid);
/** psc_fill - hold @e; replaces what was held for the same addresses. */
void psc_fill(struct tlb *t, const struct psc_entry *e);
/** psc_invalidate_addr - drop what a walk of @va by @pcid would use. */
void psc_invalidate_addr(struct tlb *t, vaddr_t va, uint16_t pcid);
/** psc_invalidate_context - drop all entries of @pcid. */
void psc_invalidate_context(struct tlb *t, uint16_t pcid);
/** psc_invalidate_scope - drop what a walk for any address in @s would use;
 * globals and level do not matter. */
void psc_invalidate_scope(struct tlb *t, const struct tlb_scope *s);
/** psc_invalidate_all - drop the entries of every PCID. */
void psc_invalidate_all(struct tlb *t);

/* ---- looking at it ---- */

/**
 * tlb_for_each - visit every entry: arrays in order, sets, ways.
 * @fn: called with the array and the entry; must not change the TLB
 * @data: handed on to @fn
 *
 * Copies come as often as they are held.
 */
void tlb_for_each(const struct tlb *t,
                  void (*fn)(const struct tlb_array *a,
                             const struct tlb_entry *e, void *data),
                  void *data);
/**
 * psc_for_each - visit every entry of the paging-structure caches, highest
 * level first.
 * @fn: called with the entry; must not change them
 * @data: handed on to @fn
 */
void psc_for_each(const struct tlb *t,
                  void (*fn)(const struct psc_entry *e, void *data),
                  void *data);
/**
 * tlb_nth - an entry by its number in the order of tlb_for_each().
 * @n: from 0
 *
 * Return: the entry, NULL if there are not so many.
 */
const struct tlb_entry *tlb_nth(const struct tlb *t, unsigned n);
/** tlb_nr_valid - how many entries are held. Return: copies count each. */
unsigned tlb_nr_valid(const struct tlb *t);
/** tlb_check - look at every invariant. Return: NULL, or which one is broken (a
 * literal). */
const char *tlb_check(const struct tlb *t);

#endif
