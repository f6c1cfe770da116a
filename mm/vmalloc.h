/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel virtual memory: areas of the kernel's half of the address space that
 * all processes share, mapped by pages or by one block of 2 MiB.
 *
 * There are VMALLOC_AREAS areas of 2 MiB at fixed addresses; what is mapped in
 * one is known by a pointer, which whoever maps it publishes and readers load.
 * Tables stay when an area is unmapped: a block that is mapped there later
 * takes the place of one.
 *
 * The tables hang off init_mm's root: TTBR1_EL1 on arm64; on x86 the roots of
 * all processes lead to the same ones.  Nothing of this exists until the first
 * area is mapped.
 *
 * DIVERGES: no allocator of addresses, and what was unmapped is flushed before
 * its pages are freed, not lazily, many areas at a time.
 *
 * Linux v6.12 mm/vmalloc.c.
 */
#ifndef MMULATOR_MM_VMALLOC_H
#define MMULATOR_MM_VMALLOC_H

#include "mm/mm_types.h"

#define VMALLOC_AREAS     8
#define VMALLOC_AREA_SIZE PMD_SIZE

/**
 * vmalloc_area - where an area is.
 * @area: below VMALLOC_AREAS
 *
 * Return: its first address on @m.
 */
vaddr_t vmalloc_area(const struct machine *m, unsigned area);

/**
 * vmap - map new pages in an area and publish it.
 * @area: below VMALLOC_AREAS
 * @nr: pages from its start, 1 .. 512
 *
 * Context: no locks; takes init_mm's page_table_lock. Steps.
 * Return: 0; -EBUSY if something is mapped there; -ENOMEM.
 */
int vmap(struct kernel *k, unsigned area, unsigned nr);

/**
 * vmap_huge - likewise 2 MiB by one block, in place of a table that was left.
 * @area: below VMALLOC_AREAS
 *
 * Return: as vmap().
 * Source: Linux v6.12 mm/vmalloc.c vmap_try_huge_pmd()
 */
int vmap_huge(struct kernel *k, unsigned area);

/**
 * vunmap - take an area's pointer back, unmap and flush it, free its pages.
 * @area: below VMALLOC_AREAS
 *
 * Context: nobody reads it any more. Steps.
 * Return: 0; -EINVAL if nothing is mapped there.
 */
int vunmap(struct kernel *k, unsigned area);

/**
 * vmalloc_access - load an area's pointer, then 8 bytes through it.
 * @area: below VMALLOC_AREAS
 * @offset: of them in it, a multiple of 8
 * @write: store *@value instead
 * @value: what was loaded
 *
 * Steps of an instruction in kernel mode.
 * Return: 0; -ENXIO if it is not published; -EFAULT after a page fault, which
 * a real kernel would not survive.
 */
int vmalloc_access(struct kernel *k, unsigned area, uint64_t offset, bool write,
                   uint64_t *value);

#endif
