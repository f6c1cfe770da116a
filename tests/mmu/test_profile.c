/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/mmu/fixture.h"

static char *profile_text(void)
{
	char *text = NULL;

	ck_assert(g_file_get_contents("profiles/skylake-sp.ini", &text, NULL,
	                              NULL));
	return text;
}

static void expect_parses(const char *path, const char *name)
{
	g_autoptr(GError) error = NULL;
	struct cpu_profile *p = profile_load_file(path, &error);

	ck_assert_msg(p, "%s", error ? error->message : "");
	ck_assert_str_eq(p->name, name);
	ck_assert_str_eq(p->costs.name, name);
	profile_free(p);
}

START_TEST(every_profile_that_comes_with_it_parses)
{
	expect_parses("profiles/haswell-ep.ini", "haswell-ep");
	expect_parses("profiles/skylake-sp.ini", "skylake-sp");
	expect_parses("profiles/zen3.ini", "zen3");
	expect_parses("profiles/cortex-a76.ini", "cortex-a76");
	expect_parses("profiles/neoverse-n1.ini", "neoverse-n1");
	expect_parses("profiles/cortex-a710.ini", "cortex-a710");
}
END_TEST

static void expect_same_costs(const struct cost_table *x,
                              const struct cost_table *y)
{
	size_t from = offsetof(struct cost_table, mhz);

	ck_assert_mem_eq((const char *)x + from, (const char *)y + from,
	                 sizeof(*x) - from -
	                         (sizeof(*x) -
	                          offsetof(struct cost_table, cpus_per_socket) -
	                          sizeof(x->cpus_per_socket)));
}

static void expect_compiled_in(enum arch_id arch, const char *path)
{
	struct cpu_profile *p = profile_load_file(path, NULL);
	const struct cpu_profile *d = profile_default_of(arch);

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p->arch, d->arch);
	ck_assert_str_eq(p->name, d->name);
	ck_assert_str_eq(p->description, d->description);
	ck_assert_int_eq(p->size_mix, d->size_mix);
	ck_assert_uint_eq(p->maxphyaddr, d->maxphyaddr);
	ck_assert_mem_eq(&p->tlb, &d->tlb, sizeof(p->tlb));
	expect_same_costs(&p->costs, &d->costs);
	profile_free(p);
}

START_TEST(a_profile_of_each_architecture_is_compiled_in)
{
	expect_compiled_in(ARCH_X86_64, "profiles/skylake-sp.ini");
	expect_compiled_in(ARCH_ARM64, "profiles/cortex-a76.ini");
	ck_assert_ptr_eq(profile_default(), profile_default_of(ARCH_X86_64));
	expect_same_costs(&profile_default()->costs, &cost_table_default);
}
END_TEST

/* Replace @from by @to in the profile; the error must name @names. */
static void expect_error(const char *from, const char *to,
                         enum profile_error code, const char *names)
{
	g_autofree char *text = profile_text();
	g_auto(GStrv) parts = g_strsplit(text, from, 2);
	g_autofree char *changed = NULL;
	g_autoptr(GError) error = NULL;
	struct cpu_profile *p;

	ck_assert_msg(parts[0] && parts[1], "no '%s' in the profile", from);
	changed = g_strconcat(parts[0], to, parts[1], NULL);
	p = profile_parse(changed, strlen(changed), "x.ini", &error);
	ck_assert_ptr_null(p);
	ck_assert(g_error_matches(error, PROFILE_ERROR, (int)code));
	ck_assert_msg(strstr(error->message, "x.ini"), "%s", error->message);
	ck_assert_msg(strstr(error->message, names), "%s", error->message);
}

START_TEST(an_error_names_file_group_and_key)
{
	expect_error("mhz=2700", "", PROFILE_ERROR_MISSING, "[costs] mhz");
	expect_error("mhz=2700", "mhz=fast", PROFILE_ERROR_VALUE,
	             "[costs] mhz");
	expect_error("mhz=2700", "mhz=-1", PROFILE_ERROR_VALUE, "[costs] mhz");
	expect_error("mhz=2700", "mhz=99999999999999999999",
	             PROFILE_ERROR_VALUE, "[costs] mhz");
	expect_error("[psc]", "[pcs]", PROFILE_ERROR_VALUE, "[pcs]");
	expect_error("pde=32", "pde=32\npdf=1", PROFILE_ERROR_VALUE,
	             "[psc] pdf");
	expect_error("pde=32", "pde=1000", PROFILE_ERROR_VALUE, "[psc] pde");
	expect_error("size-mix=choose", "size-mix=maybe", PROFILE_ERROR_VALUE,
	             "[profile] size-mix");
	expect_error("sizes=4k", "sizes=8k", PROFILE_ERROR_VALUE,
	             "[tlb l1d-4k] sizes");
	expect_error("sizes=4k", "sizes=", PROFILE_ERROR_VALUE,
	             "[tlb l1d-4k] sizes");
	expect_error("ways=4", "ways=3", PROFILE_ERROR_VALUE, "[tlb l1d-4k]");
	expect_error("entries=1536", "entries=0", PROFILE_ERROR_VALUE,
	             "[tlb stlb] entries");
	expect_error("name=skylake-sp", "name=", PROFILE_ERROR_VALUE,
	             "[profile] name");
	expect_error("[profile]", "[profile", PROFILE_ERROR_SYNTAX, "");
}
END_TEST

START_TEST(nothing_and_a_missing_file_are_errors)
{
	g_autoptr(GError) empty = NULL;
	g_autoptr(GError) missing = NULL;

	ck_assert_ptr_null(profile_parse("", 0, "empty", &empty));
	ck_assert(g_error_matches(empty, PROFILE_ERROR, PROFILE_ERROR_MISSING));
	ck_assert_ptr_null(profile_load_file("profiles/nosuch.ini", &missing));
	ck_assert(g_error_matches(missing, PROFILE_ERROR, PROFILE_ERROR_FILE));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mmu/profile");
	TCase *tc = tcase_create("profile");

	tcase_add_test(tc, every_profile_that_comes_with_it_parses);
	tcase_add_test(tc, a_profile_of_each_architecture_is_compiled_in);
	tcase_add_test(tc, an_error_names_file_group_and_key);
	tcase_add_test(tc, nothing_and_a_missing_file_are_errors);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
