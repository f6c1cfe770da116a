/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures and formats as Linux v6.12 fs/proc shows them. */
#include "mm/proc.h"

#include <string.h>

#include "mm/shmem.h"
#include "mm/sys.h"
#include "tests/mm/lab.h"

#define HEAP   UINT64_C(0x40000000)
#define SHARED UINT64_C(0x80000000)

static char *read_proc(const struct task *t, const char *path)
{
	GString *s = g_string_new(NULL);

	ck_assert(proc_read(t, path, s));
	return g_string_free(s, FALSE);
}

static void assert_line(const struct task *t, const char *path,
                        const char *line)
{
	char *text = read_proc(t, path);

	if (!strstr(text, line))
		ck_abort_msg("no '%s' in:\n%s", line, text);
	g_free(text);
}

static void body_figures(struct task *t)
{
	struct address_space *file = lab_of(t)->k->files;
	struct mm_figures f;

	lab_map(t, HEAP, 16 * PAGE_SIZE);
	lab_touch(t, HEAP, true);
	lab_touch(t, HEAP + PAGE_SIZE, true);
	lab_map_file(t, SHARED, PAGE_SIZE, file, 0);
	lab_touch(t, SHARED, true);

	f = mm_figures(t->mm);
	ck_assert_uint_eq(f.vm_size, 17 * 4);
	ck_assert_uint_eq(f.rss_anon, 8);
	ck_assert_uint_eq(f.rss_shmem, 4);
	ck_assert_uint_eq(f.vm_rss, 12);
	/* One PUD table, two PMD tables, two PTE tables, and the base. */
	ck_assert_uint_eq(f.vm_pte, 40 + 5 * 4);

	assert_line(t, "/proc/self/status", "VmSize:\t      68 kB\n");
	assert_line(t, "/proc/self/status", "VmRSS:\t      12 kB\n");
	assert_line(t, "/proc/self/status", "VmPTE:\t      60 kB\n");
	assert_line(t, "/proc/self/maps",
	            "40000000-40010000 rw-p 00000000 00:00 0 ");
	assert_line(t, "/proc/self/maps",
	            "80000000-80001000 rw-s 00000000 00:01 1");
	assert_line(t, "/proc/meminfo", "MemTotal:        1048576 kB\n");
	assert_line(t, "/proc/meminfo", "AnonPages:             8 kB\n");
	assert_line(t, "/proc/vmstat", "thp_fault_alloc 0\n");
	exit_mm(t);
}

START_TEST(figures_and_texts_are_those_of_linux)
{
	struct lab *lab = lab_new(1);

	lab->options.thp = THP_NEVER;
	lab->options.pgtables_base_kb = 40;
	lab_boot(lab);
	shmem_file_setup(lab->k, "f", PAGE_SIZE);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", body_figures);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void body_unknown(struct task *t)
{
	GString *s = g_string_new(NULL);

	ck_assert(!proc_read(t, "/proc/cpuinfo", s));
	ck_assert(!proc_read(t, "/proc/999999/status", s));
	ck_assert(!proc_read(t, "/etc/passwd", s));
	ck_assert_uint_eq(s->len, 0);
	g_string_free(s, TRUE);
	exit_mm(t);
}

START_TEST(other_files_do_not_exist)
{
	struct lab *lab = lab_start(1);

	lab_task(lab, 0, lab_mm(lab, "A"), "t", body_unknown);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, figures_and_texts_are_those_of_linux);
	tcase_add_test(tc, other_files_do_not_exist);
}

int main(void)
{
	return lab_main("mm/proc", add_tests);
}
