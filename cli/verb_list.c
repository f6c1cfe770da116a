// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator list [PATH...]: the catalogue.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "mm/kops.h"
#include "mm/options.h"
#include "mmu/profile.h"
#include "scenario/parse.h"
#include "scenario/verdict.h"

static void list_variants_json(GString *line, const struct ast_variant *v)
{
	json_open(line, "variants", '[');
	do {
		g_autofree char *expected = format_expected(v);

		json_open(line, NULL, '{');
		json_string(line, "variant", variant_name(v));
		json_string(line, "expected", expected);
		json_string(line, "about", v ? v->about : NULL);
		json_close(line, '}');
	} while (v && (v = v->next));
	json_close(line, ']');
}

static void list_scenario_json(GString *line, const struct scenario *s)
{
	json_open(line, NULL, '{');
	json_string(line, "kind", "scenario");
	json_string(line, "scenario", s->source.file);
	json_string(line, "title", s->title);
	json_string(line, "about", s->about);
	json_open(line, "sources", '[');
	for (unsigned i = 0; i < s->citations->len; i++)
		json_string(line, NULL, s->citations->pdata[i]);
	json_close(line, ']');
	list_variants_json(line, s->variants);
	json_close(line, '}');
	g_string_append_c(line, '\n');
}

static void list_option_json(GString *line, const struct mm_option_desc *d,
                             const char *set)
{
	const struct mm_option_value *value = d->values;

	json_open(line, NULL, '{');
	json_string(line, "kind", "option");
	json_string(line, "option", d->name);
	json_string(line, "about", d->help);
	json_string(line, "default", set);
	if (!value)
		json_int(line, "max", d->max);
	json_open(line, "values", '[');
	for (; value && value->name; value++) {
		json_open(line, NULL, '{');
		json_string(line, "value", value->name);
		json_string(line, "about", value->help);
		json_close(line, '}');
	}
	json_close(line, ']');
	json_close(line, '}');
	g_string_append_c(line, '\n');
}

/* An oracle, a profile or a kernel operation. */
static void list_named_json(GString *line, const char *kind, const char *name,
                            const char *about)
{
	json_open(line, NULL, '{');
	json_string(line, "kind", kind);
	json_string(line, kind, name);
	json_string(line, "about", about);
	json_close(line, '}');
	g_string_append_c(line, '\n');
}

static bool wants_json(const struct output *out)
{
	return out->options->format == FORMAT_JSON;
}

static void list_title(struct output *out, const char *title)
{
	if (!wants_json(out))
		output_text(out, "\n%s:\n", title);
}

static void list_named(struct output *out, const char *kind, int width,
                       const char *name, const char *about)
{
	if (wants_json(out))
		list_named_json(out->text, kind, name, about);
	else
		output_text(out, "  %-*s %s\n", width, name, about);
}

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
	bool all;
	g_autoptr(GPtrArray) scenarios = load_readable(paths, &all);

	for (unsigned i = 0; scenarios && i < scenarios->len; i++) {
		if (wants_json(out))
			list_scenario_json(out->text, scenarios->pdata[i]);
		else
			list_scenario(out, scenarios->pdata[i]);
	}
	return all;
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
	list_title(out, "Options of the mm (* as in Linux 6.12)");
	for (unsigned i = 0; i < n; i++) {
		g_autofree char *set = mm_option_get(&defaults, table[i].name);

		if (wants_json(out)) {
			list_option_json(out->text, &table[i], set);
			continue;
		}
		output_text(out, "  %-22s %s\n", table[i].name, table[i].help);
		if (table[i].values)
			list_values(out, &table[i], set);
		else
			output_text(out, "      * %-16s of 0 to %u\n", set,
			            table[i].max);
	}
}

static void list_oracles(struct output *out)
{
	list_title(out, "Hazards");
	for (int i = 0; i < ORACLE_COUNT; i++)
		list_named(out, "oracle", 16, oracle_infos[i].name,
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
		list_named(out, "profile", 16, p->name, p->description);
	else
		cli_error("%s", error->message);
	profile_free(p);
}

static void list_profiles(struct output *out)
{
	static const char *const folders[] = { MMULATOR_DATADIR "/profiles",
		                               MMULATOR_SOURCE_DIR
		                               "/profiles" };
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	list_title(out, "Profiles");
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

	list_title(out, "Kernel operations");
	for (unsigned i = 0; i < n; i++) {
		g_autoptr(GString) usage = g_string_new(table[i].name);

		if (table[i].needs_mm)
			g_string_append(usage, " PROCESS");
		for (unsigned a = 0; a < KOP_ARGS_MAX && table[i].args[a]; a++)
			g_string_append_printf(usage, " %s",
			                       table[i].arg_names[a]);
		list_named(out, "operation", 30, usage->str, table[i].help);
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
	/* What can be listed is, whatever else is wrong. */
	if ((status == CLI_OK || out.text->len) && !output_finish(&out))
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
