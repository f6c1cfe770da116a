// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which pages have tags, and which: Documentation/arch/arm64/
 * memory-tagging-extension.rst, Linux v6.12 arch/arm64/include/asm/mman.h.
 */
#include "base/mtetags.h"
#include "mm/arm64/mte.h"
#include "mm/filemap.h"
#include "mm/fork.h"
#include "mm/mm.h"
#include "mm/shmem.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "tests/mm/lab.h"

#define BASE   UINT64_C(0x40000000)
#define RW     (PROT_READ | PROT_WRITE)
#define TAGGED (RW | PROT_MTE)

static struct lab *lab;

static void start(bool mte)
{
	lab = lab_new_arch(ARCH_ARM64, 2);
	lab->options.mte = mte;
	lab->options.thp = THP_NEVER;
	lab_boot(lab);
}

static void run(void (*body)(struct task *t))
{
	lab_task(lab, 0, lab_mm(lab, "mm"), "task", body);
	lab_run(lab);
	lab_free(lab, true);
}

static long map(struct task *t, uint64_t prot)
{
	const struct mmap_request req = {
		.addr = BASE,
		.len = 4 * PAGE_SIZE,
		.prot = prot,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};

	return do_sys_mmap(t, &req);
}

static paddr_t phys(struct mm_struct *mm, vaddr_t addr)
{
	return page_to_pfn(&lab->m->mem, lab_page(mm, addr)) << PAGE_SHIFT;
}

static unsigned tag_at(struct mm_struct *mm, vaddr_t addr)
{
	return mte_tag_get(&lab->m->mem, phys(mm, addr) + addr % PAGE_SIZE);
}

/* As a program does, without the program. */
static void set_tag(struct mm_struct *mm, vaddr_t addr, unsigned tag)
{
	mte_tag_set(&lab->m->mem, phys(mm, addr) + addr % PAGE_SIZE, tag);
}

/* ---- */

static void new_pages(struct task *t)
{
	ck_assert_int_eq(map(t, TAGGED), (long)BASE);
	lab_touch(t, BASE, true);
	ck_assert_uint_eq(tag_at(t->mm, BASE), 0);
	ck_assert_uint_eq(tag_at(t->mm, BASE + 0xff0), 0);
	ck_assert(page_test_flag(lab_page(t->mm, BASE), PG_mte_tagged));
	/* A read maps the zero page, which has tags of 0, too. */
	lab_touch(t, BASE + PAGE_SIZE, false);
	ck_assert_uint_eq(tag_at(t->mm, BASE + PAGE_SIZE), 0);
	ck_assert(pte_tagged(__pte(lab_pte(t->mm, BASE))));
}

START_TEST(new_pages_have_tag_0)
{
	start(true);
	run(new_pages);
}
END_TEST

static void untagged_pages(struct task *t)
{
	map(t, RW);
	lab_touch(t, BASE, true);
	ck_assert_uint_eq(tag_at(t->mm, BASE), MTE_TAG_UNKNOWN);
	ck_assert(!page_test_flag(lab_page(t->mm, BASE), PG_mte_tagged));
	ck_assert(!pte_tagged(__pte(lab_pte(t->mm, BASE))));
	/* Whatever was there: from the first tagged mapping on it is 0. */
	set_tag(t->mm, BASE + 0x20, 7);
	ck_assert_int_eq(do_sys_mprotect(t, BASE, PAGE_SIZE, TAGGED), 0);
	ck_assert(pte_tagged(__pte(lab_pte(t->mm, BASE))));
	ck_assert_uint_eq(tag_at(t->mm, BASE + 0x20), 0);
	/* Not from a later one. */
	set_tag(t->mm, BASE + 0x20, 7);
	ck_assert_int_eq(do_sys_mprotect(t, BASE, PAGE_SIZE, RW), 0);
	ck_assert(!pte_tagged(__pte(lab_pte(t->mm, BASE))));
	ck_assert_int_eq(do_sys_mprotect(t, BASE, PAGE_SIZE, TAGGED), 0);
	ck_assert_uint_eq(tag_at(t->mm, BASE + 0x20), 7);
}

START_TEST(a_page_is_tagged_when_it_is_first_mapped_so)
{
	start(true);
	run(untagged_pages);
}
END_TEST

static void copies(struct task *t)
{
	struct mm_struct *child;

	map(t, TAGGED);
	lab_touch(t, BASE, true);
	set_tag(t->mm, BASE + 0x30, 9);
	child = dup_mm(t, t->mm);
	ck_assert_ptr_nonnull(child);
	ck_assert_uint_eq(tag_at(child, BASE + 0x30), 9);
	/* Copy on write. */
	lab_touch(t, BASE, true);
	ck_assert_uint_ne(phys(t->mm, BASE), phys(child, BASE));
	ck_assert_uint_eq(tag_at(t->mm, BASE + 0x30), 9);
	ck_assert_uint_eq(tag_at(t->mm, BASE + 0x40), 0);
	ck_assert(page_test_flag(lab_page(t->mm, BASE), PG_mte_tagged));
	mmput(child);
}

START_TEST(fork_and_copy_on_write_keep_tags)
{
	start(true);
	run(copies);
}
END_TEST

static void without(struct task *t)
{
	/* mmap() ignores rights it does not know, mprotect() does not. */
	ck_assert_int_eq(map(t, TAGGED), (long)BASE);
	lab_touch(t, BASE, true);
	ck_assert(!pte_tagged(__pte(lab_pte(t->mm, BASE))));
	ck_assert_int_eq(do_sys_mprotect(t, BASE, PAGE_SIZE, TAGGED), -EINVAL);
}

START_TEST(cpus_without_tags_refuse_them)
{
	start(false);
	run(without);
}
END_TEST

/* ---- two mms map one page (M48) ---- */

static struct mm_struct *mms[2];
static struct address_space *file;

static void sharer(struct task *t)
{
	const struct mmap_request req = {
		.addr = BASE,
		.len = PAGE_SIZE,
		.prot = TAGGED,
		.flags = MAP_SHARED | MAP_FIXED,
		.file = file,
	};

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)BASE);
	lab_touch(t, BASE, true);
}

static unsigned clears_of_a_shared_page(enum mte_sync kind)
{
	unsigned n;

	start(true);
	lab->options.mte_sync = kind;
	lab->watch = "mte_clear_page_tags";
	file = shmem_file_setup(lab->k, "file", PAGE_SIZE);
	for (unsigned i = 0; i < 2; i++) {
		mms[i] = lab_mm(lab, i ? "b" : "a");
		lab_task(lab, i, mms[i], i ? "b" : "a", sharer);
	}
	lab_run(lab);
	n = lab->nr_watched;
	lab_free(lab, false);
	return n;
}

START_TEST(one_of_two_initialises)
{
	ck_assert_uint_eq(clears_of_a_shared_page(MTE_SYNC_LOCKED), 1);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, new_pages_have_tag_0);
	tcase_add_test(tc, a_page_is_tagged_when_it_is_first_mapped_so);
	tcase_add_test(tc, fork_and_copy_on_write_keep_tags);
	tcase_add_test(tc, cpus_without_tags_refuse_them);
	tcase_add_test(tc, one_of_two_initialises);
}

int main(void)
{
	return lab_main("mm/mte", add);
}
