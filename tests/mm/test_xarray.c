/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/xarray.h"

#include <errno.h>

#include "tests/mm/lab.h"

static int values[4];

/* Every height of the tree: 6 bits each. */
static const uint64_t keys[] = { 0,         63,   64,
	                         4095,      4096, UINT64_C(1) << 40,
	                         UINT64_MAX };

static struct lab *empty(struct xarray *xa)
{
	struct lab *lab = lab_start(1);

	xa_init(xa, lab->m);
	return lab;
}

START_TEST(an_empty_tree_has_nothing)
{
	struct xarray xa;
	struct lab *lab = empty(&xa);
	uint64_t index = 0;

	ck_assert_ptr_null(xa_peek(&xa, 0));
	ck_assert_ptr_null(xa_peek(&xa, UINT64_MAX));
	ck_assert_ptr_null(xa_find(&xa, &index, UINT64_MAX));
	xa_destroy(&xa);
	lab_free(lab, true);
}
END_TEST

START_TEST(what_is_stored_is_found_at_its_key_and_nowhere_else)
{
	struct xarray xa;
	struct lab *lab = empty(&xa);

	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		ck_assert_int_eq(xa_poke(&xa, keys[i], &values[i % 4]), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		ck_assert_ptr_eq(xa_peek(&xa, keys[i]), &values[i % 4]);
	ck_assert_ptr_null(xa_peek(&xa, 1));
	ck_assert_ptr_null(xa_peek(&xa, 4097));
	xa_destroy(&xa);
	lab_free(lab, true);
}
END_TEST

START_TEST(finding_goes_in_order_over_gaps)
{
	struct xarray xa;
	struct lab *lab = empty(&xa);
	uint64_t index = 0;

	for (unsigned i = ARRAY_SIZE(keys); i--;)
		ck_assert_int_eq(xa_poke(&xa, keys[i], &values[0]), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		ck_assert_ptr_nonnull(xa_find(&xa, &index, UINT64_MAX));
		ck_assert_uint_eq(index, keys[i]);
		index++;
	}
	index = 4097;
	ck_assert_ptr_null(xa_find(&xa, &index, 1 << 20));
	xa_destroy(&xa);
	lab_free(lab, true);
}
END_TEST

static void body_steps(struct task *t)
{
	struct xarray xa;

	xa_init(&xa, t->agent->machine);
	/* A step needs an object: the tree must be in the arena. */
	struct xarray *shared = kzalloc(t->agent->machine, sizeof(xa), "xa");

	*shared = xa;
	ck_assert_int_eq(xa_insert(shared, 5, &values[0]), 0);
	ck_assert_int_eq(xa_insert(shared, 5, &values[1]), -EBUSY);
	ck_assert_ptr_eq(xa_load(shared, 5), &values[0]);
	ck_assert_int_eq(xa_store(shared, 5, &values[1]), 0);
	ck_assert_ptr_eq(xa_erase(shared, 5), &values[1]);
	ck_assert_ptr_null(xa_load(shared, 5));
	xa_destroy(shared);
	kfree(t->agent->machine, shared);
}

START_TEST(inserting_does_not_replace_and_erasing_returns_the_entry)
{
	struct lab *lab = lab_start(1);

	lab->watch = "xa_insert";
	lab_task(lab, 0, NULL, "k", body_steps);
	lab_run(lab);
	ck_assert_uint_eq(lab->nr_watched, 2);
	lab_free(lab, true);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, an_empty_tree_has_nothing);
	tcase_add_test(tc, what_is_stored_is_found_at_its_key_and_nowhere_else);
	tcase_add_test(tc, finding_goes_in_order_over_gaps);
	tcase_add_test(
		tc, inserting_does_not_replace_and_erasing_returns_the_entry);
}

int main(void)
{
	return lab_main("mm/xarray", add_tests);
}
