/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/page.h"

#include "base/bug.h"
#include "base/once.h"
#include "mm/arch.h"
#include "mm/mm_types.h"

/*
 * All order > 0 blocks are naturally aligned; a tail knows nothing of its
 * head, so look for the head at the alignments a block can have.
 */
struct page *compound_head(struct page *page)
{
	struct physmem *mem = &this_machine()->mem;
	pfn_t pfn = page_to_pfn(mem, page);
	unsigned order;

	if (!PageTail(page))
		return page;

	for (order = 1; order <= MAX_ORDER; order++) {
		struct page *head =
			pfn_to_page(mem, ALIGN_DOWN(pfn, UINT64_C(1) << order));

		if (PageHead(head) && head->order >= order)
			return head;
	}
	return page;
}

objid_t page_obj(const struct page *page)
{
	return mem_obj(this_machine(), page);
}

paddr_t page_phys(const struct page *page)
{
	return page_to_pfn(&this_machine()->mem, page) << PAGE_SHIFT;
}

static void page_ref_step(enum step_kind kind, const struct page *page,
                          const char *label)
{
	step(kind, page_obj(page), 4, label, page_phys(page));
	charge(kind == STEP_READ ? this_machine()->costs->kernel_op
	                         : this_machine()->costs->atomic);
	trace_mix(current_agent, (uint64_t)page->refcount);
}

void get_page(struct page *page)
{
	struct page *head = compound_head(page);

	page_ref_step(STEP_RMW, head, "get_page");
	head->refcount++;
}

/* Linux v6.12 include/linux/page_ref.h folio_try_get() */
bool folio_try_get(struct page *head)
{
	page_ref_step(STEP_RMW, head, "folio_try_get");
	if (head->refcount <= 0)
		return false;
	head->refcount++;
	return true;
}

/* Linux v6.12 mm/gup.c try_get_folio() */
struct page *try_get_folio(struct page *page)
{
	for (;;) {
		struct page *head = compound_head(page);

		if (!folio_try_get(head))
			return NULL;
		/* Split, or freed and something else, before we held it? */
		if (compound_head(page) == head)
			return head;
		put_page(head);
	}
}

void page_ref_add(struct page *page, int nr)
{
	struct page *head = compound_head(page);

	page_ref_step(STEP_RMW, head, "page_ref_add");
	head->refcount += nr;
}

int page_ref_count(struct page *page)
{
	struct page *head = compound_head(page);

	page_ref_step(STEP_READ, head, "page_count");
	return head->refcount;
}

bool page_ref_freeze(struct page *page, int count)
{
	struct page *head = compound_head(page);

	page_ref_step(STEP_RMW, head, "page_ref_freeze");
	if (head->refcount != count)
		return false;
	head->refcount = 0;
	return true;
}

void page_ref_unfreeze(struct page *page, int count)
{
	struct page *head = compound_head(page);

	page_ref_step(STEP_WRITE, head, "page_ref_unfreeze");
	head->refcount = count;
}

/* In the step of the caller. Linux v6.12 mm/swap.c __folio_put(). */
static void page_put_refs(struct page *head, int refs)
{
	struct machine *m = this_machine();

	if (head->refcount < refs) {
		emit(m, EV_FRAME_BAD_FREE, .addr = page_to_pfn(&m->mem, head));
		return;
	}
	head->refcount -= refs;
	if (head->refcount == 0) {
		step(STEP_WRITE, phys_obj(page_phys(head)),
		     (uint32_t)(PAGE_SIZE * compound_nr(head)), "free_page",
		     page_phys(head));
		count_vm_events(machine_kernel(m), pgfree, compound_nr(head));
		free_frames(m, head);
	}
}

/* Linux v6.12 mm/page_alloc.c __free_pages() */
void free_pages(struct page *head)
{
	head->refcount--;
	if (!head->refcount)
		free_frames(this_machine(), head);
}

static bool uncounted(const struct page *head)
{
	return is_zero_page(head) || is_huge_zero_page(head);
}

void put_page(struct page *page)
{
	struct page *head = compound_head(page);

	if (uncounted(head))
		return;
	page_ref_step(STEP_RMW, head, "put_page");
	page_put_refs(head, 1);
}

/* ---- references of get_user_pages ---- */

void try_grab_page(struct page *page, bool pin)
{
	struct page *head = compound_head(page);

	if (uncounted(head))
		return;
	page_ref_step(STEP_RMW, head, "try_grab_folio");
	if (!pin) {
		head->refcount++;
	} else if (PageHead(head)) {
		head->refcount++;
		(*page_pincount_ptr(head))++;
	} else {
		head->refcount += GUP_PIN_COUNTING_BIAS;
	}
}

bool try_grab_page_fast(struct page *page, bool pin)
{
	struct page *head = try_get_folio(page);

	if (!head || !pin)
		return head;
	if (PageHead(head)) {
		page_ref_step(STEP_RMW, head, "try_grab_folio");
		(*page_pincount_ptr(head))++;
	} else {
		page_ref_add(head, GUP_PIN_COUNTING_BIAS - 1);
	}
	return true;
}

void gup_put_page(struct page *page, bool pin)
{
	struct page *head = compound_head(page);

	if (uncounted(head))
		return;
	page_ref_step(STEP_RMW, head, pin ? "unpin_user_page" : "put_page");
	if (!pin) {
		page_put_refs(head, 1);
	} else if (PageHead(head)) {
		(*page_pincount_ptr(head))--;
		page_put_refs(head, 1);
	} else {
		page_put_refs(head, GUP_PIN_COUNTING_BIAS);
	}
}

bool page_maybe_dma_pinned(struct page *page)
{
	struct page *head = compound_head(page);

	if (PageHead(head))
		return *page_pincount_ptr(head) > 0;
	return head->refcount >= GUP_PIN_COUNTING_BIAS;
}

bool is_zero_page(const struct page *page)
{
	return page == machine_kernel(this_machine())->zero_page;
}

bool is_huge_zero_page(const struct page *page)
{
	const struct page *huge =
		machine_kernel(this_machine())->huge_zero_page;

	return huge && page >= huge && page < huge + compound_nr(huge);
}

/* Linux v6.12 mm/memory.c alloc_anon_folio(), vma_alloc_anon_folio_pmd(). */
struct page *alloc_anon_page(struct machine *m, unsigned order, bool zero)
{
	struct page *page = alloc_frames(m, order, FRAME_ANON, zero);

	if (!page)
		return NULL;

	SetPageSwapBacked(page);
	SetPageUptodate(page);
	if (zero)
		charge((uint64_t)m->costs->clear_page << order);
	count_vm_events(machine_kernel(m), pgalloc, UINT64_C(1) << order);
	return page;
}

struct page *vma_alloc_zeroed_page(const struct vm_area_struct *vma)
{
	struct page *page = alloc_anon_page(this_machine(), 0, true);

	if (page)
		mm_arch()->page->clear_user_page(vma, page);
	return page;
}

void copy_user_page(struct page *dst, struct page *src, vaddr_t addr)
{
	struct machine *m = this_machine();

	step(STEP_READ, phys_obj(page_phys(src)), PAGE_SIZE, "copy_page", addr);
	charge(m->costs->copy_page);
	phys_copy_page(&m->mem, dst, src);
	mm_arch()->page->copy_highpage(dst, src);
}
