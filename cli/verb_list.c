// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator list [PATH...]: the catalogue.
 */
#include <string.h>

#include "cli/cli.h"
#include "mm/kops.h"
#include "mm/options.h"
#include "mmu/profile.h"
#include "scenario/parse.h"
#include "scenario/verdict.h"

static void list_scenario(struct output *out, const struct scenario *s)
{
	const struct ast_variant *v = s->variants;

	output_text(out, "%s\n  %s\n", s->source.file, s->title);
	if (s->about)
		output_text(out, "  %s\n", s->about);
	for (unsigned i = 0; i < s->citations->len; i++)
		output_text(out, "  source: %s\n",
		            (const char *)s->citations->pdata[i]);
	do {
		g_autofree char *expected = format_expected(v);

		output_text(out, "    %-20s expects %s%s%s\n", variant_name(v),
		            expected, v && v->about ? ": " : "",
		            v && v->about ? v->about : "");
	} while (v && (v = v->next));
}

static bool list_scenarios(struct output *out, char **paths)
{
	g_autoptr(GPtrArray) scenarios = load_scenarios(paths);

	if (!scenarios)
		return false;
	for (unsigned i = 0; i < scenarios->len; i++)
		list_scenario(out, scenarios->pdata[i]);
	return true;
}

static void list_values(struct output *out, const struct mm_option_desc *d,
                        const char *set)
{
	const struct mm_option_value *value = d->values;

	for (; value && value->name; value++)
		output_text(out, "      %s %-16s %s\n",
		            strcmp(set, value->name) ? " " : "*", value->name,
		            value->help);
}

static void list_options(struct output *out)
{
	struct mm_options defaults;
	unsigned n;
	const struct mm_option_desc *table = mm_option_table(&n);

	mm_options_default(&defaults);
	output_text(out, "\nOptions of the mm (* as in Linux 6.12):\n");
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *set = mm_option_get(&defaults, table[i].name);

		output_text(out, "  %-22s %s\n", table[i].name, table[i].help);
		if (table[i].values)
			list_values(out, &table[i], set);
		else
			output_text(out, "      * %s\n", set);
	}
}

static void list_oracles(struct output *out)
{
	output_text(out, "\nHazards:\n");
	for (int i = 0; i < ORACLE_COUNT; i++)
		output_text(out, "  %-16s %s\n", oracle_infos[i].name,
		            oracle_infos[i].help);
}

static int by_name(const void *a, const void *b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static void list_profile(struct output *out, const char *path)
{
	g_autoptr(GError) error = NULL;
	struct cpu_profile *p = profile_load_file(path, &error);

	if (p)
		output_text(out, "  %-16s %s\n", p->name, p->description);
	else
		output_text(out, "  %s\n", error->message);
	profile_free(p);
}

static void list_profiles(struct output *out)
{
	static const char *const folders[] = { MMULATOR_DATADIR "/profiles",
		                               MMULATOR_SOURCE_DIR
		                               "/profiles" };
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	output_text(out, "\nProfiles:\n");
	for (size_t i = 0; i < G_N_ELEMENTS(folders) && !paths->len; i++) {
		GDir *dir = g_dir_open(folders[i], 0, NULL);
		const char *name;

		while (dir && (name = g_dir_read_name(dir))) {
			if (g_str_has_suffix(name, ".ini"))
				g_ptr_array_add(paths,
				                g_build_filename(folders[i],
				                                 name, NULL));
		}
		if (dir)
			g_dir_close(dir);
	}
	g_ptr_array_sort(paths, by_name);
	for (unsigned i = 0; i < paths->len; i++)
		list_profile(out, paths->pdata[i]);
}

static void list_kops(struct output *out)
{
	unsigned n;
	const struct kop *table = kop_table(&n);

	output_text(out, "\nKernel operations:\n");
	for (unsigned i = 0; i < n; i++) {
		g_autoptr(GString) usage = g_string_new(table[i].name);

		if (table[i].needs_mm)
			g_string_append(usage, " PROCESS");
		for (unsigned a = 0; a < KOP_ARGS_MAX && table[i].args[a]; a++)
			g_string_append_printf(usage, " %s",
			                       table[i].arg_names[a]);
		output_text(out, "  %-30s %s\n", usage->str, table[i].help);
	}
}

static char **default_paths(void)
{
	static const char *const folders[] = { "scenarios",
		                               MMULATOR_DATADIR "/scenarios",
		                               MMULATOR_SOURCE_DIR
		                               "/scenarios" };

	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		if (g_file_test(folders[i], G_FILE_TEST_IS_DIR))
			return g_strsplit(folders[i], "\n", 1);
	}
	return NULL;
}

static int list_all(const struct cli_options *o)
{
	g_auto(GStrv) paths = o->nr_args ? g_strdupv(o->args) : default_paths();
	struct output out;
	int status = CLI_OK;

	output_init(&out, o);
	if (paths && !list_scenarios(&out, paths))
		status = CLI_USAGE;
	if (!o->nr_args) {
		list_options(&out);
		list_oracles(&out);
		list_profiles(&out);
		list_kops(&out);
	}
	if (status == CLI_OK && !output_finish(&out))
		status = CLI_USAGE;
	output_clear(&out);
	return status;
}

int verb_list(int argc, char **argv)
{
	struct cli_options o;
	int status;

	if (!cli_parse(argc, argv, "list [PATH...]",
	               "The catalogue: scenarios below PATH; without one, "
	               "everything.",
	               &o, &status))
		return status;
	status = list_all(&o);
	cli_options_clear(&o);
	return status;
}
