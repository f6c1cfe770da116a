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

/**
 * folio_lock - take the folio lock; sleeps. A step.
 * @page: the head of a huge page, which has one lock
 *
 * Context: no spinlock held.
 */
void folio_lock(struct page *page);
/** folio_trylock - take the folio lock of @page, a head, if it is free. A step.
 * Return: got it. */
bool must_check folio_trylock(struct page *page);
/** folio_unlock - let the folio lock of @page, a head, go. A step. */
void folio_unlock(struct page *page);
/** folio_test_locked - does anybody hold the folio lock of @page? No step.
 * Return: somebody does. */
bool folio_test_locked(const struct page *page);

/* ---- the cache ---- */

/**
 * filemap_get_folio - a page of the cache, unlocked. Steps.
 * @index: in pages
 *
 * Return: it, with a reference; NULL if absent.
 */
struct page *filemap_get_folio(struct address_space *mapping, uint64_t index);
/**
 * filemap_lock_folio - a page of the cache, locked and still in the mapping.
 * Steps.
 * @index: in pages
 *
 * Context: no spinlock held; may sleep.
 * Return: it, with a reference; NULL if absent.
 */
struct page *filemap_lock_folio(struct address_space *mapping, uint64_t index);
/**
 * filemap_add_folio - put a locked page into the cache, which takes a
 * reference.
 * @page: nobody else knows it
 * @index: in pages
 *
 * Return: 0, -EEXIST if somebody was faster, -ENOMEM.
 */
int must_check filemap_add_folio(struct address_space *mapping,
                                 struct page *page, uint64_t index);
/** filemap_remove_folio - take the locked @page out, drop that reference. */
void filemap_remove_folio(struct page *page);

/* ---- VMAs that map the file ---- */

/**
 * family: i_mmap_lock_read, i_mmap_unlock_read, i_mmap_lock_write,
 * i_mmap_unlock_write - i_mmap_rwsem of a file. Each a step.
 * @mapping: the file
 *
 * Context: no spinlock held.
 */
void i_mmap_lock_read(struct address_space *mapping);
void i_mmap_unlock_read(struct address_space *mapping);
void i_mmap_lock_write(struct address_space *mapping);
void i_mmap_unlock_write(struct address_space *mapping);
/**
 * vma_interval_tree_insert - @vma maps @mapping from now on.
 *
 * Context: i_mmap_rwsem for writing.
 */
void vma_interval_tree_insert(struct vm_area_struct *vma,
                              struct address_space *mapping);
/**
 * vma_interval_tree_remove - @vma maps @mapping no longer.
 *
 * Context: i_mmap_rwsem for writing.
 */
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
