/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mmu/arm64.h"

#include "pagetable/format.h"

void arm64_setup(void)
{
	bench_setup_arch(ARCH_ARM64, &arm64_pt_format_4k);
	b.mmu[0].arm64.root1 = b.mmu[1].arm64.root1 = new_frame(FRAME_PT_PGD);
}

/* Tables of every granule are four frames long here: no more is used. */
static paddr_t new_table(const struct mmu_half *half)
{
	struct page *page = alloc_frames(b.m, half->granule - PAGE_SHIFT,
	                                 FRAME_PT_PTE, true);

	ck_assert_ptr_nonnull(page);
	return page_to_pfn(&b.m->mem, page) << PAGE_SHIFT;
}

paddr_t map_arm64(vaddr_t va, paddr_t pa, unsigned level, uint64_t bits)
{
	const struct mmu *mmu = &b.mmu[0];
	unsigned nr = va >> 55 & 1;
	const struct mmu_half *half = &mmu->arm64.half[nr];
	paddr_t table = nr ? mmu->arm64.root1 : mmu->root;
	vaddr_t offset = va & (BIT_ULL(half->va_bits) - 1);
	unsigned width = half->granule - 3U;

	for (unsigned l = half->levels;; l--) {
		unsigned shift = half->granule + width * (l - 1);
		paddr_t at =
			table + (offset >> shift & (BIT_ULL(width) - 1)) * 8;

		if (l == level) {
			set_entry(at, pa | bits | (l == 1 ? ARM64_TYPE : 0));
			return at;
		}
		if (!(entry_at(at) & ARM64_VALID))
			set_entry(at,
			          new_table(half) | ARM64_VALID | ARM64_TYPE);
		table = entry_at(at) & ARM64_ADDR_MASK;
	}
}

paddr_t map_page(vaddr_t va, uint64_t bits, paddr_t *pa)
{
	paddr_t frame = new_frame(FRAME_ANON);

	if (pa)
		*pa = frame;
	return map_arm64(va, frame, 1, bits);
}

void tcr_set(uint64_t bits)
{
	for (unsigned i = 0; i < 2; i++)
		mmu_write_tcr(&b.mmu[i], b.mmu[i].arm64.tcr | bits);
}

void tcr_clear(uint64_t bits)
{
	for (unsigned i = 0; i < 2; i++)
		mmu_write_tcr(&b.mmu[i], b.mmu[i].arm64.tcr & ~bits);
}

void expect_fault(enum mmu_op op, vaddr_t va, uint64_t esr)
{
	ck_assert(!access_op(op, va, 8, 1));
	ck_assert_uint_eq(last_fault.code, esr);
	ck_assert_uint_eq(last_fault.addr, va);
}
