// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A regression test of a race and of its fix.
 *
 * MADV_DONTNEED of a whole PMD reclaims the page table (the RFC "synchronously
 * scan and reclaim empty user PTE pages" of 2024-07-01): it unhooks the table
 * and flushes later.  In between a fault installs a huge page, and a CPU that
 * still has a 4K translation gets a 2M one for the same address.  The fix
 * flushes before a huge PMD is set.
 */
#include <glib.h>
#include <lab/builder.h>
#include <lab/trial.h>
#include <stdio.h>
#include <stdlib.h>

static void add_heap(struct lab_process *p)
{
	/* One VMA in the end, but the first MiB was touched before a huge page
	 * could fit. */
	lab_map(p, &(struct lab_map){ .name = "heap",
	                              .addr = 0x40000000,
	                              .size_bytes = 1 << 20,
	                              .prot = "rw" });
	lab_before(p, "store heap+0x3000 0x11 on cpu 0");
	lab_map(p, &(struct lab_map){ .name = "grown",
	                              .addr = 0x40100000,
	                              .size_bytes = 1 << 20,
	                              .prot = "rw" });
}

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

static struct scenario *build(void)
{
	g_autoptr(GError) error = NULL;
	struct lab_builder *b = lab_builder_new("size mix");
	struct lab_process *p;
	struct lab_variant *v;
	struct scenario *s;

	lab_machine(b, &(struct lab_machine){ .nr_cpus = 3,
	                                      .memory_bytes = 64 << 20 });
	lab_option(b, "thp", "always");
	lab_option(b, "pt_reclaim", "rfc_v1");
	p = lab_process(b, "A");
	add_heap(p);
	add_threads(p);
	v = lab_variant(b, "vulnerable");
	lab_expect_hazard(v, "size-mix");
	v = lab_variant(b, "fixed");
	lab_variant_option(v, "flush_before_install", "huge");
	lab_expect_clean(v);

	s = lab_scenario(b, &error);
	if (!s) {
		fprintf(stderr, "%s\n", error->message);
		exit(EXIT_FAILURE);
	}
	lab_builder_free(b);
	return s;
}

/* Run it, say what came of it. Return: NULL if it was not possible. */
static struct lab_trial *try(const struct scenario *s, const char *variant,
                             const struct lab_plan *plan)
{
	g_autoptr(GError) error = NULL;
	struct lab_trial *t = lab_try(s, variant, plan, &error);

	if (!t) {
		fprintf(stderr, "%s\n", error->message);
		exit(EXIT_FAILURE);
	}
	printf("%s: %s after %llu runs (%s)\n%s\n", variant,
	       t->ok ? "as expected" : t->reason,
	       (unsigned long long)t->executions,
	       t->ended ? t->ended : "as planned", t->report);
	return t;
}

/* Found without being told the schedule, and the same under Unicorn. */
static int check_race(const struct scenario *s)
{
	const struct lab_plan plan = { .policy = LAB_EXPLORE,
		                       .bounded = true,
		                       .bound = 1 };
	struct lab_trial *t = try(s, "vulnerable", &plan);
	int wrong = !t->ok || !lab_found(t, ORACLE_SIZE_MIX) || !t->confirmed;

	lab_trial_free(t);
	return wrong;
}

/* With the fix neither the clock's order nor random ones find anything, and
 * what was discarded is gone: the reader sees zero. */
static int check_fix(const struct scenario *s)
{
	const struct lab_plan timed = { .policy = LAB_TIMED };
	const struct lab_plan random = { .policy = LAB_RANDOM,
		                         .seed = 1,
		                         .nr_runs = 1000 };
	struct lab_trial *t = try(s, "fixed", &random);
	uint64_t value = 1;
	int wrong = !t->ok || t->fired;

	lab_trial_free(t);
	t = try(s, "fixed", &timed);
	wrong |= !t->ok || !lab_register(t, "stale", 1, &value) || value;
	lab_trial_free(t);
	return wrong;
}

/* Taking the fix away again makes the test of the fix fail. */
static int check_the_test(const struct scenario *s)
{
	static const char *const unfixed[] = { "flush_before_install=off",
		                               NULL };
	const struct lab_plan plan = { .policy = LAB_EXPLORE,
		                       .bounded = true,
		                       .bound = 1,
		                       .options = unfixed };
	struct lab_trial *t = try(s, "fixed", &plan);
	int wrong = t->ok;

	lab_trial_free(t);
	return wrong;
}

int main(void)
{
	struct scenario *s = build();
	int wrong = check_race(s) + check_fix(s) + check_the_test(s);

	scenario_free(s);
	printf("%s\n", wrong ? "FAILED" : "passed");
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
