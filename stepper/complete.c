// SPDX-License-Identifier: GPL-2.0-or-later
/* What a word that was begun may become. */
#include <string.h>

#include "oracle/oracle.h"
#include "stepper/console_internal.h"

struct offers {
	const struct console *console;
	const char *begun;
	GPtrArray *words;
};

static void offer(struct offers *o, const char *word)
{
	if (!g_str_has_prefix(word, o->begun))
		return;
	for (guint i = 0; i < o->words->len; i++)
		if (!strcmp(o->words->pdata[i], word))
			return;
	g_ptr_array_add(o->words, g_strdup(word));
}

static void offer_all(struct offers *o, const char *const *words)
{
	for (; *words; words++)
		offer(o, *words);
}

static void offer_commands(struct offers *o)
{
	for (unsigned i = 0; i < console_nr_commands; i++)
		offer(o, console_commands[i].name);
}

static void offer_agents(struct offers *o)
{
	const struct machine *m = session_machine(o->console->session);

	for (unsigned i = 0; i < m->nr_agents; i++)
		if (!m->agents[i]->done)
			offer(o, m->agents[i]->name);
}

static void offer_mms(struct offers *o)
{
	const struct kernel *k =
		machine_kernel(session_machine(o->console->session));
	const struct mm_struct *mm;

	for (mm = k->mms; mm; mm = mm->next)
		if (mm != k->init_mm)
			offer(o, mm->name);
}

static void offer_maps(struct offers *o)
{
	const struct scenario *s =
		runner_scenario(session_runner(o->console->session));
	const struct ast_process *p;
	const struct ast_map *map;

	for (p = s->processes; p; p = p->next)
		for (map = p->maps; map; map = map->next)
			offer(o, map->name);
}

static void offer_cpus(struct offers *o)
{
	unsigned nr_cpus = session_machine(o->console->session)->nr_cpus;

	for (unsigned i = 0; i < nr_cpus; i++) {
		g_autofree char *number = g_strdup_printf("%u", i);

		offer(o, number);
	}
}

/* Labels of the known run, and those that are announced. */
static void offer_labels(struct offers *o)
{
	const struct session *s = o->console->session;
	const struct machine *m = session_machine(s);

	for (uint64_t i = session_first(s) + 1; i <= session_last(s); i++)
		offer(o, session_step(s, i)->label);
	for (unsigned i = 0; i < m->nr_agents; i++)
		if (!m->agents[i]->done && m->agents[i]->next.label)
			offer(o, m->agents[i]->next.label);
}

static void offer_until(struct offers *o)
{
	static const char *const words[] = { "hazard", "fault", "ipi", NULL };

	offer_all(o, words);
	for (int i = 0; i < ORACLE_COUNT; i++)
		offer(o, oracle_infos[i].name);
	offer_labels(o);
}

static void offer_kind(struct offers *o, enum word_kind kind)
{
	static const char *const policies[] = { "timed", "script", "random",
		                                "pct", NULL };
	static const char *const breaks[] = { "at", "pte", "fill", "step",
		                              NULL };

	switch (kind) {
	case WORD_COMMAND:
		offer_commands(o);
		break;
	case WORD_AGENT:
		offer_agents(o);
		break;
	case WORD_MM:
		offer_mms(o);
		offer_maps(o);
		break;
	case WORD_ADDR:
		offer_maps(o);
		break;
	case WORD_CPU:
		offer_cpus(o);
		break;
	case WORD_BREAK:
		offer_all(o, breaks);
		offer_until(o);
		break;
	case WORD_UNTIL:
		offer_until(o);
		break;
	case WORD_POLICY:
		offer_all(o, policies);
		break;
	case WORD_NONE:
	case WORD_FILE:
	default:
		break;
	}
}

/* Kinds of the @nr-th word behind the command, of every form it has. */
static void offer_argument(struct offers *o, const char *name, unsigned nr)
{
	const struct command *cmd = console_find(name, NULL);

	for (unsigned i = 0; cmd && nr < 2 && i < console_nr_commands; i++) {
		const struct command *form = &console_commands[i];

		if (!strcmp(form->name, cmd->name))
			offer_kind(o, nr ? form->second : form->first);
	}
}

static const char *first_word(char **words)
{
	while (!**words)
		words++;
	return *words;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **console_complete(const struct console *c, const char *line, size_t len,
                        size_t *start)
{
	g_autofree char *text = g_strndup(line, len);
	g_auto(GStrv) words = NULL;
	struct offers o = { .console = c, .words = g_ptr_array_new() };
	const char *blank = strrchr(text, ' ');
	unsigned before = 0;

	*start = blank ? (size_t)(blank + 1 - text) : 0;
	o.begun = text + *start;
	words = g_strsplit(text, " ", -1);
	for (unsigned i = 0; words[i] && words[i + 1]; i++)
		before += *words[i] != '\0';
	if (!before)
		offer_commands(&o);
	else
		offer_argument(&o, first_word(words), before - 1);
	g_ptr_array_sort(o.words, by_name);
	g_ptr_array_add(o.words, NULL);
	return (char **)g_ptr_array_free(o.words, FALSE);
}
