/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/fork.h"

#include "base/bug.h"
#include "mm/huge_memory.h"
#include "mm/memory.h"
#include "mm/mm.h"
#include "mm/mmap.h"
#include "mm/mmap_lock.h"
#include "mm/pagewalk.h"
#include "mm/pgalloc.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/sys.h"
#include "mm/tlb.h"
#include "mm/uapi.h"
#include "mm/vma.h"

/* The copy of one VMA: state of copy_page_range() and below. */
struct copy {
	struct vm_area_struct *dst_vma, *src_vma;
	pmd_t *dst_pmd;        /* where the walk's PMD entry is copied to */
	struct page *prealloc; /* for a page that must be copied at once */
	int64_t rss_anon;      /* of the table being copied */
	int64_t rss_file;
	struct page *file_page; /* any page of rss_file */
};

/* Linux v6.12 mm/memory.c __copy_present_ptes() */
static void copy_present_pte(const struct copy *c, pte_t *dst, pte_t *src,
                             pte_t pte, vaddr_t addr)
{
	if (is_cow_mapping(c->src_vma->vm_flags) && pte_write(pte)) {
		if (mm_opt(c->src_vma->vm_mm)->pte_update == PTE_UPDATE_PLAIN)
			__ptep_set_wrprotect_plain(addr, src);
		else
			ptep_set_wrprotect(c->src_vma->vm_mm, addr, src);
		pte = pte_wrprotect(pte);
	}
	if (c->src_vma->vm_flags & VM_SHARED)
		pte = pte_mkclean(pte);
	set_pte_at(c->dst_vma->vm_mm, addr, dst, pte_mkold(pte));
}

/* Linux v6.12 mm/memory.c copy_present_page(): a pinned page is not shared. */
static int copy_present_page(struct copy *c, pte_t *dst, struct page *page,
                             vaddr_t addr)
{
	struct page *new = c->prealloc;
	pte_t pte;

	if (!new)
		return -EAGAIN;
	c->prealloc = NULL;
	copy_user_page(new, page, addr);
	page_add_new_anon_rmap(new, c->dst_vma, addr);
	c->rss_anon++;
	pte = mk_pte(new, vm_get_page_prot(c->dst_vma->vm_flags));
	set_pte_at(c->dst_vma->vm_mm, addr, dst,
	           maybe_mkwrite(pte_mkdirty(pte), c->dst_vma));
	return 0;
}

/* Linux v6.12 mm/memory.c copy_present_ptes(), page by page. */
static int copy_pte(struct copy *c, pte_t *dst, pte_t *src, pte_t pte,
                    vaddr_t addr)
{
	struct page *page = vm_normal_page(c->src_vma, addr, pte);

	if (!page) {
		copy_present_pte(c, dst, src, pte, addr);
		return 0;
	}
	get_page(page);
	if (PageAnon(page)) {
		if (page_try_dup_anon_rmap(page, false, c->src_vma)) {
			put_page(page);
			return copy_present_page(c, dst, page, addr);
		}
		c->rss_anon++;
	} else {
		page_dup_file_rmap(page, false);
		c->rss_file++;
		c->file_page = page;
	}
	copy_present_pte(c, dst, src, pte, addr);
	return 0;
}

/* One go through a table with both locks held; where it stopped. */
static vaddr_t copy_ptes(struct copy *c, pte_t *dst, pte_t *src, vaddr_t addr,
                         vaddr_t end, int *err)
{
	unsigned progress = 0;

	for (; addr != end; dst++, src++, addr += PAGE_SIZE) {
		pte_t pte;

		if (progress >= 32) {
			progress = 0;
			if (need_resched())
				break;
		}
		pte = ptep_get(addr, src);
		/* There is no swap: an entry that is not present is none. */
		if (!pte_present(pte)) {
			progress++;
			continue;
		}
		*err = copy_pte(c, dst, src, pte, addr);
		if (*err)
			break;
		progress += 8;
	}
	return addr;
}

static void copy_add_rss(struct copy *c)
{
	struct mm_struct *mm = c->dst_vma->vm_mm;

	if (c->rss_anon)
		add_mm_anon(mm, c->rss_anon);
	if (c->rss_file)
		add_mm_counter(mm, c->file_page, c->rss_file);
	c->rss_anon = c->rss_file = 0;
}

/* Linux v6.12 mm/memory.c copy_pte_range() */
static int copy_pte_range(struct copy *c, pmd_t *src_pmd, vaddr_t addr,
                          vaddr_t end)
{
	struct mm_struct *dst_mm = c->dst_vma->vm_mm;
	struct mm_struct *src_mm = c->src_vma->vm_mm;

	while (addr != end) {
		spinlock_t *src_ptl, *dst_ptl;
		pte_t *src, *dst;
		int err = 0;

		dst = pte_alloc_map_lock(dst_mm, c->dst_pmd, addr, &dst_ptl);
		if (!dst)
			return -ENOMEM;
		src = pte_offset_map_ro_nolock(src_mm, src_pmd, addr, &src_ptl);
		if (!src) {
			pte_unmap_unlock(dst, dst_ptl);
			return 0;
		}
		spin_lock_nested(src_ptl);
		addr = copy_ptes(c, dst, src, addr, end, &err);
		pte_unmap_unlock(src, src_ptl);
		copy_add_rss(c);
		pte_unmap_unlock(dst, dst_ptl);
		cond_resched();
		if (err == -EAGAIN) {
			c->prealloc = alloc_anon_page(this_machine(), 0, false);
			if (!c->prealloc)
				return -ENOMEM;
		}
	}
	return 0;
}

/* Linux v6.12 mm/memory.c copy_pmd_range(), one entry. */
static int copy_pmd_entry(pmd_t *src_pmd, vaddr_t addr, vaddr_t next, void *arg)
{
	struct copy *c = arg;
	pmd_t pmd;
	int err;

	/* A new PMD table of the parent: the child gets one too. */
	if (!c->dst_pmd || pmd_index(addr) == 0)
		c->dst_pmd = mm_alloc_pmd(c->dst_vma->vm_mm, addr);
	else
		c->dst_pmd++;
	if (!c->dst_pmd)
		return -ENOMEM;

	pmd = pmdp_get(addr, src_pmd);
	if (pmd_trans_huge(pmd)) {
		err = copy_huge_pmd(c->dst_pmd, src_pmd, addr, c->dst_vma,
		                    c->src_vma);
		if (err != -EAGAIN)
			return err;
	}
	if (pmd_none(pmd))
		return 0;
	err = copy_pte_range(c, src_pmd, addr, next);
	if (c->prealloc) {
		put_page(c->prealloc);
		c->prealloc = NULL;
	}
	return err;
}

int copy_page_range(struct vm_area_struct *dst_vma,
                    struct vm_area_struct *src_vma)
{
	struct copy c = { .dst_vma = dst_vma, .src_vma = src_vma };

	mmap_assert_write_locked(src_vma->vm_mm);
	/* vma_needs_copy(): what a page fault can bring back is not copied. */
	if (!src_vma->anon_vma)
		return 0;
	return walk_pmd_entries(src_vma->vm_mm, src_vma->vm_start,
	                        src_vma->vm_end, copy_pmd_entry, &c);
}

/* The child's VMA, linked into its tree and reverse maps. */
static struct vm_area_struct *dup_vma(struct mm_struct *mm,
                                      struct vm_area_struct *mpnt)
{
	struct vm_area_struct *tmp = vm_area_dup(mpnt);

	if (!tmp)
		return NULL;
	tmp->vm_mm = mm;
	tmp->vm_flags &= ~VM_LOCKED;
	tmp->anon_vma = NULL;
	tmp->anon_vma_forked = false;
	if (!(tmp->vm_flags & VM_WIPEONFORK) && mpnt->anon_vma) {
		if (anon_vma_fork(tmp, mpnt))
			goto out_free_vma;
		tmp->anon_vma_forked = true;
	}
	if (tmp->vm_file)
		get_file(tmp->vm_file);
	if (!vma_link(mm, tmp))
		return tmp;

	if (tmp->vm_file)
		fput(tmp->vm_file);
	unlink_anon_vmas(tmp);
out_free_vma:
	vm_area_free_now(tmp);
	return NULL;
}

static int dup_vmas(struct mm_struct *mm, struct mm_struct *oldmm)
{
	struct vm_area_struct *mpnt, *tmp;

	for_each_vma(oldmm, mpnt) {
		/*
		 * Copy-on-write must not replace a page that other CPUs can
		 * still write to: the flush comes at the end.
		 */
		if (mm_opt(oldmm)->vma_lock != VMA_LOCK_6_4)
			vma_start_write(mpnt);
		if (mpnt->vm_flags & VM_DONTCOPY)
			continue;
		tmp = dup_vma(mm, mpnt);
		if (!tmp)
			return -ENOMEM;
		vm_stat_account(mm, (int64_t)vma_pages(tmp));
		if (!(tmp->vm_flags & VM_WIPEONFORK) &&
		    copy_page_range(tmp, mpnt))
			return -ENOMEM;
	}
	return 0;
}

int dup_mmap(struct mm_struct *mm, struct mm_struct *oldmm)
{
	int err;

	mmap_write_lock(oldmm);
	/* Nobody knows the new mm: it cannot be contended. */
	if (!down_write_trylock_label(&mm->mmap_lock, "mmap_write_lock_nested"))
		BUG();
	mm->mm_mt->in_rcu = false;
	err = dup_vmas(mm, oldmm);
	mm->mm_mt->in_rcu = true;
	mmap_write_unlock(mm);
	flush_tlb_mm(oldmm);
	mmap_write_unlock(oldmm);
	return err;
}

struct mm_struct *dup_mm(struct task *t, struct mm_struct *oldmm)
{
	struct mm_struct *mm = mm_alloc_child(oldmm);

	(void)t;
	if (!mm)
		return NULL;
	if (!dup_mmap(mm, oldmm))
		return mm;
	mmput(mm);
	return NULL;
}
