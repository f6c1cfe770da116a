// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The session is the run's policy.  It is asked before every step; it answers
 * from what is known, from what the caller said or from another policy, or
 * pauses the run.  A pause between two steps always is before the first
 * question that is asked there.
 */
#include "stepper/session.h"

#include "base/bug.h"
#include "scenario/verdict.h"
#include "viz/report.h"
#include "viz/why.h"

#define POLL_MASK 1023

struct session {
	struct policy policy; /* must be first */
	struct observer observer;
	struct runner *runner;
	struct recorder *recorder;
	struct policy *timed;
	bool (*poll)(void *data);
	void *poll_data;

	/* What is known of the run, behind and ahead. */
	GArray *choices;  /* struct choice_entry */
	GArray *steps;    /* struct session_step */
	GPtrArray *names; /* of agents, by id */
	bool complete;    /* known to its end; then: */
	struct run_result result;
	char *verdict, *log_text, *texts[TEXT_COUNT];

	/* The machine's state. */
	unsigned taken; /* choices made */
	bool ended, choice_is_open;
	struct choice open;

	/* The current move. */
	struct policy *then; /* decides where nothing is known; or `timed` */
	char *policy_error;
	const struct session_move *move; /* NULL: replaying what is known */
	bool to_the_end;                 /* replaying, and on by `timed` */
	uint64_t goal; /* replaying: pause when so many steps are made */
	uint64_t left; /* moving: steps that may still be made */
	uint64_t began_at;
	unsigned began_hazards;
	enum session_stop stop;
	struct breakpoint_list breakpoints;
	const struct breakpoint *hit;
	int answer; /* to the open choice; -1: none yet */
	int held;   /* what `then` said before a breakpoint; -1: nothing */
	unsigned nr_polls;
};

static struct session *to_session(struct policy *p)
{
	return (struct session *)(void *)p;
}

static unsigned pause_because(struct session *s, enum session_stop why)
{
	s->stop = why;
	return POLICY_LATER;
}

/* ---- what is known ---- */

static void forget_end(struct session *s)
{
	s->complete = false;
	s->result = (struct run_result){ 0 };
	g_clear_pointer(&s->verdict, g_free);
	for (int i = 0; i < TEXT_COUNT; i++)
		g_clear_pointer(&s->texts[i], g_free);
	g_clear_pointer(&s->log_text, g_free);
}

void session_forget(struct session *s)
{
	bool ahead =
		s->taken < s->choices->len || session_at(s) < session_last(s);

	if (!ahead)
		return;
	g_array_set_size(s->choices, s->taken);
	g_array_set_size(s->steps, (guint)(session_at(s) - session_first(s)));
	forget_end(s);
}

/* The answer that is known for @c; -1: none is. */
static int known_answer(const struct session *s, const struct choice *c)
{
	const struct choice_entry *e;

	if (s->taken == s->choices->len)
		return -1;
	e = &g_array_index(s->choices, struct choice_entry, s->taken);
	BUG_ON(e->kind != c->kind || e->n != c->n);
	return e->pick;
}

/* The answer is given: remember it; another than the known one forgets what
 * would have come. */
static unsigned take(struct session *s, const struct choice *c, unsigned pick)
{
	struct choice_entry e = { (uint8_t)c->kind, (uint8_t)c->n,
		                  (uint8_t)pick };

	s->held = -1;
	if (c->n == 1)
		return pick;
	if (known_answer(s, c) != (int)pick) {
		session_forget(s);
		g_array_append_val(s->choices, e);
	}
	s->taken++;
	return pick;
}

/* ---- being asked ---- */

static void keep_policy_error(struct session *s, const struct policy *policy)
{
	g_autoptr(GError) error = NULL;

	runner_policy_error(s->runner, policy, &error);
	g_free(s->policy_error);
	s->policy_error = g_strdup(error->message);
}

static bool ask_policy(struct session *s, const struct choice *c,
                       unsigned *pick)
{
	struct policy *then = s->to_the_end ? s->timed : s->then;

	*pick = then->pick(then, session_machine(s), c);
	if (!then->error)
		return true;
	keep_policy_error(s, then);
	return false;
}

static unsigned answer_hardware(struct session *s, const struct choice *c)
{
	int known = known_answer(s, c);
	unsigned pick;

	if (known < 0)
		known = s->answer;
	s->answer = -1;
	if (known >= 0)
		return take(s, c, (unsigned)known);
	if (s->to_the_end || (s->move && !s->move->ask)) {
		if (!ask_policy(s, c, &pick))
			return pause_because(s, STOP_POLICY);
		return take(s, c, pick);
	}
	s->choice_is_open = true;
	s->open = *c;
	return pause_because(s, STOP_CHOICE);
}

/* Is the move over before anybody is asked who goes on? */
static bool move_is_over(struct session *s)
{
	unsigned n;

	if (s->move) {
		runner_hazards(s->runner, &n);
		if (n > s->began_hazards) {
			pause_because(s, STOP_HAZARD);
			return true;
		}
		if (s->hit) {
			pause_because(s, STOP_BREAKPOINT);
			return true;
		}
	}
	if (s->move ? !s->left : session_at(s) >= s->goal) {
		pause_because(s, STOP_DONE);
		return true;
	}
	if (s->move && s->poll && !(s->nr_polls++ & POLL_MASK) &&
	    s->poll(s->poll_data)) {
		pause_because(s, STOP_INTERRUPT);
		return true;
	}
	return false;
}

static bool stops_before(struct session *s, const struct agent *a)
{
	const struct breakpoint *until = s->move ? s->move->until : NULL;
	const GPtrArray *all = s->breakpoints.all;

	if (!s->move || session_at(s) == s->began_at)
		return false;
	if (until && breakpoint_before(until, a))
		s->hit = until;
	for (guint i = 0; i < all->len && !s->hit; i++)
		if (breakpoint_before(all->pdata[i], a))
			s->hit = all->pdata[i];
	return s->hit;
}

static unsigned index_of(uint64_t mask, uint64_t bit)
{
	return (unsigned)__builtin_popcountll(mask & (bit - 1));
}

static unsigned nth_agent(uint64_t mask, unsigned i)
{
	while (i--)
		mask &= mask - 1;
	return (unsigned)__builtin_ctzll(mask);
}

/* The one agent that is to move; before it the idle task that has its CPU,
 * which has nothing else to do than to give way. */
static unsigned pick_only(struct session *s, const struct choice *c)
{
	const struct agent *a = session_machine(s)->agents[s->move->agent];
	const struct task *idle = a->cpu ? a->cpu->idle : NULL;

	if (c->agents & a->bit)
		return index_of(c->agents, a->bit);
	if (idle && !a->done && (c->agents & idle->agent->bit))
		return index_of(c->agents, idle->agent->bit);
	return pause_because(s, a->done ? STOP_GONE : STOP_BLOCKED);
}

static unsigned pick_next(struct session *s, const struct choice *c)
{
	int known = c->n == 1 ? 0 : known_answer(s, c);
	unsigned pick;

	if (known < 0)
		known = s->held;
	if (known >= 0)
		return (unsigned)known;
	BUG_ON(!s->move && !s->to_the_end);
	if (!ask_policy(s, c, &pick))
		return pause_because(s, STOP_POLICY);
	return pick;
}

static unsigned session_pick(struct policy *p, struct machine *m,
                             const struct choice *c)
{
	struct session *s = to_session(p);
	unsigned pick;

	if (c->kind != CHOICE_AGENT)
		return answer_hardware(s, c);
	if (move_is_over(s))
		return POLICY_LATER;
	pick = s->move && s->move->agent >= 0 ? pick_only(s, c)
	                                      : pick_next(s, c);
	if (pick == POLICY_LATER)
		return pick;
	if (stops_before(s, m->agents[nth_agent(c->agents, pick)])) {
		s->held = s->move->agent < 0 ? (int)pick : -1;
		return pause_because(s, STOP_BREAKPOINT);
	}
	return take(s, c, pick);
}

static void note_step(struct session *s, const struct agent *a)
{
	const struct session_step st = {
		.label = a->next.label,
		.addr = a->next.addr,
		.object = a->next.object,
		.size = a->next.size,
		.kind = (uint8_t)a->next.kind,
		.agent = (uint8_t)a->id,
		.cpu = (int8_t)(a->cpu ? (int)a->cpu->id : -1),
	};

	if (session_at(s) > session_last(s))
		g_array_append_val(s->steps, st);
	while (s->names->len <= a->id)
		g_ptr_array_add(s->names, NULL);
	if (!s->names->pdata[a->id])
		s->names->pdata[a->id] = g_strdup(a->name);
}

static void session_stepped(struct policy *p, struct machine *m,
                            const struct agent *a)
{
	struct session *s = to_session(p);
	note_step(s, a);
	if (s->move && (s->move->agent < 0 || s->move->agent == (int)a->id))
		s->left--;
	if (s->move && s->then->stepped)
		s->then->stepped(s->then, m, a);
}

static void session_event(struct observer *o, struct machine *m,
                          const struct event *ev)
{
	struct session *s = container_of(o, struct session, observer);
	const GPtrArray *all = s->breakpoints.all;

	if (!s->move || s->hit)
		return;
	if (s->move->until && breakpoint_after(s->move->until, m, ev))
		s->hit = s->move->until;
	for (guint i = 0; i < all->len && !s->hit; i++)
		if (breakpoint_after(all->pdata[i], m, ev))
			s->hit = all->pdata[i];
}

/* ---- running ---- */

static bool begin(struct session *s, GError **error)
{
	s->taken = 0;
	s->ended = false;
	s->choice_is_open = false;
	s->held = -1;
	s->answer = -1;
	return runner_begin(s->runner, &s->policy, error);
}

/* From the start to @goal by what is known. */
static void run_again(struct session *s, uint64_t goal)
{
	if (!begin(s, NULL))
		BUG(); /* it was possible before */
	s->move = NULL;
	s->goal = goal;
	s->ended = runner_go(s->runner) != RUN_PAUSED;
}

static void tell_why(const struct session *s, const struct hazard *hazards,
                     unsigned n, GString *out)
{
	for (unsigned i = 0; i < n; i++) {
		g_autoptr(GArray) links =
			viz_why(s->recorder, &hazards[i], session_machine(s));

		g_string_append_printf(out, "hazard %s: %s\n",
		                       hazards[i].oracle, hazards[i].text);
		viz_why_text(out, links);
	}
}

/* Of a machine that is in the state the hazards were found in. */
static void tell(const struct session *s, enum session_text what,
                 const struct hazard *hazards, unsigned n, GString *out)
{
	const struct machine *m = session_machine(s);

	if (what == TEXT_REPORT || !n)
		viz_report(out, s->recorder, hazards, n, m);
	else if (what == TEXT_COLUMNS)
		viz_columns(out, s->recorder, viz_hazard_to_tell(hazards, n),
		            m);
	else
		tell_why(s, hazards, n, out);
}

/* The run has ended: keep what there is to say about it. */
static void keep_end(struct session *s)
{
	struct run_result *run = &s->result;

	if (!runner_end(s->runner, run, NULL))
		BUG(); /* this policy has no errors */
	s->complete = true;
	s->verdict = judge_run(s->runner, run, true);
	for (int i = 0; i < TEXT_COUNT; i++) {
		GString *text = g_string_new(NULL);

		tell(s, (enum session_text)i, run->hazards, run->nr_hazards,
		     text);
		s->texts[i] = g_string_free(text, FALSE);
	}
	s->log_text = choice_log_format(runner_log(s->runner));
	run->hazards = NULL;
	run->threads = NULL;
}

static void finish_policy(struct session *s)
{
	struct machine *m = session_machine(s);

	if (!s->move || !s->then->finish || m->end != RUN_DONE)
		return;
	s->then->finish(s->then, m);
	if (s->then->error)
		keep_policy_error(s, s->then);
}

static enum session_stop go_on(struct session *s)
{
	if (runner_go(s->runner) == RUN_PAUSED)
		return s->stop;
	s->ended = true;
	if (s->complete)
		return STOP_END;
	finish_policy(s);
	/* The end takes the processes away: bring them back to look at. */
	keep_end(s);
	run_again(s, UINT64_MAX);
	return STOP_END;
}

enum session_stop session_go(struct session *s, const struct session_move *move)
{
	enum session_stop stop;

	BUG_ON(s->choice_is_open);
	BUG_ON(s->ended);
	g_clear_pointer(&s->policy_error, g_free);
	s->hit = NULL;
	s->move = move;
	s->began_at = session_at(s);
	s->left = move->steps ? move->steps : UINT64_MAX;
	runner_hazards(s->runner, &s->began_hazards);
	stop = go_on(s);
	s->move = NULL;
	/* It is the caller's, and may be gone when somebody asks. */
	if (s->hit == move->until)
		s->hit = NULL;
	return stop;
}

enum session_stop session_choose(struct session *s, unsigned pick)
{
	const struct session_move rest = { .agent = -1, .ask = true };
	enum session_stop stop;

	BUG_ON(!s->choice_is_open);
	BUG_ON(pick >= s->open.n);
	g_clear_pointer(&s->policy_error, g_free);
	s->choice_is_open = false;
	s->answer = (int)pick;
	s->hit = NULL;
	s->move = &rest;
	s->began_at = session_at(s);
	s->left = 0;
	runner_hazards(s->runner, &s->began_hazards);
	stop = go_on(s);
	s->move = NULL;
	return stop;
}

void session_goto(struct session *s, uint64_t step)
{
	BUG_ON(step < session_first(s));
	BUG_ON(step > session_last(s));
	if (s->then != s->timed) {
		policy_free(s->then);
		s->then = s->timed;
	}
	if (step < session_at(s) || s->ended || s->choice_is_open) {
		run_again(s, step);
		return;
	}
	s->held = -1;
	s->goal = step;
	s->ended = runner_go(s->runner) != RUN_PAUSED;
}

char *session_save(struct session *s, uint64_t *steps, GError **error)
{
	uint64_t at = session_at(s);
	guint nr_choices = s->choices->len, nr_steps = s->steps->len;
	bool known = s->complete;
	int held = s->held;
	char *text;

	if (!known) {
		s->to_the_end = true;
		run_again(s, UINT64_MAX);
		s->to_the_end = false;
		keep_end(s);
	}
	text = g_strdup(s->log_text);
	*steps = s->result.steps;
	if (s->result.end == RUN_STEP_CAP) {
		g_clear_pointer(&text, g_free);
		g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_RULE,
		            "the run does not end within %" G_GUINT64_FORMAT
		            " steps",
		            *steps);
	}
	if (!known) {
		forget_end(s);
		g_array_set_size(s->choices, nr_choices);
		g_array_set_size(s->steps, nr_steps);
		run_again(s, at);
		s->held = held;
	}
	return text;
}

void session_set_policy(struct session *s, struct policy *policy)
{
	session_forget(s);
	if (s->then != s->timed)
		policy_free(s->then);
	s->then = policy;
	s->held = -1;
	if (policy->begin)
		policy->begin(policy, session_machine(s));
}

/* ---- where it is ---- */

struct runner *session_runner(const struct session *s)
{
	return s->runner;
}

struct machine *session_machine(const struct session *s)
{
	return runner_machine(s->runner);
}

const struct recorder *session_recorder(const struct session *s)
{
	return s->recorder;
}

uint64_t session_first(const struct session *s)
{
	return runner_first_step(s->runner);
}

uint64_t session_at(const struct session *s)
{
	return session_machine(s)->sched.nr_steps;
}

uint64_t session_last(const struct session *s)
{
	return session_first(s) + s->steps->len;
}

const struct session_step *session_step(const struct session *s, uint64_t step)
{
	BUG_ON(step <= session_first(s));
	BUG_ON(step > session_last(s));
	return &g_array_index(s->steps, struct session_step,
	                      step - session_first(s) - 1);
}

const char *session_agent_name(const struct session *s, unsigned id)
{
	const struct machine *m = session_machine(s);

	if (id < s->names->len && s->names->pdata[id])
		return s->names->pdata[id];
	return id < m->nr_agents ? m->agents[id]->name : "?";
}

bool session_ended(const struct session *s)
{
	return s->ended;
}

const struct choice *session_open_choice(const struct session *s)
{
	return s->choice_is_open ? &s->open : NULL;
}

struct agent *session_next(struct session *s)
{
	struct machine *m = session_machine(s);
	struct choice c = { .kind = CHOICE_AGENT,
		            .agents = enabled_agents(&m->sched) };
	int pick = s->held;

	c.n = (unsigned)__builtin_popcountll(c.agents);
	if (s->ended || s->choice_is_open || !c.n)
		return NULL;
	if (c.n == 1)
		pick = 0;
	else if (s->taken < s->choices->len)
		pick = known_answer(s, &c);
	else if (pick < 0 && s->then == s->timed)
		pick = (int)s->timed->pick(s->timed, m, &c);
	return pick < 0 ? NULL : m->agents[nth_agent(c.agents, (unsigned)pick)];
}

const struct run_result *session_result(const struct session *s)
{
	return s->complete ? &s->result : NULL;
}

const char *session_verdict(const struct session *s)
{
	return s->verdict;
}

void session_tell(const struct session *s, enum session_text what, GString *out)
{
	const struct hazard *hazards;
	unsigned n;

	if (s->ended && s->complete) {
		g_string_append(out, s->texts[what]);
		return;
	}
	hazards = runner_hazards(s->runner, &n);
	tell(s, what, hazards, n, out);
}

uint32_t session_fired(const struct session *s)
{
	const struct hazard *hazards;
	uint32_t fired = 0;
	unsigned n;

	if (s->ended && s->complete)
		return s->result.fired;
	hazards = runner_hazards(s->runner, &n);
	for (unsigned i = 0; i < n; i++)
		fired |= 1U << hazards[i].id;
	return fired;
}

const char *session_policy_name(const struct session *s)
{
	return s->then->name;
}

const char *session_policy_error(const struct session *s)
{
	return s->policy_error;
}

const struct breakpoint *session_breakpoint(const struct session *s)
{
	return s->hit;
}

struct breakpoint_list *session_breakpoints(struct session *s)
{
	return &s->breakpoints;
}

/* ---- making one ---- */

void session_on_poll(struct session *s, bool (*fn)(void *data), void *data)
{
	s->poll = fn;
	s->poll_data = data;
}

static void reset_recorder(void *data)
{
	recorder_reset(data);
}

/* Is @log one of this scenario, with these options, and of this program? */
static bool check_log(struct session *s, const struct choice_log *log,
                      GError **error)
{
	struct policy *replay = policy_replay_new(log);
	struct run_result run;
	bool fits = runner_run(s->runner, replay, &run, error);

	policy_free(replay);
	if (!fits)
		return false;
	if (log->trace_hash &&
	    (run.trace_hash != log->trace_hash || run.steps != log->nr_steps)) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_REPLAY,
		            "the run is not the recorded one: the choices fit "
		            "but the trace differs");
		return false;
	}
	g_array_append_vals(s->choices, log->entries, run.nr_choices);
	return true;
}

static bool start(struct session *s, const struct choice_log *log,
                  GError **error)
{
	if (log && !check_log(s, log, error))
		return false;
	if (!begin(s, error))
		return false;
	if (log) {
		run_again(s, UINT64_MAX);
		keep_end(s);
	}
	run_again(s, session_first(s));
	if (s->ended && !s->complete) { /* nobody has anything to do */
		keep_end(s);
		run_again(s, session_first(s));
	}
	return true;
}

struct session *session_new(const struct scenario *s,
                            const struct ast_variant *v,
                            const struct run_config *config,
                            const struct choice_log *log, GError **error)
{
	struct run_config capped = *config;
	struct session *x = g_new0(struct session, 1);

	if (!capped.step_cap || capped.step_cap > SESSION_STEPS_MAX)
		capped.step_cap = SESSION_STEPS_MAX;
	x->policy = (struct policy){ .name = "interactive",
		                     .pick = session_pick,
		                     .stepped = session_stepped,
		                     .attentive = true };
	x->choices = g_array_new(FALSE, FALSE, sizeof(struct choice_entry));
	x->steps = g_array_new(FALSE, FALSE, sizeof(struct session_step));
	x->names = g_ptr_array_new_with_free_func(g_free);
	x->timed = x->then = policy_timed_new();
	breakpoint_list_init(&x->breakpoints);
	x->runner = runner_new(s, v, &capped, error);
	if (x->runner) {
		x->recorder = recorder_new(false);
		recorder_attach(x->recorder, session_machine(x));
		runner_on_start(x->runner, reset_recorder, x->recorder);
		x->observer = (struct observer){ .name = "session",
			                         .types = BREAKPOINT_EVENTS,
			                         .event = session_event };
		observe(session_machine(x), &x->observer);
		if (start(x, log, error))
			return x;
	}
	session_free(x);
	return NULL;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	if (s->runner) {
		unobserve(session_machine(s), &s->observer);
		recorder_free(s->recorder);
		runner_free(s->runner);
	}
	forget_end(s);
	if (s->then != s->timed)
		policy_free(s->then);
	policy_free(s->timed);
	breakpoint_list_clear(&s->breakpoints);
	g_array_free(s->choices, TRUE);
	g_array_free(s->steps, TRUE);
	g_ptr_array_unref(s->names);
	g_free(s->policy_error);
	g_free(s);
}
