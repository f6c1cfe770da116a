/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/rmap.h"

#include <errno.h>

#include "base/bug.h"
#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/page.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/tlb.h"
#include "mm/vma.h"

/* A step on a page's counts; those of the refcount are in mm/page.c. */
static void rmap_step(enum step_kind kind, const struct page *page,
                      const char *label)
{
	step(kind, page_obj(page) + 4, 4, label, page_phys(page));
	charge(kind == STEP_READ ? this_machine()->costs->kernel_op
	                         : this_machine()->costs->atomic);
	trace_mix(current_agent, (uint64_t)page->mapcount);
}

/* ---- life of anon_vmas ---- */

void anon_vma_lock_write(struct anon_vma *anon_vma)
{
	down_write_label(&anon_vma->rwsem, "anon_vma_lock_write");
}

void anon_vma_unlock_write(struct anon_vma *anon_vma)
{
	up_write_label(&anon_vma->rwsem, "anon_vma_unlock_write");
}

void anon_vma_lock_read(struct anon_vma *anon_vma)
{
	down_read_label(&anon_vma->rwsem, "anon_vma_lock_read");
}

void anon_vma_unlock_read(struct anon_vma *anon_vma)
{
	up_read_label(&anon_vma->rwsem, "anon_vma_unlock_read");
}

static struct anon_vma *anon_vma_alloc(struct kernel *k)
{
	struct anon_vma *anon_vma =
		kzalloc(k->machine, sizeof(*anon_vma), "anon_vma");

	if (!anon_vma)
		return NULL;
	init_rwsem(&anon_vma->rwsem, LOCK_ANON_VMA);
	anon_vma->refcount.counter = 1;
	anon_vma->kernel = k;
	return anon_vma;
}

static void anon_vma_free_rcu(struct rcu_head *head)
{
	struct anon_vma *anon_vma = container_of(head, struct anon_vma, rcu);

	kfree(anon_vma->kernel->machine, anon_vma);
}

/* Linux: SLAB_TYPESAFE_BY_RCU; a lockless reader may still look at it. */
void put_anon_vma(struct anon_vma *anon_vma)
{
	if (RMW_ONCE_AT(anon_vma->refcount.counter, old - 1, "put_anon_vma",
	                0) == 1)
		call_rcu(&anon_vma->rcu, anon_vma_free_rcu);
}

/* Under the lock. In order of joining, as the rbtree of Linux would not be,
 * but the same in every run. */
static void anon_vma_list_add(struct anon_vma *anon_vma,
                              struct vm_area_struct *vma)
{
	struct vm_area_struct **p = &anon_vma->head;

	while (*p)
		p = &(*p)->anon_vma_next;
	vma->anon_vma_next = NULL;
	*p = vma;
}

/* Linux v6.12 mm/rmap.c __anon_vma_prepare() */
int anon_vma_prepare(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct anon_vma *anon_vma, *allocated = NULL;

	if (READ_ONCE_AT(vma->anon_vma, "read vma->anon_vma", vma->vm_start))
		return 0;
	lockdep_assert_held(&mm->mmap_lock,
	                    "anon_vma_prepare() without mmap_lock");

	/* mmap_lock keeps the neighbour, and so its anon_vma. */
	anon_vma = find_mergeable_anon_vma(vma);
	if (!anon_vma)
		anon_vma = allocated = anon_vma_alloc(mm->kernel);
	if (!anon_vma)
		return -ENOMEM;

	anon_vma_lock_write(anon_vma);
	/* Other threads fault in the same VMA. */
	spin_lock(&mm->page_table_lock);
	if (!vma->anon_vma) {
		WRITE_ONCE_AT(vma->anon_vma, anon_vma, "write vma->anon_vma",
		              vma->vm_start);
		smp_mb(); /* DIVERGES: read without READ_ONCE() under locks */
		if (!allocated)
			(void)RMW_ONCE_AT(anon_vma->refcount.counter, old + 1,
			                  "get_anon_vma", 0);
		anon_vma_list_add(anon_vma, vma);
		allocated = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	anon_vma_unlock_write(anon_vma);

	if (allocated)
		put_anon_vma(allocated);
	return 0;
}

/* @vma is new: nobody but the caller knows it. */
int anon_vma_clone(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct anon_vma *anon_vma = src->anon_vma;

	dst->anon_vma = anon_vma;
	dst->anon_vma_next = NULL;
	if (!anon_vma)
		return 0;

	anon_vma_lock_write(anon_vma);
	(void)RMW_ONCE_AT(anon_vma->refcount.counter, old + 1, "get_anon_vma",
	                  0);
	anon_vma_list_add(anon_vma, dst);
	anon_vma_unlock_write(anon_vma);
	return 0;
}

int anon_vma_fork(struct vm_area_struct *vma, struct vm_area_struct *pvma)
{
	vma->anon_vma_forked = pvma->anon_vma;
	return anon_vma_clone(vma, pvma);
}

void unlink_anon_vmas(struct vm_area_struct *vma)
{
	struct anon_vma *anon_vma = vma->anon_vma;
	struct vm_area_struct **p;

	if (!anon_vma)
		return;

	anon_vma_lock_write(anon_vma);
	p = &anon_vma->head;
	while (*p && *p != vma)
		p = &(*p)->anon_vma_next;
	BUG_ON(!*p);
	*p = vma->anon_vma_next;
	vma->anon_vma_next = NULL;
	vma->anon_vma = NULL;
	anon_vma_unlock_write(anon_vma);
	put_anon_vma(anon_vma);
}

/* Linux v6.12 mm/rmap.c folio_get_anon_vma() */
struct anon_vma *page_get_anon_vma(struct page *page)
{
	struct page *head = compound_head(page);
	struct anon_vma *anon_vma;

	rcu_read_lock();
	rmap_step(STEP_READ, head, "read page->mapping");
	anon_vma = PageAnon(head) && page_mapped(head) ? head->mapping : NULL;
	if (anon_vma && !RMW_ONCE_AT(anon_vma->refcount.counter,
	                             old ? old + 1 : 0, "get_anon_vma", 0))
		anon_vma = NULL;
	rcu_read_unlock();
	return anon_vma;
}

/* ---- counting ---- */

int folio_mapcount(const struct page *head)
{
	unsigned i, nr = compound_nr(head);
	int sum = 0;

	for (i = 0; i < nr; i++)
		sum += head[i].mapcount;
	if (PageHead(head))
		sum += (int)head[1].index;
	return sum;
}

bool page_mapped(const struct page *page)
{
	struct machine *m = this_machine();
	struct page *head =
		compound_head(pfn_to_page(&m->mem, page_to_pfn(&m->mem, page)));

	return folio_mapcount(head) != 0;
}

static uint64_t head_index(const struct vm_area_struct *vma, vaddr_t addr,
                           const struct page *page, const struct page *head)
{
	return linear_page_index(vma, addr) - (uint64_t)(page - head);
}

/* Linux v6.12 mm/rmap.c folio_add_new_anon_rmap() */
void page_add_new_anon_rmap(struct page *page, struct vm_area_struct *vma,
                            vaddr_t addr)
{
	BUG_ON(PageTail(page));
	BUG_ON(!vma->anon_vma);
	page->mapping = vma->anon_vma;
	page->index = linear_page_index(vma, addr);
	if (PageHead(page))
		*page_compound_mapcount_ptr(page) = 1;
	else
		page->mapcount = 1;
	SetPageAnonExclusive(page);
}

/* Linux v6.12 mm/rmap.c __folio_add_anon_rmap() */
void page_add_anon_rmap(struct page *page, struct vm_area_struct *vma,
                        vaddr_t addr, unsigned flags)
{
	struct page *head = compound_head(page);

	rmap_step(STEP_RMW, page, "page_add_anon_rmap");
	if (!PageCompound(page) && !page->mapcount) {
		head->mapping = vma->anon_vma;
		head->index = head_index(vma, addr, page, head);
	}
	if (flags & RMAP_COMPOUND)
		(*page_compound_mapcount_ptr(head))++;
	else
		page->mapcount++;
	if (flags & RMAP_EXCLUSIVE)
		SetPageAnonExclusive(page);
}

/* Linux v6.12 mm/rmap.c folio_move_anon_rmap() */
void page_move_anon_rmap(struct page *page, struct vm_area_struct *vma)
{
	struct page *head = compound_head(page);

	BUG_ON(!vma->anon_vma);
	rmap_step(STEP_WRITE, page, "page_move_anon_rmap");
	head->mapping = vma->anon_vma;
	SetPageAnonExclusive(page);
}

void page_add_file_rmap(struct page *page, struct vm_area_struct *vma,
                        bool compound)
{
	(void)vma;
	rmap_step(STEP_RMW, page, "page_add_file_rmap");
	if (compound)
		(*page_compound_mapcount_ptr(page))++;
	else
		page->mapcount++;
}

void page_dup_file_rmap(struct page *page, bool compound)
{
	rmap_step(STEP_RMW, page, "page_dup_file_rmap");
	if (compound)
		(*page_compound_mapcount_ptr(page))++;
	else
		page->mapcount++;
}

int page_mapcount(const struct page *page)
{
	rmap_step(STEP_READ, page, "page_mapcount");
	return page->mapcount;
}

/*
 * Linux v6.12 include/linux/rmap.h __folio_try_dup_anon_rmap(). Without a pin
 * the page may be shared; who pins it afterwards finds it not exclusive.
 */
int page_try_dup_anon_rmap(struct page *page, bool compound,
                           struct vm_area_struct *src_vma)
{
	rmap_step(STEP_RMW, page, "page_dup_anon_rmap");
	if (mm_opt(src_vma->vm_mm)->fork_pinned == FORK_PINNED_COPY &&
	    PageAnonExclusive(page) && page_maybe_dma_pinned(page))
		return -EBUSY;
	ClearPageAnonExclusive(page);
	if (compound)
		(*page_compound_mapcount_ptr(page))++;
	else
		page->mapcount++;
	return 0;
}

/* Linux v6.12 mm/rmap.c __folio_remove_rmap(). An entry of a page that was not
 * mapped breaks a rule: somebody removed it twice. */
void page_remove_rmap(struct page *page, struct vm_area_struct *vma,
                      bool compound)
{
	struct machine *m = this_machine();
	uint64_t *pmds = page_compound_mapcount_ptr(page);

	(void)vma;
	rmap_step(STEP_RMW, page, "page_remove_rmap");
	if (compound && *pmds)
		(*pmds)--;
	else if (!compound && page->mapcount > 0)
		page->mapcount--;
	else
		emit(m, EV_RULE, .text = "mapcount of an unmapped page dropped",
		     .a = page_phys(page));
}

/* ---- walking ---- */

bool vma_address(const struct page *page, const struct vm_area_struct *vma,
                 vaddr_t *addr)
{
	const struct machine *m = vma->vm_mm->kernel->machine;
	struct page *head =
		compound_head(pfn_to_page(&m->mem, page_to_pfn(&m->mem, page)));
	uint64_t index = head->index + (uint64_t)(page - head);
	uint64_t nr = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

	if (index < vma->vm_pgoff || index - vma->vm_pgoff >= nr)
		return false;
	*addr = vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT);
	return true;
}

/* Both lists look alike but for their link. */
static struct vm_area_struct *rmap_next(const struct vm_area_struct *vma,
                                        bool anon)
{
	return anon ? vma->anon_vma_next : vma->i_mmap_next;
}

static void rmap_walk_list(struct page *page, struct vm_area_struct *vma,
                           const struct rmap_walk_control *rwc)
{
	bool anon = PageAnon(page);
	vaddr_t addr;

	for (; vma; vma = rmap_next(vma, anon)) {
		if (!vma_address(page, vma, &addr))
			continue;
		if (!rwc->rmap_one(page, vma, addr, rwc->arg))
			break;
		if (rwc->done && rwc->done(page))
			break;
	}
}

/* Linux v6.12 mm/rmap.c rmap_walk_anon() */
static void rmap_walk_anon(struct page *page, struct rmap_walk_control *rwc)
{
	struct anon_vma *anon_vma = page_get_anon_vma(page);

	if (!anon_vma)
		return;
	anon_vma_lock_read(anon_vma);
	rmap_walk_list(page, anon_vma->head, rwc);
	anon_vma_unlock_read(anon_vma);
	put_anon_vma(anon_vma);
}

/* Linux v6.12 mm/rmap.c rmap_walk_file(). The folio lock keeps the page in
 * its mapping, and the mapping alive. */
static void rmap_walk_file(struct page *page, struct rmap_walk_control *rwc)
{
	struct address_space *mapping = page->mapping;

	if (!mapping)
		return;
	i_mmap_lock_read(mapping);
	rmap_walk_list(page, mapping->i_mmap, rwc);
	i_mmap_unlock_read(mapping);
}

void rmap_walk(struct page *page, struct rmap_walk_control *rwc)
{
	if (PageAnon(page))
		rmap_walk_anon(page, rwc);
	else
		rmap_walk_file(page, rwc);
}

/* ---- unmapping ---- */

/*
 * The PTE of a lazyfree page is clear and flushed: may the page go?  Against
 * get_user_pages_fast(): clear the PTE, then read the count; it takes its
 * reference, then reads the PTE again.
 */
static bool may_discard(struct page *page)
{
	int ref_count, map_count;

	smp_mb();
	ref_count = page_ref_count(page);
	rmap_step(STEP_READ, page, "folio_mapcount");
	map_count = folio_mapcount(page);
	smp_rmb();

	/* One reference is the caller's; PG_dirty is looked at last. */
	return ref_count == 1 + map_count && !PageDirty(page);
}

/* ---- a huge page mapped by PTEs ---- */

/* As folio_pte_batch() compares them. */
static pte_t pte_batch_clear_ignored(pte_t pte)
{
	return pte_mknoncont(pte_mkold(pte_mkclean(pte)));
}

/* Linux v6.15 mm/rmap.c folio_unmap_pte_batch(): all of it, side by side, with
 * the same rights. */
static bool maps_whole_folio(const struct page_vma_mapped_walk *pvmw)
{
	const struct vm_area_struct *vma = pvmw->vma;
	vaddr_t addr = pvmw->address;
	unsigned i = 0;
	pte_t expected;

	if (!IS_ALIGNED(addr, HPAGE_PMD_SIZE) ||
	    vma->vm_end - addr < HPAGE_PMD_SIZE)
		return false;
	do {
		pte_t pte = ptep_get(addr + i * PAGE_SIZE, pvmw->pte + i);
		unsigned nr = pte_batch_hint(pvmw->pte + i, pte);

		if (!pte_present(pte) || pte_page(pte) != pvmw->page + i)
			return false;
		pte = pte_batch_clear_ignored(pte);
		if (!i)
			expected = pte;
		else if (pgprot_val(pte_pgprot(pte)) !=
		         pgprot_val(pte_pgprot(expected)))
			return false;
		i += nr;
	} while (i < HPAGE_PMD_NR);
	return true;
}

/*
 * Linux v6.15 mm/rmap.c try_to_unmap_one() for a large lazyfree folio: v6.12
 * goes page by page.  The entries are cleared and flushed once; hardware sets
 * no dirty bit from then on, so what they said is final.
 */
static void unmap_lazyfree_folio(struct page_vma_mapped_walk *pvmw)
{
	struct vm_area_struct *vma = pvmw->vma;
	vaddr_t addr = pvmw->address;
	struct page *page = pvmw->page;
	pte_t old;

	if (!maps_whole_folio(pvmw))
		return;
	old = get_and_clear_full_ptes(vma->vm_mm, addr, pvmw->pte,
	                              HPAGE_PMD_NR);
	flush_tlb_range(vma, addr, addr + HPAGE_PMD_SIZE);
	if (pte_dirty(old))
		SetPageDirty(page);
	if (may_discard(page)) {
		add_mm_counter(vma->vm_mm, page, -(int64_t)HPAGE_PMD_NR);
		for (unsigned i = 0; i < HPAGE_PMD_NR; i++)
			page_remove_rmap(page + i, vma, false);
		page_ref_add(page, -(int)HPAGE_PMD_NR);
	} else {
		set_ptes(vma->vm_mm, addr, pvmw->pte, old, HPAGE_PMD_NR);
		SetPageSwapBacked(page);
	}
}

/*
 * A clean entry that is gone cannot become dirty any more: hardware looks at
 * the table before it stores through what it holds. So the flush may wait.
 */
static pte_t unmap_pte(struct vm_area_struct *vma, vaddr_t addr, pte_t *ptep,
                       unsigned flags)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t pteval;

	if (!should_defer_flush(mm, flags))
		return ptep_clear_flush(vma, addr, ptep);
	pteval = ptep_get_and_clear(mm, addr, ptep);
	set_tlb_ubc_flush_pending(mm, pteval, addr);
	return pteval;
}

/*
 * Linux v6.12 mm/rmap.c try_to_unmap_one().
 *
 * DIVERGES: no deferred flush of large folios, no swap entries, no huge PMDs:
 * what would need the last two stays mapped.
 */
static bool try_to_unmap_one(struct page *page, struct vm_area_struct *vma,
                             vaddr_t addr, void *arg)
{
	struct page_vma_mapped_walk pvmw = { .page = page,
		                             .vma = vma,
		                             .address = addr };
	bool lazyfree = PageAnon(page) && !PageSwapBacked(page);
	const unsigned *flags = arg;
	pte_t pteval;
	if (!page_vma_mapped_walk(&pvmw))
		return true;
	if ((vma->vm_flags & VM_LOCKED) || !pvmw.pte ||
	    (PageAnon(page) && !lazyfree)) {
		page_vma_mapped_walk_done(&pvmw);
		return false;
	}

	if (PageHead(page)) {
		unmap_lazyfree_folio(&pvmw);
		page_vma_mapped_walk_done(&pvmw);
		return false;
	}

	pteval = unmap_pte(vma, addr, pvmw.pte, *flags);
	if (pte_dirty(pteval))
		SetPageDirty(page);

	if (lazyfree && !may_discard(page)) {
		/* Written, or in use: it is ordinary memory again. */
		set_pte_at(vma->vm_mm, addr, pvmw.pte, pteval);
		SetPageSwapBacked(page);
		page_vma_mapped_walk_done(&pvmw);
		return false;
	}

	add_mm_counter(vma->vm_mm, page, -1);
	page_remove_rmap(page, vma, false);
	put_page(page);
	page_vma_mapped_walk_done(&pvmw);
	return true;
}

static bool page_not_mapped(struct page *page)
{
	return !page_mapped(page);
}

void try_to_unmap(struct page *page, unsigned flags)
{
	struct rmap_walk_control rwc = { .rmap_one = try_to_unmap_one,
		                         .done = page_not_mapped,
		                         .arg = &flags };

	rmap_walk(page, &rwc);
}
