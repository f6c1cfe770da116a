// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys and the terminal; what is shown is cli/tui_grid.c's. */
#include "cli/tui.h"

#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/tui_grid.h"

#define PAGE_STEPS 10
#define INPUT_MAX  200
#define KEY_ESCAPE 27

struct tui {
	struct console *console;
	struct session *session;
	struct tui_view view;
	GString *input; /* its first character says what for: ':' or '@' */
	char *wrong;
	char *page;
	bool done;
};

static const char help[] =
	"Keys\n"
	"\n"
	"  right, down, space   one step of whoever is next\n"
	"  left, up             one step back\n"
	"  page down, page up   ten steps\n"
	"  home, end            the first and the last step that is known\n"
	"  tab                  choose another agent\n"
	"  enter                one step of the agent that is marked\n"
	"  0 to 9               answer what the hardware asks\n"
	"  r                    run on, up to a breakpoint, a hazard, the end\n"
	"  s                    run along the schedule of the scenario\n"
	"  a                    fix the address whose page table is shown;\n"
	"                       nothing: that of the current step again\n"
	"  :                    a command of the stepper, `:help` lists them\n"
	"  q                    leave\n"
	"\n"
	"Steps that are known but not made yet are dim. Back and forth changes\n"
	"nothing; moving another agent than before forgets what was ahead.\n";

/* ---- what a key does ---- */

static void clear_text(struct tui *t)
{
	g_clear_pointer(&t->wrong, g_free);
	g_clear_pointer(&t->page, g_free);
	t->view.page_top = 0;
}

/* A command; what it says is shown only if it has not moved anything. */
static void command(struct tui *t, const char *line)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	uint64_t at = session_at(t->session);
	bool asked = session_open_choice(t->session);

	clear_text(t);
	if (!console_command(t->console, line, out, &error)) {
		t->wrong = g_strdup(error->message);
		return;
	}
	if (session_at(t->session) == at &&
	    asked == !!session_open_choice(t->session) && out->len)
		t->page = g_strdup(out->str);
	t->done = console_done(t->console);
}

static void silent_command(struct tui *t, const char *line)
{
	command(t, line);
	g_clear_pointer(&t->page, g_free);
}

static void step_next(struct tui *t, unsigned n)
{
	g_autofree char *line = g_strdup_printf("step %u", n);

	silent_command(t, line);
	t->view.agent = -1;
}

static void back(struct tui *t, uint64_t n)
{
	uint64_t made = session_at(t->session) - session_first(t->session);
	g_autofree char *line = g_strdup_printf("back %" G_GUINT64_FORMAT,
	                                        made ? MIN(n, made) : 1);

	silent_command(t, line);
	t->view.agent = -1;
}

static void step_chosen(struct tui *t)
{
	const struct machine *m = session_machine(t->session);
	g_autofree char *line = NULL;

	if (t->view.agent < 0) {
		step_next(t, 1);
		return;
	}
	line = g_strdup_printf("step %s", m->agents[t->view.agent]->name);
	silent_command(t, line);
}

/* The next agent that can move. */
static void choose_agent(struct tui *t)
{
	const struct machine *m = session_machine(t->session);
	const struct agent *next = session_next(t->session);
	unsigned from = t->view.agent >= 0 ? (unsigned)t->view.agent
	                : next             ? next->id
	                                   : 0;

	for (unsigned i = 1; i <= m->nr_agents; i++) {
		unsigned id = (from + i) % m->nr_agents;

		if (!(enabled_agents(&m->sched) & m->agents[id]->bit))
			continue;
		t->view.agent = (int)id;
		return;
	}
}

static void answer(struct tui *t, int key)
{
	g_autofree char *line = g_strdup_printf("choose %d", key - '0');

	silent_command(t, line);
}

/* The address that was typed, as `pt` would take it. */
static void fix_addr(struct tui *t, const char *text)
{
	g_autoptr(GError) error = NULL;

	clear_text(t);
	t->view.addr_fixed = *text;
	if (!*text || console_addr(t->console, text, &t->view.addr, &error))
		return;
	t->view.addr_fixed = false;
	t->wrong = g_strdup(error->message);
}

static void begin_input(struct tui *t, const char *what)
{
	clear_text(t);
	t->input = g_string_new(what);
}

static void end_input(struct tui *t)
{
	g_autofree char *text = g_string_free(t->input, FALSE);

	t->input = NULL;
	if (*text == ':')
		command(t, text + 1);
	else
		fix_addr(t, text + 1);
}

static void type(struct tui *t, int key)
{
	if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		end_input(t);
	} else if (key == KEY_ESCAPE) {
		g_string_free(t->input, TRUE);
		t->input = NULL;
	} else if (key == KEY_BACKSPACE || key == 127 || key == '\b') {
		if (t->input->len > 1)
			g_string_truncate(t->input, t->input->len - 1);
	} else if (key >= ' ' && key < 127 && t->input->len < INPUT_MAX) {
		g_string_append_c(t->input, (char)key);
	}
}

static void scroll_page(struct tui *t, int key)
{
	unsigned nr_lines = 0;

	for (const char *p = t->page; *p; p++)
		nr_lines += *p == '\n';
	if (key == KEY_DOWN || key == KEY_NPAGE) {
		if (t->view.page_top + 1 < nr_lines)
			t->view.page_top++;
	} else if (key == KEY_UP || key == KEY_PPAGE) {
		if (t->view.page_top)
			t->view.page_top--;
	} else {
		clear_text(t);
	}
}

static void move_key(struct tui *t, int key)
{
	switch (key) {
	case KEY_RIGHT:
	case KEY_DOWN:
	case ' ':
		step_next(t, 1);
		break;
	case KEY_LEFT:
	case KEY_UP:
		back(t, 1);
		break;
	case KEY_NPAGE:
		step_next(t, PAGE_STEPS);
		break;
	case KEY_PPAGE:
		back(t, PAGE_STEPS);
		break;
	case KEY_HOME:
		silent_command(t, "goto start");
		break;
	case KEY_END:
		silent_command(t, "goto end");
		break;
	default:
		break;
	}
}

static void press(struct tui *t, int key)
{
	switch (key) {
	case '\t':
		choose_agent(t);
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		step_chosen(t);
		break;
	case 'r':
		silent_command(t, "run");
		break;
	case 's':
		silent_command(t, "run script");
		break;
	case 'a':
		begin_input(t, "@");
		break;
	case ':':
		begin_input(t, ":");
		break;
	case '?':
		clear_text(t);
		t->page = g_strdup(help);
		break;
	case 'q':
		t->done = true;
		break;
	default:
		if (key >= '0' && key <= '9')
			answer(t, key);
		else
			move_key(t, key);
	}
}

/* ---- the terminal ---- */

static void show(struct tui *t)
{
	static const attr_t attributes[LOOK_COUNT] = {
		[LOOK_BAR] = A_REVERSE,  [LOOK_NOW] = A_BOLD | A_REVERSE,
		[LOOK_AHEAD] = A_DIM,    [LOOK_ALARM] = A_BOLD,
		[LOOK_PLAIN] = A_NORMAL,
	};
	struct tui_grid g;

	tui_grid_init(&g, (unsigned)COLS, (unsigned)LINES);
	t->view.input = t->input ? t->input->str : NULL;
	t->view.wrong = t->wrong;
	t->view.page = t->page;
	tui_draw(&g, &t->view, t->session);
	erase();
	for (unsigned row = 0; row < g.height; row++) {
		move((int)row, 0);
		for (unsigned i = 0; i < g.width; i++) {
			size_t at = (size_t)row * g.width + i;

			addch((chtype)(unsigned char)g.cells[at] |
			      attributes[g.looks[at]]);
		}
	}
	refresh();
	tui_grid_clear(&g);
}

static void key_loop(struct tui *t)
{
	while (!t->done) {
		int key;

		show(t);
		errno = 0;
		key = getch();
		if (key == ERR && errno != EINTR)
			return; /* the terminal is gone */
		if (key == KEY_RESIZE || key == ERR)
			continue;
		if (t->input)
			type(t, key);
		else if (t->page)
			scroll_page(t, key);
		else
			press(t, key);
	}
}

int tui_run(struct console *c, struct session *s)
{
	struct tui t = { .console = c, .session = s, .view.agent = -1 };
	SCREEN *screen;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return cli_error("step: --tui needs a terminal");
	setlocale(LC_CTYPE, "");
	/* As xterm and its like do: curses cannot be asked any more. */
	crash_screen("\033[?1049l\033[?25h");
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		crash_screen(NULL);
		return cli_error("step: the terminal '%s' is unknown",
		                 g_getenv("TERM") ? g_getenv("TERM") : "");
	}
	set_escdelay(25);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	key_loop(&t);
	endwin();
	crash_screen(NULL);
	delscreen(screen);
	clear_text(&t);
	return console_differs(c) ? CLI_DIFFERS : CLI_OK;
}
