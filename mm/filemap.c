/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/filemap.h"

#include <errno.h>

#include "base/bug.h"
#include "mm/page.h"
#include "mm/rmap.h"
#include "mm/zap.h"

/* ---- folio lock ---- */

/*
 * Linux has a bit in page->flags and hashed wait queues.  Here each frame that
 * is ever locked gets a lock of its own, which stays with the frame.
 */
static struct rw_semaphore *folio_lock_of(struct page *page)
{
	struct machine *m = this_machine();
	struct kernel *k = machine_kernel(m);
	pfn_t pfn = page_to_pfn(&m->mem, page);
	struct rw_semaphore *sem;

	if (!k->folio_locks) {
		k->folio_locks =
			kzalloc(m, sizeof(*k->folio_locks), "folio_locks");
		BUG_ON(!k->folio_locks);
		xa_init(k->folio_locks, m);
	}
	sem = xa_peek(k->folio_locks, pfn);
	if (!sem) {
		sem = kzalloc(m, sizeof(*sem), "folio_lock");
		BUG_ON(!sem || xa_poke(k->folio_locks, pfn, sem));
		init_rwsem(sem, LOCK_FOLIO);
	}
	return sem;
}

void folio_lock(struct page *page)
{
	down_write_label(folio_lock_of(page), "folio_lock");
	page_set_flag(page, PG_locked);
}

bool folio_trylock(struct page *page)
{
	if (!down_write_trylock_label(folio_lock_of(page), "folio_trylock"))
		return false;
	page_set_flag(page, PG_locked);
	return true;
}

void folio_unlock(struct page *page)
{
	page_clear_flag(page, PG_locked);
	up_write_label(folio_lock_of(page), "folio_unlock");
}

bool folio_test_locked(const struct page *page)
{
	return page_test_flag(page, PG_locked);
}

/* ---- the cache ---- */

/*
 * Linux v6.12 mm/filemap.c filemap_get_entry(): the page may leave the cache,
 * and become something else, between finding it and getting the reference.
 * Linux is in an RCU read section for the sake of tree nodes; ours stay.
 */
struct page *filemap_get_folio(struct address_space *mapping, uint64_t index)
{
	for (;;) {
		struct page *page = xa_load(&mapping->i_pages, index);

		if (!page)
			return NULL;
		if (!folio_try_get(page))
			continue;
		if (page == xa_load(&mapping->i_pages, index))
			return page;
		put_page(page);
	}
}

/* Linux v6.12 mm/filemap.c __filemap_get_folio(FGP_LOCK) */
struct page *filemap_lock_folio(struct address_space *mapping, uint64_t index)
{
	for (;;) {
		struct page *page = filemap_get_folio(mapping, index);

		if (!page)
			return NULL;
		folio_lock(page);
		/* Truncated while we waited? */
		if (page->mapping == mapping && page->index == index)
			return page;
		folio_unlock(page);
		put_page(page);
	}
}

/* Linux v6.12 mm/filemap.c __filemap_add_folio() */
int filemap_add_folio(struct address_space *mapping, struct page *page,
                      uint64_t index)
{
	int err;

	BUG_ON(!folio_test_locked(page));
	/* Nobody else can know the page before it is in the tree. */
	page->refcount++;
	page->mapping = mapping;
	page->index = index;
	err = xa_insert(&mapping->i_pages, index, page);
	if (err) {
		page->mapping = NULL;
		page->refcount--;
		return err == -EBUSY ? -EEXIST : err;
	}
	mapping->nrpages++;
	return 0;
}

/* Linux v6.12 mm/filemap.c filemap_remove_folio() */
void filemap_remove_folio(struct page *page)
{
	struct address_space *mapping = page->mapping;

	BUG_ON(!folio_test_locked(page));
	(void)xa_erase(&mapping->i_pages, page->index);
	page->mapping = NULL;
	mapping->nrpages--;
	put_page(page);
}

/* ---- VMAs that map the file ---- */

void i_mmap_lock_read(struct address_space *mapping)
{
	down_read_label(&mapping->i_mmap_rwsem, "i_mmap_lock_read");
}

void i_mmap_unlock_read(struct address_space *mapping)
{
	up_read_label(&mapping->i_mmap_rwsem, "i_mmap_unlock_read");
}

void i_mmap_lock_write(struct address_space *mapping)
{
	down_write_label(&mapping->i_mmap_rwsem, "i_mmap_lock_write");
}

void i_mmap_unlock_write(struct address_space *mapping)
{
	up_write_label(&mapping->i_mmap_rwsem, "i_mmap_unlock_write");
}

/* A list in order of insertion stands for Linux's interval tree. */
void vma_interval_tree_insert(struct vm_area_struct *vma,
                              struct address_space *mapping)
{
	struct vm_area_struct **p = &mapping->i_mmap;

	lockdep_assert_held_write(&mapping->i_mmap_rwsem,
	                          "i_mmap changed without i_mmap_rwsem");
	while (*p)
		p = &(*p)->i_mmap_next;
	vma->i_mmap_next = NULL;
	*p = vma;
}

void vma_interval_tree_remove(struct vm_area_struct *vma,
                              struct address_space *mapping)
{
	struct vm_area_struct **p = &mapping->i_mmap;

	lockdep_assert_held_write(&mapping->i_mmap_rwsem,
	                          "i_mmap changed without i_mmap_rwsem");
	while (*p && *p != vma)
		p = &(*p)->i_mmap_next;
	BUG_ON(!*p);
	*p = vma->i_mmap_next;
	vma->i_mmap_next = NULL;
}

/* ---- truncation ---- */

/* Linux v6.12 mm/memory.c unmap_mapping_range_tree(): [first, last] in pages */
static void unmap_mapping_range_tree(struct address_space *mapping,
                                     uint64_t first, uint64_t last,
                                     struct zap_details *details)
{
	struct vm_area_struct *vma;

	for (vma = mapping->i_mmap; vma; vma = vma->i_mmap_next) {
		uint64_t vba = vma->vm_pgoff;
		uint64_t nr = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
		uint64_t zba = MAX(first, vba);
		uint64_t zea = MIN(last, vba + nr - 1);

		if (zba > zea)
			continue;
		unmap_mapping_range_vma(
			vma, vma->vm_start + ((zba - vba) << PAGE_SHIFT),
			vma->vm_start + ((zea - vba + 1) << PAGE_SHIFT),
			details);
	}
}

static void unmap_mapping_pages(struct address_space *mapping, uint64_t first,
                                uint64_t last, struct zap_details *details)
{
	i_mmap_lock_read(mapping);
	unmap_mapping_range_tree(mapping, first, last, details);
	i_mmap_unlock_read(mapping);
}

void unmap_mapping_range(struct address_space *mapping, uint64_t holebegin,
                         uint64_t holelen, bool even_cows)
{
	struct zap_details details = { .even_cows = even_cows };
	uint64_t first = holebegin >> PAGE_SHIFT;
	uint64_t nr = (holelen + PAGE_SIZE - 1) >> PAGE_SHIFT;
	uint64_t last = nr ? first + nr - 1 : UINT64_MAX;

	unmap_mapping_pages(mapping, first, MAX(last, first), &details);
}

/* Linux v6.12 mm/truncate.c truncate_inode_folio() */
static void truncate_inode_folio(struct address_space *mapping,
                                 struct page *page)
{
	struct zap_details details = { .single_page = page };

	if (page->mapping != mapping)
		return;

	/* It may have been mapped again since unmap_mapping_range(). */
	if (page_mapped(page))
		unmap_mapping_pages(mapping, page->index, page->index,
		                    &details);
	ClearPageDirty(page);
	filemap_remove_folio(page);
}

/* Linux v6.12 mm/truncate.c truncate_inode_partial_folio() */
static void truncate_partial_page(struct address_space *mapping,
                                  uint64_t lstart)
{
	struct machine *m = this_machine();
	uint64_t offset = lstart & ~PAGE_MASK;
	struct page *page;
	paddr_t pa;

	if (!offset)
		return;
	page = filemap_lock_folio(mapping, lstart >> PAGE_SHIFT);
	if (!page)
		return;

	pa = page_phys(page) + offset;
	step(STEP_WRITE, phys_obj(pa), (uint32_t)(PAGE_SIZE - offset),
	     "folio_zero_range", pa);
	charge(m->costs->clear_page);
	memset(frame_bytes(&m->mem, page) + offset, 0, PAGE_SIZE - offset);
	folio_unlock(page);
	put_page(page);
}

/*
 * DIVERGES: Linux first removes what it can lock at once, in batches, and then
 * goes over the range again, waiting for locks; here there is only the second
 * part, page by page.
 */
void truncate_inode_pages_range(struct address_space *mapping, uint64_t lstart)
{
	uint64_t index = (lstart + PAGE_SIZE - 1) >> PAGE_SHIFT;

	truncate_partial_page(mapping, lstart);

	while (xa_find(&mapping->i_pages, &index, UINT64_MAX)) {
		struct page *page = filemap_get_folio(mapping, index);

		if (page) {
			folio_lock(page);
			truncate_inode_folio(mapping, page);
			folio_unlock(page);
			put_page(page);
			cond_resched();
		}
		index++;
	}
}
