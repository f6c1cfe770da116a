/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/pgalloc.h"

#include <errno.h>

#include "base/bug.h"
#include "mm/arch.h"
#include "mm/page.h"
#include "mm/pgtable_map.h"
#include "mm/pt_reclaim.h"

/* ---- accounting (include/linux/mm.h) ---- */

#define TABLE_BYTES ((int64_t)PAGE_SIZE)

static void pgtables_bytes_add(struct mm_struct *mm, int64_t bytes,
                               const char *label)
{
	ADD_ONCE_AT(mm->pgtables_bytes.counter, bytes, label, 0);
}

void mm_inc_nr_ptes(struct mm_struct *mm)
{
	pgtables_bytes_add(mm, TABLE_BYTES, "mm_inc_nr_ptes");
}
void mm_dec_nr_ptes(struct mm_struct *mm)
{
	pgtables_bytes_add(mm, -TABLE_BYTES, "mm_dec_nr_ptes");
}
void mm_inc_nr_pmds(struct mm_struct *mm)
{
	pgtables_bytes_add(mm, TABLE_BYTES, "mm_inc_nr_pmds");
}
void mm_dec_nr_pmds(struct mm_struct *mm)
{
	pgtables_bytes_add(mm, -TABLE_BYTES, "mm_dec_nr_pmds");
}
void mm_inc_nr_puds(struct mm_struct *mm)
{
	pgtables_bytes_add(mm, TABLE_BYTES, "mm_inc_nr_puds");
}
void mm_dec_nr_puds(struct mm_struct *mm)
{
	pgtables_bytes_add(mm, -TABLE_BYTES, "mm_dec_nr_puds");
}

/* ---- construction and destruction ---- */

static bool table_has_ptlock(const struct page *table)
{
	return table->kind == FRAME_PT_PTE || table->kind == FRAME_PT_PMD;
}

/* Linux v6.12 mm/memory.c ptlock_alloc(): ALLOC_SPLIT_PTLOCKS, so that a lock
 * has a life of its own. */
static bool ptlock_init(struct machine *m, struct page *table)
{
	spinlock_t *lock;

	table->private = NULL;
	if (!table_has_ptlock(table))
		return true;

	lock = kzalloc(m, sizeof(*lock), "ptlock");
	if (!lock)
		return false;
	spin_lock_init(lock, table->kind == FRAME_PT_PTE ? LOCK_PTE : LOCK_PMD);
	table->private = lock;
	return true;
}

/*
 * The pointer to the lock stays when the lock goes, as in Linux: whoever comes
 * too late locks freed memory.
 */
spinlock_t *ptlock_ptr(struct page *table)
{
	return PageTable(table) && table_has_ptlock(table) ? table->private
	                                                   : NULL;
}

static struct page *table_alloc(struct mm_struct *mm, enum frame_kind kind,
                                vaddr_t base)
{
	struct machine *m = mm->kernel->machine;
	struct page *table = alloc_frames(m, 0, kind, true);

	if (!table)
		return NULL;
	if (!ptlock_init(m, table)) {
		free_frames(m, table);
		return NULL;
	}

	(void)frame_bytes(&m->mem, table);
	if (current_agent)
		charge(m->costs->clear_page);
	page_set_flag(table, PG_table);
	table->pt_owner = mm->id;
	table->index = base;
	table->mm_list[0] = NULL;
	table->mm_list[1] = NULL;
	count_vm_event(mm->kernel, nr_page_table_pages);
	return table;
}

void pagetable_dtor(struct page *table)
{
	struct machine *m = this_machine();

	if (!page_test_flag(table, PG_table))
		return;
	page_clear_flag(table, PG_table);
	machine_kernel(m)->vmstat->nr_page_table_pages--;
	if (table_has_ptlock(table))
		kfree(m, table->private);
}

void pagetable_free(struct page *table)
{
	struct machine *m = this_machine();

	step(STEP_WRITE, phys_obj(page_phys(table)), PAGE_SIZE, "free_table",
	     page_phys(table));
	if (!PageTable(table)) {
		emit(m, EV_FRAME_BAD_FREE, .addr = page_to_pfn(&m->mem, table));
		return;
	}
	pagetable_dtor(table);
	free_pages(table);
}

static void pagetable_free_callback(struct rcu_head *head)
{
	pagetable_free(container_of((void *)head, struct page, mm_list));
}

/* The table's own descriptor has room for the RCU head: it must not be used
 * twice. */
void pagetable_free_rcu(struct page *table)
{
	struct machine *m = this_machine();

	_Static_assert(sizeof(struct rcu_head) <=
	                       sizeof(((struct page *)NULL)->mm_list),
	               "an RCU head fits into a table's descriptor");
	if (!PageTable(table) || page_test_flag(table, PG_rcu_queued)) {
		emit(m, EV_FRAME_BAD_FREE, .addr = page_to_pfn(&m->mem, table));
		return;
	}
	page_set_flag(table, PG_rcu_queued);
	call_rcu((struct rcu_head *)(void *)table->mm_list,
	         pagetable_free_callback);
}

/* ---- the root ---- */

int pgd_alloc(struct mm_struct *mm)
{
	struct page *root = table_alloc(mm, FRAME_PT_PGD, 0);

	if (!root)
		return -ENOMEM;
	mm->pgd = page_to_pfn(&mm->kernel->machine->mem, root) << PAGE_SHIFT;
	if (mm->kernel->arch->pgtable->pgd_ctor)
		mm->kernel->arch->pgtable->pgd_ctor(mm);
	return 0;
}

void pgd_free(struct mm_struct *mm)
{
	pagetable_free(
		pfn_to_page(&mm->kernel->machine->mem, mm->pgd >> PAGE_SHIFT));
	mm->pgd = 0;
}

/* ---- upper levels: page_table_lock (mm/memory.c __p4d_alloc() ...) ---- */

static pfn_t table_pfn(struct mm_struct *mm, const struct page *table)
{
	return page_to_pfn(&mm->kernel->machine->mem, table);
}

p4d_t *p4d_alloc(struct mm_struct *mm, pgd_t *pgd, vaddr_t addr)
{
	struct page *table;

	if (!pgd_none(pgdp_get(addr, pgd)))
		return p4d_offset(pgd, addr);

	table = table_alloc(mm, FRAME_PT_P4D, addr & PGDIR_MASK);
	if (!table)
		return NULL;

	spin_lock(&mm->page_table_lock);
	if (!pgd_present(pgdp_get(addr, pgd))) {
		smp_wmb(); /* the table's zeroes before the table */
		pgd_populate(addr, pgd, table_pfn(mm, table));
		table = NULL;
	}
	spin_unlock(&mm->page_table_lock);

	if (table)
		pagetable_free(table);
	return p4d_offset(pgd, addr);
}

pud_t *pud_alloc(struct mm_struct *mm, p4d_t *p4d, vaddr_t addr)
{
	p4d_t val = p4dp_get(addr, p4d);
	struct page *table;

	if (!p4d_none(val))
		return pud_offset_lockless(p4d, val, addr);

	table = table_alloc(mm, FRAME_PT_PUD, addr & P4D_MASK);
	if (!table)
		return NULL;

	spin_lock(&mm->page_table_lock);
	if (!p4d_present(p4dp_get(addr, p4d))) {
		mm_inc_nr_puds(mm);
		smp_wmb();
		p4d_populate(addr, p4d, table_pfn(mm, table));
		table = NULL;
	}
	spin_unlock(&mm->page_table_lock);

	if (table)
		pagetable_free(table);
	return pud_offset(p4d, addr);
}

pmd_t *pmd_alloc(struct mm_struct *mm, pud_t *pud, vaddr_t addr)
{
	pud_t val = pudp_get(addr, pud);
	struct page *table;

	if (!pud_none(val))
		return pmd_offset_lockless(pud, val, addr);

	table = table_alloc(mm, FRAME_PT_PMD, addr & PUD_MASK);
	if (!table)
		return NULL;

	spin_lock(&mm->page_table_lock);
	if (!pud_present(pudp_get(addr, pud))) {
		mm_inc_nr_pmds(mm);
		smp_wmb();
		pud_populate(addr, pud, table_pfn(mm, table));
		table = NULL;
	}
	spin_unlock(&mm->page_table_lock);

	if (table)
		pagetable_free(table);
	return pmd_offset(pud, addr);
}

/* ---- PTE tables: the PMD lock ---- */

pgtable_t pte_alloc_one(struct mm_struct *mm, vaddr_t addr)
{
	return table_alloc(mm, FRAME_PT_PTE, addr & PMD_MASK);
}

void pte_free(struct mm_struct *mm, pgtable_t pte)
{
	(void)mm;
	pagetable_free(pte);
}

void pte_free_defer(struct mm_struct *mm, pgtable_t pte)
{
	(void)mm;
	pagetable_free_rcu(pte);
}

void pmd_install(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr, pgtable_t *pte)
{
	spinlock_t *ptl = pmd_lock(mm, pmd);

	if (pmd_none(pmdp_get(addr, pmd))) {
		mm_inc_nr_ptes(mm);
		flush_before_install(mm, addr, INSTALL_PTE_TABLE);
		/*
		 * The table's content before the table: readers without a lock
		 * follow the PMD with nothing but an address dependency.
		 */
		smp_wmb();
		pmd_populate(addr, pmd, table_pfn(mm, *pte));
		*pte = NULL;
	}
	spin_unlock(ptl);
}

int pte_alloc_new(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr)
{
	pgtable_t table = pte_alloc_one(mm, addr);

	if (!table)
		return -ENOMEM;

	pmd_install(mm, pmd, addr, &table);
	if (table) /* somebody else was faster */
		pte_free(mm, table);
	return 0;
}

int pte_alloc(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr)
{
	if (!pmd_none(pmdp_get(addr, pmd)))
		return 0;
	return pte_alloc_new(mm, pmd, addr);
}

pte_t *pte_alloc_map_lock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                          spinlock_t **ptlp)
{
	if (pte_alloc(mm, pmd, addr))
		return NULL;
	return pte_offset_map_lock(mm, pmd, addr, ptlp);
}

/* ---- deposited tables (mm/pgtable-generic.c) ---- */

struct page *ptep_page(const void *entryp)
{
	struct physmem *mem = &this_machine()->mem;

	return pfn_to_page(mem, virt_to_phys(mem, entryp) >> PAGE_SHIFT);
}

struct page *pmd_pgtable_page(pmd_t pmd)
{
	struct physmem *mem = &this_machine()->mem;
	pfn_t pfn = pmd_pgtable(pmd);

	/* A poisoned entry may lead anywhere; pte_offset_lockless() says so. */
	return pfn_to_page(mem, pfn_valid(mem, pfn) ? pfn : 0);
}

void pgtable_trans_huge_deposit(struct mm_struct *mm, pmd_t *pmdp,
                                pgtable_t pgtable)
{
	struct page *pmd_table = ptep_page(pmdp);

	lockdep_assert_held(pmd_lockptr(mm, pmdp),
	                    "pgtable_trans_huge_deposit() needs the PMD lock");
	pgtable->mm_list[0] = pmd_table->mm_list[0];
	pmd_table->mm_list[0] = pgtable;
}

pgtable_t pgtable_trans_huge_withdraw(struct mm_struct *mm, pmd_t *pmdp)
{
	struct page *pmd_table = ptep_page(pmdp);
	struct page *pgtable = pmd_table->mm_list[0];

	lockdep_assert_held(pmd_lockptr(mm, pmdp),
	                    "pgtable_trans_huge_withdraw() needs the PMD lock");
	BUG_ON(!pgtable);
	pmd_table->mm_list[0] = pgtable->mm_list[0];
	pgtable->mm_list[0] = NULL;
	return pgtable;
}
