// SPDX-License-Identifier: GPL-2.0-or-later
#include "examples.h"

#include <string.h>

static const char *const documents[] = {
	"docs/scenario-language.md",
	"README.md",
};

static void example_free(gpointer data)
{
	struct example *example = data;

	g_free(example->text);
	g_free(example->message);
	g_free(example);
}

/* The lines of a fenced block that begins at line *@i, fences left out. */
static char *take_block(char **lines, unsigned *i)
{
	GString *block = g_string_new(NULL);

	for (++*i; lines[*i] && strcmp(lines[*i], "```") != 0; ++*i)
		g_string_append_printf(block, "%s\n", lines[*i]);
	g_assert_nonnull(lines[*i]);
	return g_string_free(block, FALSE);
}

static char *whole_scenario(const char *block)
{
	if (g_str_has_prefix(block, "scenario "))
		return g_strdup(block);
	return g_strconcat("scenario \"example\"\n", block, NULL);
}

static void read_document(GPtrArray *examples, const char *document)
{
	g_autofree char *path =
		g_build_filename(MMULATOR_SOURCE_DIR, document, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i]; i++) {
		struct example *example;
		g_autofree char *block = NULL;
		bool wrong = strcmp(lines[i], "```scenario-error") == 0;

		if (!wrong && strcmp(lines[i], "```scenario") != 0)
			continue;
		example = g_new0(struct example, 1);
		example->document = document;
		example->line = i + 1;
		block = take_block(lines, &i);
		example->text = whole_scenario(block);
		g_ptr_array_add(examples, example);
		if (!wrong)
			continue;
		i++;
		g_assert_cmpstr(lines[i], ==, "```message");
		example->message = g_strchomp(take_block(lines, &i));
	}
}

GPtrArray *examples_read(void)
{
	GPtrArray *examples = g_ptr_array_new_with_free_func(example_free);

	for (size_t i = 0; i < G_N_ELEMENTS(documents); i++)
		read_document(examples, documents[i]);
	return examples;
}
