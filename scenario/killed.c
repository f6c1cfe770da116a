// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/killed.h"

#include "scenario/names.h"

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static bool mentions_signal(const struct ast_cond *c,
                            const struct ast_thread *thread)
{
	if (!c)
		return false;
	if (c->kind == COND_TERM)
		return c->thread == thread && c->term >= TERM_SIGNAL &&
		       c->term <= TERM_SI_ADDR;
	return mentions_signal(c->left, thread) ||
	       mentions_signal(c->right, thread);
}

static bool signal_expected(const struct runner *r,
                            const struct ast_thread *thread)
{
	unsigned n;
	const struct ast_condition *const *all = runner_conditions(r, &n);

	for (unsigned i = 0; i < n; i++)
		if (mentions_signal(all[i]->cond, thread))
			return true;
	return false;
}

GArray *killed_threads(const struct runner *r, const struct run_result *run)
{
	GArray *killed = g_array_new(FALSE, FALSE, sizeof(struct killed));
	const struct ast_thread *thread = runner_scenario(r)->threads;

	for (; thread; thread = thread->next) {
		const struct thread_result *t = &run->threads[thread->index];
		const struct killed k = {
			.thread = thread,
			.signal = t->signal,
			.si_code = t->si_code,
			.addr = t->fault_addr,
			.why = t->exit_reason,
			.unexpected = !signal_expected(r, thread),
		};

		if (t->signal)
			g_array_append_val(killed, k);
	}
	return killed;
}

const char *killed_signal_name(int signal)
{
	const struct name_value *s = signal_names();

	while (s->name && s->value != (uint64_t)signal)
		s++;
	return s->name ? s->name : "signal";
}

char *killed_sentence(const struct killed *k)
{
	return g_strdup_printf("CPU%u (%s) was killed by %s at "
	                       "0x%" G_GINT64_MODIFIER "x: %s",
	                       k->thread->cpu, k->thread->name,
	                       killed_signal_name(k->signal), k->addr, k->why);
}
