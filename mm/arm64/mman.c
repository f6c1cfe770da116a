/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asm/mman.h, asm/page.h: nothing that Linux does not have everywhere. */
#include "mm/arm64/arm64.h"
#include "mm/uapi.h"

static uint64_t arm64_calc_vm_prot_bits(uint64_t prot)
{
	(void)prot;
	return 0;
}

static uint64_t arm64_calc_vm_flag_bits(const struct address_space *file,
                                        uint64_t flags)
{
	(void)file;
	(void)flags;
	return 0;
}

/* Linux v6.12 include/linux/mman.h arch_validate_prot(). */
static bool arm64_validate_prot(uint64_t prot)
{
	return !(prot &
	         ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM));
}

static bool arm64_validate_flags(uint64_t vm_flags)
{
	(void)vm_flags;
	return true;
}

const struct mman_ops arm64_mman_ops = {
	.calc_vm_prot_bits = arm64_calc_vm_prot_bits,
	.calc_vm_flag_bits = arm64_calc_vm_flag_bits,
	.validate_prot = arm64_validate_prot,
	.validate_flags = arm64_validate_flags,
};

static void arm64_copy_highpage(struct page *to, struct page *from)
{
	(void)to;
	(void)from;
}

static void arm64_clear_user_page(const struct vm_area_struct *vma,
                                  struct page *page)
{
	(void)vma;
	(void)page;
}

const struct page_ops arm64_page_ops = {
	.copy_highpage = arm64_copy_highpage,
	.clear_user_page = arm64_clear_user_page,
};
