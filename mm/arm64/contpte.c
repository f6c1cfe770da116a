/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contiguous entries: 16 in a row that map one piece of memory carry CONT, and
 * a TLB may hold them as one of 64 KiB.  The code above does not know: entries
 * are folded when the last of 16 is written and all agree, and unfolded before
 * one of them is changed.
 *
 *	16 entries --- clear all, gather A and D ---> none
 *	none --- flush 64 KiB ---> none, in no TLB --- write 16 ---> folded
 *
 * Hardware sets A and D in any of the 16: whoever reads one gathers them all.
 *
 * Linux v6.12 arch/arm64/mm/contpte.c, arch/arm64/include/asm/pgtable.h.
 */
#include "mm/arm64/arm64.h"
#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/tlb.h"

bool pte_valid_cont(pte_t pte)
{
	return pte_hw_present(pte) && pte_cont(pte);
}

/*
 * Under the PTL nobody but the owner sets or clears CONT and the frame, so to
 * look at them is no step.
 */
pte_t contpte_peek(pte_t *ptep)
{
	struct machine *m = this_machine();
	uint64_t value =
		phys_read(&m->mem, virt_to_phys(&m->mem, ptep), sizeof(value));

	storebuf_forward(ptep, sizeof(value), &value);
	return __pte(value);
}

static pte_t *contpte_align_down(pte_t *ptep)
{
	return (pte_t *)((uintptr_t)ptep & ~(CONT_PTES * sizeof(*ptep) - 1));
}

/* Entries of the frames of @pte, from the first of its block on. */
static pte_t first_of_block(pte_t pte)
{
	return pfn_pte(ALIGN_DOWN(pte_pfn(pte), CONT_PTES), pte_pgprot(pte));
}

static pte_t next_frame(pte_t pte)
{
	return pfn_pte(pte_pfn(pte) + 1, pte_pgprot(pte));
}

/* As fold and compare ignore them. */
static pte_t pte_plain(pte_t pte)
{
	return pte_mkold(pte_mkclean(pte));
}

static pte_t pte_gather(pte_t pte, pte_t other)
{
	if (pte_dirty(other))
		pte = pte_mkdirty(pte);
	if (pte_young(other))
		pte = pte_mkyoung(pte);
	return pte;
}

/* ---- folding, unfolding ---- */

static void set_block(vaddr_t addr, pte_t *ptep, pte_t pte)
{
	for (unsigned i = 0; i < CONT_PTES; i++) {
		__set_pte_at(addr + i * PAGE_SIZE, ptep + i, pte);
		pte = next_frame(pte);
	}
}

/* Option contpte_convert: gather from a look before the entries are cleared. */
static pte_t gather_before(vaddr_t addr, pte_t *ptep, pte_t pte)
{
	for (unsigned i = 0; i < CONT_PTES; i++)
		pte = pte_gather(pte,
		                 __ptep_get(addr + i * PAGE_SIZE, ptep + i));
	return pte;
}

static pte_t clear_block(vaddr_t addr, pte_t *ptep, pte_t pte, bool gather)
{
	for (unsigned i = 0; i < CONT_PTES; i++) {
		pte_t old =
			__ptep_get_and_clear(addr + i * PAGE_SIZE, ptep + i);

		if (gather)
			pte = pte_gather(pte, old);
	}
	return pte;
}

/* contpte_convert(): the 16 entries around @ptep become what @pte is. */
static void contpte_convert(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                            pte_t pte)
{
	const enum contpte_convert how = mm_opt(mm)->contpte_convert;

	ptep = contpte_align_down(ptep);
	addr = ALIGN_DOWN(addr, CONT_PTE_SIZE);
	pte = first_of_block(pte);

	if (how == CONTPTE_CONVERT_LIVE) {
		pte = gather_before(addr, ptep, pte);
		note_flush(mm, FLUSH_SKIPPED, addr, addr + CONT_PTE_SIZE,
		           "CONT changes in live entries "
		           "(contpte_convert=live)");
		set_block(addr, ptep, pte);
		return;
	}
	if (how == CONTPTE_CONVERT_GATHER_EARLY)
		pte = gather_before(addr, ptep, pte);
	pte = clear_block(addr, ptep, pte,
	                  how == CONTPTE_CONVERT_BREAK_BEFORE_MAKE);
	__flush_tlb_range(mm, addr, addr + CONT_PTE_SIZE, PAGE_SIZE, true,
	                  PT_LEVEL_PTE);
	set_block(addr, ptep, pte);
}

static bool mm_is_user(const struct mm_struct *mm)
{
	return mm != mm->kernel->init_mm;
}

void contpte_try_unfold(struct mm_struct *mm, vaddr_t addr, pte_t *ptep)
{
	pte_t pte = contpte_peek(ptep);

	if (unlikely(pte_valid_cont(pte)) && mm_is_user(mm))
		contpte_convert(mm, addr, ptep, pte_mknoncont(pte));
}

void contpte_try_unfold_partial(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                                unsigned nr)
{
	const unsigned last = nr - 1;

	if (ptep != contpte_align_down(ptep) || nr < CONT_PTES)
		contpte_try_unfold(mm, addr, ptep);
	if (ptep + nr != contpte_align_down(ptep + nr))
		contpte_try_unfold(mm, addr + last * PAGE_SIZE, ptep + last);
}

/* Are all of the 16 in one piece of memory that was allocated as one? */
static bool block_in_folio(struct page *page)
{
	const struct page *head = compound_head(page);
	uint64_t index = (uint64_t)(page - head);

	/* Frame numbers and addresses agree in their last bits. */
	return ALIGN_DOWN(index, CONT_PTES) + CONT_PTES <= compound_nr(head) &&
	       IS_ALIGNED(page_to_pfn(&this_machine()->mem, head), CONT_PTES);
}

static bool block_agrees(pte_t *ptep, pte_t pte)
{
	pte_t expected = pte_plain(first_of_block(pte));

	for (unsigned i = 0; i < CONT_PTES; i++) {
		if (!pte_same(pte_plain(contpte_peek(ptep + i)), expected))
			return false;
		expected = next_frame(expected);
	}
	return true;
}

void contpte_try_fold(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                      pte_t pte)
{
	const uint64_t last = CONT_PTES - 1;

	/* Ranges are written upwards: the last is when it is worth a look. */
	if (likely((addr >> PAGE_SHIFT & last) != last))
		return;
	if (!mm_opt(mm)->contpte || !mm_is_user(mm) || !pte_hw_present(pte) ||
	    (pte_pfn(pte) & last) != last || !block_in_folio(pte_page(pte)))
		return;
	if (block_agrees(contpte_align_down(ptep), pte))
		contpte_convert(mm, addr, ptep, pte_mkcont(pte));
}

/* ---- reading ---- */

pte_t contpte_ptep_get(vaddr_t addr, pte_t *ptep, pte_t orig)
{
	pte_t *first = contpte_align_down(ptep);

	addr = ALIGN_DOWN(addr, CONT_PTE_SIZE);
	for (unsigned i = 0; i < CONT_PTES; i++) {
		if (first + i == ptep)
			continue;
		orig = pte_gather(orig,
		                  __ptep_get(addr + i * PAGE_SIZE, first + i));
	}
	return orig;
}

/* One look at all 16. Return: they belong together; *@pte has their A, D. */
static bool gather_consistent(vaddr_t addr, pte_t *ptep, pte_t *pte)
{
	pte_t expected = pte_plain(first_of_block(*pte));

	for (unsigned i = 0; i < CONT_PTES; i++) {
		pte_t other =
			__ptep_get_lockless(addr + i * PAGE_SIZE, ptep + i);

		if (!pte_same(pte_plain(other), expected))
			return false;
		*pte = pte_gather(*pte, other);
		expected = next_frame(expected);
	}
	return true;
}

/* Whoever is at the entries holds the PTL: let it have its way. */
static void wait_for_block(pte_t *ptep)
{
	spinlock_t *ptl = ptlock_ptr(ptep_page(ptep));

	if (ptl)
		spin_unlock_wait(ptl);
}

/*
 * The block may be unfolded, changed and folded again meanwhile, and 16 entries
 * cannot be read at once: begin again until they belong together.
 *
 * DIVERGES: Linux reads on; here the next look comes when the PTL is free, so
 * that a run in which its holder does not move comes to an end.
 */
pte_t contpte_ptep_get_lockless(vaddr_t addr, pte_t *ptep, pte_t orig)
{
	vaddr_t start = ALIGN_DOWN(addr, CONT_PTE_SIZE);

	for (;;) {
		pte_t pte = orig;

		if (!pte_valid_cont(orig))
			return orig;
		if (gather_consistent(start, contpte_align_down(ptep), &pte))
			return pte;
		wait_for_block(ptep);
		orig = __ptep_get_lockless(addr, ptep);
	}
}

/* ---- writing ---- */

unsigned contpte_batch_hint(const pte_t *ptep, pte_t pte)
{
	if (!pte_valid_cont(pte))
		return 1;
	return CONT_PTES - ((uintptr_t)ptep / sizeof(*ptep) & (CONT_PTES - 1));
}

/* Hardware sets A and D in any of a block's entries. Option contpte_get=one
 * believes its first. */
static bool gathers(const pte_t *ptep, pte_t pte)
{
	return machine_kernel(this_machine())->options->contpte_get ==
	               CONTPTE_GET_ALL ||
	       contpte_batch_hint(ptep, pte) == CONT_PTES ||
	       !pte_valid_cont(pte);
}

pte_t contpte_get_and_clear_full_ptes(vaddr_t addr, pte_t *ptep, unsigned nr)
{
	pte_t pte = __ptep_get_and_clear(addr, ptep);

	for (unsigned i = 1; i < nr; i++) {
		pte_t other =
			__ptep_get_and_clear(addr + i * PAGE_SIZE, ptep + i);

		if (gathers(ptep + i, other))
			pte = pte_gather(pte, other);
	}
	return pte;
}

void contpte_set_ptes(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                      pte_t pte, unsigned nr)
{
	while (nr) {
		vaddr_t next = ALIGN_DOWN(addr, CONT_PTE_SIZE) + CONT_PTE_SIZE;
		unsigned n = MIN(nr, (unsigned)((next - addr) >> PAGE_SHIFT));
		bool whole = n == CONT_PTES && mm_opt(mm)->contpte &&
		             mm_is_user(mm) && pte_hw_present(pte) &&
		             IS_ALIGNED(pte_pfn(pte), CONT_PTES);

		pte = whole ? pte_mkcont(pte) : pte_mknoncont(pte);
		for (unsigned i = 0; i < n; i++) {
			__set_pte_at(addr, ptep++, pte);
			pte = next_frame(pte);
			addr += PAGE_SIZE;
		}
		nr -= n;
	}
}

/* Do all 16 have the A, D and right to write of @entry already? */
static bool block_has_flags(pte_t *first, pte_t entry)
{
	for (unsigned i = 0; i < CONT_PTES; i++) {
		pte_t pte = contpte_peek(first + i);

		if (pte_young(pte) != pte_young(entry) ||
		    pte_dirty(pte) != pte_dirty(entry) ||
		    pte_write(pte) != pte_write(entry))
			return false;
	}
	return true;
}

bool contpte_ptep_set_access_flags(struct vm_area_struct *vma, vaddr_t addr,
                                   pte_t *ptep, pte_t entry, bool dirty)
{
	pte_t *first = contpte_align_down(ptep);
	vaddr_t start = ALIGN_DOWN(addr, CONT_PTE_SIZE);

	if (block_has_flags(first, entry))
		return false;
	if (pte_write(contpte_peek(ptep)) != pte_write(entry)) {
		contpte_try_unfold(vma->vm_mm, addr, ptep);
		return __ptep_set_access_flags_one(vma, addr, ptep, entry,
		                                   dirty);
	}
	/* Only A and D: all 16 get them, and one flush serves all. */
	for (unsigned i = 0; i < CONT_PTES; i++)
		(void)__ptep_set_access_flags_one(vma, start + i * PAGE_SIZE,
		                                  first + i, entry, false);
	if (dirty)
		__flush_tlb_range(vma->vm_mm, start, start + CONT_PTE_SIZE,
		                  PAGE_SIZE, true, PT_LEVEL_PTE);
	return true;
}
