// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every word of the language has an example in docs/scenario-language.md: the
 * kernel operations, the system calls and the words of their arguments, the
 * figures, and all words that the parser asks for.
 *
 * The last are string literals of scenario/parse*.c: whoever teaches the parser
 * a word is asked for its example here, not in a list of this test.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "examples.h"
#include "mm/kops.h"
#include "scenario/figures.h"
#include "scenario/names.h"

/* Literals of the parser that are no words of the language. */
static const char *const no_words[] = {
	"arm64",
	"riscv64", /* architectures it knows to be missing */
	"mapping", /* of a message */
	NULL,
};

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static GHashTable *used; /* words of correct examples */
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

/* Comments and strings are not the language's. */
static char *without_text(const char *example)
{
	g_autoptr(GRegex) regex =
		g_regex_new("\"[^\"\n]*\"|#[^\n]*", 0, 0, NULL);

	return g_regex_replace_literal(regex, example, -1, 0, " ", 0, NULL);
}

/* Call @fn for everything in @text that @pattern captures. */
static void each_match(const char *pattern, const char *text,
                       void (*fn)(const char *word))
{
	g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
	GMatchInfo *match;

	for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match);
	     g_match_info_next(match, NULL)) {
		g_autofree char *word = g_match_info_fetch(match, 1);

		fn(word);
	}
	g_match_info_free(match);
}

static void use(const char *word)
{
	g_hash_table_add(used, g_strdup(word));
}

static void read_examples(void)
{
	g_autoptr(GPtrArray) examples = examples_read();

	used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < examples->len; i++) {
		const struct example *e = g_ptr_array_index(examples, i);
		g_autofree char *text = without_text(e->text);

		if (!e->message)
			each_match("([A-Za-z_][A-Za-z_0-9]*)", text, use);
	}
}

static void assert_example(const char *word)
{
	ck_assert_msg(g_hash_table_contains(used, word),
	              "no example of '%s' in docs/scenario-language.md", word);
}

START_TEST(every_kernel_operation_has_an_example)
{
	unsigned n;
	const struct kop *ops = kop_table(&n);

	for (unsigned i = 0; i < n; i++)
		assert_example(ops[i].name);
}
END_TEST

START_TEST(every_system_call_has_an_example)
{
	unsigned n;
	const struct syscall_desc *calls = syscall_table(&n);

	for (unsigned i = 0; i < n; i++)
		assert_example(calls[i].name);
}
END_TEST

/* PROT_READ is r, MADV_FREE is FREE: words of C need no example besides. */
static bool is_c_word(const struct name_value *table, const char *name)
{
	const struct name_value *entry = find_value(table, name);

	if (!g_regex_match_simple("^(PROT|MAP|MREMAP|MADV|PR)_", name, 0, 0))
		return false;
	for (; table->name; table++)
		if (table->value == entry->value && table != entry)
			return true;
	return false;
}

START_TEST(every_word_of_an_argument_has_an_example)
{
	for (int kind = ARG_NONE; kind <= ARG_FILE; kind++) {
		const struct name_value *table = arg_names((enum arg_kind)kind);

		for (unsigned i = 0; table && table[i].name; i++)
			if (!is_c_word(table, table[i].name))
				assert_example(table[i].name);
	}
	for (unsigned i = 0; signal_names()[i].name; i++)
		assert_example(signal_names()[i].name);
	for (unsigned i = 0; si_code_names()[i].name; i++)
		assert_example(si_code_names()[i].name);
}
END_TEST

START_TEST(every_figure_has_an_example)
{
	for (unsigned i = 0; figure_names()[i]; i++)
		assert_example(figure_names()[i]);
}
END_TEST

static void assert_parsed_word(const char *word)
{
	if (!g_strv_contains(no_words, word))
		assert_example(word);
}

START_TEST(every_word_of_the_parser_has_an_example)
{
	GDir *folder = g_dir_open("scenario", 0, NULL);
	unsigned nr_files = 0;
	const char *name;

	ck_assert(folder);
	while ((name = g_dir_read_name(folder))) {
		g_autofree char *path =
			g_build_filename("scenario", name, NULL);
		g_autofree char *text = NULL;

		if (!g_str_has_prefix(name, "parse") ||
		    !g_str_has_suffix(name, ".c"))
			continue;
		nr_files++;
		ck_assert(g_file_get_contents(path, &text, NULL, NULL));
		each_match("\"([a-z_0-9]+)\"", text, assert_parsed_word);
	}
	g_dir_close(folder);
	ck_assert_uint_ge(nr_files, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario/words");
	TCase *tcase = tcase_create("examples");
	SRunner *runner;
	int failed;

	read_examples();
	tcase_add_test(tcase, every_kernel_operation_has_an_example);
	tcase_add_test(tcase, every_system_call_has_an_example);
	tcase_add_test(tcase, every_word_of_an_argument_has_an_example);
	tcase_add_test(tcase, every_figure_has_an_example);
	tcase_add_test(tcase, every_word_of_the_parser_has_an_example);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	g_hash_table_unref(used);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
