/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/explore/programs.h"

#include <string.h>

struct prog_shared {
	uint64_t words[PROGRAM_WORDS];
	uint64_t pad[8];
	spinlock_t locks[PROGRAM_LOCKS];
	struct rw_semaphore sem;
	struct prog_agent {
		struct prog_run *run;
		unsigned number;
		uint64_t reg;
		unsigned held; /* bits of locks */
		bool has_sem, writes_sem;
	} agents[PROGRAM_AGENTS_MAX];
};

/* Check's own assertions are system calls, too slow in here. */
static void must(bool ok)
{
	if (!ok)
		ck_abort_msg("a run went wrong");
}

/* ---- making one ---- */

static struct prog_op random_op(struct rng *rng)
{
	struct prog_op op = { (enum prog_op_kind)rng_below(rng, PROG_OP_COUNT),
		              0, 0 };

	op.object = (unsigned)rng_below(rng, PROGRAM_WORDS);
	op.value = (unsigned)rng_below(rng, 3) + 1;
	if (op.kind >= PROG_LOCK && op.kind <= PROG_UNLOCK)
		op.object %= PROGRAM_LOCKS;
	if (op.kind == PROG_CHOOSE)
		op.value = 2 + op.value % 2;
	return op;
}

void program_generate(struct program_text *text, struct rng *rng)
{
	static const unsigned ops_max[] = { 0, 0, 6, 4, 3 };

	memset(text, 0, sizeof(*text));
	text->nr_agents = 2 + (unsigned)rng_below(rng, 3);
	for (unsigned i = 0; i < text->nr_agents; i++) {
		text->nr_ops[i] =
			1 + (unsigned)rng_below(rng, ops_max[text->nr_agents]);
		for (unsigned j = 0; j < text->nr_ops[i]; j++)
			text->ops[i][j] = random_op(rng);
	}
}

char *program_print(const struct program_text *text)
{
	static const char *const names[] = {
		"read",    "write",  "add",       "count",      "lock",
		"trylock", "unlock", "down_read", "down_write", "up",
		"choose",  "skip",   "assert",
	};
	GString *s = g_string_new(NULL);

	for (unsigned i = 0; i < text->nr_agents; i++) {
		g_string_append_printf(s, "%u:", i);
		for (unsigned j = 0; j < text->nr_ops[i]; j++)
			g_string_append_printf(
				s, " %s(%u,%u)", names[text->ops[i][j].kind],
				text->ops[i][j].object, text->ops[i][j].value);
		g_string_append_c(s, '\n');
	}
	return g_string_free(s, FALSE);
}

/* ---- running one ---- */

static void note(struct prog_agent *a, const struct prog_op *op,
                 unsigned choice)
{
	struct prog_run *run = a->run;

	must(run->nr_events < PROG_EVENTS_MAX);
	run->events[run->nr_events++] =
		(struct prog_event){ a->number, op->kind, op->object, choice };
}

static void run_lock(struct prog_agent *a, const struct prog_op *op)
{
	spinlock_t *lock = &a->run->shared->locks[op->object];
	unsigned bit = 1U << op->object;

	if (op->kind == PROG_TRYLOCK) {
		a->reg = spin_trylock(lock);
		a->held |= a->reg ? bit : 0;
		note(a, op, 0);
	} else if (op->kind == PROG_LOCK) {
		spin_lock_nested(lock);
		note(a, op, 0);
		a->held |= bit;
	} else if (a->held & bit) {
		spin_unlock(lock);
		note(a, op, 0);
		a->held &= ~bit;
	}
}

static void run_sem(struct prog_agent *a, const struct prog_op *op)
{
	struct rw_semaphore *sem = &a->run->shared->sem;
	struct prog_op noted = *op;

	if (op->kind == PROG_UP) {
		if (!a->has_sem)
			return;
		if (a->writes_sem)
			up_write(sem);
		else
			up_read(sem);
		a->has_sem = false;
	} else {
		a->writes_sem = op->kind == PROG_DOWN_WRITE;
		if (a->writes_sem)
			down_write(sem);
		else
			down_read(sem);
		a->has_sem = true;
	}
	noted.object = a->writes_sem;
	note(a, &noted, 0);
}

static void run_choose(struct prog_agent *a, const struct prog_op *op)
{
	uint64_t *word = &a->run->shared->words[op->object];
	unsigned pick;

	RMW_ONCE_AT(*word, old, "choose", 0);
	pick = choose(CHOICE_OTHER, op->value, OBJ_NONE, "choose");
	*word ^= UINT64_C(1) << pick;
	note(a, op, pick);
}

static void run_op(struct prog_agent *a, const struct prog_op *op)
{
	uint64_t *word = &a->run->shared->words[op->object];

	switch (op->kind) {
	case PROG_READ:
		a->reg = READ_ONCE(*word);
		note(a, op, 0);
		break;
	case PROG_WRITE:
		WRITE_ONCE(*word, op->value + a->reg);
		note(a, op, 0);
		break;
	case PROG_ADD:
		RMW_ONCE_AT(*word, old + op->value, "add", 0);
		note(a, op, 0);
		break;
	case PROG_COUNT:
		ADD_ONCE_AT(*word, op->value, "count", 0);
		note(a, op, 0);
		break;
	case PROG_LOCK:
	case PROG_TRYLOCK:
	case PROG_UNLOCK:
		run_lock(a, op);
		break;
	case PROG_DOWN_READ:
	case PROG_DOWN_WRITE:
	case PROG_UP:
		run_sem(a, op);
		break;
	case PROG_CHOOSE:
		run_choose(a, op);
		break;
	case PROG_ASSERT:
		if (a->reg != op->value || a->run->hazard)
			break;
		a->run->hazard = true;
		a->run->hazard_step =
			a->run->machine->sched.nr_steps - a->run->first_step;
		break;
	case PROG_SKIP:
	case PROG_OP_COUNT:
	default:
		break;
	}
}

static void agent_body(void *arg)
{
	struct prog_agent *a = arg;
	const struct program_text *text = &a->run->text;

	for (unsigned i = 0; i < text->nr_ops[a->number]; i++) {
		const struct prog_op *op = &text->ops[a->number][i];

		run_op(a, op);
		if (op->kind == PROG_SKIP && (a->reg & 1))
			i++;
	}
}

static void nothing(void *arg)
{
	(void)arg;
}

/* The machine's own agents come to rest, as they do in any long run. */
static void settle(struct machine *m)
{
	struct policy *timed = policy_timed_new();

	agent_new(m, AGENT_TASK, NULL, "first", nothing, NULL);
	m->policy = timed;
	must(machine_run(m) == RUN_DONE);
	m->policy = NULL;
	policy_free(timed);
}

void program_start(struct prog_run *run)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	struct machine *m = run->machine;
	struct prog_shared *s;

	machine_reset(m);
	settle(m);
	run->first_step = m->sched.nr_steps;
	choice_log_clear(m->log);
	s = kzalloc(m, sizeof(*s), "shared");
	run->shared = s;
	run->nr_events = 0;
	run->hazard = false;
	run->hazard_step = 0;
	spin_lock_init(&s->locks[0], LOCK_TEST_A);
	spin_lock_init(&s->locks[1], LOCK_TEST_A);
	init_rwsem(&s->sem, LOCK_MMAP);
	for (unsigned i = 0; i < run->text.nr_agents; i++) {
		s->agents[i].run = run;
		s->agents[i].number = i;
		agent_new(m, AGENT_TASK, NULL, names[i], agent_body,
		          &s->agents[i]);
	}
}

/* ---- what it came to ---- */

char *program_state(const struct prog_run *run, enum run_end end)
{
	const struct prog_shared *s = run->shared;
	GString *text = g_string_new(end == RUN_DONE ? "done" : "stuck");

	for (unsigned i = 0; i < PROGRAM_WORDS; i++)
		g_string_append_printf(text, " %" G_GUINT64_FORMAT,
		                       s->words[i]);
	for (unsigned i = 0; i < run->text.nr_agents; i++)
		g_string_append_printf(text, " %" G_GUINT64_FORMAT "/%u%d",
		                       s->agents[i].reg, s->agents[i].held,
		                       s->agents[i].has_sem);
	if (run->hazard)
		g_string_append(text, " hazard");
	return g_string_free(text, FALSE);
}

static bool is_word(enum prog_op_kind kind)
{
	return kind <= PROG_COUNT || kind == PROG_CHOOSE;
}

static bool is_lock(enum prog_op_kind kind)
{
	return kind >= PROG_LOCK && kind <= PROG_UNLOCK;
}

/* By the text alone: does the order of the two matter? */
static bool depend(const struct prog_event *a, const struct prog_event *b)
{
	if (a->agent == b->agent)
		return true;
	if (a->kind == PROG_COUNT && b->kind == PROG_COUNT)
		return false;
	if (is_word(a->kind) && is_word(b->kind))
		return a->object == b->object &&
		       (a->kind != PROG_READ || b->kind != PROG_READ);
	if (is_lock(a->kind) && is_lock(b->kind))
		return a->object == b->object;
	/* Of the rwsem; it does not matter which of two readers comes first, or
	 * goes first. */
	return !is_word(a->kind) && !is_word(b->kind) && !is_lock(a->kind) &&
	       !is_lock(b->kind) &&
	       (a->object || b->object || a->kind != b->kind);
}

/*
 * The trace a run belongs to: its events, always in the same one of the orders
 * that keep dependent events as they were.
 */
static char *signature(const struct prog_run *run)
{
	GString *text = g_string_new(NULL);
	bool used[PROG_EVENTS_MAX] = { false };

	for (unsigned n = 0; n < run->nr_events; n++) {
		unsigned best = PROG_EVENTS_MAX;

		for (unsigned i = 0; i < run->nr_events; i++) {
			bool first = !used[i];

			for (unsigned j = 0; j < i && first; j++)
				first = used[j] || !depend(&run->events[j],
				                           &run->events[i]);
			if (first &&
			    (best == PROG_EVENTS_MAX ||
			     run->events[i].agent < run->events[best].agent))
				best = i;
		}
		used[best] = true;
		g_string_append_printf(text, "%u.%u ", run->events[best].agent,
		                       run->events[best].choice);
	}
	return g_string_free(text, FALSE);
}

static void count(GHashTable *table, char *key)
{
	unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(table, key));

	g_hash_table_replace(table, key, GUINT_TO_POINTER(n + 1));
}

void program_note(struct prog_run *run, enum run_end end,
                  struct prog_outcomes *out)
{
	out->executions++;
	count(out->states, program_state(run, end));
	count(out->traces, signature(run));
}

void prog_outcomes_init(struct prog_outcomes *o)
{
	o->states =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	o->traces =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	o->executions = 0;
}

void prog_outcomes_clear(struct prog_outcomes *o)
{
	g_hash_table_unref(o->states);
	g_hash_table_unref(o->traces);
}

bool prog_has_keys(GHashTable *all, GHashTable *part)
{
	GHashTableIter i;
	gpointer key;

	g_hash_table_iter_init(&i, part);
	while (g_hash_table_iter_next(&i, &key, NULL)) {
		if (!g_hash_table_contains(all, key))
			return false;
	}
	return true;
}

bool prog_same_keys(GHashTable *a, GHashTable *b)
{
	return prog_has_keys(a, b) && prog_has_keys(b, a);
}

/* ---- every run ---- */

struct noting {
	struct prog_run *run;
	struct prog_outcomes *out;
};

static void start_noted(void *data)
{
	program_start(((struct noting *)data)->run);
}

static void note_outcome(void *data, enum run_end end)
{
	struct noting *n = data;

	program_note(n->run, end, n->out);
}

bool program_enumerate(struct prog_run *run, unsigned bound, unsigned limit,
                       struct prog_outcomes *out)
{
	struct noting noting = { run, out };
	const struct enumeration e = { .machine = run->machine,
		                       .start = start_noted,
		                       .note = note_outcome,
		                       .data = &noting,
		                       .bound = bound,
		                       .limit = limit };

	return enumerate_runs(&e);
}
