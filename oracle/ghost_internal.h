/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the ghost: memory (ghost_mem.c), mappings (ghost_map.c), system
 * calls (ghost_calls.c), judging accesses (ghost.c).
 *
 * Everything of a run is in growing arrays and named by index; index 0 is
 * "none".  Nothing is freed within a run but put on free lists.
 */
#ifndef MMULATOR_ORACLE_GHOST_INTERNAL_H
#define MMULATOR_ORACLE_GHOST_INTERNAL_H

#include <glib.h>

#include "base/machine.h"
#include "base/mtetags.h"
#include "oracle/ghost.h"
#include "oracle/keymap.h"

/* ---- memory ---- */

struct pin_record;

#define LINE_BYTES     64
#define LINES_PER_PAGE (PAGE_SIZE / LINE_BYTES)

/*
 * Allocation tags are bytes of the page's lines behind those of its data: what
 * happens to a page happens to its tags.  Offsets with this bit name them.
 */
#define GHOST_TAGS         BIT_ULL(62)
#define TAG_LINES_PER_PAGE (MTE_GRANULES_PER_PAGE / LINE_BYTES)
#define GHOST_LINES        (LINES_PER_PAGE + TAG_LINES_PER_PAGE)

/** ghost_tag_offset - the offset of the tag of the granule at @offset. */
static inline uint64_t ghost_tag_offset(uint64_t offset)
{
	return GHOST_TAGS | (offset & PAGE_MASK) |
	       (offset & ~PAGE_MASK) / MTE_GRANULE_SIZE;
}
/** ghost_page_index - of the page that has the byte @offset. */
static inline uint64_t ghost_page_index(uint64_t offset)
{
	return (offset & ~GHOST_TAGS) >> PAGE_SHIFT;
}

/* Other values some bytes of a line may have. */
struct ghost_alt {
	uint64_t mask;
	uint64_t step; /* when they became possible, or were stored */
	uint32_t next;
	bool zero; /* all of them zero; else: */
	uint8_t val[LINE_BYTES];
};

struct ghost_line {
	uint64_t known; /* bytes whose value is determined */
	uint64_t gone;  /* bytes that were discarded: prev is the old value */
	uint64_t step;  /* of the last store */
	uint32_t alts;
	uint32_t promise; /* the call that discarded them */
	int agent;        /* of the last store, -1: none */
	uint8_t val[LINE_BYTES];
	uint8_t prev[LINE_BYTES];
};

/* A page of a space of which some byte was stored or looked at. */
struct ghost_page {
	uint64_t index;
	uint32_t space;
	uint32_t prev, next; /* pages of the space */
	bool lazyfree;
	uint32_t lines[GHOST_LINES];
};

/* Private memory of one mm, or a shared object. */
struct ghost_space {
	uint32_t first;
	uint32_t nr_pages;
	uint64_t size;    /* objects: accesses beyond it fault */
	uint32_t promise; /* the call that shrank it */
	bool zero;        /* unknown bytes are zero */
};

struct ghost_mem {
	GArray *spaces, *pages, *lines, *alts;
	uint32_t free_pages, free_lines, free_alts;
	struct keymap index; /* (space, page index) -> page */
};

void ghost_mem_init(struct ghost_mem *mem);
void ghost_mem_fini(struct ghost_mem *mem);
void ghost_mem_reset(struct ghost_mem *mem);
uint32_t ghost_space_new(struct ghost_mem *mem, bool zero);
struct ghost_space *ghost_space_at(const struct ghost_mem *mem, uint32_t i);
struct ghost_line *ghost_line_at(const struct ghost_mem *mem, uint32_t i);
struct ghost_alt *ghost_alt_at(const struct ghost_mem *mem, uint32_t i);
struct ghost_page *ghost_page_at(const struct ghost_mem *mem, uint32_t i);

/** ghost_page_find - page @index of @space; 0 if nothing is known of it. */
uint32_t ghost_page_find(const struct ghost_mem *mem, uint32_t space,
                         uint64_t index);
/**
 * ghost_line_get - the line of a byte.
 * @offset: of the byte in the space
 * @zero: unknown bytes of a new line are zero
 */
uint32_t ghost_line_get(struct ghost_mem *mem, uint32_t space, uint64_t offset,
                        bool zero);
/** ghost_line_find - likewise; 0 if nothing is known of it. */
uint32_t ghost_line_find(const struct ghost_mem *mem, uint32_t space,
                         uint64_t offset);
/** ghost_bytes - mask of @size bytes at @offset in their line. */
static inline uint64_t ghost_bytes(uint64_t offset, unsigned size)
{
	return ((UINT64_C(1) << size) - 1) << (offset % LINE_BYTES);
}

/** ghost_alt_add - bytes @mask of @line may have other values too: those of
 * @val, or zero if it is NULL. */
void ghost_alt_add(struct ghost_mem *mem, uint32_t line, uint64_t mask,
                   const uint8_t *val, uint64_t step);
/** ghost_alt_remove - bytes @mask have one value again. */
void ghost_alt_remove(struct ghost_mem *mem, uint32_t line, uint64_t mask);
/** ghost_alt_expire - bytes @mask can no longer have values that were stored
 * before step @since: no stale translation is left. */
void ghost_alt_expire(struct ghost_mem *mem, uint32_t line, uint64_t mask,
                      uint64_t since);
/** ghost_may_be - may byte @i of the line be @value? */
bool ghost_may_be(const struct ghost_mem *mem, const struct ghost_line *l,
                  unsigned i, uint8_t value);

/** ghost_page_for_each - call @fn for every known page of @space that overlaps
 * [@start, @end); @fn may drop the page. */
void ghost_page_for_each(struct ghost_mem *mem, uint32_t space, uint64_t start,
                         uint64_t end,
                         void (*fn)(struct ghost_mem *mem, uint32_t page,
                                    void *data),
                         void *data);
/** ghost_page_drop - forget a page. */
void ghost_page_drop(struct ghost_mem *mem, uint32_t page);
/** ghost_page_move - page becomes page @index of @space; what was there is
 * forgotten. */
void ghost_page_move(struct ghost_mem *mem, uint32_t page, uint32_t space,
                     uint64_t index);
/** ghost_page_copy - page @index of @space becomes a copy of @page. */
void ghost_page_copy(struct ghost_mem *mem, uint32_t page, uint32_t space,
                     uint64_t index);

/* ---- mappings ---- */

enum ghost_kind {
	GHOST_ANON,   /* private, zero until stored */
	GHOST_SHARED, /* of an object */
	GHOST_WEAK    /* private mapping of a file: only stores are known */
};

struct ghost_vma {
	vaddr_t start, end;
	uint64_t offset; /* in the space, of start */
	uint32_t space;
	uint32_t promise; /* the call that last changed the rights */
	uint64_t step;    /* when it came about */
	uint8_t kind;     /* enum ghost_kind */
	uint8_t prot;     /* rights accesses may use */
	bool unsure;      /* calls raced: not judged */
	bool not_in_child, wiped_in_child;
};

/* A range that was unmapped. */
struct ghost_tomb {
	vaddr_t start, end;
	uint32_t promise;
};

struct ghost_fd {
	long fd;
	uint32_t space;
};

struct ghost_mm {
	unsigned id;
	paddr_t root;
	uint32_t space;
	bool live;
	bool exiting; /* its mappings go */
	bool grows;   /* has a stack that grows by itself */
	vaddr_t brk_start, brk;
	GArray *vmas;  /* struct ghost_vma, by address */
	GArray *tombs; /* struct ghost_tomb */
	GArray *fds;   /* struct ghost_fd made by memfd_create() */
	/* While the fork that made it is under way: stores of the parent may
	 * or may not be in the copy. */
	struct ghost_mm *forking_from;
	int forking_agent;
	uint64_t step;
};

/* A call that returned and what it promised, for sentences. */
struct ghost_promise {
	const char *name;
	uint64_t nr;
	uint64_t arg;  /* advice or rights */
	uint64_t step; /* when it returned */
	int agent;
};

/* What a call under way may do to a range. */
enum ghost_effect {
	EFFECT_NONE,
	EFFECT_DISCARD,  /* MADV_DONTNEED */
	EFFECT_LAZYFREE, /* MADV_FREE */
	EFFECT_UNMAP,
	EFFECT_MAP,
	EFFECT_MOVE,
	EFFECT_PROTECT,
	EFFECT_TRUNCATE, /* range is of an object */
	EFFECT_WRITE,    /* write(): likewise */
	EFFECT_FORK,
	EFFECT_WIPE /* exec, exit */
};

struct ghost_call {
	struct ghost_mm *mm;
	uint64_t nr;
	uint64_t args[6];
	const char *name;
	uint64_t step;
	enum ghost_effect effect;
	uint64_t start, end; /* range; everything: 0, UINT64_MAX */
	uint32_t space;      /* EFFECT_TRUNCATE */
	bool conflict;       /* another call changed the range meanwhile */
};

/* A reference to user memory that is not a mapping (EV_PIN). */
struct ghost_pin {
	unsigned mm; /* id */
	vaddr_t page;
	pfn_t pfn;
	uint64_t step;
	int agent;
	bool pinned;  /* FOLL_PIN */
	bool private; /* got for private memory */
	bool aliases; /* nothing was done that may part it from its address */
};

/* The last store to a frame. */
struct ghost_dirty {
	unsigned mm; /* id */
	vaddr_t page;
};

/* A frame that was freed by an operation under way. */
struct ghost_suspect {
	struct ghost_dirty dirty;
	pfn_t pfn;
	uint64_t step;
	int agent;
};

struct ghost {
	struct ghost_mem mem;
	GPtrArray *mms;  /* struct ghost_mm *, in order; kept over runs */
	unsigned nr_mms; /* of this run */
	struct ghost_mm *last_mm;
	GArray *promises; /* struct ghost_promise */
	GArray *fds;      /* struct ghost_fd: objects known by number alone */
	uint64_t active;  /* agents inside a call, bits */
	unsigned nr_forking;
	GArray *pins;           /* struct ghost_pin, in order of taking */
	GArray *dirty;          /* struct ghost_dirty */
	struct keymap dirty_of; /* frame -> index */
	GArray *suspects;       /* struct ghost_suspect */
	struct ghost_call calls[NR_AGENTS_MAX];
};

struct ghost_mm *ghost_mm_find(struct ghost *g, unsigned id);
struct ghost_mm *ghost_mm_of_root(struct ghost *g, paddr_t root);
struct ghost_vma *ghost_vma_find(const struct ghost_mm *mm, vaddr_t addr);
const struct ghost_tomb *ghost_tomb_find(const struct ghost_mm *mm,
                                         vaddr_t addr);
/** ghost_cut - make @addr a border of VMAs. */
void ghost_cut(struct ghost_mm *mm, vaddr_t addr);
/** ghost_unmap - remove [@start, @end) and its private memory; @promise: put
 * up a tomb for it, 0: none. */
void ghost_unmap(struct ghost *g, struct ghost_mm *mm, vaddr_t start,
                 vaddr_t end, uint32_t promise);
/** ghost_map - insert; the range must be empty. */
void ghost_map(struct ghost_mm *mm, const struct ghost_vma *vma);
/** ghost_mm_new - a new address space, a copy of @parent or empty. */
struct ghost_mm *ghost_mm_new(struct ghost *g, unsigned id, paddr_t root,
                              struct ghost_mm *parent, uint64_t step);
void ghost_mm_clear(struct ghost *g, struct ghost_mm *mm);

/* ---- references (ghost_pins.c) ---- */

void ghost_pin_event(struct ghost *g, struct oracle_set *set,
                     const struct event *ev);
/** ghost_pins_call - @c has been entered. */
void ghost_pins_call(struct ghost *g, const struct ghost_call *c);
/** ghost_pins_access - an access to @vma retired. */
void ghost_pins_access(struct ghost *g, struct oracle_set *set,
                       const struct event *ev, const struct ghost_mm *mm,
                       const struct ghost_vma *vma, unsigned effects);
/** ghost_kernel_store - a store by way of a reference. */
void ghost_kernel_store(struct ghost *g, struct oracle_set *set,
                        const struct event *ev, const struct pin_record *rec);

/* ---- freed frames (ghost_dirty.c) ---- */

void ghost_dirty_store(struct ghost *g, const struct ghost_mm *mm, vaddr_t va,
                       pfn_t pfn);
void ghost_dirty_free(struct ghost *g, struct oracle_set *set,
                      const struct event *ev);
/** ghost_dirty_op_end - a call or a kernel operation is over. */
void ghost_dirty_op_end(struct ghost *g, struct oracle_set *set,
                        const struct event *ev);

/** ghost_efault - a call is about to be over (ghost_efault.c). */
void ghost_efault(struct ghost *g, struct oracle_set *set,
                  const struct event *ev);

/* ---- calls ---- */

void ghost_syscall_enter(struct ghost *g, const struct event *ev);
void ghost_syscall_exit(struct ghost *g, const struct event *ev);
/** ghost_call_gone - the agent ended inside a call. */
void ghost_call_gone(struct ghost *g, unsigned agent);
/** ghost_effects - what calls under way may do to @addr of @mm: bits
 * 1 << enum ghost_effect. */
unsigned ghost_effects(const struct ghost *g, const struct ghost_mm *mm,
                       vaddr_t addr);
/** ghost_effects_on - what they may do to byte @offset of an object. */
unsigned ghost_effects_on(const struct ghost *g, uint32_t space,
                          uint64_t offset);
struct ghost_promise *ghost_promise_at(const struct ghost *g, uint32_t i);

#endif
