/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct page as the mm uses it: flags, references, what a page is.
 *
 * The state lies in struct page (base/physmem.h).  A reference taken or
 * dropped is a step, on an object of its own for each page (page_obj()),
 * because who drops the last one decides what everybody else sees; flags are
 * changed inside the step that makes the change visible (a PTE update, a lock
 * section) and take none.
 *
 * Not here: rmap counts (mm/rmap.h), the allocator (base/physmem.h).
 */
#ifndef MMULATOR_MM_PAGE_H
#define MMULATOR_MM_PAGE_H

#include "base/machine.h"
#include "base/physmem.h"

struct mm_struct;
struct vm_area_struct;

/* Page flags of the mm, from PG_mm_first up. */
#define PG_anon_exclusive 16 /* mapped by this mm alone: reuse on write */
#define PG_swapbacked     17 /* anon: clear = lazily freed (MADV_FREE) */
#define PG_dirty          18
#define PG_lru            19
#define PG_uptodate       20
#define PG_referenced     21
#define PG_locked         22
#define PG_table          23 /* a constructed page table */
#define PG_rcu_queued     24 /* a table whose RCU head is in use */
/* arm64: mm/arm64/mte.h */
#define PG_mte_tagged     25
#define PG_mte_lock       26

static inline bool page_test_flag(const struct page *page, unsigned flag)
{
	return (page->flags >> flag) & 1;
}
static inline void page_set_flag(struct page *page, unsigned flag)
{
	page->flags |= 1u << flag;
}
static inline void page_clear_flag(struct page *page, unsigned flag)
{
	page->flags &= ~(1u << flag);
}

#define MM_PAGE_FLAG(Name, flag)                               \
	static inline bool Page##Name(const struct page *page) \
	{                                                      \
		return page_test_flag(page, flag);             \
	}                                                      \
	static inline void SetPage##Name(struct page *page)    \
	{                                                      \
		page_set_flag(page, flag);                     \
	}                                                      \
	static inline void ClearPage##Name(struct page *page)  \
	{                                                      \
		page_clear_flag(page, flag);                   \
	}
MM_PAGE_FLAG(AnonExclusive, PG_anon_exclusive)
MM_PAGE_FLAG(SwapBacked, PG_swapbacked)
MM_PAGE_FLAG(Dirty, PG_dirty)
MM_PAGE_FLAG(LRU, PG_lru)
MM_PAGE_FLAG(Uptodate, PG_uptodate)
MM_PAGE_FLAG(Referenced, PG_referenced)
#undef MM_PAGE_FLAG

/** PageAnon - anonymous memory (a property of the frame's kind). */
static inline bool PageAnon(const struct page *page)
{
	return page->kind == FRAME_ANON;
}
static inline bool PageHead(const struct page *page)
{
	return page_test_flag(page, PG_head);
}
static inline bool PageTail(const struct page *page)
{
	return page_test_flag(page, PG_tail);
}
static inline bool PageCompound(const struct page *page)
{
	return page->flags & (1u << PG_head | 1u << PG_tail);
}
/** PageTable - a page table of any level, not yet freed. */
static inline bool PageTable(const struct page *page)
{
	return page->kind >= FRAME_PT_PTE && page->kind <= FRAME_PT_PGD;
}

/** compound_head - the head of a page's block. Return: it; @page itself if
 * order 0. */
struct page *compound_head(struct page *page);
/** compound_nr - frames in @head's block. */
static inline unsigned compound_nr(const struct page *head)
{
	return PageHead(head) ? 1u << head->order : 1;
}

/** page_obj - identity of the struct page itself (counts, flags) for steps.
 * Return: it. */
objid_t page_obj(const struct page *page);
/** page_phys - physical address of the frame. Return: it. */
paddr_t page_phys(const struct page *page);

/**
 * get_page - one more reference to the block of @page.
 * @page: any page of it
 *
 * A step, "get_page", addr = physical address of the head.
 *
 * Context: the caller has a reference, or a lock that keeps one from going:
 * the count is not looked at. Who has neither uses try_get_folio().
 */
void get_page(struct page *page);
/**
 * folio_try_get - a reference, unless the last one is gone already.
 * @head: head of a block, or of what was one a moment ago
 *
 * A step, "folio_try_get". A page whose count reached 0 is on its way to the
 * allocator and cannot be brought back.
 *
 * Context: none needed; @head may have become something else.
 * Return: the reference was taken. The caller must then find out whether the
 * page is still the one it looked for.
 * Source: Linux v6.12 include/linux/page_ref.h folio_try_get()
 */
bool must_check folio_try_get(struct page *head);
/**
 * try_get_folio - the same for the block that @page is part of.
 * @page: any page, found without a lock
 *
 * Return: the head, with a reference; NULL if the block was being freed.
 * Source: Linux v6.12 mm/gup.c try_get_folio()
 */
struct page *must_check try_get_folio(struct page *page);
/** page_ref_add - take @nr references. A step, "page_ref_add". */
void page_ref_add(struct page *page, int nr);
/** page_ref_count - references to the block. A step, "page_count". Return: how
 * many. */
int page_ref_count(struct page *page);
/** page_ref_freeze - if there are @count references, there are none from now
 * on. A step, "page_ref_freeze". Return: it was so. */
bool must_check page_ref_freeze(struct page *page, int count);
/**
 * page_ref_unfreeze - the opposite: there are @count again. A step,
 * "page_ref_unfreeze".
 */
void page_ref_unfreeze(struct page *page, int count);

/**
 * put_page - drop a reference; the last one frees the block.
 * @page: any page of it; the zero page and the huge zero page are ignored
 *
 * A step, "put_page", addr = physical address; freeing is one more,
 * "free_page", that writes the block. Dropping a reference that is not there is
 * an EV_FRAME_BAD_FREE event.
 */
void put_page(struct page *page);

/**
 * free_pages - the end of a block that was never shared: a page table, a batch.
 * @head: its head
 *
 * Drops the owner's reference. It is the last one, unless a lockless walker
 * that came too late holds the frame for a moment (try_get_folio()); then its
 * put_page() frees the block.
 *
 * Context: the caller's step on the content covers it, it takes none.
 * Source: Linux v6.12 mm/page_alloc.c __free_pages()
 */
void free_pages(struct page *head);

/*
 * Pins (FOLL_PIN) of a small page are counted in its reference count, in units
 * that plain references do not reach; a huge page has a count of its own, in
 * its third frame (Linux: _pincount).
 */
#define GUP_PIN_COUNTING_BIAS 1024

static inline uint64_t *page_pincount_ptr(struct page *head)
{
	return &head[2].index;
}
/** try_grab_page - one more reference, @pin: a pin; the zero pages have none.
 * A step, "try_grab_folio". Linux v6.12 mm/gup.c try_grab_folio(). */
void try_grab_page(struct page *page, bool pin);
/**
 * try_grab_page_fast - likewise for a page found without a lock.
 * @pin: a pin, else a reference
 *
 * Return: false: it was being freed.
 * Source: Linux v6.12 mm/gup.c try_grab_folio_fast()
 */
bool must_check try_grab_page_fast(struct page *page, bool pin);
/**
 * gup_put_page - drop a pin if @pin, else a reference. A step, "put_page" or
 * "unpin_user_page".
 */
void gup_put_page(struct page *page, bool pin);
/**
 * page_maybe_dma_pinned - is the page pinned, or referenced as often? No step.
 *
 * Return: it is.
 * Source: Linux v6.12 include/linux/mm.h folio_maybe_dma_pinned()
 */
bool page_maybe_dma_pinned(struct page *page);

/**
 * is_zero_page - is it the zero page of the machine that runs?
 *
 * Return: it is.
 */
bool is_zero_page(const struct page *page);
/** is_huge_zero_page - is it any page of the huge zero page of the machine that
 * runs? Return: it is. */
bool is_huge_zero_page(const struct page *page);

/**
 * alloc_anon_page - vma_alloc_folio(): a zeroed or not yet written anon page.
 * @order: 0 or HPAGE_PMD_ORDER
 * @zero: charge for clearing it and make it read as zero
 *
 * Return: refcount 1, PG_swapbacked, PG_uptodate; NULL without memory.
 */
struct page *alloc_anon_page(struct machine *m, unsigned order, bool zero);
/**
 * vma_alloc_zeroed_page - a zeroed anonymous page for user memory; the
 * architecture may do more than zero it.
 * @vma: where it will be mapped
 *
 * Return: as alloc_anon_page().
 * Source: Linux v6.12 include/linux/highmem.h vma_alloc_zeroed_movable_folio()
 */
struct page *must_check vma_alloc_zeroed_page(const struct vm_area_struct *vma);

/**
 * copy_user_page - content of a frame into another. A step, "copy_page", that
 * reads all of @src.
 * @src: from
 * @addr: the user's address, for the trace
 */
void copy_user_page(struct page *dst, struct page *src, vaddr_t addr);

#endif
