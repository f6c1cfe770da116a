/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/gup.h"

#include <errno.h>
#include <string.h>

#include "base/access.h"
#include "mm/expand_stack.h"
#include "mm/filemap.h"
#include "mm/huge_memory.h"
#include "mm/memory.h"
#include "mm/mman.h"
#include "mm/mmap.h"
#include "mm/mmap_lock.h"
#include "mm/page.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/uapi.h"
#include "mm/vma.h"

/* Where a walk for one page got: the struct page * of Linux, without -errno in
 * pointers. */
struct follow {
	struct vm_area_struct *vma;
	vaddr_t addr;
	unsigned flags;
	struct gup_page *out; /* the reference, as it was asked for; or NULL */
	struct page *page;    /* if it was found */
	uint64_t bytes;       /* from addr on that were found with it */
	bool unshare; /* there, but it must be made exclusive (-EMLINK) */
};

/* ---- who is told of references ---- */

static void emit_pin(const struct gup_page *page, enum pin_event event,
                     paddr_t pa, unsigned size, uint64_t value)
{
	struct pin_record rec = {
		.event = (uint8_t)event,
		.pinned = page->flags & FOLL_PIN,
		.write = page->flags & FOLL_WRITE,
		.size = (uint8_t)size,
		.mm = page->mm,
		.va = page->addr + (pa & ~PAGE_MASK),
		.pa = pa,
		.value = value,
	};

	emit(this_machine(), EV_PIN, .addr = rec.va, .data = &rec);
}

/* @out says for what the reference is. */
static void got_page(struct gup_page *out, struct page *page)
{
	out->page = page;
	emit_pin(out, PIN_TAKEN, page_phys(page), 0, 0);
}

/* ---- may this reference be had? ---- */

/*
 * Linux v6.12 mm/gup.c can_follow_write_pte(), option foll_cow.
 *
 * A forced write must hit the copy that a write fault made; the entry of that
 * copy is not writable, so it has to be known by something else.
 */
static bool can_follow_write(const struct follow *f, const struct page *page,
                             bool writable, bool dirty)
{
	uint64_t vm_flags = f->vma->vm_flags;

	if (writable)
		return true;
	switch (mm_opt(f->vma->vm_mm)->foll_cow) {
	case FOLL_COW_DROP_WRITE:
		return false;
	case FOLL_COW_DIRTY_PTE:
		return (f->flags & FOLL_FORCE) && (f->flags & FOLL_COW) &&
		       dirty;
	case FOLL_COW_EXCLUSIVE:
	default:
		break;
	}
	if (!(f->flags & FOLL_FORCE) || (vm_flags & VM_WRITE) ||
	    !is_cow_mapping(vm_flags))
		return false;
	return page && PageAnon(page) && PageAnonExclusive(page);
}

/*
 * Linux v6.12 mm/internal.h gup_must_unshare(): a pin of a page that a write
 * fault would replace would stop being the mm's page.
 */
static bool gup_must_unshare(const struct vm_area_struct *vma, unsigned flags,
                             const struct page *page)
{
	if ((flags & (FOLL_WRITE | FOLL_PIN)) != FOLL_PIN)
		return false;
	if (mm_opt(vma->vm_mm)->gup_read != GUP_READ_UNSHARE)
		return false;
	if (!PageAnon(page))
		return (flags & FOLL_LONGTERM) && is_cow_mapping(vma->vm_flags);
	return !PageAnonExclusive(page);
}

/*
 * Linux v5.8 mm/gup.c should_force_cow_break(): whoever keeps a reference gets
 * a page of its own, also to read.
 */
static unsigned gup_flags_of(const struct vm_area_struct *vma, unsigned flags)
{
	if (mm_opt(vma->vm_mm)->gup_read == GUP_READ_BREAK_COW &&
	    is_cow_mapping(vma->vm_flags) && (flags & (FOLL_GET | FOLL_PIN)))
		flags |= FOLL_WRITE;
	return flags;
}

/* Linux v6.12 mm/gup.c check_vma_flags() */
static bool vma_permits_gup(const struct vm_area_struct *vma, unsigned flags)
{
	uint64_t vm_flags = vma->vm_flags;

	if (flags & FOLL_WRITE)
		return (vm_flags & VM_WRITE) ||
		       ((flags & FOLL_FORCE) && is_cow_mapping(vm_flags));
	return (vm_flags & VM_READ) ||
	       ((flags & FOLL_FORCE) && (vm_flags & VM_MAYREAD));
}

/* ---- following entries ---- */

/* With the page-table lock held: take what was found, page @i of @page. Return:
 * found. */
static bool follow_grab(struct follow *f, struct page *page, unsigned i,
                        bool writable)
{
	if (!writable && gup_must_unshare(f->vma, f->flags, page)) {
		f->unshare = true;
		return false;
	}
	if (f->flags & (FOLL_GET | FOLL_PIN))
		try_grab_page(page, f->flags & FOLL_PIN);
	f->page = page + i;
	if (f->out)
		got_page(f->out, f->page);
	return true;
}

/*
 * Linux v6.12 mm/huge_memory.c touch_pmd(): young, and dirty if it is to be
 * written to.  Before a8f97366452e (option touch_pmd) also if not.
 */
static void touch_pmd(const struct follow *f, pmd_t *pmdp, pmd_t pmd)
{
	bool dirty = (f->flags & FOLL_WRITE) ||
	             mm_opt(f->vma->vm_mm)->touch_pmd == TOUCH_PMD_DIRTY;
	pmd_t entry = pmd_mkyoung(dirty ? pmd_mkdirty(pmd) : pmd);

	if (!pmd_same(pmd, entry))
		(void)pmdp_set_access_flags(f->vma, f->addr & HPAGE_PMD_MASK,
		                            pmdp, entry, dirty);
}

/* Linux v6.12 mm/gup.c follow_trans_huge_pmd(), the PMD lock held. */
static bool follow_trans_huge_pmd(struct follow *f, pmd_t *pmdp)
{
	pmd_t pmd = pmdp_get(f->addr, pmdp);
	unsigned offset = (unsigned)(f->addr & ~HPAGE_PMD_MASK);
	struct page *page;

	if (!pmd_present(pmd))
		return false;
	page = vm_normal_page_pmd(f->vma, f->addr, pmd);
	if ((f->flags & FOLL_WRITE) &&
	    !can_follow_write(f, page, pmd_write(pmd), pmd_dirty(pmd)))
		return false;
	if (!follow_grab(f, pmd_page(pmd), offset >> PAGE_SHIFT,
	                 pmd_write(pmd)))
		return false;
	touch_pmd(f, pmdp, pmd);
	f->bytes = HPAGE_PMD_SIZE - offset;
	return true;
}

/* Linux v6.12 mm/gup.c follow_page_pte() */
static bool follow_page_pte(struct follow *f, pmd_t *pmd)
{
	bool found = false;
	spinlock_t *ptl;
	pte_t *ptep, pte;

	ptep = pte_offset_map_lock(f->vma->vm_mm, pmd, f->addr, &ptl);
	if (!ptep)
		return false;
	pte = ptep_get(f->addr, ptep);
	if (pte_present(pte)) {
		const struct page *page = vm_normal_page(f->vma, f->addr, pte);

		if (!(f->flags & FOLL_WRITE) ||
		    can_follow_write(f, page, pte_write(pte), pte_dirty(pte)))
			found = follow_grab(f, pte_page(pte), 0,
			                    pte_write(pte));
	}
	pte_unmap_unlock(ptep, ptl);
	f->bytes = PAGE_SIZE;
	return found;
}

/* Linux v6.12 mm/gup.c follow_page_mask(). Return: found, f->page and bytes. */
static bool follow_page(struct follow *f)
{
	pmd_t *pmd = mm_find_pmd(f->vma->vm_mm, f->addr);
	spinlock_t *ptl;
	bool found;

	f->unshare = false;
	if (!pmd)
		return false;
	ptl = pmd_trans_huge_lock(pmd, f->vma);
	if (!ptl)
		return follow_page_pte(f, pmd);
	found = follow_trans_huge_pmd(f, pmd);
	spin_unlock(ptl);
	return found;
}

/*
 * Linux v6.12 mm/gup.c faultin_page(), and what it did once the fault had
 * written to the copy of a page that is not to be written to (option foll_cow).
 */
static int faultin_page(struct follow *f)
{
	unsigned fault_flags = 0;
	vm_fault_t ret;

	if (f->flags & FOLL_WRITE)
		fault_flags |= FAULT_FLAG_WRITE;
	if (f->unshare)
		fault_flags |= FAULT_FLAG_UNSHARE;
	ret = handle_mm_fault(f->vma, f->addr, fault_flags);
	if (ret & VM_FAULT_OOM)
		return -ENOMEM;
	if (ret & VM_FAULT_ERROR)
		return -EFAULT;

	if ((ret & VM_FAULT_WRITE) && !(f->vma->vm_flags & VM_WRITE)) {
		switch (mm_opt(f->vma->vm_mm)->foll_cow) {
		case FOLL_COW_DROP_WRITE: /* before v4.8.3 */
			f->flags &= ~FOLL_WRITE;
			break;
		case FOLL_COW_DIRTY_PTE: /* 19be0eaffa3a */
			f->flags |= FOLL_COW;
			break;
		case FOLL_COW_EXCLUSIVE:
		default:
			break;
		}
	}
	return 0;
}

/* Until the page is there: one round of Linux's __get_user_pages(). */
static int follow_or_fault(struct follow *f)
{
	while (!follow_page(f)) {
		int err = faultin_page(f);

		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/* ---- references ---- */

void put_user_page(const struct gup_page *page)
{
	emit_pin(page, PIN_DROPPED, page_phys(page->page), 0, 0);
	gup_put_page(page->page, page->flags & FOLL_PIN);
}

/* Linux v6.12 mm/gup.c gup_vma_lookup() */
static struct vm_area_struct *gup_vma_lookup(struct mm_struct *mm, vaddr_t addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && addr >= read_vm_start(vma) ? vma : NULL;
}

/* Linux v6.12 mm/gup.c __get_user_pages() */
long get_user_pages(struct mm_struct *mm, vaddr_t start, unsigned nr,
                    unsigned flags, struct gup_page *pages)
{
	struct vm_area_struct *vma = NULL;
	unsigned i;

	mmap_assert_locked(mm);
	start = ALIGN_DOWN(start, PAGE_SIZE);
	for (i = 0; i < nr; i++, start += PAGE_SIZE) {
		struct follow f = { .addr = start, .out = &pages[i] };
		int err = -EFAULT;

		pages[i] = (struct gup_page){ .addr = start,
			                      .mm = mm->id,
			                      .flags = flags };

		if (!vma || start >= vma->vm_end)
			vma = gup_vma_lookup(mm, start);
		if (vma && vma_permits_gup(vma, flags)) {
			f.vma = vma;
			f.flags = gup_flags_of(vma, flags);
			err = follow_or_fault(&f);
		}
		if (err)
			return i ? (long)i : err;
	}
	return (long)i;
}

/* Linux v6.12 mm/gup.c gup_must_unshare(NULL, ...): without the VMA in doubt
 * the slow way must decide. */
static bool fast_may_keep(const struct mm_struct *mm, const struct page *page,
                          bool writable, unsigned flags)
{
	if (writable)
		return true;
	if (mm_opt(mm)->gup_read == GUP_READ_BREAK_COW)
		return false; /* v5.8 internal_get_user_pages_fast() */
	if (!(flags & FOLL_PIN) || mm_opt(mm)->gup_read == GUP_READ_SHARE)
		return true;
	if (!PageAnon(page))
		return !(flags & FOLL_LONGTERM);
	return PageAnonExclusive(page);
}

/* asm/pgtable.h pte_access_permitted(): not of PROT_NONE, not of what else the
 * kernel alone may use. */
static bool pte_access_permitted(pte_t pte, bool write)
{
	return pte_hw_present(pte) && pte_user(pte) &&
	       (!write || pte_write(pte));
}

/* What @pte maps; NULL: not for this walk. A table that was freed meanwhile may
 * hold anything. */
static struct page *fast_page(pte_t pte, unsigned flags)
{
	struct machine *m = this_machine();

	if (!pte_access_permitted(pte, flags & FOLL_WRITE))
		return NULL;
	if (!pfn_valid(&m->mem, pte_pfn(pte))) {
		emit(m, EV_RULE, .text = "PTE leads out of memory",
		     .a = pte_pfn(pte));
		return NULL;
	}
	return is_zero_page(pte_page(pte)) ? NULL : pte_page(pte);
}

/* Option collapse_gup: before 70cbc3cc78a9 (v6.1) nobody asked. */
static bool same_table(const struct mm_struct *mm, vaddr_t addr, pmd_t *pmdp,
                       pmd_t pmd)
{
	enum collapse_gup kept = mm_opt(mm)->collapse_gup;

	if (kept == COLLAPSE_GUP_IPI || kept == COLLAPSE_GUP_NONE)
		return true;
	return pmd_same(pmd, pmdp_get_lockless(addr, pmdp));
}

/* Linux v6.12 mm/gup.c gup_fast_pte_range(), one entry. */
static struct page *gup_fast_pte(struct mm_struct *mm, vaddr_t addr,
                                 unsigned flags)
{
	pmd_t *pmdp = mm_find_pmd(mm, addr), pmd;
	struct page *page;
	pte_t *ptep, pte;

	if (!pmdp)
		return NULL;
	pmd = pmdp_get_lockless(addr, pmdp);
	if (!pmd_present(pmd) || pmd_trans_huge(pmd) || pmd_bad(pmd))
		return NULL;

	ptep = pte_offset_lockless(pmd, addr);
	pte = ptep_get_lockless(addr, ptep);

	/*
	 * Interrupts off keep the table, not the page: its last reference may
	 * go between the read and this, unless freeing it takes an IPI to us.
	 */
	page = fast_page(pte, flags);
	if (!page || !try_grab_page_fast(page, flags & FOLL_PIN))
		return NULL;
	if (same_table(mm, addr, pmdp, pmd) &&
	    pte_same(pte, ptep_get_lockless(addr, ptep)) &&
	    fast_may_keep(mm, page, pte_write(pte), flags))
		return page;
	gup_put_page(page, flags & FOLL_PIN);
	return NULL;
}

struct page *gup_fast(struct mm_struct *mm, vaddr_t addr, unsigned flags)
{
	bool irqs = local_irq_save();
	struct page *page = gup_fast_pte(mm, addr, flags);

	local_irq_restore(irqs);
	return page;
}

int get_user_page_fast(struct mm_struct *mm, vaddr_t addr, unsigned flags,
                       struct gup_page *page)
{
	struct page *found;
	long ret;

	addr = ALIGN_DOWN(untagged_addr(addr), PAGE_SIZE);
	if (addr >= task_size()) /* access_ok() */
		return -EFAULT;
	found = gup_fast(mm, addr, flags);
	if (found) {
		*page = (struct gup_page){ .addr = addr,
			                   .mm = mm->id,
			                   .flags = flags };
		got_page(page, found);
		return 1;
	}
	if (mm_opt(mm)->gup_fast == GUP_FAST_ONLY)
		return -EFAULT;
	mmap_read_lock(mm);
	ret = get_user_pages(mm, addr, 1, flags, page);
	mmap_read_unlock(mm);
	return (int)ret;
}

/* ---- the kernel's own accesses ---- */

/* As large as the rest and alignment allow. */
static unsigned chunk_size(unsigned offset, unsigned n)
{
	unsigned size = 8;

	while (size > n || offset % size)
		size /= 2;
	return size;
}

void gup_page_read(const struct gup_page *page, unsigned offset, void *to,
                   unsigned n)
{
	struct physmem *mem = &this_machine()->mem;
	uint8_t *bytes = to;

	while (n) {
		unsigned size = chunk_size(offset, n);
		paddr_t pa = page_phys(page->page) + offset;
		uint64_t value;

		step(STEP_READ, phys_obj(pa), size, "copy_from_user_page",
		     page->addr + offset);
		charge(this_machine()->costs->kernel_op);
		value = phys_read(mem, pa, size);
		trace_mix(current_agent, value);
		emit_pin(page, PIN_READ, pa, size, value);
		memcpy(bytes, &value, size);
		bytes += size;
		offset += size;
		n -= size;
	}
}

void gup_page_write(const struct gup_page *page, unsigned offset,
                    const void *from, unsigned n)
{
	struct physmem *mem = &this_machine()->mem;
	const uint8_t *bytes = from;

	smp_mb(); /* as other stores of the kernel to user memory */
	while (n) {
		unsigned size = chunk_size(offset, n);
		paddr_t pa = page_phys(page->page) + offset;
		uint64_t value = 0;

		memcpy(&value, bytes, size);
		step(STEP_WRITE, phys_obj(pa), size, "copy_to_user_page",
		     page->addr + offset);
		charge(this_machine()->costs->kernel_op);
		trace_mix(current_agent, value);
		phys_write(mem, pa, size, value);
		emit_pin(page, PIN_WRITTEN, pa, size, value);
		bytes += size;
		offset += size;
		n -= size;
	}
}

/* Linux v6.12 mm/page-writeback.c set_page_dirty_lock() */
static void set_page_dirty_lock(struct page *page)
{
	struct page *head = compound_head(page);

	folio_lock(head);
	SetPageDirty(head);
	folio_unlock(head);
}

uint64_t access_remote_vm(struct mm_struct *mm, vaddr_t addr, void *buf,
                          uint64_t len, unsigned flags)
{
	uint64_t done = 0;

	/* As __access_remote_vm(): it may extend a stack. */
	if (!lock_mm_and_find_vma(mm, addr))
		return 0;
	while (done < len) {
		unsigned offset = (unsigned)((addr + done) & ~PAGE_MASK);
		unsigned n = (unsigned)MIN(len - done, PAGE_SIZE - offset);
		struct gup_page page;

		if (get_user_pages(mm, addr + done, 1, flags | FOLL_GET,
		                   &page) != 1)
			break;
		if (flags & FOLL_WRITE) {
			gup_page_write(&page, offset, (uint8_t *)buf + done, n);
			set_page_dirty_lock(page.page);
		} else {
			gup_page_read(&page, offset, (uint8_t *)buf + done, n);
		}
		put_user_page(&page);
		done += n;
	}
	mmap_read_unlock(mm);
	return done;
}

/* ---- making pages present, nothing more ---- */

int populate_vma_page_range(struct vm_area_struct *vma, vaddr_t start,
                            vaddr_t end, bool write)
{
	struct follow f = { .vma = vma, .flags = write ? FOLL_WRITE : 0 };

	mmap_assert_locked(vma->vm_mm);
	if (!vma_permits_gup(vma, f.flags))
		return -EFAULT;
	for (f.addr = start; f.addr < end; f.addr += f.bytes) {
		int err = follow_or_fault(&f);

		if (err)
			return err;
	}
	return 0;
}

/* Linux v6.12 mm/gup.c faultin_page_range(), mm/madvise.c madvise_populate() */
int faultin_page_range(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                       bool write)
{
	while (start < end) {
		struct vm_area_struct *vma = gup_vma_lookup(mm, start);
		vaddr_t stop;
		int err;

		if (!vma)
			return -ENOMEM;
		if (!vma_permits_gup(vma, write ? FOLL_WRITE : 0))
			return -EINVAL;
		stop = MIN(end, vma->vm_end);
		err = populate_vma_page_range(vma, start, stop, write);
		if (err)
			return err;
		start = stop;
	}
	return 0;
}

void populate_range(struct mm_struct *mm, vaddr_t start, vaddr_t end)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	for_each_vma_range(mm, vma, start, end)
	{
		bool write =
			(vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;

		/* Errors are not the caller's business: the pages come with
		 * the first access. */
		if (!(vma->vm_flags & VM_ACCESS_FLAGS))
			continue;
		if (populate_vma_page_range(vma, MAX(start, read_vm_start(vma)),
		                            MIN(end, vma->vm_end),
		                            write) == -ENOMEM)
			break;
	}
}

/* Linux v6.12 mm/gup.c __mm_populate() */
int mm_populate(struct mm_struct *mm, vaddr_t start, uint64_t len)
{
	mmap_read_lock(mm);
	populate_range(mm, start, start + len);
	mmap_read_unlock(mm);
	return 0;
}
