// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/lines.h"

#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define HISTORY_LINES 1000

struct lines {
	struct console *console;
	const char *name; /* of the file, for messages */
	FILE *file;       /* NULL: a person types */
	char *line;
	size_t room;
	unsigned number;
	GString *prompt;
	char *place;

	EditLine *edit;
	History *history;
};

/* ---- a person ---- */

static struct lines *lines_of(EditLine *edit)
{
	void *data = NULL;

	el_get(edit, EL_CLIENTDATA, &data);
	return data;
}

static char *prompt(EditLine *edit)
{
	struct lines *l = lines_of(edit);

	g_string_truncate(l->prompt, 0);
	console_prompt(l->console, l->prompt);
	return l->prompt->str;
}

/* How many bytes all of @words begin with. */
static size_t common_start(char **words)
{
	size_t len = strlen(words[0]);

	for (char **w = words + 1; *w; w++)
		while (strncmp(words[0], *w, len) != 0)
			len--;
	return len;
}

static void print_words(char **words)
{
	putchar('\n');
	for (; *words; words++)
		printf("%s%s", *words, words[1] ? "  " : "\n");
}

/* The key Tab. */
static unsigned char on_tab(EditLine *edit, int key)
{
	const struct lines *l = lines_of(edit);
	const LineInfo *info = el_line(edit);
	size_t len = (size_t)(info->cursor - info->buffer), start, common;
	g_auto(GStrv) words =
		console_complete(l->console, info->buffer, len, &start);
	g_autofree char *more = NULL;

	(void)key;
	if (!words[0])
		return CC_ERROR;
	common = common_start(words);
	more = g_strndup(words[0], common);
	if (!words[1] || common > len - start) {
		el_insertstr(edit, more + (len - start));
		if (!words[1])
			el_insertstr(edit, " ");
		return CC_REFRESH;
	}
	print_words(words);
	return CC_REDISPLAY;
}

static void start_editing(struct lines *l)
{
	HistEvent event;

	l->edit = el_init("mmulator", stdin, stdout, stderr);
	l->history = history_init();
	if (!l->edit || !l->history)
		g_error("no memory for the line editor");
	history(l->history, &event, H_SETSIZE, HISTORY_LINES);
	history(l->history, &event, H_SETUNIQUE, 1);
	el_set(l->edit, EL_CLIENTDATA, l);
	el_set(l->edit, EL_PROMPT, prompt);
	el_set(l->edit, EL_EDITOR, "emacs");
	el_set(l->edit, EL_SIGNAL, 1);
	el_set(l->edit, EL_HIST, history, l->history);
	/* The narrow form would leak a copy of the names. */
	el_wset(l->edit, EL_ADDFN, L"mmulator-complete",
	        L"complete a word of the stepper", on_tab);
	el_set(l->edit, EL_BIND, "^I", "mmulator-complete", NULL);
	el_source(l->edit, NULL);
}

/* An empty line is the last one again, as in gdb. */
static const char *typed(struct lines *l)
{
	HistEvent event;
	const char *text;
	int n;

	errno = 0;
	text = el_gets(l->edit, &n);
	while ((!text || n <= 0) && errno == EINTR) {
		putchar('\n');
		errno = 0;
		text = el_gets(l->edit, &n);
	}
	if (!text || n <= 0) {
		putchar('\n');
		return NULL;
	}
	if (*text == '\n')
		return l->line ? l->line : "";
	history(l->history, &event, H_ENTER, text);
	g_free(l->line);
	l->line = g_strchomp(g_strdup(text));
	return l->line;
}

/* ---- a file or a pipe ---- */

static bool is_blank(const char *line)
{
	line += strspn(line, " \t");
	return !*line || *line == '#';
}

static const char *read_line(struct lines *l)
{
	ssize_t n = getline(&l->line, &l->room, l->file);

	if (n < 0)
		return NULL;
	l->number++;
	/* A zero byte would hide what follows: let it be seen as wrong. */
	for (ssize_t i = 0; i < n; i++)
		if (!l->line[i])
			l->line[i] = '\x01';
	g_strchomp(l->line);
	if (!is_blank(l->line)) {
		g_string_truncate(l->prompt, 0);
		console_prompt(l->console, l->prompt);
		printf("%s%s\n", l->prompt->str, l->line);
	}
	return l->line;
}

/* ---- either ---- */

struct lines *lines_new(const char *path, struct console *c)
{
	struct lines *l = g_new0(struct lines, 1);

	l->console = c;
	l->prompt = g_string_new(NULL);
	l->name = path ? path : "stdin";
	if (path)
		l->file = fopen(path, "re");
	else if (!isatty(STDIN_FILENO))
		l->file = stdin;
	else
		start_editing(l);
	if (l->file || l->edit)
		return l;
	cli_error("%s: %s", path, g_strerror(errno));
	lines_free(l);
	return NULL;
}

void lines_free(struct lines *l)
{
	if (!l)
		return;
	if (l->edit) {
		history_end(l->history);
		el_end(l->edit);
	}
	if (l->file && l->file != stdin)
		(void)fclose(l->file);
	if (l->file)
		free(l->line); /* getline()'s */
	else
		g_free(l->line);
	g_string_free(l->prompt, TRUE);
	g_free(l->place);
	g_free(l);
}

const char *lines_next(struct lines *l)
{
	return l->file ? read_line(l) : typed(l);
}

bool lines_typed(const struct lines *l)
{
	return !l->file;
}

const char *lines_place(struct lines *l)
{
	g_free(l->place);
	l->place = g_strdup_printf("%s:%u", l->name, l->number);
	return l->place;
}
