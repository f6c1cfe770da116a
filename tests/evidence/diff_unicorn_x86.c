/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random page tables and accesses on three walkers: ours, Unicorn's, and the
 * manual's (sdm.c).  Same fault or success, same error code and CR2, same
 * physical address, same tables afterwards.
 *
 * [--cases N] [--seed S]; exit status 1 at the first difference that is not one
 * of the classes of docs/evidence.md, 77 if this Unicorn cannot do it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/evidence/second_x86.h"
#include "tests/evidence/world_x86.h"

#define A  (UINT64_C(1) << 5)
#define PS (UINT64_C(1) << 7)

#define ACCESSES_PER_SIZE 200 /* of the address space */

static struct second *second;

/* ---- the other's memory ---- */

static uint64_t *theirs(uint64_t pa)
{
	return (uint64_t *)(void *)(second_ram(second) + pa);
}

static void put(uint64_t pa, uint64_t value)
{
	*theirs(pa) = value;
}

/* ---- the differences that are explained ---- */

enum class {
	CLASS_SAME,
	/* Unicorn makes a locked instruction of a load and a store: when the
	 * load faults it says so, and its A stays when the store does. */
	CLASS_LOCKED_LOAD,
	/* Unicorn sets A in a leaf of 1 GiB before it looks at the rights. */
	CLASS_ACCESSED_1G,
	CLASS_COUNT
};
static uint64_t nr_of_class[CLASS_COUNT];

struct answers {
	const struct world_access *a;
	const struct world_manual *m;
	struct world_result us, them;
};

static void complain(const struct answers *x, const char *what)
{
	world_complain(what, x->a, x->m, &x->us, "Unicorn", &x->them);
	stage_fail();
}

/* May this entry differ so? It is @us here and @them there. */
static unsigned entry_class(const struct answers *x, uint64_t pa, uint64_t us,
                            uint64_t them)
{
	const struct sdm_result *m = world_last(x->m);

	if (x->us.end != WORLD_PF || them != (us | A) || !m->nr_used ||
	    pa != m->used[m->nr_used - 1].pa)
		return CLASS_SAME;
	if (x->a->op == WORLD_XADD)
		return CLASS_LOCKED_LOAD;
	/* 4 or 5 levels, the third from below. */
	if (m->nr_used == (x->a->la57 ? 3 : 2) && (us & PS))
		return CLASS_ACCESSED_1G;
	return CLASS_SAME;
}

static unsigned result_class(const struct answers *x)
{
	if (x->a->op == WORLD_XADD && x->us.end == WORLD_PF &&
	    x->them.end == WORLD_PF && x->us.cr2 == x->them.cr2 &&
	    x->us.code == (x->them.code | 2))
		return CLASS_LOCKED_LOAD;
	return CLASS_SAME;
}

/* ---- comparing ---- */

static bool same_result(const struct answers *x)
{
	const struct world_result *us = &x->us, *them = &x->them;

	if (us->end != them->end || us->code != them->code ||
	    us->cr2 != them->cr2)
		return false;
	return us->end != WORLD_DONE || x->a->op == WORLD_WRITE ||
	       !second_is_physical(second) || us->value == them->value;
}

/* All tables, entry by entry. */
static unsigned compare_tables(const struct answers *x)
{
	unsigned class = CLASS_SAME;

	for (unsigned i = 0; i < world_entries(); i++) {
		const uint64_t pa = world_entry_pa(i);
		const uint64_t us = world_read(pa), them = *theirs(pa);

		if (us == them)
			continue;
		class = entry_class(x, pa, us, them);
		if (class == CLASS_SAME)
			complain(x, "a table");
		/* It may be in the other's TLB so. */
		world_write(pa, them);
	}
	return class;
}

/* What was stored is where it should be; an engine that goes by virtual
 * addresses did not store it at all. */
static void compare_store(const struct answers *x, uint64_t pa)
{
	pa &= ~UINT64_C(7);
	if (!second_is_physical(second))
		*theirs(pa) = world_read(pa);
	else if (world_read(pa) != *theirs(pa))
		complain(x, "memory");
}

static void one_access(struct world_access *a)
{
	const uint64_t last_va = a->va + a->size - 1;
	const struct world_manual m = world_prepare(a);
	struct answers x = { .a = a, .m = &m };
	unsigned class, tables;

	if (!second_window(second, a->va) || !second_window(second, last_va))
		complain(&x, "nothing (too many windows)");
	x.us = world_ours(a);
	x.them = second_access(second, a);
	class = result_class(&x);
	if (class == CLASS_SAME && !same_result(&x))
		complain(&x, "the result");
	if (!world_same_as_manual(&x.us, &m))
		complain(&x, "the manual's verdict");
	if (x.us.end == WORLD_DONE && a->op != WORLD_FETCH) {
		compare_store(&x, m.page[0].pa);
		compare_store(&x, m.crosses ? m.page[1].pa
		                            : m.page[0].pa + a->size - 1);
	}
	tables = compare_tables(&x);
	nr_of_class[class ? class : tables]++;
	world_count(a, &m, &x.us);
}

static void campaign(void *arg)
{
	(void)arg;
	while (world.nr_made < world.args.cases) {
		uint64_t left = world.args.cases - world.nr_made;

		world_run(stage_below(&world.rnd, 2),
		          MIN(left, ACCESSES_PER_SIZE), one_access);
	}
}

static void report(void)
{
	world_report("Unicorn");
	printf("explained: locked instructions %llu, A of 1 GiB leaves %llu\n"
	       "physical addresses: %s\n",
	       (unsigned long long)nr_of_class[CLASS_LOCKED_LOAD],
	       (unsigned long long)nr_of_class[CLASS_ACCESSED_1G],
	       second_is_physical(second)
	               ? "compared"
	               : "only against the manual: this Unicorn does not go by "
	                 "them");
}

int main(int argc, char **argv)
{
	const char *why;

	stage_args_parse(&world.args, argc, argv);
	second = second_new(&why);
	if (!second) {
		printf("skipped: %s\n", why);
		return 77;
	}
	world_init(SECOND_MAXPHYADDR, put);
	stage_run(&world.s, campaign, NULL);
	report();
	world_fini();
	second_free(second);
	return EXIT_SUCCESS;
}
