/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flush protocol of arm64. Expected sequences: Linux v6.12
 * arch/arm64/include/asm/tlbflush.h and asm/tlb.h.
 */
#include <stdio.h>

#include "mm/mmu_gather.h"
#include "mm/sys.h"
#include "mm/tlb.h"
#include "mm/uapi.h"
#include "pagetable/pgtable.h"
#include "tests/mm/lab.h"

#define HEAP UINT64_C(0x40000000)

/* What CPU 0 was told, in the words of the assembler. */
static const char *told(const struct lab *lab)
{
	static char text[4096];
	static const char *const ops[] = { "va", "vaa", "aside1", "vmalle1" };
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < lab->nr_calls; i++) {
		const struct hw_call *c = &lab->calls[i];
		const struct tlbi *t = &c->tlbi;

		ck_assert_uint_lt(n, sizeof(text) - 80);
		if (c->op == HW_DSB_ISH)
			n += (size_t)sprintf(text + n, "dsb ish\n");
		else if (c->op == HW_DSB_NSH)
			n += (size_t)sprintf(text + n, "dsb nsh\n");
		else if (c->op == HW_ISB)
			n += (size_t)sprintf(text + n, "isb\n");
		else if (c->op == HW_TLBI && t->op == TLBI_VA)
			n += (size_t)sprintf(
				text + n, "%sva%se1%s %lx+%lx l%u\n",
				t->size ? "r" : "", t->last_level ? "l" : "",
				t->inner_shareable ? "is" : "",
				(unsigned long)t->va, (unsigned long)t->size,
				t->level);
		else if (c->op == HW_TLBI)
			n += (size_t)sprintf(text + n, "%s%s\n", ops[t->op],
			                     t->inner_shareable ? "is" : "");
		else
			n += (size_t)sprintf(text + n, "?\n");
	}
	return text;
}

static struct lab *lab_arm64(unsigned nr_cpus)
{
	struct lab *lab = lab_new_arch(ARCH_ARM64, nr_cpus);

	return lab;
}

/* @body on CPU 0 of @lab, in a new process. */
static void run_in(struct lab *lab, void (*body)(struct task *t))
{
	lab_boot(lab);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", body);
	lab_run(lab);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 0), 0);
	ck_assert_uint_eq(lab->k->vmstat->nr_tlb_remote_flush, 0);
	lab_free(lab, true);
}

#define vma_of(t) (&TLB_FLUSH_VMA((t)->mm))

static void body_page(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_page(vma_of(t), HEAP + 5);
	ck_assert_str_eq(told(lab), "vale1is 40000000+0 l0\ndsb ish\n");
	ck_assert_uint_ne(lab->calls[0].tlbi.asid, 0);
	exit_mm(t);
}

static void body_mm(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_mm(t->mm);
	ck_assert_str_eq(told(lab), "aside1is\ndsb ish\n");
	lab->nr_calls = 0;
	flush_tlb_all();
	ck_assert_str_eq(told(lab), "vmalle1is\ndsb ish\nisb\n");
	exit_mm(t);
}

static void body_range(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_range(vma_of(t), HEAP, HEAP + 2 * PAGE_SIZE);
	ck_assert_str_eq(told(lab), "vae1is 40000000+0 l0\n"
	                            "vae1is 40001000+0 l0\ndsb ish\n");
	lab->nr_calls = 0;
	flush_pmd_tlb_range(vma_of(t), HEAP, HEAP + 2 * PMD_SIZE);
	ck_assert_str_eq(told(lab), "vae1is 40000000+0 l2\n"
	                            "vae1is 40200000+0 l2\ndsb ish\n");
	exit_mm(t);
}

static void body_ceiling(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_range(vma_of(t), HEAP, HEAP + 511 * PAGE_SIZE);
	ck_assert_uint_eq(lab->nr_calls, 512);
	lab->nr_calls = 0;
	flush_tlb_range(vma_of(t), HEAP, HEAP + 512 * PAGE_SIZE);
	ck_assert_str_eq(told(lab), "aside1is\ndsb ish\n");
	lab->nr_calls = 0;
	flush_pmd_tlb_range(vma_of(t), 0, 511 * PMD_SIZE);
	ck_assert_uint_eq(lab->nr_calls, 512);
	exit_mm(t);
}

/* 0x843 = 1 * 2^11 + 1 * 2^6 + 1 * 2 + 1 pages; each scale once. */
static void body_range_ops(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_range(vma_of(t), HEAP, HEAP + 0x843 * PAGE_SIZE);
	ck_assert_str_eq(told(lab), "rvae1is 40000000+800000 l0\n"
	                            "rvae1is 40800000+40000 l0\n"
	                            "rvae1is 40840000+2000 l0\n"
	                            "vae1is 40842000+0 l0\ndsb ish\n");
	/* NUM is at most 31, so 32 units of 2^16 pages. */
	lab->nr_calls = 0;
	flush_tlb_range(vma_of(t), 0, (UINT64_C(32) << 16) * PAGE_SIZE);
	ck_assert_str_eq(told(lab), "rvae1is 0+200000000 l0\ndsb ish\n");
	lab->nr_calls = 0;
	flush_tlb_range(vma_of(t), 0, ((UINT64_C(32) << 16) + 1) * PAGE_SIZE);
	ck_assert_str_eq(told(lab), "aside1is\ndsb ish\n");
	exit_mm(t);
}

static void body_repeat(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_page(vma_of(t), HEAP);
	ck_assert_str_eq(told(lab), "vale1is 40000000+0 l0\ndsb ish\n"
	                            "vale1is 0+0 l0\ndsb ish\n");
	exit_mm(t);
}

START_TEST(a_page_is_flushed_by_one_broadcast)
{
	run_in(lab_arm64(2), body_page);
}
END_TEST

START_TEST(an_mm_is_flushed_by_its_asid)
{
	run_in(lab_arm64(2), body_mm);
}
END_TEST

START_TEST(a_range_is_flushed_with_what_is_cached_of_its_tables)
{
	run_in(lab_arm64(2), body_range);
}
END_TEST

START_TEST(from_512_operations_on_the_asid_goes)
{
	run_in(lab_arm64(2), body_ceiling);
}
END_TEST

START_TEST(range_operations_begin_with_the_largest)
{
	struct lab *lab = lab_arm64(2);

	lab->options.tlb_range = true;
	run_in(lab, body_range_ops);
}
END_TEST

START_TEST(the_erratum_makes_tlbi_and_dsb_come_twice)
{
	struct lab *lab = lab_arm64(2);

	lab->options.repeat_tlbi = true;
	run_in(lab, body_repeat);
}
END_TEST

/* ---- mmu_gather ---- */

static void flush_gather(struct mmu_gather tlb)
{
	struct lab *lab = this_machine()->user_data;

	lab->nr_calls = 0;
	mm_arch()->tlb->tlb_flush(&tlb);
}

static void body_gather(struct task *t)
{
	struct lab *lab = lab_of(t);
	struct mmu_gather tlb = { .mm = t->mm,
		                  .start = HEAP,
		                  .end = HEAP + PAGE_SIZE,
		                  .cleared_ptes = true };

	/* Pages only: the last level, and which it is. */
	flush_gather(tlb);
	ck_assert_str_eq(told(lab), "vale1is 40000000+0 l1\ndsb ish\n");
	/* Two levels: nothing to say about it; 4K is the stride. */
	tlb.cleared_pmds = true;
	flush_gather(tlb);
	ck_assert_str_eq(told(lab), "vale1is 40000000+0 l0\ndsb ish\n");
	/* Tables went: whatever is cached of them has to go. */
	tlb.freed_tables = true;
	flush_gather(tlb);
	ck_assert_str_eq(told(lab), "vae1is 40000000+0 l0\ndsb ish\n");
	/* Huge pages only. */
	tlb.freed_tables = tlb.cleared_ptes = false;
	tlb.end = HEAP + PMD_SIZE;
	flush_gather(tlb);
	ck_assert_str_eq(told(lab), "vale1is 40000000+0 l2\ndsb ish\n");
	/* All of it goes: the ASID is not used again before a full flush. */
	tlb.fullmm = true;
	flush_gather(tlb);
	ck_assert_str_eq(told(lab), "");
	tlb.freed_tables = true;
	flush_gather(tlb);
	ck_assert_str_eq(told(lab), "aside1is\ndsb ish\n");
	exit_mm(t);
}

START_TEST(a_gather_flushes_tables_only_if_they_went)
{
	run_in(lab_arm64(2), body_gather);
}
END_TEST

/* ---- system calls ---- */

static void body_munmap(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab_map(t, HEAP, PAGE_SIZE);
	lab_touch(t, HEAP, true);
	lab->nr_calls = 0;
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, PAGE_SIZE, PROT_READ), 0);
	ck_assert_str_eq(told(lab), "vale1is 40000000+0 l1\ndsb ish\n");
	lab->nr_calls = 0;
	ck_assert_int_eq(do_sys_munmap(t, HEAP, PAGE_SIZE), 0);
	/* The tables go, too. */
	ck_assert_uint_eq(lab_count(lab, HW_DSB_ISH, 0), 1);
	ck_assert(!lab_last(lab, HW_TLBI, 0)->tlbi.last_level);
	exit_mm(t);
}

START_TEST(mprotect_and_munmap_flush_so)
{
	run_in(lab_arm64(2), body_munmap);
}
END_TEST

static void body_new_tables(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab_map(t, HEAP, PAGE_SIZE);
	lab->nr_calls = 0;
	lab_touch(t, HEAP, true);
	/* set_pud(), set_pmd(), twice below the root; not set_pte(). */
	ck_assert_str_eq(told(lab), "isb\nisb\nisb\n");
	exit_mm(t);
}

START_TEST(a_table_made_valid_is_followed_by_barriers)
{
	run_in(lab_arm64(1), body_new_tables);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, a_page_is_flushed_by_one_broadcast);
	tcase_add_test(tc, an_mm_is_flushed_by_its_asid);
	tcase_add_test(tc,
	               a_range_is_flushed_with_what_is_cached_of_its_tables);
	tcase_add_test(tc, from_512_operations_on_the_asid_goes);
	tcase_add_test(tc, range_operations_begin_with_the_largest);
	tcase_add_test(tc, the_erratum_makes_tlbi_and_dsb_come_twice);
	tcase_add_test(tc, a_gather_flushes_tables_only_if_they_went);
	tcase_add_test(tc, mprotect_and_munmap_flush_so);
	tcase_add_test(tc, a_table_made_valid_is_followed_by_barriers);
}

int main(void)
{
	return lab_main("mm/arm64_tlbflush", add);
}
