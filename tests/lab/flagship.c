// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/flagship.h"

#include <check.h>

static void add_threads(struct lab_process *p)
{
	struct lab_thread *t = lab_thread(p, "reclaim", 1);

	lab_syscall(t, LAB_NO_REG, "madvise heap 2M DONTNEED");
	t = lab_thread(p, "touch", 2);
	lab_store(t, 8, lab_at("heap", 0x1000), 0x22);
	t = lab_thread(p, "stale", 0);
	lab_load(t, 1, 8, lab_at("heap", 0x5000));
	lab_load(t, 2, 8, lab_at("heap", 0x3000));
}

static void add_variants(struct lab_builder *b)
{
	struct lab_variant *v = lab_variant(b, "vulnerable");

	lab_expect_hazard(v, "size-mix");
	lab_variant_condition(v, "exists (stale:r2 == 0x%x)", 0x11U);
	v = lab_variant(b, "fixed");
	lab_variant_option(v, "flush_before_install", "huge");
	lab_expect_clean(v);
}

struct lab_builder *build_flagship(void)
{
	const struct lab_machine machine = { .nr_cpus = 3,
		                             .profile = "skylake-sp",
		                             .memory_bytes = 64 << 20 };
	const struct lab_map heap = { .name = "heap",
		                      .addr = 0x40000000,
		                      .size_bytes = 1 << 20,
		                      .prot = "rw" };
	const struct lab_map grown = { .name = "grown",
		                       .addr = 0x40100000,
		                       .size_bytes = 1 << 20,
		                       .prot = "rw" };
	struct lab_builder *b = lab_builder_new("size mix, in C");
	struct lab_process *p;

	lab_source(b, "the \"RFC\" of 2024-07-01");
	lab_machine(b, &machine);
	lab_option(b, "thp", "always");
	lab_option(b, "pt_reclaim", "rfc_v1");
	p = lab_process(b, "A");
	lab_map(p, &heap);
	lab_before(p, "store heap+0x%x 0x11 on cpu %u", 0x3000U, 0U);
	lab_map(p, &grown);
	add_threads(p);
	lab_schedule(b, "reclaim after \"pmd_clear\"");
	lab_schedule(b, "touch");
	lab_schedule(b, "stale");
	add_variants(b);
	return b;
}

struct scenario *finish_scenario(struct lab_builder *b)
{
	g_autoptr(GError) error = NULL;
	struct scenario *s = lab_scenario(b, &error);

	ck_assert_msg(s, "%s", error ? error->message : "");
	lab_builder_free(b);
	return s;
}
