/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * get_user_pages: references to the pages behind user addresses, for accesses
 * of the kernel and of devices that do not go through the page tables.
 *
 * A reference keeps the page, not the mapping. What keeps a page the one its
 * address leads to: FOLL_PIN is counted apart (GUP_PIN_COUNTING_BIAS,
 * mm/page.h) so that fork and write faults can tell; an anonymous page is
 * pinned only while it is PageAnonExclusive. FOLL_GET promises nothing of the
 * kind.
 *
 * Linux v6.12 mm/gup.c, mm/memory.c __access_remote_vm().
 */
#ifndef MMULATOR_MM_GUP_H
#define MMULATOR_MM_GUP_H

#include "mm/mm_types.h"

/* include/linux/mm_types.h, mm/internal.h */
#define FOLL_WRITE    0x00001u /* the caller will write */
#define FOLL_GET      0x00002u /* take a plain reference */
#define FOLL_FORCE    0x00008u /* write or read without the right (ptrace) */
#define FOLL_LONGTERM 0x00100u /* held for as long as user space likes */
#define FOLL_COW      0x04000u /* v4.9 to v5.19: a copy was made for us */
#define FOLL_PIN      0x80000u /* take a pin */

/* One page that was got. Those kept beyond a call lie in the arena as objects
 * "gup_page", where the full scan counts them. */
struct gup_page {
	struct page *page;
	vaddr_t addr;   /* page aligned */
	unsigned mm;    /* id */
	unsigned flags; /* FOLL_* it was got with */
};

/**
 * get_user_pages - the pages of [@start, @start + @nr * PAGE_SIZE), faulted in.
 * @flags: FOLL_*, FOLL_GET or FOLL_PIN among them
 * @pages: result, @nr of them
 *
 * Context: mmap_lock held for reading. Steps, may sleep.
 * Return: how many were got, fewer than @nr after an error; -EFAULT, -ENOMEM if
 * there is not one.
 */
long get_user_pages(struct mm_struct *mm, vaddr_t start, unsigned nr,
                    unsigned flags, struct gup_page *pages);
/**
 * get_user_page_fast - one page without mmap_lock if it is there, else with.
 * @addr: any address of it
 * @flags: as for get_user_pages(), but not FOLL_FORCE
 * @page: result
 *
 * Context: no locks, interrupts on. Steps.
 * Return: 1; -EFAULT, -ENOMEM.
 * Source: Linux v6.12 mm/gup.c gup_fast_fallback()
 */
int get_user_page_fast(struct mm_struct *mm, vaddr_t addr, unsigned flags,
                       struct gup_page *page);
/**
 * gup_fast - the walk of get_user_page_fast(): interrupts off, no lock.
 * @addr: any address of the page
 * @flags: FOLL_*
 *
 * Return: the page with a reference; NULL: something was missing or changed.
 */
struct page *gup_fast(struct mm_struct *mm, vaddr_t addr, unsigned flags);
/** put_user_page - put_page() or unpin_user_page(), as it was got. */
void put_user_page(const struct gup_page *page);

/**
 * gup_page_read - read a page that was got through the kernel's map; a step for
 * each aligned word or less.
 * @offset: in the page
 * @to: at least @n bytes
 * @n: bytes; @offset + @n <= PAGE_SIZE
 */
void gup_page_read(const struct gup_page *page, unsigned offset, void *to,
                   unsigned n);
/**
 * gup_page_write - write it likewise.
 * @offset: in the page
 * @from: @n bytes
 * @n: bytes; @offset + @n <= PAGE_SIZE
 */
void gup_page_write(const struct gup_page *page, unsigned offset,
                    const void *from, unsigned n);

/**
 * access_remote_vm - read or write memory of another mm (ptrace,
 * /proc/PID/mem).
 * @addr: where
 * @buf: bytes to write, or that are read
 * @len: how many
 * @flags: FOLL_WRITE, FOLL_FORCE
 *
 * Context: the caller holds a user of @mm; takes mmap_lock.
 * Return: bytes moved, 0 .. @len.
 */
uint64_t access_remote_vm(struct mm_struct *mm, vaddr_t addr, void *buf,
                          uint64_t len, unsigned flags);

/* ---- making pages present, nothing more ---- */

/**
 * populate_range - make the pages of every VMA in a range present: private
 * writable memory is written to, shared memory only read, so that no page
 * becomes dirty for nothing. Errors are nobody's business.
 * @mm: its address space
 * @start: first address
 * @end: first address beyond
 *
 * Context: mmap_lock held.
 * Source: Linux v6.12 mm/gup.c __mm_populate()
 */
void populate_range(struct mm_struct *mm, vaddr_t start, vaddr_t end);
/**
 * populate_vma_page_range - make every page of a range present.
 * @vma: contains the range
 * @start: first address
 * @end: first address beyond
 * @write: writable as well
 *
 * Context: mmap_lock held for reading.
 * Return: 0; -EFAULT, -ENOMEM.
 */
int populate_vma_page_range(struct vm_area_struct *vma, vaddr_t start,
                            vaddr_t end, bool write);

/**
 * faultin_page_range - make every page of a range present (MADV_POPULATE_*).
 * @start: first address
 * @end: first address beyond
 * @write: writable as well
 *
 * Context: mmap_lock held for reading.
 * Return: 0; -ENOMEM for a hole or no memory, -EINVAL if a VMA does not allow
 * the access, -EFAULT for a page that cannot be had.
 */
int faultin_page_range(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                       bool write);

#endif
