// SPDX-License-Identifier: GPL-2.0-or-later
#include "stepper/console.h"

#include <inttypes.h>
#include <string.h>

#include "scenario/source.h"
#include "scenario/verdict.h"
#include "stepper/console_internal.h"

const struct command console_commands[] = {
	{ "step", "s", "[AGENT] [N]", "N steps (1), of AGENT alone if named", 0,
	  2, cmd_step, WORD_AGENT, WORD_NONE },
	{ "step", NULL, "AGENT until LABEL",
	  "AGENT alone, up to its step LABEL", 3, 99, cmd_step, WORD_AGENT,
	  WORD_UNTIL },
	{ "choose", NULL, "N", "answer what the hardware asks", 1, 1,
	  cmd_choose, WORD_NONE, WORD_NONE },
	{ "until", "u", "LABEL [@ ADDR]|hazard|ORACLE|fault|ipi",
	  "go on up to there", 1, 99, cmd_until, WORD_UNTIL, WORD_NONE },
	{ "run", "r", "[timed|script|random [SEED]|pct [SEED [DEPTH]]]",
	  "go on by a policy, or as before", 0, 3, cmd_run, WORD_POLICY,
	  WORD_NONE },
	{ "back", "b", "[N]", "N steps back (1)", 0, 1, cmd_back, WORD_NONE,
	  WORD_NONE },
	{ "goto", "g", "STEP|start|end", "to a step that is known", 1, 1,
	  cmd_goto, WORD_NONE, WORD_NONE },
	{ "forget", NULL, "", "what is known of later steps", 0, 0, cmd_forget,
	  WORD_NONE, WORD_NONE },
	{ "break", NULL, "[LABEL [@ ADDR]|ORACLE|hazard|fault|ipi]",
	  "stop there; alone: list", 0, 99, cmd_break, WORD_BREAK, WORD_NONE },
	{ "break", NULL, "at ADDR [SIZE]", "before a step of that address", 2,
	  3, cmd_break, WORD_BREAK, WORD_ADDR },
	{ "break", NULL, "pte [MM] ADDR", "when an entry for ADDR changes", 2,
	  3, cmd_break, WORD_BREAK, WORD_ADDR },
	{ "break", NULL, "fill ADDR", "when a TLB is filled for ADDR", 2, 2,
	  cmd_break, WORD_BREAK, WORD_ADDR },
	{ "delete", "d", "[N]", "breakpoint N, or all", 0, 1, cmd_delete,
	  WORD_NONE, WORD_NONE },
	{ "agents", "a", "", "who can move, and what they would do", 0, 0,
	  cmd_agents, WORD_NONE, WORD_NONE },
	{ "steps", NULL, "[N]", "the last N steps (10)", 0, 1, cmd_steps,
	  WORD_NONE, WORD_NONE },
	{ "tlb", NULL, "[CPU]", "translations that are held", 0, 1, cmd_tlb,
	  WORD_CPU, WORD_NONE },
	{ "psc", NULL, "[CPU]", "paging-structure caches", 0, 1, cmd_psc,
	  WORD_CPU, WORD_NONE },
	{ "pt", NULL, "[MM] ADDR", "the way through the page table", 1, 2,
	  cmd_pt, WORD_MM, WORD_ADDR },
	{ "vma", NULL, "[MM]", "areas and counters of an address space", 0, 1,
	  cmd_vma, WORD_MM, WORD_NONE },
	{ "frame", NULL, "PFN", "a frame, and who leads to it", 1, 1, cmd_frame,
	  WORD_NONE, WORD_NONE },
	{ "locks", NULL, "", "held and waited for", 0, 0, cmd_locks, WORD_NONE,
	  WORD_NONE },
	{ "rcu", NULL, "", "grace period and who delays it", 0, 0, cmd_rcu,
	  WORD_NONE, WORD_NONE },
	{ "regs", NULL, "[CPU]", "registers", 0, 1, cmd_regs, WORD_CPU,
	  WORD_NONE },
	{ "disas", NULL, "[CPU]", "code of the thread", 0, 1, cmd_disas,
	  WORD_CPU, WORD_NONE },
	{ "why", NULL, "", "where the hazards come from", 0, 0, cmd_why,
	  WORD_NONE, WORD_NONE },
	{ "columns", NULL, "", "the report, a column per CPU", 0, 0,
	  cmd_columns, WORD_NONE, WORD_NONE },
	{ "save", NULL, "LOG", "the choices, for mmulator replay", 1, 1,
	  cmd_save, WORD_FILE, WORD_NONE },
	{ "help", "h", "[COMMAND]", "this", 0, 1, cmd_help, WORD_COMMAND,
	  WORD_NONE },
	{ "quit", "q", "", "leave", 0, 0, cmd_quit, WORD_NONE, WORD_NONE },
};
const unsigned console_nr_commands = G_N_ELEMENTS(console_commands);

/* ---- a line ---- */

static bool complain_command(const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GString) hint = g_string_new(NULL);

	for (unsigned i = 0; i < console_nr_commands; i++)
		g_ptr_array_add(names,
		                (gpointer)(uintptr_t)console_commands[i].name);
	g_ptr_array_add(names, NULL);
	append_suggestion(hint, name, (const char *const *)names->pdata);
	return console_fail(error, "unknown command '%s'%s", name, hint->str);
}

const struct command *console_find(const char *name, GError **error)
{
	const struct command *found = NULL;

	for (unsigned i = 0; i < console_nr_commands; i++) {
		const struct command *cmd = &console_commands[i];

		if (!g_strcmp0(cmd->name, name) ||
		    !g_strcmp0(cmd->letter, name))
			return cmd;
	}
	for (unsigned i = 0; i < console_nr_commands; i++) {
		const struct command *cmd = &console_commands[i];

		if (!g_str_has_prefix(cmd->name, name) ||
		    (found && !strcmp(found->name, cmd->name)))
			continue;
		if (found) {
			console_fail(error, "'%s' may be %s or %s", name,
			             found->name, cmd->name);
			return NULL;
		}
		found = cmd;
	}
	if (!found)
		complain_command(name, error);
	return found;
}

/* A command has a row for each of its forms, the loosest first. */
static const struct command *find_form(const struct command *cmd, unsigned n)
{
	const struct command *form = cmd;

	for (; form < console_commands + console_nr_commands; form++)
		if (!strcmp(form->name, cmd->name) && n >= form->min &&
		    n <= form->max)
			return form;
	return NULL;
}

/* The words of a line; 0 of them in a comment. */
static bool split(const char *line, char ***words, GError **error)
{
	g_autofree char *stripped = g_strstrip(g_strdup(line));
	GError *shell = NULL;
	int n;

	*words = NULL;
	if (!*stripped || *stripped == '#')
		return true;
	if (!g_utf8_validate(stripped, -1, NULL))
		return console_fail(error, "this is no text");
	if (g_shell_parse_argv(stripped, &n, words, &shell))
		return true;
	console_fail(error, "%s", shell->message);
	g_error_free(shell);
	return false;
}

bool console_command(struct console *c, const char *line, GString *out,
                     GError **error)
{
	g_auto(GStrv) words = NULL;
	const struct command *cmd;
	struct words w;

	if (!split(line, &words, error))
		return false;
	if (!words || !words[0])
		return true;
	cmd = console_find(words[0], error);
	if (!cmd)
		return false;
	w = (struct words){ words + 1, g_strv_length(words + 1) };
	if (!find_form(cmd, w.n))
		return console_fail(error, "usage: %s%s%s", cmd->name,
		                    *cmd->args ? " " : "", cmd->args);
	return find_form(cmd, w.n)->run(c, &w, out, error);
}

/* ---- about the whole ---- */

struct console *console_new(struct session *s)
{
	struct console *c = g_new0(struct console, 1);

	c->session = s;
	return c;
}

void console_free(struct console *c)
{
	g_free(c);
}

void console_on_write(struct console *c,
                      bool (*fn)(const char *path, const char *text, size_t len,
                                 void *data, GError **error),
                      void *data)
{
	c->write = fn;
	c->write_data = data;
}

bool console_done(const struct console *c)
{
	return c->done;
}

void console_prompt(const struct console *c, GString *out)
{
	const struct choice *open = session_open_choice(c->session);

	if (open)
		g_string_append_printf(out, "(choose 0-%u) ", open->n - 1);
	else if (session_ended(c->session))
		g_string_append_printf(out, "(end %" PRIu64 ") ",
		                       session_at(c->session));
	else
		g_string_append_printf(out, "(step %" PRIu64 ") ",
		                       session_at(c->session));
}

void console_welcome(struct console *c, GString *out)
{
	const struct session *s = c->session;
	const struct runner *r = session_runner(s);
	g_autofree char *expected = format_expected(runner_variant(r));

	g_string_append_printf(out, "%s: %s, expects %s\n",
	                       runner_scenario(r)->source.file,
	                       variant_name(runner_variant(r)), expected);
	g_string_append_printf(out,
	                       "the initial part took %" PRIu64
	                       " steps; `help` lists the commands\n",
	                       session_first(s));
	if (runner_schedule(r))
		g_string_append(out, "`run script` follows the schedule of the "
		                     "scenario\n");
	if (session_last(s) > session_first(s))
		g_string_append_printf(out,
		                       "a recorded run lies ahead, up to step "
		                       "%" PRIu64 "\n",
		                       session_last(s));
	print_agents(c, out);
}

void console_summary(const struct console *c, GString *out)
{
	const struct session *s = c->session;
	const struct run_result *run = session_result(s);
	const char *verdict = session_verdict(s);

	if (!session_ended(s) || !run)
		return;
	session_tell(s, TEXT_REPORT, out);
	g_string_append_printf(
		out, "  %" PRIu64 " steps, %" PRIu64 " cycles: %s%s\n",
		run->steps, run->cycles, verdict ? "DIFFERS: " : "as expected",
		verdict ? verdict : "");
}

bool console_differs(const struct console *c)
{
	const struct session *s = c->session;
	const struct ast_variant *v = runner_variant(session_runner(s));

	if (session_ended(s))
		return session_verdict(s);
	return session_fired(s) & ~(expected_hazards(v) | allowed_hazards(v));
}

bool cmd_save(struct console *c, const struct words *w, GString *out,
              GError **error)
{
	g_autofree char *text = NULL;
	uint64_t steps;
	bool written;

	text = session_save(c->session, &steps, error);
	if (!text)
		return false;
	if (c->write)
		written = c->write(w->word[0], text, strlen(text),
		                   c->write_data, error);
	else
		written = g_file_set_contents(w->word[0], text, -1, error);
	if (written)
		g_string_append_printf(out, "%s: %" PRIu64 " steps\n",
		                       w->word[0], steps);
	return written;
}

bool cmd_help(struct console *c, const struct words *w, GString *out,
              GError **error)
{
	const struct command *only = NULL;

	(void)c;
	if (w->n) {
		only = console_find(w->word[0], error);
		if (!only)
			return false;
	}
	for (unsigned i = 0; i < console_nr_commands; i++) {
		const struct command *cmd = &console_commands[i];
		g_autofree char *form =
			g_strdup_printf("%s %s", cmd->name, cmd->args);

		if (only && strcmp(only->name, cmd->name) != 0)
			continue;
		g_string_append_printf(out, "%-30s", form);
		if (strlen(form) >= 30)
			g_string_append_printf(out, "\n%-30s", "");
		g_string_append_printf(out, " %s", cmd->help);
		if (cmd->letter)
			g_string_append_printf(out, " (%s)", cmd->letter);
		g_string_append_c(out, '\n');
	}
	if (!only)
		g_string_append(
			out, "Beginnings of names do, if only one command "
			     "begins so. ADDR is a number or\nMAPPING+OFFSET; "
			     "the names of agents are those that `agents` "
			     "prints.\n");
	return true;
}

bool cmd_quit(struct console *c, const struct words *w, GString *out,
              GError **error)
{
	(void)w;
	(void)out;
	(void)error;
	c->done = true;
	return true;
}
