// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "scenario/parse.h"

static int by_name(const void *a, const void *b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, sorted; NULL and an error said if it cannot be read. */
static GPtrArray *read_folder(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	GPtrArray *names;
	const char *name;

	if (!dir) {
		cli_error("cannot read '%s': %s", path, g_strerror(errno));
		return NULL;
	}
	names = g_ptr_array_new_with_free_func(g_free);
	while ((name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_build_filename(path, name, NULL));
	g_dir_close(dir);
	g_ptr_array_sort(names, by_name);
	return names;
}

/* Append the scenario files of @folder and all below it, in order. */
static bool find_files(GPtrArray *files, const char *folder)
{
	g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(left, g_strdup(folder));
	while (left->len) {
		g_autofree char *path =
			g_ptr_array_steal_index(left, left->len - 1);
		g_autoptr(GPtrArray) names = NULL;

		if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
			if (g_str_has_suffix(path, ".scn"))
				g_ptr_array_add(files, g_steal_pointer(&path));
			continue;
		}
		names = read_folder(path);
		if (!names)
			return false;
		for (unsigned i = names->len; i > 0; i--)
			g_ptr_array_add(left, g_strdup(names->pdata[i - 1]));
	}
	return true;
}

static GPtrArray *list_files(char **paths)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);

	for (; paths && *paths; paths++) {
		unsigned before = files->len;

		if (!g_file_test(*paths, G_FILE_TEST_IS_DIR)) {
			g_ptr_array_add(files, g_strdup(*paths));
			continue;
		}
		if (find_files(files, *paths) && files->len > before)
			continue;
		if (files->len == before)
			cli_error("%s: no scenarios (*.scn) in there", *paths);
		g_ptr_array_unref(files);
		return NULL;
	}
	return files;
}

static void free_scenario(gpointer s)
{
	scenario_free(s);
}

static bool same_folder(const struct scenario *a, const struct scenario *b)
{
	g_autofree char *one = g_path_get_dirname(a->source.file);
	g_autofree char *two = g_path_get_dirname(b->source.file);

	return strcmp(one, two) == 0;
}

/* A scenario behind the others of its folder, or last. */
static void add_to_folder(GPtrArray *scenarios, struct scenario *s)
{
	unsigned at = scenarios->len;

	while (at && !same_folder(scenarios->pdata[at - 1], s))
		at--;
	g_ptr_array_insert(scenarios, at ? (int)at : -1, s);
}

GPtrArray *load_readable(char **paths, bool *all)
{
	g_autoptr(GPtrArray) files = list_files(paths);
	GPtrArray *scenarios;

	*all = files;
	if (!files)
		return NULL;
	scenarios = g_ptr_array_new_with_free_func(free_scenario);
	for (unsigned i = 0; i < files->len; i++) {
		g_autoptr(GError) error = NULL;
		struct scenario *s = scenario_load(files->pdata[i], &error);

		if (s) {
			add_to_folder(scenarios, s);
			continue;
		}
		cli_error("%s", error->message);
		*all = false;
	}
	return scenarios;
}

GPtrArray *load_scenarios(char **paths)
{
	bool all;
	GPtrArray *scenarios = load_readable(paths, &all);

	if (scenarios && !all)
		g_clear_pointer(&scenarios, g_ptr_array_unref);
	return scenarios;
}

const char *const *cli_profile_dirs(void)
{
	static const char *const dirs[] = {
		MMULATOR_DATADIR "/profiles",
		MMULATOR_SOURCE_DIR "/profiles",
		NULL,
	};

	return dirs;
}

struct run_config make_run_config(const struct cli_options *o)
{
	return (struct run_config){
		.engine = o->engine,
		.options = (const char *const *)o->options,
		.memory_model = o->memory_model,
		.profile_dirs = cli_profile_dirs(),
		.step_cap = o->step_cap,
	};
}

struct runner *try_runner(const struct scenario *s, const struct ast_variant *v,
                          const struct cli_options *o, GError **error)
{
	const struct run_config config = make_run_config(o);

	return runner_new(s, v, &config, error);
}

struct runner *make_runner(const struct scenario *s,
                           const struct ast_variant *v,
                           const struct cli_options *o)
{
	g_autoptr(GError) error = NULL;
	struct runner *r = try_runner(s, v, o, &error);

	if (!r)
		cli_error("%s", error->message);
	return r;
}

int no_run(const struct scenario *s, const struct ast_variant *v,
           const GError *error)
{
	if (error->domain == SCENARIO_ERROR)
		return cli_error("%s", error->message);
	return cli_error("%s: %s: %s", s->source.file, variant_name(v),
	                 error->message);
}

/* @arch: NULL: any. */
static bool is_of_arch(const struct scenario *s, const struct ast_variant *v,
                       const char *arch)
{
	return !arch ||
	       !strcmp(arch, arch_name(effective_machine(s, v).arch[0]));
}

/* Does @v stand for itself, or for what --arch makes of its name? */
static bool is_called(const struct ast_variant *v, const struct cli_options *o)
{
	const char *name = variant_name(v);
	const size_t len = strcspn(name, "@");

	if (!strcmp(o->variant, name))
		return true;
	return o->arch && strlen(o->variant) == len &&
	       !strncmp(o->variant, name, len);
}

bool is_chosen(const struct cli_options *o, const struct scenario *s,
               const struct ast_variant *v)
{
	return is_of_arch(s, v, o->arch) && (!o->variant || is_called(v, o));
}

int no_variant(GPtrArray *scenarios, const struct cli_options *o)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GString) hint = g_string_new(NULL);

	for (unsigned i = 0; i < scenarios->len; i++) {
		const struct scenario *s = scenarios->pdata[i];
		const struct ast_variant *v = s->variants;

		for (; v; v = v->next) {
			if (is_of_arch(s, v, o->arch))
				g_ptr_array_add(names,
				                (gpointer)(uintptr_t)v->name);
		}
	}
	g_ptr_array_add(names, NULL);
	if (!o->variant)
		return cli_error("there is no variant of arch %s", o->arch);
	append_suggestion(hint, o->variant, (const char *const *)names->pdata);
	return cli_error("there is no variant '%s'%s%s%s", o->variant,
	                 o->arch ? " of arch " : "", o->arch ? o->arch : "",
	                 hint->str);
}

/* The variants of one scenario that @o chooses. */
static int each_variant(const struct scenario *s, const struct cli_options *o,
                        int (*fn)(const struct scenario *s,
                                  const struct ast_variant *v, void *data),
                        void *data, unsigned *nr_chosen)
{
	const struct ast_variant *v = s->variants;
	int worst = CLI_OK;

	do {
		int status;

		if (!is_chosen(o, s, v))
			continue;
		++*nr_chosen;
		status = fn(s, v, data);
		worst = MAX(worst, status);
	} while (v && (v = v->next));
	return worst;
}

int for_each_chosen(GPtrArray *scenarios, const struct cli_options *o,
                    int (*fn)(const struct scenario *s,
                              const struct ast_variant *v, void *data),
                    void *data)
{
	unsigned nr_chosen = 0;
	int worst = CLI_OK;

	for (unsigned i = 0; i < scenarios->len; i++) {
		int status = each_variant(scenarios->pdata[i], o, fn, data,
		                          &nr_chosen);

		worst = MAX(worst, status);
	}
	if (!nr_chosen && (o->variant || o->arch))
		return no_variant(scenarios, o);
	return worst;
}
