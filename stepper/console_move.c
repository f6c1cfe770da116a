// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that go somewhere: forwards, backwards, by a policy. */
#include <inttypes.h>
#include <string.h>

#include "explore/pct.h"
#include "scenario/verdict.h"
#include "stepper/console_internal.h"

/* Of the steps that a command made, this many are shown. */
#define STEPS_SHOWN 8

/* ---- what to say about it ---- */

static void print_steps_since(const struct console *c, GString *out,
                              uint64_t from)
{
	uint64_t at = session_at(c->session);
	uint64_t made = at - from, hidden = 0;

	if (made > STEPS_SHOWN) {
		hidden = made - STEPS_SHOWN;
		g_string_append_printf(out, "    ... %" PRIu64 " steps\n",
		                       hidden);
	}
	for (uint64_t nr = from + hidden + 1; nr <= at; nr++)
		print_step(c, out, nr);
}

static void print_hazards_since(const struct console *c, GString *out,
                                unsigned from)
{
	const struct hazard *hazards;
	unsigned n;

	hazards = runner_hazards(session_runner(c->session), &n);
	for (unsigned i = from; i < n; i++)
		g_string_append_printf(out, "hazard %s: %s\n",
		                       hazards[i].oracle, hazards[i].text);
}

static unsigned nr_hazards(const struct console *c)
{
	unsigned n;

	runner_hazards(session_runner(c->session), &n);
	return n;
}

static void print_stop(struct console *c, enum session_stop stop, GString *out)
{
	const struct breakpoint *b = session_breakpoint(c->session);

	switch (stop) {
	case STOP_BLOCKED:
		g_string_append(out, "it cannot move now\n");
		break;
	case STOP_GONE:
		g_string_append(out, "it is done\n");
		break;
	case STOP_BREAKPOINT:
		if (b && b->number)
			g_string_append_printf(out, "breakpoint %u\n",
			                       b->number);
		break;
	case STOP_POLICY:
		g_string_append_printf(out, "%s\n",
		                       session_policy_error(c->session));
		break;
	case STOP_INTERRUPT:
		g_string_append(out, "interrupted\n");
		break;
	case STOP_END:
		if (session_policy_error(c->session))
			g_string_append_printf(
				out, "%s\n", session_policy_error(c->session));
		console_summary(c, out);
		break;
	case STOP_DONE:
	case STOP_CHOICE:
	case STOP_HAZARD:
	default:
		break;
	}
}

/* After a move that began at step @from with @hazards known. */
static void print_move(struct console *c, enum session_stop stop, uint64_t from,
                       unsigned hazards, GString *out)
{
	print_steps_since(c, out, from);
	if (stop != STOP_END)
		print_hazards_since(c, out, hazards);
	print_stop(c, stop, out);
	if (stop != STOP_END)
		print_agents(c, out);
}

static void go(struct console *c, const struct session_move *move, GString *out)
{
	uint64_t from = session_at(c->session);
	unsigned hazards = nr_hazards(c);
	enum session_stop stop = session_go(c->session, move);

	print_move(c, stop, from, hazards, out);
}

/* ---- forwards ---- */

static bool can_go(const struct console *c, GError **error)
{
	const struct choice *open = session_open_choice(c->session);

	if (session_ended(c->session))
		return console_fail(error, "the run has ended: back or goto "
		                           "leads out of here");
	if (open)
		return console_fail(error, "first answer %s: choose 0 to %u",
		                    open->label, open->n - 1);
	return true;
}

/* step AGENT until LABEL ... */
static bool step_until(struct console *c, struct session_move *move,
                       const struct words *w, GString *out, GError **error)
{
	struct breakpoint b;
	bool right;

	if (w->n < 3)
		return console_fail(error, "usage: step AGENT until LABEL");
	right = parse_until(c, w, 2, &b, error);
	if (right) {
		move->steps = 0;
		move->until = &b;
		go(c, move, out);
		move->until = NULL;
	}
	g_free(b.label);
	return right;
}

bool cmd_step(struct console *c, const struct words *w, GString *out,
              GError **error)
{
	struct session_move move = { .agent = -1, .steps = 1, .ask = true };
	unsigned next = 0;

	if (!can_go(c, error))
		return false;
	if (w->n && !g_ascii_isdigit(*w->word[0])) {
		const struct agent *a = parse_agent(c, w->word[0], error);

		if (!a)
			return false;
		if (a->done)
			return console_fail(error, "%s is done", a->name);
		move.agent = (int)a->id;
		next = 1;
	}
	if (next && w->n > 1 && !strcmp(w->word[1], "until"))
		return step_until(c, &move, w, out, error);
	if (w->n > next + 1)
		return console_fail(error, "usage: step [AGENT] [N]");
	if (w->n > next && !parse_count(w->word[next], "steps", 1,
	                                SESSION_STEPS_MAX, &move.steps, error))
		return false;
	go(c, &move, out);
	return true;
}

bool cmd_choose(struct console *c, const struct words *w, GString *out,
                GError **error)
{
	const struct choice *open = session_open_choice(c->session);
	uint64_t from = session_at(c->session), pick;
	unsigned hazards = nr_hazards(c);
	enum session_stop stop;

	if (!open)
		return console_fail(error, "nothing is to be chosen now");
	if (!parse_count(w->word[0], "choose", 0, open->n - 1, &pick, error))
		return false;
	stop = session_choose(c->session, (unsigned)pick);
	print_move(c, stop, from, hazards, out);
	return true;
}

bool cmd_until(struct console *c, const struct words *w, GString *out,
               GError **error)
{
	struct session_move move = { .agent = -1 };
	struct breakpoint b;
	bool right;

	if (!can_go(c, error))
		return false;
	right = parse_until(c, w, 0, &b, error);
	if (right) {
		move.until = &b;
		go(c, &move, out);
	}
	g_free(b.label);
	return right;
}

static struct policy *make_policy(const struct console *c,
                                  const struct words *w, GError **error)
{
	const struct runner *r = session_runner(c->session);
	const char *name = w->word[0];
	uint64_t seed = 1, depth = 3;

	if (!strcmp(name, "timed") && w->n == 1)
		return policy_timed_new();
	if (!strcmp(name, "script") && w->n == 1) {
		if (runner_schedule(r))
			return runner_pinned_policy(r);
		console_fail(error, "there is no schedule for %s",
		             variant_name(runner_variant(r)));
		return NULL;
	}
	if (w->n > 1 &&
	    !parse_count(w->word[1], "seed", 0, UINT64_MAX, &seed, error))
		return NULL;
	if (!strcmp(name, "random") && w->n <= 2)
		return policy_random_new(seed);
	if (w->n > 2 &&
	    !parse_count(w->word[2], "depth", 1, PCT_DEPTH_MAX, &depth, error))
		return NULL;
	if (!strcmp(name, "pct"))
		return policy_pct_new(seed, (unsigned)depth);
	console_fail(error, "expected timed, script, random [SEED] or "
	                    "pct [SEED [DEPTH]]");
	return NULL;
}

bool cmd_run(struct console *c, const struct words *w, GString *out,
             GError **error)
{
	const struct session_move move = { .agent = -1 };
	struct policy *policy = NULL;

	if (!w->n && session_ended(c->session)) {
		console_summary(c, out);
		return true;
	}
	if (!can_go(c, error))
		return false;
	if (w->n) {
		policy = make_policy(c, w, error);
		if (!policy)
			return false;
		session_set_policy(c->session, policy);
	}
	go(c, &move, out);
	if (session_policy_error(c->session))
		return console_fail(error, "the policy could not go on");
	return true;
}

/* ---- anywhere ---- */

static void arrive(struct console *c, uint64_t step, GString *out)
{
	struct session *s = c->session;

	session_goto(s, step);
	if (step > session_first(s))
		print_step(c, out, step);
	if (session_ended(s))
		g_string_append(out, "the run has ended\n");
	else
		print_agents(c, out);
}

bool cmd_back(struct console *c, const struct words *w, GString *out,
              GError **error)
{
	uint64_t made = session_at(c->session) - session_first(c->session);
	uint64_t n = 1;

	if (!made)
		return console_fail(error, "this is the beginning");
	if (w->n && !parse_count(w->word[0], "steps", 1, made, &n, error))
		return false;
	arrive(c, session_at(c->session) - n, out);
	return true;
}

bool cmd_goto(struct console *c, const struct words *w, GString *out,
              GError **error)
{
	const struct session *s = c->session;
	uint64_t nr = 0;

	if (!strcmp(w->word[0], "start"))
		nr = session_first(s);
	else if (!strcmp(w->word[0], "end"))
		nr = session_last(s);
	else if (!parse_count(w->word[0], "step", session_first(s),
	                      session_last(s), &nr, error))
		return false;
	arrive(c, nr, out);
	return true;
}

bool cmd_forget(struct console *c, const struct words *w, GString *out,
                GError **error)
{
	(void)w;
	(void)error;
	session_forget(c->session);
	print_agents(c, out);
	return true;
}
