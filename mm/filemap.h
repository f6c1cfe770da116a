/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page cache of one file, and the folio lock.
 *
 * A page in the cache has page->mapping, page->index and one reference that
 * belongs to the cache.  It is added and removed with its folio lock held;
 * whoever finds a page without the lock must check page->mapping after taking
 * it.
 *
 * Lock order: folio lock, i_mmap_rwsem, page-table locks.
 *
 * Linux v6.12 mm/filemap.c, mm/truncate.c, include/linux/fs.h.
 */
#ifndef MMULATOR_MM_FILEMAP_H
#define MMULATOR_MM_FILEMAP_H

#include "mm/mm_types.h"
#include "mm/xarray.h"

struct address_space {
	struct kernel *kernel;
	const char *name;
	unsigned id;      /* order of creation, from 1 */
	atomic_t f_count; /* references: descriptors and VMAs */
	uint64_t i_size;  /* bytes; read without a lock */
	struct xarray i_pages;
	uint64_t nrpages; /* under the folio lock of what changes it */

	struct rw_semaphore i_mmap_rwsem;
	struct vm_area_struct *i_mmap; /* linked by i_mmap_next */

	struct address_space *next; /* kernel->files, in order of creation */
};

/* ---- folio lock ---- */

/** folio_lock, folio_trylock, folio_unlock - steps; folio_lock() sleeps. A
 * huge page has one lock, its head's: pass the head. */
void folio_lock(struct page *page);
bool must_check folio_trylock(struct page *page);
void folio_unlock(struct page *page);
bool folio_test_locked(const struct page *page);

/* ---- the cache ---- */

/** filemap_get_folio - with a reference, unlocked; NULL if absent. Steps. */
struct page *filemap_get_folio(struct address_space *mapping, uint64_t index);
/**
 * filemap_lock_folio - likewise, locked and still in the mapping.
 */
struct page *filemap_lock_folio(struct address_space *mapping, uint64_t index);
/** filemap_add_folio - put the locked @page in; takes the cache's reference.
 * Return: 0, -EEXIST if somebody was faster, -ENOMEM. */
int must_check filemap_add_folio(struct address_space *mapping,
                                 struct page *page, uint64_t index);
/** filemap_remove_folio - take the locked @page out, drop that reference. */
void filemap_remove_folio(struct page *page);

/* ---- VMAs that map the file ---- */

void i_mmap_lock_read(struct address_space *mapping);
void i_mmap_unlock_read(struct address_space *mapping);
void i_mmap_lock_write(struct address_space *mapping);
void i_mmap_unlock_write(struct address_space *mapping);
/** vma_interval_tree_insert, _remove - under i_mmap_rwsem for writing. */
void vma_interval_tree_insert(struct vm_area_struct *vma,
                              struct address_space *mapping);
void vma_interval_tree_remove(struct vm_area_struct *vma,
                              struct address_space *mapping);

/**
 * unmap_mapping_range - zap the file's [@holebegin, +@holelen) from all VMAs.
 * @holelen: 0 = to the end of the file
 * @even_cows: private copies too
 *
 * Takes i_mmap_rwsem for reading, page-table locks and flushes; no mmap_lock.
 * Linux v6.12 mm/memory.c unmap_mapping_range().
 */
void unmap_mapping_range(struct address_space *mapping, uint64_t holebegin,
                         uint64_t holelen, bool even_cows);

/**
 * truncate_inode_pages_range - drop cached pages from @lstart on.
 * Linux v6.12 mm/truncate.c: lock each page, unmap it if it got mapped again,
 * remove it. A page that @lstart cuts keeps its first part, zeroed from there.
 */
void truncate_inode_pages_range(struct address_space *mapping, uint64_t lstart);

#endif
