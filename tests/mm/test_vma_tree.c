/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/vma_tree.h"

#include "mm/vma.h"
#include "tests/mm/fixture.h"

#define SLOTS 200

/* What the tree should say: an array with one slot per page. */
struct model {
	struct vm_area_struct *slot[SLOTS];
};

static struct vm_area_struct dummy[8];

static void put(struct vma_tree *tree, vaddr_t start, vaddr_t end,
                struct vm_area_struct *vma)
{
	struct vma_store store;

	ck_assert_int_eq(vma_tree_prepare(fix.m, tree, &store, start, end, vma),
	                 0);
	vma_tree_commit(&store, "test store");
	vma_tree_check(tree);
}

static vaddr_t model_gap_below(const struct model *md, vaddr_t low,
                               vaddr_t high, uint64_t len)
{
	for (vaddr_t a = high - len + 1; a-- > low;) {
		vaddr_t i = a;

		while (i < a + len && !md->slot[i])
			i++;
		if (i == a + len)
			return a;
	}
	return 0;
}

static vaddr_t model_gap_above(const struct model *md, vaddr_t low,
                               vaddr_t high, uint64_t len)
{
	for (vaddr_t a = low; a + len <= high; a++) {
		vaddr_t i = a;

		while (i < a + len && !md->slot[i])
			i++;
		if (i == a + len)
			return a;
	}
	return 0;
}

static void compare(const struct vma_tree *tree, const struct model *md)
{
	struct vm_area_struct *next = NULL, *prev = NULL;

	for (vaddr_t a = SLOTS; a-- > 0;) {
		if (md->slot[a])
			next = md->slot[a];
		ck_assert_ptr_eq(vma_tree_find(tree, a), next);
	}
	for (vaddr_t a = 0; a < SLOTS; a++) {
		ck_assert_ptr_eq(vma_tree_find_prev(tree, a), prev);
		if (md->slot[a])
			prev = md->slot[a];
	}
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void random_stores(struct task *t)
{
	struct vma_tree *tree = vma_tree_new(fix.m);
	struct model md = { { NULL } };
	uint32_t rng = 12345;

	(void)t;
	for (int i = 0; i < 3000; i++) {
		vaddr_t start = next_random(&rng) % (SLOTS - 1) + 1;
		vaddr_t end = start + 1 + next_random(&rng) % 12;
		unsigned who = next_random(&rng) % ARRAY_SIZE(dummy);
		uint64_t len = 1 + next_random(&rng) % 6;

		end = MIN(end, SLOTS);
		if (start == end)
			continue;
		put(tree, start, end, who ? &dummy[who] : NULL);
		for (vaddr_t a = start; a < end; a++)
			md.slot[a] = who ? &dummy[who] : NULL;
		compare(tree, &md);
		ck_assert_uint_eq(vma_tree_gap_below(tree, 1, SLOTS, len),
		                  model_gap_below(&md, 1, SLOTS, len));
		ck_assert_uint_eq(vma_tree_gap_above(tree, 20, 150, len),
		                  model_gap_above(&md, 20, 150, len));
		ck_assert_uint_eq(vma_tree_gap_below(tree, 20, 150, len),
		                  model_gap_below(&md, 20, 150, len));
	}
	vma_tree_free(fix.m, tree);
}

START_TEST(the_tree_agrees_with_an_array_after_every_random_store)
{
	run_process(random_stores);
}
END_TEST

static void many_in_order(struct task *t)
{
	struct vma_tree *tree = vma_tree_new(fix.m);

	(void)t;
	tree->in_rcu = false;
	for (vaddr_t a = 1; a <= 20000; a++) {
		struct vma_store store;

		ck_assert_int_eq(vma_tree_prepare(fix.m, tree, &store, 2 * a,
		                                  2 * a + 1, &dummy[a % 8]),
		                 0);
		vma_tree_commit(&store, "test store");
	}
	ck_assert_uint_eq(tree->nr_nodes, 20000);
	vma_tree_check(tree); /* balanced */
	put(tree, 1000, 30000, NULL);
	ck_assert_uint_eq(tree->nr_nodes, 20000 - 14500);
	ck_assert_uint_eq(vma_tree_gap_below(tree, 2, 40000, 100), 29900);
	ck_assert_uint_eq(vma_tree_gap_above(tree, 2, 40000, 100), 999);
	vma_tree_free(fix.m, tree);
}

START_TEST(ascending_ranges_leave_it_balanced)
{
	run_process(many_in_order);
}
END_TEST

static void abort_changes_nothing(struct task *t)
{
	struct vma_tree *tree = vma_tree_new(fix.m);
	struct vma_store store;

	(void)t;
	put(tree, 10, 20, &dummy[1]);
	ck_assert_int_eq(
		vma_tree_prepare(fix.m, tree, &store, 12, 14, &dummy[2]), 0);
	ck_assert(vma_tree_has(tree, 10, 20, &dummy[1]));
	vma_tree_abort(&store);
	vma_tree_check(tree);
	ck_assert(vma_tree_has(tree, 10, 20, &dummy[1]));
	vma_tree_free(fix.m, tree);
}

START_TEST(an_aborted_store_is_never_seen)
{
	run_process(abort_changes_nothing);
}
END_TEST

/* A reader that loaded the root goes on in the old tree while it changes. */
static struct vma_tree *shared_tree;
static unsigned nr_uaf;

static void count_uaf(struct observer *o, struct machine *m,
                      const struct event *ev)
{
	(void)o;
	(void)m;
	(void)ev;
	nr_uaf++;
}

static void lockless_reader(struct task *t)
{
	(void)t;
	for (int i = 0; i < 40; i++) {
		struct vm_area_struct *vma;

		rcu_read_lock();
		vma = vma_tree_walk_rcu(fix.m, shared_tree, 15);
		ck_assert(vma == &dummy[1] || vma == &dummy[2]);
		rcu_read_unlock();
	}
}

static void writer(struct task *t)
{
	(void)t;
	for (int i = 0; i < 20; i++) {
		put(shared_tree, 14, 16, &dummy[1 + i % 2]);
		put(shared_tree, 30 + 2 * (vaddr_t)i, 31 + 2 * (vaddr_t)i,
		    &dummy[3]);
	}
}

static void make_shared_tree(struct task *t)
{
	(void)t;
	shared_tree = vma_tree_new(fix.m);
	put(shared_tree, 10, 20, &dummy[1]);
}

START_TEST(lockless_readers_never_meet_a_freed_node)
{
	struct observer o = { .types = BIT_ULL(EV_OBJ_UAF),
		              .event = count_uaf };

	run_process(make_shared_tree);
	policy_free(fix.policy);
	fix.policy = fix.m->policy = policy_random_new((uint64_t)_i + 1);
	observe(fix.m, &o);
	nr_uaf = 0;
	spawn(mm_alloc(fix.k, "R"), 1, "reader", lockless_reader);
	spawn(mm_alloc(fix.k, "W"), 2, "writer", writer);
	fixture_run_tasks();
	ck_assert_uint_eq(nr_uaf, 0);
	unobserve(fix.m, &o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/vma_tree");
	TCase *tc = tcase_create("vma_tree");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc,
	               the_tree_agrees_with_an_array_after_every_random_store);
	tcase_add_test(tc, ascending_ranges_leave_it_balanced);
	tcase_add_test(tc, an_aborted_store_is_never_seen);
	tcase_add_loop_test(tc, lockless_readers_never_meet_a_freed_node, 0,
	                    20);
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
