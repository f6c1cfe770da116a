/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * munmap in its phases (Linux v6.12 mm/vma.c, struct vma_munmap_struct), for
 * munmap() itself and for mmap() over something: split at the ends and gather
 * the VMAs; take them off the tree; unmap pages, free tables, free VMAs.
 */
#ifndef MMULATOR_MM_MUNMAP_H
#define MMULATOR_MM_MUNMAP_H

#include "mm/mm_types.h"

struct vma_munmap {
	struct mm_struct *mm;
	vaddr_t start, end;
	struct vm_area_struct *vma;  /* the run, linked by unmap_next */
	struct vm_area_struct *prev; /* neighbours of the run, or NULL */
	struct vm_area_struct *next;
	vaddr_t unmap_start; /* what tables may be freed: between */
	vaddr_t unmap_end;   /* the neighbours; 0 = no limit */
	unsigned vma_count;
	uint64_t nr_pages;
	bool unlock;     /* release mmap_lock on the way */
	bool clear_ptes; /* pages are still mapped */
};

/**
 * vms_gather_munmap_vmas - split at both ends, string the run together.
 *
 * Context: mmap_lock for writing. On error splits stay, nothing else.
 * Return: 0; -ENOMEM.
 */
int must_check vms_gather_munmap_vmas(struct vma_munmap *vms);
/** vms_clean_up_area - unmap pages while the VMAs are still in the tree. */
void vms_clean_up_area(struct vma_munmap *vms);
/** vms_complete_munmap_vmas - the tree has been stored: the rest. */
void vms_complete_munmap_vmas(struct vma_munmap *vms);
/** vms_abort_munmap_vmas - what would have taken their place failed. */
void vms_abort_munmap_vmas(struct vma_munmap *vms);

#endif
