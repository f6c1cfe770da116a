/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/vmalloc.h"

#include <errno.h>

#include "base/bug.h"
#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/tlb.h"
#include "pagetable/format.h"

/* struct vm_struct */
struct vm_struct {
	uint64_t pointer; /* published: its address; 0: not */
	uint32_t taken;   /* somebody maps it, or has */
	/* The taker's. */
	unsigned nr_pages; /* 0: a block */
	struct page *block;
	struct page *pages[PTRS_PER_PTE];
};

struct vmalloc {
	struct vm_struct area[VMALLOC_AREAS];
};

static struct vm_struct *vm_struct(struct kernel *k, unsigned area)
{
	const struct machine *m = k->machine;

	if (!k->vmalloc) {
		k->vmalloc =
			kzalloc(k->machine, sizeof(*k->vmalloc), "vmalloc");
		if (!k->vmalloc)
			return NULL;
		/* It has been there since boot, with nothing in it. */
		if (m->hw && m->hw->set_kernel_root)
			m->hw->set_kernel_root(k->machine, k->init_mm->pgd);
	}
	return &k->vmalloc->area[area];
}

vaddr_t vmalloc_area(const struct machine *m, unsigned area)
{
	return pt_format_of(m)->vmalloc_start + area * VMALLOC_AREA_SIZE;
}

static pgprot_t page_kernel(void)
{
	return __pgprot(pt_format_of(this_machine())->kernel_prot);
}

/* alloc_vmap_area(), free_vmap_area() */
static bool take_area(struct vm_struct *vm, vaddr_t addr)
{
	return !RMW_ONCE_AT(vm->taken, 1, "alloc_vmap_area", addr);
}

static void give_area(struct vm_struct *vm, vaddr_t addr)
{
	RMW_ONCE_AT(vm->taken, 0, "free_vmap_area", addr);
}

/* ---- tables ---- */

/* Linux v6.12 mm/memory.c __pte_alloc_kernel() */
static int pte_alloc_kernel(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr)
{
	pgtable_t table;

	if (!pmd_none(pmdp_get(addr, pmd)))
		return 0;
	table = pte_alloc_one(mm, addr);
	if (!table)
		return -ENOMEM;
	smp_wmb();
	spin_lock(&mm->page_table_lock);
	if (pmd_none(pmdp_get(addr, pmd))) {
		pmd_populate(addr, pmd,
		             page_to_pfn(&this_machine()->mem, table));
		table = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	if (table)
		pte_free(mm, table);
	return 0;
}

/* The PMD of @addr, with the tables above it known to every process. */
static pmd_t *pmd_alloc_kernel(struct kernel *k, vaddr_t addr)
{
	pmd_t *pmd = mm_alloc_pmd(k->init_mm, addr);

	if (pmd && mm_arch()->pgtable->sync_global_pgds)
		mm_arch()->pgtable->sync_global_pgds(k, addr);
	return pmd;
}

/* Linux v6.12 mm/vmalloc.c vmap_pages_pte_range() */
static int vmap_pte_range(struct kernel *k, pmd_t *pmd, vaddr_t addr,
                          const struct vm_struct *vm)
{
	pte_t *pte;

	if (pte_alloc_kernel(k->init_mm, pmd, addr))
		return -ENOMEM;
	pte = pte_offset_kernel(pmd, addr);
	for (unsigned i = 0; i < vm->nr_pages; i++) {
		vaddr_t va = addr + i * PAGE_SIZE;

		BUG_ON(!pte_none(ptep_get(va, pte + i)));
		set_pte_at(k->init_mm, va, pte + i,
		           mk_pte(vm->pages[i], page_kernel()));
	}
	return 0;
}

/*
 * The table that a block is to replace: every CPU may hold the way to it. All
 * it maps was unmapped and flushed before. Linux v6.12 arch/x86/mm/pgtable.c,
 * arch/arm64/mm/mmu.c pmd_free_pte_page().
 */
static void pmd_free_pte_page(pmd_t *pmd, vaddr_t addr)
{
	struct page *table = pmd_pgtable_page(pmdp_get(addr, pmd));

	pmd_clear(addr, pmd);
	if (machine_kernel(this_machine())->options->pmd_free_pte_page ==
	    PMD_FREE_PTE_PAGE_FLUSH)
		mm_arch()->tlb->flush_tlb_kernel_pgtable(addr);
	pagetable_free(table);
}

static void vmap_huge_pmd(pmd_t *pmd, vaddr_t addr, const struct page *block)
{
	pmd_t val = pmdp_get(addr, pmd);

	if (pmd_present(val))
		pmd_free_pte_page(pmd, addr);
	/* pmd_set_huge() */
	set_pmd_at(addr, pmd, pmd_mkhuge(mk_pmd(block, page_kernel())));
}

/* Linux v6.12 mm/vmalloc.c vunmap_range_noflush(): the table stays. */
static void vunmap_range(struct kernel *k, vaddr_t addr,
                         const struct vm_struct *vm)
{
	pmd_t *pmd = mm_find_pmd(k->init_mm, addr);
	vaddr_t end =
		addr + (vm->nr_pages ? vm->nr_pages * PAGE_SIZE : PMD_SIZE);

	BUG_ON(!pmd);
	if (pmd_leaf(pmdp_get(addr, pmd))) {
		pmd_clear(addr, pmd); /* pmd_clear_huge() */
	} else {
		pte_t *pte = pte_offset_kernel(pmd, addr);

		for (vaddr_t va = addr; va < end; va += PAGE_SIZE)
			(void)ptep_get_and_clear(k->init_mm, va, pte++);
	}
	mm_arch()->tlb->flush_tlb_kernel_range(addr, end);
}

/* ---- areas ---- */

static void free_area_pages(struct kernel *k, struct vm_struct *vm)
{
	for (unsigned i = 0; i < vm->nr_pages; i++)
		if (vm->pages[i])
			free_frames(k->machine, vm->pages[i]);
	if (vm->block)
		free_frames(k->machine, vm->block);
	vm->block = NULL;
	vm->nr_pages = 0;
}

static int vm_area_alloc_pages(struct kernel *k, struct vm_struct *vm,
                               unsigned nr)
{
	for (vm->nr_pages = 0; vm->nr_pages < nr; vm->nr_pages++) {
		struct page *page =
			alloc_frames(k->machine, 0, FRAME_KERNEL, true);

		if (!page)
			return -ENOMEM;
		vm->pages[vm->nr_pages] = page;
	}
	return 0;
}

static int map_pages(struct kernel *k, struct vm_struct *vm, vaddr_t addr,
                     unsigned nr)
{
	pmd_t *pmd;

	if (vm_area_alloc_pages(k, vm, nr))
		return -ENOMEM;
	pmd = pmd_alloc_kernel(k, addr);
	return pmd ? vmap_pte_range(k, pmd, addr, vm) : -ENOMEM;
}

static int map_block(struct kernel *k, struct vm_struct *vm, vaddr_t addr)
{
	pmd_t *pmd;

	vm->block = alloc_frames(k->machine, PMD_SHIFT - PAGE_SHIFT,
	                         FRAME_KERNEL, true);
	pmd = vm->block ? pmd_alloc_kernel(k, addr) : NULL;
	if (!pmd)
		return -ENOMEM;
	vmap_huge_pmd(pmd, addr, vm->block);
	return 0;
}

/* @nr pages, or a block if it is 0. */
static int map_area(struct kernel *k, unsigned area, unsigned nr)
{
	vaddr_t addr = vmalloc_area(k->machine, area);
	struct vm_struct *vm = vm_struct(k, area);
	int err;

	if (!vm)
		return -ENOMEM;
	if (!take_area(vm, addr))
		return -EBUSY;
	err = nr ? map_pages(k, vm, addr, nr) : map_block(k, vm, addr);
	if (err) {
		free_area_pages(k, vm);
		give_area(vm, addr);
		return err;
	}
	WRITE_ONCE_AT(vm->pointer, addr, "publish area", addr);
	return 0;
}

int vmap(struct kernel *k, unsigned area, unsigned nr)
{
	return map_area(k, area, nr);
}

int vmap_huge(struct kernel *k, unsigned area)
{
	return map_area(k, area, 0);
}

int vunmap(struct kernel *k, unsigned area)
{
	vaddr_t addr = vmalloc_area(k->machine, area);
	struct vm_struct *vm = vm_struct(k, area);

	if (!vm)
		return -ENOMEM;
	if (!RMW_ONCE_AT(vm->pointer, 0, "unpublish area", addr))
		return -EINVAL;
	vunmap_range(k, addr, vm);
	free_area_pages(k, vm);
	give_area(vm, addr);
	return 0;
}

int vmalloc_access(struct kernel *k, unsigned area, uint64_t offset, bool write,
                   uint64_t *value)
{
	struct machine *m = k->machine;
	struct vm_struct *vm = vm_struct(k, area);
	uint64_t pointer;

	if (!vm)
		return -ENOMEM;
	pointer = READ_ONCE_AT(vm->pointer, "read area", offset);
	if (!pointer)
		return -ENXIO;
	if (!m->hw || !m->hw->kernel_access)
		return 0;
	return m->hw->kernel_access(m, pointer + offset, write, value)
	               ? 0
	               : -EFAULT;
}
