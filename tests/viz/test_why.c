// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why-chains of the catalogue: every link is an event that an observer of its
 * own saw, at that step, by that agent; the main ones tell the documented
 * story; where nothing is wrong there is nothing to tell.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "emu/vcpu_ops.h"
#include "viz/why.h"

#define EV(type) (UINT64_C(1) << EV_##type)

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static GPtrArray *scenarios;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

/* What a link of each kind may point at. */
static const uint64_t events_of[WHY_KIND_COUNT] = {
	[WHY_FILLED] = EV(TLB_FILL) | EV(WALK_READ),
	[WHY_STORED] = EV(ACCESS) | EV(PIN) | EV(TAG) | EV(PAGE_TAGS),
	[WHY_DIRTIED] = EV(WALK_WRITE),
	[WHY_CHANGED] = EV(PT_WRITE),
	[WHY_OWED] = EV(FLUSH),
	[WHY_SKIPPED] = EV(FLUSH),
	[WHY_FLUSHED] = EV(FLUSH),
	[WHY_DECLARED] = EV(SYSCALL_EXIT) | EV(KERNEL_EXIT),
	[WHY_PINNED] = EV(PIN),
	[WHY_READER] = EV(RCU) | EV(IRQ),
	[WHY_IPI] = EV(IPI),
	[WHY_QUEUED] = EV(RCU),
	[WHY_GRACE] = EV(RCU),
	[WHY_FREED] = EV(FRAME_FREE) | EV(OBJ_FREE),
	[WHY_REUSED] = EV(FRAME_ALLOC),
	[WHY_HELD] = EV(LOCK),
	[WHY_USED] = EV(ACCESS) | EV(WALK_READ) | EV(WALK_WRITE) | EV(PIN) |
	             EV(TLB_FILL) | EV(FRAME_UAF) | EV(OBJ_UAF) | EV(RULE) |
	             EV(OBJ_BAD_FREE) | EV(FRAME_BAD_FREE) | EV(PT_WRITE) |
	             EV(TAG),
};

/* Who did what when, and what each agent did last. */
struct witness {
	struct observer observer;
	GHashTable *seen; /* step, agent, type in one number */
	uint64_t last[NR_AGENTS_MAX];
};

static gpointer key_of(uint64_t step, int agent, unsigned type)
{
	return GSIZE_TO_POINTER(step << 16 | (uint64_t)(agent + 1) << 8 | type);
}

static void see(struct observer *o, struct machine *m, const struct event *ev)
{
	struct witness *x = container_of(o, struct witness, observer);
	int agent = ev->agent ? (int)ev->agent->id : -1;

	(void)m;
	g_hash_table_add(x->seen, key_of(ev->step, agent, ev->type));
	if (agent >= 0 && ev->type == EV_STEP)
		x->last[agent] = ev->step;
}

static void forget(void *data)
{
	struct witness *x = data;

	g_hash_table_remove_all(x->seen);
}

static bool saw(const struct witness *x, const struct why_link *l)
{
	for (unsigned type = 0; type < EV_TYPE_COUNT; type++)
		if ((events_of[l->kind] >> type & 1) &&
		    g_hash_table_contains(x->seen,
		                          key_of(l->step, l->agent, type)))
			return true;
	/* Who waits at the end has made no step since. */
	return l->kind == WHY_WAITS && x->last[l->agent] <= l->step;
}

/* One run of a variant along its schedule. */
struct told {
	struct runner *r;
	struct recorder *recorder;
	struct witness witness;
	struct run_result result;
	const struct hazard *hazard;
	GArray *links;
};

static void restart(void *data)
{
	struct told *t = data;

	forget(&t->witness);
	recorder_reset(t->recorder);
}

static void tell(struct told *t, const struct scenario *s,
                 const struct ast_variant *v)
{
	const struct cli_options options = { .engine = &vcpu_ops_direct };
	struct policy *policy;
	struct machine *m;

	*t = (struct told){ .r = make_runner(s, v, &options) };
	m = runner_machine(t->r);
	t->witness.seen = g_hash_table_new(NULL, NULL);
	t->witness.observer.name = "witness";
	t->witness.observer.types = (UINT64_C(1) << EV_TYPE_COUNT) - 1;
	t->witness.observer.event = see;
	t->recorder = recorder_new(false);
	recorder_attach(t->recorder, m);
	observe(m, &t->witness.observer);
	runner_on_start(t->r, restart, t);
	policy = runner_pinned_policy(t->r);
	ck_assert(runner_run(t->r, policy, &t->result, NULL));
	policy_free(policy);
	t->hazard = viz_hazard_to_tell(t->result.hazards, t->result.nr_hazards);
	if (t->hazard)
		t->links = viz_why(t->recorder, t->hazard, m);
}

static void clear(struct told *t)
{
	if (t->links)
		g_array_unref(t->links);
	unobserve(runner_machine(t->r), &t->witness.observer);
	recorder_free(t->recorder);
	runner_free(t->r);
	g_hash_table_unref(t->witness.seen);
}

static void check_variant(const struct scenario *s, const struct ast_variant *v)
{
	struct told t;
	uint64_t step = 0;

	tell(&t, s, v);
	ck_assert_msg(!t.hazard || t.links->len >= 2, "%s %s: no story",
	              s->source.file, variant_name(v));
	for (unsigned i = 0; t.hazard && i < t.links->len; i++) {
		const struct why_link *l =
			&g_array_index(t.links, struct why_link, i);

		ck_assert_msg(saw(&t.witness, l), "%s %s: step %u, %s: %s %s",
		              s->source.file, variant_name(v),
		              (unsigned)l->step, l->who, why_kind_name(l->kind),
		              l->what);
		ck_assert_uint_ge(l->step, step);
		step = l->step;
	}
	clear(&t);
}

START_TEST(every_link_is_what_that_agent_did_at_that_step)
{
	const struct scenario *s = g_ptr_array_index(scenarios, _i);
	const struct ast_variant *v = s->variants;

	for (; v; v = v->next)
		if (v->expect == EXPECT_HAZARD)
			check_variant(s, v);
}
END_TEST

/* The documented stories: kind and agent of each link. */
static const struct {
	const char *file, *variant, *story;
} stories[] = {
	/* Two sizes: RFC 0/7 of 2024-07-01, situation 1. */
	{ "pt-reclaim/size-mix.scn", "vulnerable",
	  "filled setup, changed reclaim, owed reclaim, changed reclaim, "
	  "skipped touch, changed touch, filled stale, flushed reclaim" },
	{ "pt-reclaim/size-mix.scn", "fixed", "" },
	/* 99baac21e458: the second caller finds nothing to flush. */
	{ "late-flush/madvise-nested.scn", "vulnerable",
	  "filled setup, changed first, owed first, skipped second, "
	  "declared second, used second, flushed first" },
	{ "late-flush/madvise-nested.scn", "fixed", "" },
	/* 3ea277194daa: reclaim owes the flush. */
	{ "late-flush/reclaim-batched.scn", "vulnerable",
	  "filled user, changed kswapd, owed kswapd, declared user, "
	  "used user, flushed kswapd" },
	{ "late-flush/reclaim-batched.scn", "fixed", "" },
	/* CVE-2018-18281: freed through the new address. */
	{ "late-flush/mremap-truncate.scn", "vulnerable",
	  "filled user, changed move, changed move, owed move, changed user, "
	  "freed user, used user, flushed move" },
	{ "late-flush/mremap-truncate.scn", "fixed", "" },
	/* OpenBSD's pmap: the CPU is not in the mask. */
	{ "switch/clear-then-set.scn", "vulnerable",
	  "filled setup, changed discard, owed discard, skipped discard, "
	  "freed discard, declared discard, used two" },
	/* 2ff6ddf19c0e: the lazy CPU is passed over. */
	{ "pt-reclaim/lazy-cpu.scn", "vulnerable",
	  "filled setup, changed reclaim, owed reclaim, skipped reclaim, "
	  "queued reclaim, grace rcu, freed rcu, used walker0" },
	/* An IPI waits for no reader under RCU. */
	{ "pt-reclaim/rcu-vs-ipi.scn", "vulnerable",
	  "reader walker, changed reclaim, ipi irq/1, freed reclaim, "
	  "used walker" },
	{ "pt-reclaim/khugepaged-retract.scn", "vulnerable",
	  "changed reclaim, queued reclaim, changed khugepaged, "
	  "queued khugepaged, grace rcu, freed rcu, grace rcu, used rcu" },
	{ "pt-reclaim/lock-inversion.scn", "vulnerable",
	  "held reclaim, held reclaim, held khugepaged, held khugepaged, "
	  "held khugepaged, waits reclaim, waits khugepaged" },
	{ "deadlock/shootdown-irqs-off.scn", "vulnerable",
	  "held flusher, reader spinner, waits flusher, waits spinner" },
	{ "deadlock/shootdown-irqs-off.scn", "fixed", "" },
	/* The D bit that hardware set meanwhile. */
	{ "dirty-bit/plain-update.scn", "vulnerable",
	  "dirtied writer, filled writer, stored writer, changed protect, "
	  "owed protect, flushed protect, changed kswapd, freed kswapd" },
	/* d77e59a8fccd: mapped before the other has cleared the tags. */
	{ "mte/tag-init.scn", "flag_first",
	  "changed setup, changed user, changed user, used user, stored late" },
	{ "mte/pte-before-tags.scn", "vulnerable",
	  "changed fault, used user, stored fault" },
	{ "mte/tag-init.scn", "fixed", "" },
};

static const struct scenario *find_scenario(const char *file)
{
	for (guint i = 0; i < scenarios->len; i++) {
		const struct scenario *s = g_ptr_array_index(scenarios, i);

		if (g_str_has_suffix(s->source.file, file))
			return s;
	}
	ck_abort_msg("no %s", file);
	return NULL;
}

static const struct ast_variant *variant_of(const struct scenario *s,
                                            const char *name)
{
	const struct ast_variant *v = s->variants;

	while (v && strcmp(v->name, name) != 0)
		v = v->next;
	ck_assert_ptr_nonnull(v);
	return v;
}

START_TEST(a_documented_race_is_told_as_documented)
{
	const struct scenario *s = find_scenario(stories[_i].file);
	GString *story = g_string_new(NULL);
	struct told t;

	tell(&t, s, variant_of(s, stories[_i].variant));
	for (unsigned i = 0; t.hazard && i < t.links->len; i++) {
		const struct why_link *l =
			&g_array_index(t.links, struct why_link, i);

		g_string_append_printf(story, "%s%s %s", i ? ", " : "",
		                       why_kind_name(l->kind), l->who);
	}
	ck_assert_str_eq(story->str, stories[_i].story);
	g_string_free(story, TRUE);
	clear(&t);
}
END_TEST

int main(void)
{
	char *paths[] = { (char *)(uintptr_t) "scenarios", NULL };
	Suite *suite = suite_create("viz/why");
	TCase *tcase = tcase_create("catalogue");
	SRunner *runner;
	int failed;

	scenarios = load_scenarios(paths);
	if (!scenarios)
		return EXIT_FAILURE;
	tcase_add_loop_test(tcase,
	                    every_link_is_what_that_agent_did_at_that_step, 0,
	                    (int)scenarios->len);
	tcase_add_loop_test(tcase, a_documented_race_is_told_as_documented, 0,
	                    (int)G_N_ELEMENTS(stories));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	g_ptr_array_unref(scenarios);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
