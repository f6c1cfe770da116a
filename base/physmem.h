/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory: a direct map, mem_map and the page allocator.
 *
 * As in Linux there is a linear mapping of all of physical memory
 * (__va/__pa) and an array of struct page.  Both are reserved host address
 * space, so a 512 GiB machine costs what it touches.  A frame's content is
 * brought into being lazily: content says whether the host bytes are the
 * truth, or the frame reads as zero or as poison.
 *
 * The allocator hands out naturally aligned blocks of 2^order frames, lowest
 * address first, the same in every run.
 */
#ifndef MMULATOR_BASE_PHYSMEM_H
#define MMULATOR_BASE_PHYSMEM_H

#include "base/types.h"

struct machine;

#define MAX_ORDER   18   /* 1 GiB */
#define PAGE_POISON 0xaa /* every byte of a freed frame */

enum frame_kind {
	FRAME_FREE,
	FRAME_PT_PTE, /* page tables by level, PTE = 1 ... */
	FRAME_PT_PMD,
	FRAME_PT_PUD,
	FRAME_PT_P4D,
	FRAME_PT_PGD,
	FRAME_ANON,
	FRAME_FILE,   /* page cache, shmem */
	FRAME_ZERO,   /* the zero page, the huge zero page */
	FRAME_GATHER, /* mmu_gather batch */
	FRAME_KERNEL, /* anything else */
	FRAME_KIND_COUNT
};

enum frame_content {
	CONTENT_POISON, /* reads as PAGE_POISON; 0 so that mem_map starts so */
	CONTENT_ZERO,   /* reads as zero */
	CONTENT_BYTES,  /* the direct map holds the bytes */
};

/* Linux's page flags, those we have; mm may define more from bit 16. */
#define PG_head     0 /* first frame of a compound block */
#define PG_tail     1 /* not the first */
#define PG_mm_first 16

struct page {
	uint8_t kind;        /* enum frame_kind */
	uint8_t content;     /* enum frame_content */
	uint8_t order;       /* of the block, in its head */
	uint8_t alloc;       /* allocator's own */
	uint32_t flags;      /* 1 << PG_... */
	uint32_t generation; /* bumped when the frame is freed */
	int32_t refcount;    /* of the head */
	int32_t mapcount;    /* number of PTEs or PMDs mapping it; 0 = none */
	uint32_t pt_owner;   /* page tables: id of the mm */
	void *mapping;    /* rmap: anon_vma or address_space (arena pointer) */
	uint64_t index;   /* offset in the mapping, in pages; tables: va base */
	void *private;    /* mm's: split ptlock, deposited table, shared info */
	void *mm_list[2]; /* mm's: list links (lru, deposit, batches) */
	uint32_t free_next, free_prev; /* allocator's own, pfn + 1 */
	uint64_t alloc_step;
	uint64_t free_step;
};

struct physmem {
	uint8_t *direct_map; /* host address of physical 0 */
	struct page *mem_map;
	/* Bit per frame: its content is CONTENT_BYTES. The same as in mem_map,
	 * small enough for the host's caches. */
	uint64_t *has_bytes;
	/* base/mtetags.h: the tags of each frame, and which frames have any. */
	uint8_t *tags;
	uint64_t *has_tags;
	uint64_t size_bytes;
	uint64_t nr_frames;
	uint64_t nr_free;
	uint64_t high_water; /* pfns below it were ever used in this run */
	uint32_t free_head[MAX_ORDER + 1]; /* pfn + 1 */
	uint64_t next_fresh;               /* first pfn never handed out */
	/* fail_nth: the n-th allocation from now fails (1 = next), 0 = off.
	 * Counts only those whose kind bit is in fail_kinds (0 = all). */
	uint64_t fail_nth;
	uint32_t fail_kinds;
};

/** physmem_init - memory of @size_bytes, all free. */
void physmem_init(struct physmem *mem, uint64_t size_bytes);
/**
 * physmem_reset - as after physmem_init(), for another run; costs what was
 * used.
 */
void physmem_reset(struct physmem *mem);
/** physmem_fini - give the host's address space back. */
void physmem_fini(struct physmem *mem);

/**
 * alloc_frames - allocate 2^@order frames.
 * @m: the machine
 * @order: 0 .. MAX_ORDER
 * @kind: what for; anything but FRAME_FREE
 * @zero: content reads as zero, else as poison
 *
 * Emits EV_FRAME_ALLOC. Not a step (the allocator's locks are not modelled).
 * Return: the head page with refcount 1, mapcount 0, flags 0 (PG_head if
 * order > 0), or NULL if memory is out or the injected failure hit.
 */
struct page *alloc_frames(struct machine *m, unsigned order,
                          enum frame_kind kind, bool zero);

/**
 * free_frames - give a block back: poison, generation + 1, EV_FRAME_FREE.
 * @page: its head
 *
 * The refcount is not looked at: put_page() in mm is the caller that cares.
 * A double free is EV_FRAME_BAD_FREE, not a crash.
 */
void free_frames(struct machine *m, struct page *page);

/**
 * split_frames - turn the block of @head into blocks of order 0 that are freed
 * one by one (split_huge_page). Each gets refcount 1 and the head's kind.
 */
void split_frames(struct machine *m, struct page *head);

/**
 * frame_bytes - the bytes of a frame, for reading or writing; brings them into
 * being.
 * @page: the frame
 *
 * Return: PAGE_SIZE bytes.
 */
uint8_t *frame_bytes(struct physmem *mem, struct page *page);

static inline struct page *pfn_to_page(const struct physmem *mem, pfn_t pfn)
{
	return &mem->mem_map[pfn];
}
static inline pfn_t page_to_pfn(const struct physmem *mem,
                                const struct page *page)
{
	return (pfn_t)(page - mem->mem_map);
}
static inline bool pfn_valid(const struct physmem *mem, pfn_t pfn)
{
	return pfn < mem->nr_frames;
}
static inline void *phys_to_virt(const struct physmem *mem, paddr_t pa)
{
	return mem->direct_map + pa;
}
static inline paddr_t virt_to_phys(const struct physmem *mem, const void *p)
{
	return (paddr_t)((const uint8_t *)p - mem->direct_map);
}

/** frame_has_bytes - is the direct map the truth for frame @pfn? */
static inline bool frame_has_bytes(const struct physmem *mem, pfn_t pfn)
{
	return mem->has_bytes[pfn / 64] >> (pfn % 64) & 1;
}

/** phys_plain - the host's bytes at @pa if they are the truth, else NULL. */
static inline uint8_t *phys_plain(const struct physmem *mem, paddr_t pa)
{
	if (unlikely(pa >= mem->size_bytes ||
	             !frame_has_bytes(mem, pa >> PAGE_SHIFT)))
		return NULL;
	return mem->direct_map + pa;
}

/**
 * phys_read - little-endian read.
 * @pa: any physical address; free frames read as poison, what is beyond
 *	memory as all ones
 * @size: 1 .. 8 bytes, within one frame
 *
 * Not a step.
 *
 * Return: the value, zero-extended.
 */
uint64_t phys_read(struct physmem *mem, paddr_t pa, unsigned size);
/**
 * phys_write - little-endian write.
 * @pa: any physical address; beyond memory nothing is written
 * @size: 1 .. 8 bytes, within one frame
 * @value: its low bytes are written
 *
 * Not a step.
 */
void phys_write(struct physmem *mem, paddr_t pa, unsigned size, uint64_t value);

/**
 * phys_copy_page - the content of frame @src to frame @dst, keeping laziness.
 */
void phys_copy_page(struct physmem *mem, struct page *dst, struct page *src);
/** phys_clear_page - frame @page reads as zero. */
void phys_clear_page(struct physmem *mem, struct page *page);

/**
 * frame_kind_name - what a kind of frame is called.
 * @kind: below FRAME_KIND_COUNT
 *
 * Return: "anon", "PTE table", ...; a literal.
 */
const char *frame_kind_name(enum frame_kind kind);

#endif
