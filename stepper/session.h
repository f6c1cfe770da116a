/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: one run of a scenario that somebody walks through, forwards and
 * backwards.
 *
 * A session is a list of choices and a machine in the state after some of its
 * steps.  What lies behind the current step is fixed; what is known ahead of it
 * (after a step back, or from a recorded run) is followed until somebody
 * decides otherwise, which forgets the rest.  Going back is running again from
 * the start with the same answers: nothing of the machine is ever saved.
 *
 * Steps have the numbers that reports and traces use: the first step of the
 * threads is session_first() + 1.
 *
 * Looking at the machine between two calls is free and changes nothing, as
 * long as nobody writes to it: see viz/state.h.
 *
 * Not here: commands and their text (stepper/console.h).
 */
#ifndef MMULATOR_STEPPER_SESSION_H
#define MMULATOR_STEPPER_SESSION_H

#include "scenario/run.h"
#include "stepper/breakpoint.h"

struct recorder;
struct session;

/* More steps than a person looks at. */
#define SESSION_STEPS_MAX 1000000

/* One step of the run, as it was announced. */
struct session_step {
	const char *label;
	uint64_t addr;
	objid_t object;
	uint32_t size;
	uint8_t kind;  /* enum step_kind */
	uint8_t agent; /* id */
	int8_t cpu;    /* -1: none */
};

enum session_stop {
	STOP_DONE,       /* all that was asked for */
	STOP_BLOCKED,    /* the agent cannot move */
	STOP_GONE,       /* the agent is done */
	STOP_CHOICE,     /* the hardware asks: session_open_choice() */
	STOP_BREAKPOINT, /* session_breakpoint() */
	STOP_HAZARD,     /* a judge noticed something */
	STOP_END,        /* the run ended */
	STOP_POLICY,     /* session_policy_error() */
	STOP_INTERRUPT,
};

enum session_text {
	TEXT_REPORT,  /* as `mmulator run` reports */
	TEXT_COLUMNS, /* a column per CPU */
	TEXT_WHY,     /* of each hazard the events that led to it */
	TEXT_COUNT
};

/* How to go on. */
struct session_move { /* Only this one moves, and the idle task that is in its
	               * way; -1: whoever is next. */
	int agent;
	uint64_t steps; /* at most, of `agent` if there is one; 0: no limit */
	/* Stop where the hardware chooses; else the policy answers. */
	bool ask;
	const struct breakpoint *until; /* besides those that are set */
};

/**
 * session_new - a session at the first step.
 * @s: as runner_new()
 * @v: as runner_new()
 * @config: as runner_new(), but not NULL; a run has SESSION_STEPS_MAX steps at
 *	most
 * @log: a recorded run, which is known ahead then; NULL: none
 * @error: as runner_new() and runner_begin(), or POLICY_ERROR_REPLAY
 *
 * Return: NULL and @error if the scenario cannot be run (runner_begin()) or the
 * log does not fit it.
 */
struct session *session_new(const struct scenario *s,
                            const struct ast_variant *v,
                            const struct run_config *config,
                            const struct choice_log *log, GError **error);
/**
 * session_free - the end of a session and its machine.
 * @s: NULL: nothing happens
 */
void session_free(struct session *s);

/**
 * session_on_poll - be asked now and then whether the run shall go on.
 * @fn: true stops session_go() (STOP_INTERRUPT); NULL: nobody is asked
 * @data: its argument
 */
void session_on_poll(struct session *s, bool (*fn)(void *data), void *data);

/* ---- where it is ---- */

/** session_runner - what runs the scenario. Return: the session's. */
struct runner *session_runner(const struct session *s);
/** session_machine - the machine after session_at(). Return: the session's. */
struct machine *session_machine(const struct session *s);
/** session_recorder - what happened up to here. Return: the session's. */
const struct recorder *session_recorder(const struct session *s);
/** session_first - where the threads begin. Return: the last step before. */
uint64_t session_first(const struct session *s);
/** session_at - where the machine is. Return: the last step made. */
uint64_t session_at(const struct session *s);
/** session_last - how far is known. Return: the last step known. */
uint64_t session_last(const struct session *s);
/**
 * session_step - a known step.
 * @step: session_first() + 1 .. session_last(); BUG otherwise
 *
 * Return: it; the session's, until it moves.
 */
const struct session_step *session_step(const struct session *s, uint64_t step);
/**
 * session_agent_name - the name of an agent, also of one that is only known
 * from steps ahead.
 * @id: its number
 *
 * Return: the session's; "?" if there is none of that number.
 */
const char *session_agent_name(const struct session *s, unsigned id);
/** session_ended - has the run ended at the current step? Return: whether. */
bool session_ended(const struct session *s);
/**
 * session_open_choice - what the hardware waits to be told, in the middle of
 * the current step.
 *
 * Return: the session's; NULL: nothing.
 */
const struct choice *session_open_choice(const struct session *s);
/**
 * session_next - who moves if nobody decides otherwise.
 *
 * Return: NULL: nobody can, a choice is open, or a policy of
 * session_set_policy() would decide, which is not asked before its time.
 */
struct agent *session_next(struct session *s);

/**
 * session_result - of the whole known run, also after going back.
 *
 * Return: NULL: it is not known to its end.  Its hazards and threads are NULL.
 */
const struct run_result *session_result(const struct session *s);
/**
 * session_verdict - why the whole run is not what its variant expects.
 *
 * Return: one sentence; NULL: it is, or session_result() is NULL.
 */
const char *session_verdict(const struct session *s);
/**
 * session_tell - what there is to say about the hazards up to here; at the end
 * of the run also about those of the final scan.
 * @what: which text
 * @out: whole lines are appended; without a hazard "no hazard"
 */
void session_tell(const struct session *s, enum session_text what,
                  GString *out);
/**
 * session_fired - oracles that fired up to here; at the end of the run also
 * those of the final scan.
 *
 * Return: 1 << enum oracle_id of each.
 */
uint32_t session_fired(const struct session *s);

/* ---- moving ---- */

/**
 * session_go - go on.
 * @move: who, how far, and what to stop for
 *
 * Context: no choice is open (BUG), the run has not ended (BUG).
 * Return: why it stopped.
 */
enum session_stop session_go(struct session *s,
                             const struct session_move *move);
/**
 * session_choose - answer the open choice and make the rest of the step.
 * @pick: 0 .. n - 1 of it (BUG)
 *
 * Context: a choice is open (BUG).
 * Return: why it stopped: STOP_CHOICE if the same step asks once more.
 */
enum session_stop session_choose(struct session *s, unsigned pick);
/**
 * session_goto - be after a known step, forwards or backwards.
 * @step: session_first() .. session_last() (BUG)
 */
void session_goto(struct session *s, uint64_t step);
/** session_forget - nothing is known ahead any more. */
void session_forget(struct session *s);
/**
 * session_set_policy - who decides where nothing is known ahead; what is known
 * is forgotten.
 * @policy: owned from now on; begins here
 *
 * session_goto() brings back the first one: lowest clock first.
 */
void session_set_policy(struct session *s, struct policy *policy);
/** session_policy_name - who decides. Return: "timed", "random" ... */
const char *session_policy_name(const struct session *s);
/**
 * session_policy_error - why the policy could not go on.
 *
 * Return: of the last session_go(); NULL: it could.
 */
const char *session_policy_error(const struct session *s);
/**
 * session_breakpoint - what stopped the last session_go().
 *
 * Return: one of session_breakpoints(), until it is deleted; NULL: the move's
 * own `until`, or something else.
 */
const struct breakpoint *session_breakpoint(const struct session *s);
/**
 * session_breakpoints - those that stop session_go().
 *
 * Return: the session's; the caller may change the list between two moves.
 */
struct breakpoint_list *session_breakpoints(struct session *s);

/**
 * session_save - the choices of the whole run as a log that replay takes. What
 * is not known goes the lowest clock first; the session stays where it is.
 * @steps: set to how many steps of the threads that is
 * @error: SCENARIO_ERROR_RULE
 *
 * Return: the text (g_free()); NULL and @error if the run does not end.
 */
char *session_save(struct session *s, uint64_t *steps, GError **error);

#endif
