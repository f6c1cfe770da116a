// SPDX-License-Identifier: GPL-2.0-or-later
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/lex.h"

static struct token nth_token(const char *text, unsigned n)
{
	struct source src = { "t.scn", text, strlen(text) };
	struct lexer lex;
	struct token tok;

	lexer_init(&lex, &src);
	do {
		tok = lexer_next(&lex);
	} while (n--);
	return tok;
}

static void assert_kinds(const char *text, const enum token_kind *kinds,
                         unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(nth_token(text, i).kind, kinds[i]);
	ck_assert_int_eq(nth_token(text, n).kind, TOK_EOF);
}

START_TEST(units_multiply_by_1024)
{
	ck_assert_uint_eq(nth_token("4K", 0).number, 4096);
	ck_assert_uint_eq(nth_token("2M", 0).number, 2 << 20);
	ck_assert_uint_eq(nth_token("1G", 0).number, 1 << 30);
	ck_assert_uint_eq(nth_token("0x10K", 0).number, 16384);
	ck_assert_uint_eq(nth_token("1T", 0).number, UINT64_C(1) << 40);
}
END_TEST

START_TEST(the_largest_number_has_64_bits)
{
	ck_assert_uint_eq(nth_token("0xffffffffffffffff", 0).number,
	                  UINT64_MAX);
	ck_assert_int_eq(nth_token("18446744073709551615", 0).kind, TOK_NUMBER);
	ck_assert_int_eq(nth_token("18446744073709551616", 0).kind, TOK_ERROR);
	ck_assert_int_eq(nth_token("0x10000000000000000", 0).kind, TOK_ERROR);
	ck_assert_int_eq(nth_token("16777216T", 0).kind, TOK_ERROR);
}
END_TEST

START_TEST(a_minus_before_a_letter_belongs_to_the_name)
{
	static const enum token_kind name[] = { TOK_WORD };
	static const enum token_kind sum[] = { TOK_WORD, TOK_MINUS,
		                               TOK_NUMBER };

	assert_kinds("size-mix", name, 1);
	assert_kinds("heap-8", sum, 3);
}
END_TEST

START_TEST(comments_are_nothing_and_lines_end)
{
	static const enum token_kind kinds[] = { TOK_WORD, TOK_NEWLINE,
		                                 TOK_WORD };

	assert_kinds("a # b \" { \nc # d", kinds, 3);
}
END_TEST

START_TEST(positions_count_lines_and_characters)
{
	struct token tok = nth_token("a\n\t\"\xc3\xa4\" b", 3);

	ck_assert_int_eq(tok.kind, TOK_WORD);
	ck_assert_uint_eq(tok.pos.line, 2);
	ck_assert_uint_eq(tok.pos.column, 6);
}
END_TEST

START_TEST(signs_are_the_longest_that_fit)
{
	static const enum token_kind kinds[] = {
		TOK_LE,          TOK_LT,  TOK_ASSIGN, TOK_EQ,
		TOK_PLUS_ASSIGN, TOK_AND, TOK_OR,     TOK_NOT,
	};

	assert_kinds("<= < = == += /\\ \\/ ~", kinds, 8);
}
END_TEST

START_TEST(broken_strings_are_errors)
{
	ck_assert_int_eq(nth_token("\"abc", 0).kind, TOK_ERROR);
	ck_assert_int_eq(nth_token("\"a\nb\"", 0).kind, TOK_ERROR);
	ck_assert_int_eq(nth_token("\"a\\n\"", 0).kind, TOK_ERROR);
	ck_assert_int_eq(nth_token("\"a\\\"b\\\\\"", 0).kind, TOK_STRING);
}
END_TEST

START_TEST(names_and_numbers_do_not_run_together)
{
	ck_assert_int_eq(nth_token("4kb", 0).kind, TOK_ERROR);
	ck_assert_int_eq(nth_token("0x", 0).kind, TOK_ERROR);
	ck_assert_int_eq(nth_token("12ab", 0).kind, TOK_ERROR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario/lex");
	TCase *tcase = tcase_create("tokens");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, units_multiply_by_1024);
	tcase_add_test(tcase, the_largest_number_has_64_bits);
	tcase_add_test(tcase, a_minus_before_a_letter_belongs_to_the_name);
	tcase_add_test(tcase, comments_are_nothing_and_lines_end);
	tcase_add_test(tcase, positions_count_lines_and_characters);
	tcase_add_test(tcase, signs_are_the_longest_that_fit);
	tcase_add_test(tcase, broken_strings_are_errors);
	tcase_add_test(tcase, names_and_numbers_do_not_run_together);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
