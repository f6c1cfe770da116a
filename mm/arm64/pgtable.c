/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asm/pgtable.h: the accessors, with contiguous entries behind them.  Linux
 * v6.12 arch/arm64/include/asm/pgtable.h, arch/arm64/mm/fault.c.
 *
 * A store of an entry is followed by a barrier only where it makes kernel
 * memory valid; for user memory the flush, or a fault too many, does.
 */
#include "mm/arm64/arm64.h"
#include "mm/arm64/mte.h"
#include "mm/tlb.h"
#include "pagetable/arm64.h"

static pte_t arm64_ptep_get(vaddr_t addr, pte_t *ptep)
{
	pte_t pte = __ptep_get(addr, ptep);

	/* Option contpte_get=one: A and D of the other 15 go unseen. */
	if (likely(!pte_valid_cont(pte)) ||
	    machine_kernel(this_machine())->options->contpte_get ==
	            CONTPTE_GET_ONE)
		return pte;
	return contpte_ptep_get(addr, ptep, pte);
}

static pte_t arm64_ptep_get_lockless(vaddr_t addr, pte_t *ptep)
{
	pte_t pte = __ptep_get_lockless(addr, ptep);

	if (likely(!pte_valid_cont(pte)))
		return pte;
	return contpte_ptep_get_lockless(addr, ptep, pte);
}

/* __sync_cache_and_tags(): does the entry give user space access to tags that
 * may not be good yet? */
static bool shows_tags(pte_t pte)
{
	return pte_hw_present(pte) && pte_user(pte) && pte_tagged(pte) &&
	       !is_zero_page(pte_page(pte));
}

static void arm64_set_ptes(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                           pte_t pte, unsigned nr)
{
	bool tags = shows_tags(pte);

	pte = pte_mknoncont(pte);
	if (tags)
		mte_sync_tags(pte, nr);
	if (nr > 1) {
		contpte_set_ptes(mm, addr, ptep, pte, nr);
	} else {
		contpte_try_unfold(mm, addr, ptep);
		mm_asid_early(mm);
		__set_pte_at(addr, ptep, pte);
		contpte_try_fold(mm, addr, ptep, pte);
	}
	if (tags)
		mte_synced_late(pte, nr);
}

/*
 * Hardware's dirty is DBM without read-only, so it has to move to the bit of
 * software.  From v4.3 to v5.9 only ptep_set_wrprotect(), which changes an
 * entry in place, did that (ff1712f953e2).
 */
static pte_t arm64_pte_wrprotect(pte_t pte)
{
	if (machine_kernel(this_machine())->options->wrprotect ==
	    WRPROTECT_DROP_DIRTY)
		return __pte((pte_val(pte) & ~ARM64_DBM) | ARM64_AP2);
	return __pte_wrprotect(pte);
}

static void arm64_pte_clear(struct mm_struct *mm, vaddr_t addr, pte_t *ptep)
{
	contpte_try_unfold(mm, addr, ptep);
	mm_asid_early(mm);
	__pte_clear(addr, ptep);
}

static pte_t arm64_ptep_get_and_clear(struct mm_struct *mm, vaddr_t addr,
                                      pte_t *ptep)
{
	contpte_try_unfold(mm, addr, ptep);
	mm_asid_early(mm);
	return __ptep_get_and_clear(addr, ptep);
}

static pte_t arm64_get_and_clear_full_ptes(struct mm_struct *mm, vaddr_t addr,
                                           pte_t *ptep, unsigned nr)
{
	contpte_try_unfold_partial(mm, addr, ptep, nr);
	mm_asid_early(mm);
	return contpte_get_and_clear_full_ptes(addr, ptep, nr);
}

static void arm64_ptep_set_wrprotect(struct mm_struct *mm, vaddr_t addr,
                                     pte_t *ptep)
{
	contpte_try_unfold(mm, addr, ptep);
	__ptep_set_wrprotect(addr, ptep);
}

static pte_t arm64_ptep_modify_prot_start(struct vm_area_struct *vma,
                                          vaddr_t addr, pte_t *ptep)
{
	contpte_try_unfold(vma->vm_mm, addr, ptep);
	return __ptep_modify_prot_start(addr, ptep);
}

static void arm64_ptep_modify_prot_commit(struct vm_area_struct *vma,
                                          vaddr_t addr, pte_t *ptep, pte_t pte)
{
	bool tags = shows_tags(pte);

	pte = pte_mknoncont(pte);
	if (tags)
		mte_sync_tags(pte, 1);
	__ptep_modify_prot_commit(addr, ptep, pte);
	contpte_try_fold(vma->vm_mm, addr, ptep, pte);
	if (tags)
		mte_synced_late(pte, 1);
}

/*
 * Up to v4.12 (66dbd6e61a52): the entry is overwritten by what the fault
 * handler made of what it read, and with it what hardware set meanwhile.
 */
static bool set_access_flags_plain(struct vm_area_struct *vma, vaddr_t addr,
                                   pte_t *ptep, pte_t entry)
{
	if (pte_same(__ptep_get(addr, ptep), entry))
		return false;
	__set_pte_at(addr, ptep, entry);
	flush_tlb_page(vma, addr);
	return true;
}

bool __ptep_set_access_flags_one(struct vm_area_struct *vma, vaddr_t addr,
                                 pte_t *ptep, pte_t entry, bool dirty)
{
	if (mm_opt(vma->vm_mm)->access_flags == ACCESS_FLAGS_PLAIN)
		return set_access_flags_plain(vma, addr, ptep, entry);
	if (!__ptep_set_access_flags(addr, ptep, entry, dirty))
		return false;
	/* What was read-only may be cached as such. */
	if (dirty)
		flush_tlb_page(vma, addr);
	return true;
}

static bool arm64_ptep_set_access_flags(struct vm_area_struct *vma,
                                        vaddr_t addr, pte_t *ptep, pte_t entry,
                                        bool dirty)
{
	entry = pte_mknoncont(entry);
	if (likely(!pte_valid_cont(contpte_peek(ptep))))
		return __ptep_set_access_flags_one(vma, addr, ptep, entry,
		                                   dirty);
	return contpte_ptep_set_access_flags(vma, addr, ptep, entry, dirty);
}

static bool arm64_pmdp_set_access_flags(struct vm_area_struct *vma,
                                        vaddr_t addr, pmd_t *pmdp, pmd_t entry,
                                        bool dirty)
{
	if (!__pmdp_set_access_flags(addr, pmdp, entry, dirty))
		return false;
	if (dirty)
		flush_tlb_page(vma, addr);
	return true;
}

/* set_ptes() of a whole table, as far as it changes the value. */
static pte_t arm64_pte_in_run(const struct mm_struct *mm, pte_t pte)
{
	return mm_opt(mm)->contpte && pte_hw_present(pte) ? pte_mkcont(pte)
	                                                  : pte;
}

/* set_pte(), set_pmd() and above: valid, and not a user's last level. */
void arm64_pt_stored(struct machine *m, uint64_t e, unsigned level)
{
	if (!pte_hw_present(__pte(e)) ||
	    (level == PT_LEVEL_PTE && pte_user(__pte(e))))
		return;
	if (!machine_kernel(m)->options->kernel_pte_barrier)
		return;
	dsb_ishst();
	isb();
}

const struct pgtable_ops arm64_pgtable_ops = {
	.ptep_get = arm64_ptep_get,
	.ptep_get_lockless = arm64_ptep_get_lockless,
	.set_ptes = arm64_set_ptes,
	.pte_wrprotect = arm64_pte_wrprotect,
	.pte_in_run = arm64_pte_in_run,
	.pte_clear = arm64_pte_clear,
	.ptep_get_and_clear = arm64_ptep_get_and_clear,
	.get_and_clear_full_ptes = arm64_get_and_clear_full_ptes,
	.pte_batch_hint = contpte_batch_hint,
	.ptep_set_wrprotect = arm64_ptep_set_wrprotect,
	.ptep_modify_prot_start = arm64_ptep_modify_prot_start,
	.ptep_modify_prot_commit = arm64_ptep_modify_prot_commit,
	.ptep_set_access_flags = arm64_ptep_set_access_flags,
	.pmdp_set_access_flags = arm64_pmdp_set_access_flags,
};
