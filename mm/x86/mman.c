/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asm/mman.h, asm/page.h: nothing that Linux does not have everywhere. */
#include "mm/uapi.h"
#include "mm/x86/x86.h"

static uint64_t x86_calc_vm_prot_bits(uint64_t prot)
{
	(void)prot;
	return 0;
}

static uint64_t x86_calc_vm_flag_bits(const struct address_space *file,
                                      uint64_t flags)
{
	(void)file;
	(void)flags;
	return 0;
}

/* Linux v6.12 include/linux/mman.h arch_validate_prot(). */
static bool x86_validate_prot(uint64_t prot)
{
	return !(prot &
	         ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM));
}

static bool x86_validate_flags(uint64_t vm_flags)
{
	(void)vm_flags;
	return true;
}

const struct mman_ops x86_mman_ops = {
	.calc_vm_prot_bits = x86_calc_vm_prot_bits,
	.calc_vm_flag_bits = x86_calc_vm_flag_bits,
	.validate_prot = x86_validate_prot,
	.validate_flags = x86_validate_flags,
};

static void x86_copy_highpage(struct page *to, struct page *from)
{
	(void)to;
	(void)from;
}

static void x86_clear_user_page(const struct vm_area_struct *vma,
                                struct page *page)
{
	(void)vma;
	(void)page;
}

static void x86_sync_huge_page(pmd_t pmd)
{
	(void)pmd;
}

const struct page_ops x86_page_ops = {
	.copy_highpage = x86_copy_highpage,
	.clear_user_page = x86_clear_user_page,
	.sync_huge_page = x86_sync_huge_page,
};

/* Linear address masking is not modelled. */
static vaddr_t x86_untagged_addr(vaddr_t addr)
{
	return addr;
}

const struct thread_ops x86_thread_ops = {
	.untagged_addr = x86_untagged_addr,
};
