// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator step FILE: walk through a run of a scenario, and back.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/lines.h"
#include "cli/log.h"
#include "cli/tui.h"
#include "scenario/source.h"

/* ---- Ctrl-C stops a move, not the program ---- */

/* A signal handler has no other way to say it. */
/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables) */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static bool was_interrupted(void *data)
{
	(void)data;
	if (!interrupted)
		return false;
	interrupted = 0;
	return true;
}

static void catch_interrupts(struct session *s)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	session_on_poll(s, was_interrupted, NULL);
}

/* ---- line mode ---- */

static bool write_log(const char *path, const char *text, size_t len,
                      void *data, GError **error)
{
	(void)data;
	if (write_file(path, text, len))
		return true;
	g_set_error(error, CONSOLE_ERROR, CONSOLE_ERROR_USE,
	            "nothing was saved");
	return false;
}

static void put(GString *text)
{
	(void)fwrite(text->str, 1, text->len, stdout);
	(void)fflush(stdout);
	g_string_truncate(text, 0);
}

/* One line; false: it was wrong. */
static bool obey(struct console *c, struct lines *l, const char *line,
                 GString *out)
{
	g_autoptr(GError) error = NULL;
	bool right = console_command(c, line, out, &error);

	put(out);
	if (right)
		return true;
	if (lines_typed(l))
		printf("%s\n", error->message);
	else
		cli_error("%s: %s", lines_place(l), error->message);
	return lines_typed(l);
}

static int line_mode(const struct cli_options *o, struct console *c)
{
	struct lines *l = lines_new(o->commands, c);
	GString *out = g_string_new(NULL);
	bool right = l;
	const char *line;

	if (l)
		console_welcome(c, out);
	put(out);
	while (right && !console_done(c) && (line = lines_next(l)))
		right = obey(c, l, line, out);
	lines_free(l);
	g_string_free(out, TRUE);
	if (!right)
		return CLI_USAGE;
	if (ferror(stdout))
		return cli_error("cannot write to stdout");
	return console_differs(c) ? CLI_DIFFERS : CLI_OK;
}

/* ---- starting ---- */

static int walk(const struct cli_options *o, struct session *s)
{
	struct console *c = console_new(s);
	int status;

	console_on_write(c, write_log, NULL);
	catch_interrupts(s);
	status = o->tui ? tui_run(c, s) : line_mode(o, c);
	console_free(c);
	return status;
}

static const struct ast_variant *
find_chosen(const struct scenario *s, const struct cli_options *o, bool *found)
{
	const struct ast_variant *v = s->variants;

	while (v && !is_chosen(o, s, v))
		v = v->next;
	*found = v || is_chosen(o, s, NULL);
	return v;
}

static int step_scenario(struct cli_options *o, const struct choice_log *log)
{
	g_autoptr(GPtrArray) scenarios = load_scenarios(o->args);
	struct run_config config = make_run_config(o);
	const struct scenario *s;
	const struct ast_variant *v;
	g_autoptr(GError) error = NULL;
	struct session *session;
	bool found;
	int status;

	if (!scenarios)
		return CLI_USAGE;
	if (scenarios->len != 1)
		return cli_error("step: one scenario, not %u", scenarios->len);
	s = scenarios->pdata[0];
	if (log && !log_belongs(log, s, o))
		return CLI_USAGE;
	v = find_chosen(s, o, &found);
	if (!found)
		return no_variant(scenarios, o);
	session = session_new(s, v, &config, log, &error);
	if (!session)
		return no_run(s, v, error);
	status = walk(o, session);
	session_free(session);
	return status;
}

int verb_step(int argc, char **argv)
{
	struct cli_options o;
	struct choice_log *log = NULL;
	int status;

	if (!cli_parse(argc, argv, "step FILE",
	               "Walk through a run of a scenario, and back.", &o,
	               &status))
		return status;
	status = CLI_USAGE;
	if (o.nr_args != 1)
		cli_error("step: expected one scenario; see mmulator step "
		          "--help");
	else if (o.tui && o.commands)
		cli_error("step: --tui takes keys, not commands from a file");
	else if (!o.choices ||
	         ((log = log_read(o.choices)) && log_apply(log, &o)))
		status = CLI_OK;
	if (status == CLI_OK)
		status = step_scenario(&o, log);
	choice_log_free(log);
	cli_options_clear(&o);
	return status;
}
