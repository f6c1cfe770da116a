/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/mmap.h"

#include "base/bug.h"
#include "mm/arch.h"
#include "mm/expand_stack.h"
#include "mm/filemap.h"
#include "mm/mman.h"
#include "mm/mmap_lock.h"
#include "mm/munmap.h"
#include "mm/shmem.h"
#include "mm/uapi.h"
#include "mm/vma.h"

/* No RLIMIT_AS; the size of user space bounds it. */
bool may_expand_vm(const struct mm_struct *mm, uint64_t npages)
{
	return mm->total_vm + npages <= task_size() >> PAGE_SHIFT;
}

void vm_stat_account(struct mm_struct *mm, int64_t npages)
{
	/* Several may account at once: munmap does so with the lock
	 * downgraded.  Nobody decides anything by it, so it is no step. */
	mm->total_vm += (uint64_t)npages;
}

/* ---- where ---- */

/* Linux v6.12 arch/x86/mm/mmap.c mmap_address_hint_valid() */
static bool mmap_address_hint_valid(vaddr_t addr, uint64_t len)
{
	const vaddr_t window = (UINT64_C(1) << 47) - PAGE_SIZE;

	if (task_size() - len < addr)
		return false;
	return (addr > window) == (addr + len > window);
}

/* Linux v6.12 mm/mmap.c unmapped_area_topdown(): the hole, less the guard gap
 * of the stack above it, must do. */
static vaddr_t unmapped_area_topdown(struct mm_struct *mm, vaddr_t high,
                                     uint64_t len)
{
	for (;;) {
		vaddr_t addr =
			vma_tree_gap_below(mm->mm_mt, PAGE_SIZE, high, len);
		struct vm_area_struct *next;

		if (!addr)
			return 0;
		next = find_vma(mm, addr + len);
		if (!next || vm_start_gap(next) >= addr + len)
			return addr;
		high = vm_start_gap(next);
	}
}

/* Linux v6.12 mm/mmap.c unmapped_area(), likewise from @low upwards. */
static vaddr_t unmapped_area_bottomup(struct mm_struct *mm, vaddr_t low,
                                      uint64_t len)
{
	for (;;) {
		vaddr_t addr =
			vma_tree_gap_above(mm->mm_mt, low, task_size(), len);
		struct vm_area_struct *next;

		if (!addr)
			return 0;
		next = find_vma(mm, addr + len);
		if (!next || vm_start_gap(next) >= addr + len)
			return addr;
		low = next->vm_end;
	}
}

/*
 * Linux v6.12 arch/x86/kernel/sys_x86_64.c arch_get_unmapped_area_topdown(),
 * mm/mmap.c generic_get_unmapped_area_topdown():
 * the hint if it is free, else the highest hole below mmap_base, else the
 * lowest one above a third of user space.
 */
static vaddr_t unmapped_area(struct mm_struct *mm, vaddr_t hint, uint64_t len)
{
	vaddr_t high = mm->mmap_base, addr;

	if (hint && mmap_address_hint_valid(hint, len)) {
		struct vm_area_struct *vma = find_vma(mm, hint);

		if (!vma || hint + len <= vm_start_gap(vma))
			return hint;
	}
	/* A hint in the upper part of a 5-level space opens that part. */
	if (hint > mm_arch()->map_window)
		high = task_size();
	addr = unmapped_area_topdown(mm, high, len);
	if (!addr)
		addr = unmapped_area_bottomup(
			mm, ALIGN_UP(mm_arch()->map_window / 3, PAGE_SIZE),
			len);
	return addr;
}

/* Linux v6.12 mm/huge_memory.c __thp_get_unmapped_area(): room for huge pages
 * to be aligned. */
static vaddr_t thp_unmapped_area(struct mm_struct *mm, uint64_t len)
{
	vaddr_t addr;
	uint64_t off;

	if (len < PMD_SIZE || len + PMD_SIZE < len)
		return 0;
	addr = unmapped_area(mm, 0, len + PMD_SIZE);
	if (!addr)
		return 0;
	off = -addr & (PMD_SIZE - 1);
	return addr + (off ? off : PMD_SIZE);
}

/* Linux v6.12 mm/mmap.c __get_unmapped_area() */
long get_unmapped_area(struct mm_struct *mm, vaddr_t addr, uint64_t len,
                       uint64_t flags)
{
	vaddr_t found = 0;

	if (len > task_size())
		return -ENOMEM;
	if (flags & MAP_FIXED) {
		found = addr;
	} else {
		bool shared = flags & MAP_SHARED;

		if (!addr && !shared && IS_ALIGNED(len, PMD_SIZE))
			found = thp_unmapped_area(mm, len);
		if (!found)
			found = unmapped_area(mm, addr & PAGE_MASK, len);
		if (!found)
			return -ENOMEM;
	}
	if (found > task_size() - len)
		return -ENOMEM;
	if (found & ~PAGE_MASK)
		return -EINVAL;
	/* security_mmap_addr() for an unprivileged task. */
	if (found < MMAP_MIN_ADDR)
		return -EPERM;
	return (long)found;
}

/* Linux v6.12 mm/mmap.c round_hint_to_min() */
static vaddr_t round_hint_to_min(vaddr_t hint)
{
	hint &= PAGE_MASK;
	if (hint && hint < MMAP_MIN_ADDR)
		return MMAP_MIN_ADDR;
	return hint;
}

/* ---- mmap ---- */

static uint64_t calc_vm_flags(const struct mm_struct *mm,
                              const struct address_space *file, uint64_t prot,
                              uint64_t flags)
{
	uint64_t vm_flags =
		mm->def_flags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

	vm_flags |= prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	vm_flags |= arch_calc_vm_prot_bits(prot);
	vm_flags |= arch_calc_vm_flag_bits(file, flags);
	if (flags & MAP_GROWSDOWN)
		vm_flags |= VM_GROWSDOWN;
	if (flags & MAP_LOCKED)
		vm_flags |= VM_LOCKED;
	if (flags & MAP_STACK)
		vm_flags |= VM_NOHUGEPAGE;
	if (flags & MAP_NORESERVE)
		vm_flags |= VM_NORESERVE;
	return vm_flags;
}

/* The flags mmap() knew before MAP_SHARED_VALIDATE. */
#define LEGACY_MAP_MASK                                              \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS |      \
	 MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | \
	 MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |                    \
	 UINT64_C(0x1840) /* DENYWRITE ... 32BIT */)

/* The part of do_mmap() that MAP_SHARED and MAP_PRIVATE decide. */
static int mmap_type(const struct mmap_request *req, vaddr_t addr,
                     uint64_t *vm_flags, uint64_t *pgoff)
{
	switch (req->flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (!req->file)
			return -EINVAL;
		if (req->flags & ~LEGACY_MAP_MASK)
			return -EOPNOTSUPP;
		__attribute__((fallthrough));
	case MAP_SHARED:
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!req->file)
			*pgoff = 0;
		return 0;
	case MAP_PRIVATE:
		if (req->file && (*vm_flags & VM_GROWSDOWN))
			return -EINVAL;
		if (!req->file)
			*pgoff = addr >> PAGE_SHIFT;
		return 0;
	default:
		return -EINVAL;
	}
}

static struct vm_area_struct *mmap_new_vma(const struct vma_merge *vmg,
                                           const char *name)
{
	struct mm_struct *mm = vmg->mm;
	struct vm_area_struct *vma = vm_area_alloc(mm);

	if (!vma)
		return NULL;
	vma->vm_start = vmg->start;
	vma->vm_end = vmg->end;
	vma->vm_flags = vmg->flags;
	vma->vm_pgoff = vmg->pgoff;
	vma->name = name;
	if (vmg->file) {
		vma->vm_file = vmg->file;
		get_file(vmg->file);
	} else if (vmg->flags & VM_SHARED) {
		/* shmem_zero_setup() */
		vma->vm_file = shmem_file_setup(mm->kernel, "dev/zero",
		                                vmg->end - vmg->start);
		if (!vma->vm_file)
			goto out_free_vma;
	}
	if (!vma_link(mm, vma))
		return vma;

	if (vma->vm_file)
		fput(vma->vm_file);
out_free_vma:
	vm_area_free(vma);
	return NULL;
}

/*
 * Linux v6.12 mm/mmap.c __mmap_region(): gather what lies there, unmap its
 * pages, extend a neighbour or store the new VMA over the old ones in one go,
 * and only then free those.
 */
static long mmap_region(struct vma_merge *vmg, const char *name)
{
	struct mm_struct *mm = vmg->mm;
	struct vma_munmap vms = { .mm = mm,
		                  .start = vmg->start,
		                  .end = vmg->end };
	uint64_t pages = (vmg->end - vmg->start) >> PAGE_SHIFT;
	vaddr_t addr = vmg->start;
	int err = vms_gather_munmap_vmas(&vms);

	if (err)
		return err;
	vmg->prev = vms.prev;
	vmg->next = vms.next;
	if (!may_expand_vm(mm, pages - vms.nr_pages)) {
		err = -ENOMEM;
		goto abort_munmap;
	}
	vms_clean_up_area(&vms);
	err = -ENOMEM;
	if (!vma_merge_new_range(vmg) && !mmap_new_vma(vmg, name))
		goto abort_munmap;

	vms_complete_munmap_vmas(&vms);
	vm_stat_account(mm, (int64_t)pages);
	return (long)addr;

abort_munmap:
	vms_abort_munmap_vmas(&vms);
	return err;
}

/* Private memory that can be written is counted against overcommit; the mark
 * matters because VMAs that differ in it do not merge. */
static bool accountable_mapping(uint64_t vm_flags)
{
	return (vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

/* The checks of do_mmap() before anything is looked up. */
static int mmap_check_len(const struct mm_struct *mm,
                          const struct mmap_request *req, uint64_t *len)
{
	if (!req->len)
		return -EINVAL;
	*len = ALIGN_UP(req->len, PAGE_SIZE);
	if (!*len)
		return -ENOMEM;
	if (req->pgoff + (*len >> PAGE_SHIFT) < req->pgoff)
		return -EOVERFLOW;
	if (mm->map_count > DEFAULT_MAX_MAP_COUNT)
		return -ENOMEM;
	return 0;
}

/* Linux v6.12 mm/mmap.c do_mmap() */
long do_mmap(struct mm_struct *mm, const struct mmap_request *req,
             uint64_t *populate)
{
	uint64_t flags = req->flags, vm_flags, pgoff = req->pgoff, len;
	struct vma_merge vmg;
	long addr, ret;
	int err;

	mmap_assert_write_locked(mm);
	*populate = 0;
	err = mmap_check_len(mm, req, &len);
	if (err)
		return err;
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;

	vm_flags = calc_vm_flags(mm, req->file, req->prot, flags);
	addr = get_unmapped_area(
		mm,
		flags & MAP_FIXED ? req->addr : round_hint_to_min(req->addr),
		len, req->file ? flags & ~(uint64_t)MAP_SHARED : flags);
	if (IS_ERR_VALUE(addr))
		return addr;
	if ((flags & MAP_FIXED_NOREPLACE) &&
	    find_vma_intersection(mm, (vaddr_t)addr, (vaddr_t)addr + len))
		return -EEXIST;
	err = mmap_type(req, (vaddr_t)addr, &vm_flags, &pgoff);
	if (err)
		return err;
	/* mmap_region() */
	if (!arch_validate_flags(vm_flags))
		return -EINVAL;
	if (accountable_mapping(vm_flags))
		vm_flags |= VM_ACCOUNT;

	vmg = (struct vma_merge){ .mm = mm,
		                  .start = (vaddr_t)addr,
		                  .end = (vaddr_t)addr + len,
		                  .flags = vm_flags,
		                  .file = req->file,
		                  .pgoff = pgoff };
	ret = mmap_region(&vmg, req->name);
	if (!IS_ERR_VALUE(ret) &&
	    ((vm_flags & VM_LOCKED) ||
	     (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		*populate = len;
	return ret;
}

/* ---- brk ---- */

/* Linux v6.12 mm/mmap.c do_brk_flags() */
int do_brk_flags(struct mm_struct *mm, vaddr_t addr, uint64_t len)
{
	struct vma_merge vmg = {
		.mm = mm,
		.start = addr,
		.end = addr + len,
		.flags = mm->def_flags | vm_flags_of_data() | VM_ACCOUNT,
		.pgoff = addr >> PAGE_SHIFT,
	};

	mmap_assert_write_locked(mm);
	if (!may_expand_vm(mm, len >> PAGE_SHIFT) ||
	    mm->map_count > DEFAULT_MAX_MAP_COUNT)
		return -ENOMEM;

	/* Only the heap itself is extended, downwards nothing is merged. */
	vmg.prev = vma_tree_find_prev(mm->mm_mt, addr);
	if (vmg.prev && vmg.prev->vm_start < mm->start_brk)
		vmg.prev = NULL;
	if (!vma_merge_new_range(&vmg)) {
		if (vmg.nomem || !mmap_new_vma(&vmg, "heap"))
			return -ENOMEM;
	}
	vm_stat_account(mm, (int64_t)(len >> PAGE_SHIFT));
	return 0;
}
