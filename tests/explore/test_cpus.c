/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks on CPUs: interrupts, grace periods, sleeping and context switches let
 * agents move, or keep them from it, in ways that steps do not announce.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <check.h>
#include <glib.h>

#include "base/once.h"
#include "base/rcu.h"
#include "base/rng.h"
#include "base/spinlock.h"
#include "explore/explorer.h"
#include "tests/explore/naive.h"

#ifndef NAIVE_LIMIT
#	define NAIVE_LIMIT 10000
#endif
#define BOUNDED_LIMIT 3000
#define NR_RANDOM     1000
#define TASKS_MAX     3
#define OPS_MAX       3

enum op {
	OP_READ,
	OP_WRITE,
	OP_IPI, /* the others increment the word */
	OP_IPI_WAIT,
	OP_IRQ_OFF,    /* read twice with interrupts off */
	OP_RCU_READ,   /* read twice in a section */
	OP_CALL_RCU,   /* increment the word after a grace period */
	OP_SPIN,       /* increment under a spinlock */
	OP_SLEEP,      /* increment under an rwsem */
	OP_SLEEP_READ, /* read twice under it */
	OP_COUNT_UP,   /* add to the word, which commutes */
	OP_YIELD,
	OP_COUNT,
	/* What interrupts leave alone, and what only they exclude. */
	OP_READ_OTHER = OP_COUNT,
	OP_WRITE_OTHER,
	OP_IRQ_OFF_OTHER, /* read the other word twice, likewise */
	OP_LOCAL,         /* change the CPU's own data, no step of its own */
	OP_INSN,          /* an instruction: read both words */
	OP_READ_ENTRY,    /* which walkers change */
	OP_WRITE_ENTRY,
	OP_BRANCH, /* depending on the entry, write the word */
	OP_ALL
};

struct text {
	unsigned nr_tasks;
	bool walker;
	unsigned cpu[TASKS_MAX], nr_ops[TASKS_MAX];
	enum op ops[TASKS_MAX][OPS_MAX];
};

struct shared {
	uint64_t word;
	uint64_t pad[7];
	uint64_t other;
	uint64_t pad2[7];
	uint64_t entry;
	uint64_t local[2]; /* of each CPU, its interrupts change it as well */
	spinlock_t lock;
	struct rw_semaphore sem;
	struct rcu_head heads[TASKS_MAX][OPS_MAX];
	unsigned nr_heads[TASKS_MAX];
	uint64_t regs[TASKS_MAX];
};

static struct machine *m;
static struct shared *sh;
static struct text text;
static uint64_t seed = 1996;
static bool hasty;

static void setup(void)
{
	struct machine_config config = { .nr_cpus = 2,
		                         .memory_bytes = 1 << 20 };

	m = machine_new(&config);
}

static void teardown(void)
{
	machine_free(m);
}

/* ---- the tasks ---- */

/* Walkers touch nothing but memory of this kind, and TLBs. */
static uint64_t *at_entry(enum step_kind kind, const char *label)
{
	step(kind, phys_obj(0x1000), 8, label, 0);
	return &sh->entry;
}

static void increment(void)
{
	WRITE_ONCE(sh->word, READ_ONCE(sh->word) + 1);
}

static void in_interrupt(void *info)
{
	uint64_t *local = &sh->local[smp_processor_id()];

	(void)info;
	*local = *local * 3 + 1;
	increment();
}

static void after_grace_period(struct rcu_head *head)
{
	(void)head;
	WRITE_ONCE(sh->word, 100);
}

static void read_twice(uint64_t *reg)
{
	*reg = *reg * 10 + READ_ONCE(sh->word);
	*reg = *reg * 10 + READ_ONCE(sh->word);
}

static void run_section(enum op op, uint64_t *reg)
{
	switch ((int)op) {
	case OP_IRQ_OFF:
		local_irq_disable();
		read_twice(reg);
		local_irq_enable();
		break;
	case OP_RCU_READ:
		rcu_read_lock();
		read_twice(reg);
		rcu_read_unlock();
		break;
	case OP_SPIN:
		spin_lock(&sh->lock);
		increment();
		spin_unlock(&sh->lock);
		break;
	case OP_SLEEP_READ:
		down_read(&sh->sem);
		read_twice(reg);
		up_read(&sh->sem);
		break;
	case OP_SLEEP:
		down_write(&sh->sem);
		increment();
		up_write(&sh->sem);
		break;
	case OP_IRQ_OFF_OTHER:
		local_irq_disable();
		*reg = *reg * 10 + READ_ONCE(sh->other);
		*reg = *reg * 10 + READ_ONCE(sh->other);
		local_irq_enable();
		break;
	default:
		break;
	}
}

static void run_at_entry(enum op op, unsigned task, uint64_t *reg)
{
	if (op == OP_WRITE_ENTRY)
		*at_entry(STEP_WRITE, "set pte") = 2 + task;
	else if (op == OP_READ_ENTRY)
		*reg = *reg * 10 + *at_entry(STEP_READ, "get pte");
	else if (*at_entry(STEP_READ, "get pte") % 2)
		WRITE_ONCE(sh->word, 7);
}

/* What interrupts of this CPU cannot come into. */
static void run_excluding(enum op op, uint64_t *reg)
{
	struct cpu *cpu = this_cpu();

	if (op == OP_LOCAL) {
		local_irq_disable();
		sh->local[cpu->id] = sh->local[cpu->id] * 5 + 2;
		local_irq_enable();
		return;
	}
	*reg = *reg * 10 + READ_ONCE(sh->other);
	cpu_begin_insn(cpu);
	*reg = *reg * 10 + READ_ONCE(sh->word);
	cpu_end_insn(cpu);
}

static void run_op(enum op op, unsigned task)
{
	switch ((int)op) {
	case OP_READ:
		sh->regs[task] = sh->regs[task] * 10 + READ_ONCE(sh->word);
		break;
	case OP_WRITE:
		WRITE_ONCE(sh->word, 5 + task);
		break;
	case OP_IPI:
	case OP_IPI_WAIT:
		smp_call_function_many(3, in_interrupt, NULL,
		                       op == OP_IPI_WAIT);
		break;
	case OP_CALL_RCU:
		call_rcu(&sh->heads[task][sh->nr_heads[task]++],
		         after_grace_period);
		break;
	case OP_READ_OTHER:
		sh->regs[task] = sh->regs[task] * 10 + READ_ONCE(sh->other);
		break;
	case OP_WRITE_OTHER:
		WRITE_ONCE(sh->other, 5 + task);
		break;
	case OP_LOCAL:
	case OP_INSN:
		run_excluding(op, &sh->regs[task]);
		break;
	case OP_READ_ENTRY:
	case OP_WRITE_ENTRY:
	case OP_BRANCH:
		run_at_entry(op, task, &sh->regs[task]);
		break;
	case OP_COUNT_UP:
		ADD_ONCE_AT(sh->word, 1, "count", 0);
		break;
	case OP_YIELD:
		schedule();
		break;
	default:
		run_section(op, &sh->regs[task]);
		break;
	}
}

static void task_body(struct task *t)
{
	unsigned task = (unsigned)(uintptr_t)t->user_data;

	for (unsigned i = 0; i < text.nr_ops[task]; i++)
		run_op(text.ops[task][i], task);
}

static void nothing(struct task *t)
{
	(void)t;
}

/* Once per run, and for free. */
static void walk(void *arg)
{
	struct step stop = { .kind = STEP_WAIT, .label = "walker idle" };
	struct gate *never = kzalloc(m, sizeof(*never), "gate");
	uint64_t entry;

	(void)arg;
	step(STEP_LOCAL, mem_obj(m, sh), 0, "walker wakes", 0);
	m->nr_spontaneous++;
	entry = *at_entry(STEP_READ, "walk pte");
	*at_entry(STEP_RMW, "walk set accessed") += 1 + entry % 2;
	gate_step(never, 0, &stop);
}

static void add_tasks(void)
{
	static const char *const names[] = { "a", "b", "c" };

	for (unsigned i = 0; i < text.nr_tasks; i++) {
		struct task *t = task_new(m, &m->cpus[text.cpu[i]], AGENT_TASK,
		                          names[i], task_body);

		t->user_data = (void *)(uintptr_t)i;
	}
	if (text.walker)
		agent_new(m, AGENT_WALKER, &m->cpus[1], "walker", walk, NULL);
}

static void start(void *data)
{
	struct policy *timed = policy_timed_new();

	(void)data;
	machine_reset(m);
	hasty = false;
	/* The machine's own agents come to rest. */
	task_new(m, &m->cpus[0], AGENT_TASK, "first", nothing);
	task_new(m, &m->cpus[1], AGENT_TASK, "second", nothing);
	m->policy = timed;
	machine_run(m);
	policy_free(timed);
	sh = kzalloc(m, sizeof(*sh), "shared");
	spin_lock_init(&sh->lock, LOCK_TEST_A);
	init_rwsem(&sh->sem, LOCK_MMAP);
	add_tasks();
}

/* ---- what came of it ---- */

static char *state_text(enum run_end end)
{
	return g_strdup_printf("%d %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
	                       " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
	                       " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
	                       " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
	                       end, sh->word, sh->other, sh->entry,
	                       sh->local[0], sh->local[1], sh->regs[0],
	                       sh->regs[1], sh->regs[2]);
}

/*
 * Once all tasks are done the last one must not leave its CPU before everybody
 * else got as far as he can: the explorer makes such runs only.
 */
static void watch(struct machine *machine, const struct agent *a)
{
	const struct task *t = a->arg;
	unsigned left = 0;

	for (unsigned i = 0; i < machine->nr_agents; i++)
		left += !machine->agents[i]->done &&
		        machine->agents[i]->kind == AGENT_TASK;
	if (left == 1 && a->kind == AGENT_TASK && t->state == TASK_DEAD &&
	    enabled_agents(&machine->sched) != a->bit)
		hasty = true;
}

static void watch_policy(struct policy *p, struct machine *machine,
                         const struct agent *a)
{
	(void)p;
	watch(machine, a);
}

static void note(void *data, enum run_end end)
{
	if (!hasty)
		g_hash_table_add(data, state_text(end));
}

static struct explorer_stats explore(GHashTable *states,
                                     const struct explorer_options *options)
{
	struct explorer *x = explorer_new(options);
	struct explorer_stats stats;
	struct policy *p;

	while ((p = explorer_next(x))) {
		enum run_end end;

		start(NULL);
		m->policy = p;
		p->begin(p, m);
		end = machine_run(m);
		if (explorer_counts(x))
			note(states, end);
		explorer_done(x, false);
	}
	stats = *explorer_stats(x);
	explorer_free(x);
	return stats;
}

static void print_text(void)
{
	static const char *const names[] = {
		"read",       "write",       "ipi",           "ipi_wait",
		"irq_off",    "rcu_read",    "call_rcu",      "spin",
		"sleep",      "sleep_read",  "count",         "yield",
		"read_other", "write_other", "irq_off_other", "local",
		"insn",       "read_entry",  "write_entry",   "branch",
	};

	if (text.walker)
		fprintf(stderr, "walker\n");
	for (unsigned i = 0; i < text.nr_tasks; i++) {
		fprintf(stderr, "cpu %u:", text.cpu[i]);
		for (unsigned j = 0; j < text.nr_ops[i]; j++)
			fprintf(stderr, " %s", names[text.ops[i][j]]);
		fprintf(stderr, "\n");
	}
}

static void require_all(unsigned number, GHashTable *all, GHashTable *found,
                        const char *what)
{
	GHashTableIter i;
	gpointer key;

	g_hash_table_iter_init(&i, all);
	while (g_hash_table_iter_next(&i, &key, NULL)) {
		if (g_hash_table_contains(found, key))
			continue;
		print_text();
		ck_abort_msg("seed %llu, program %u: %s: %s",
		             (unsigned long long)seed, number, what,
		             (char *)key);
	}
}

/* An interrupt and what it may or may not come between. */
static enum op any_op(struct rng *rng)
{
	if (rng_below(rng, 3) == 0)
		return rng_below(rng, 2) ? OP_IPI : OP_IPI_WAIT;
	return (enum op)rng_below(rng, OP_ALL);
}

static void generate(struct rng *rng, bool walkers, bool interrupts)
{
	text.nr_tasks = 2 + (rng_below(rng, 4) == 0);
	text.walker = walkers && rng_below(rng, 2) == 0;
	for (unsigned i = 0; i < text.nr_tasks; i++) {
		text.cpu[i] = i < 2 ? i : (unsigned)rng_below(rng, 2);
		text.nr_ops[i] = 1 + (unsigned)rng_below(rng, 2);
		for (unsigned j = 0; j < text.nr_ops[i]; j++)
			text.ops[i][j] =
				interrupts ? any_op(rng)
					   : (enum op)rng_below(rng, OP_COUNT);
	}
}

/* What random schedules come to. */
static void try_at_random(GHashTable *states)
{
	struct policy *p = policy_random_new(seed);

	p->stepped = watch_policy;
	for (unsigned i = 0; i < NR_RANDOM; i++) {
		start(NULL);
		m->policy = p;
		p->begin(p, m);
		note(states, machine_run(m));
	}
	policy_free(p);
}

/* Returns whether every run could be made; the explorer's in *@stats. */
static bool compare(unsigned number, struct explorer_stats *stats)
{
	GHashTable *all =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTable *found =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct explorer_options options = { .max_executions = 50000 };
	const struct enumeration e = { .machine = m,
		                       .start = start,
		                       .note = note,
		                       .data = all,
		                       .stepped = watch,
		                       .bound = UINT_MAX,
		                       .limit = NAIVE_LIMIT };
	bool whole = enumerate_runs(&e);

	try_at_random(all);
	*stats = explore(found, &options);
	if (stats->exhausted)
		require_all(number, all, found, "missed");
	if (stats->exhausted && whole)
		/* NOLINTNEXTLINE(readability-suspicious-call-argument) */
		require_all(number, found, all, "impossible");
	g_hash_table_unref(all);
	g_hash_table_unref(found);
	return whole;
}

START_TEST(what_tasks_on_cpus_can_do_is_found)
{
	struct rng rng = { .state = seed };
	unsigned whole = 0, exhausted = 0, nr = 25;
	uint64_t executions = 0, given_up = 0;

	if (getenv("NR"))
		nr = (unsigned)g_ascii_strtoull(getenv("NR"), NULL, 10);
	for (unsigned i = 0; i < nr; i++) {
		struct explorer_stats stats;

		generate(&rng, false, _i);
		if (getenv("VERBOSE"))
			print_text();
		whole += compare(i, &stats);
		exhausted += stats.exhausted;
		executions += stats.executions;
		given_up += stats.blocked;
	}
	printf("seed %llu: %u programs, %u exhausted, %u of them in both ways; "
	       "%llu traces, %llu runs given up\n",
	       (unsigned long long)seed, nr, exhausted, whole,
	       (unsigned long long)executions, (unsigned long long)given_up);
}
END_TEST

/* ---- with a bound ---- */

/* Returns whether every run within the bound could be made. */
static bool compare_bounded(unsigned number, unsigned bound)
{
	GHashTable *all =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTable *found =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const struct explorer_options options = { .bounded = true,
		                                  .bound = bound };
	const struct enumeration e = { .machine = m,
		                       .start = start,
		                       .note = note,
		                       .data = all,
		                       .stepped = watch,
		                       .bound = bound,
		                       .limit = BOUNDED_LIMIT };
	struct explorer_stats stats = { .exhausted = false };
	bool whole = enumerate_runs(&e);

	if (whole) {
		stats = explore(found, &options);
		ck_assert(stats.exhausted);
		require_all(number, all, found, "missed within the bound");
	}
	g_hash_table_unref(all);
	g_hash_table_unref(found);
	return whole;
}

START_TEST(what_needs_few_preemptions_is_found_within_the_bound)
{
	struct rng rng = { .state = seed + 1 };
	unsigned whole = 0, nr = _i % 2 ? 16 : 60;

	if (getenv("NR"))
		nr = (unsigned)g_ascii_strtoull(getenv("NR"), NULL, 10);
	for (unsigned i = 0; i < nr; i++) {
		generate(&rng, true, _i >= 2);
		whole += compare_bounded(i, (unsigned)_i % 2);
	}
	printf("seed %llu, bound %d: %u of %u programs\n",
	       (unsigned long long)seed, _i % 2, whole, nr);
	ck_assert_uint_gt(whole, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("explore/cpus");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, what_tasks_on_cpus_can_do_is_found, 0, 2);
	tcase_add_loop_test(
		tc, what_needs_few_preemptions_is_found_within_the_bound, 0, 4);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
