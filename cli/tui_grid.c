// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The screen, from top to bottom: title, a column of steps per CPU, who may
 * move and which locks are held, the page table and the TLBs, one line for what
 * is to be said, one for the keys.  The steps get what the others leave.
 */
#include "cli/tui_grid.h"

#include <inttypes.h>
#include <string.h>

#include "mm/mm_types.h"
#include "scenario/verdict.h"
#include "viz/state.h"

#define COLUMN_MIN  18 /* a narrower column of steps says nothing */
#define NEXT_ROWS   5
#define MEMORY_ROWS 6
#define KEYS                                                                   \
	"arrows: step, back  Tab, Enter: agent  r: run  a: address  :command " \
	"?: help"

/* ---- the grid ---- */

void tui_grid_init(struct tui_grid *g, unsigned width, unsigned height)
{
	size_t n = (size_t)width * height;

	g->width = width;
	g->height = height;
	g->cells = g_malloc(n + 1);
	g->looks = g_new0(uint8_t, n + 1);
	memset(g->cells, ' ', n);
}

void tui_grid_clear(struct tui_grid *g)
{
	g_clear_pointer(&g->cells, g_free);
	g_clear_pointer(&g->looks, g_free);
}

void tui_grid_text(struct tui_grid *g, unsigned row, unsigned column,
                   unsigned width, enum tui_look look, const char *text)
{
	size_t len = strlen(text);

	for (unsigned i = 0; i < width; i++) {
		size_t at = (size_t)row * g->width + column + i;
		char c = ' ';

		if (row >= g->height || column + i >= g->width)
			return;
		if (i < len)
			c = text[i];
		g->cells[at] = g_ascii_isprint(c) ? c : '?';
		g->looks[at] = (uint8_t)look;
	}
}

/* Lines of @text below each other, at most @rows. */
static void put_lines(struct tui_grid *g, unsigned row, unsigned column,
                      unsigned width, unsigned rows, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", (int)rows + 1);

	for (unsigned i = 0; i < rows && lines[i]; i++)
		tui_grid_text(g, row + i, column, width, LOOK_PLAIN, lines[i]);
}

/* ---- the steps ---- */

struct columns {
	unsigned n, width;
	unsigned first; /* CPU of the first column */
	bool others;    /* the last is for agents on no CPU */
};

static bool some_on_no_cpu(const struct session *s)
{
	uint64_t nr = session_last(s);

	while (nr > session_first(s) && session_step(s, nr)->cpu >= 0)
		nr--;
	return nr > session_first(s);
}

/* If not all CPUs fit, that of the current step does. */
static struct columns make_columns(const struct tui_grid *g,
                                   const struct session *s)
{
	unsigned nr_cpus = session_machine(s)->nr_cpus;
	unsigned fit = MAX(g->width / COLUMN_MIN, 1);
	struct columns c = { .n = MAX(MIN(nr_cpus, fit), 1) };
	int cpu = session_at(s) > session_first(s)
	                  ? session_step(s, session_at(s))->cpu
	                  : 0;

	if (nr_cpus < fit && some_on_no_cpu(s)) {
		c.others = true;
		c.n++;
	} else if (cpu >= (int)c.n) {
		c.first = (unsigned)cpu + 1 - c.n;
	}
	c.width = g->width / c.n;
	return c;
}

static void put_heads(struct tui_grid *g, const struct columns *c)
{
	tui_grid_text(g, 1, 0, g->width, LOOK_BAR, "");
	for (unsigned i = 0; i < c->n; i++) {
		g_autofree char *head =
			c->others && i == c->n - 1
				? g_strdup("other")
				: g_strdup_printf("CPU%u", c->first + i);

		tui_grid_text(g, 1, i * c->width, c->width, LOOK_BAR, head);
	}
}

/* The column of a step; n: it has none on this screen. */
static unsigned column_of(const struct columns *c,
                          const struct session_step *st)
{
	if (st->cpu < 0)
		return c->others ? c->n - 1 : c->n;
	if ((unsigned)st->cpu < c->first)
		return c->n;
	return MIN((unsigned)st->cpu - c->first, c->n);
}

static void put_step(struct tui_grid *g, const struct columns *c,
                     const struct session *s, uint64_t nr, unsigned row)
{
	const struct session_step *st = session_step(s, nr);
	unsigned column = column_of(c, st);
	g_autoptr(GString) text = g_string_new(st->label);
	enum tui_look look = LOOK_PLAIN;

	if (column == c->n)
		return;
	if (nr == session_at(s))
		look = LOOK_NOW;
	else if (nr > session_at(s))
		look = LOOK_AHEAD;
	/* Without 0x: the columns are narrow. */
	if (st->addr)
		g_string_append_printf(text, " %" PRIx64, st->addr);
	tui_grid_text(g, row, column * c->width, c->width - 1, look, text->str);
}

static void put_steps(struct tui_grid *g, const struct session *s,
                      unsigned rows)
{
	struct columns c = make_columns(g, s);
	uint64_t at = session_at(s), last = session_last(s);
	uint64_t behind = at - session_first(s);
	/* The current one in the middle, unless there is little ahead. */
	uint64_t ahead = MIN(last - at, rows / 2);
	uint64_t first = at - MIN(behind, rows - ahead) + 1;

	put_heads(g, &c);
	for (unsigned i = 0; i < rows && first + i <= last; i++)
		put_step(g, &c, s, first + i, 2 + i);
}

/* ---- who may move ---- */

static void put_agent(struct tui_grid *g, unsigned row, unsigned width,
                      const struct machine *m, const struct agent *a,
                      bool chosen)
{
	g_autoptr(GString) text = g_string_new(chosen ? ">" : " ");
	bool can_move = enabled_agents(&m->sched) & a->bit;

	g_string_append_printf(text, "%-8s ", a->name);
	if (can_move)
		viz_step_words(text, a->next.label, a->next.addr);
	else
		viz_waits(text, m, a);
	tui_grid_text(g, row, 0, width - 1, can_move ? LOOK_PLAIN : LOOK_AHEAD,
	              text->str);
}

static void put_next(struct tui_grid *g, unsigned row, unsigned rows,
                     const struct tui_view *v, struct session *s)
{
	const struct machine *m = session_machine(s);
	uint64_t enabled = enabled_agents(&m->sched);
	const struct agent *next = session_next(s);
	int chosen = v->agent >= 0 ? v->agent : next ? (int)next->id : -1;
	unsigned n = 0, width = g->width / 2;

	tui_grid_text(g, row, 0, g->width, LOOK_BAR, "next steps");
	/* First who can move, then who waits. */
	for (int waits = 0; waits < 2; waits++) {
		for (unsigned i = 0; i < m->nr_agents && n < rows; i++) {
			const struct agent *a = m->agents[i];

			if (a->done || (waits && a->daemon) ||
			    waits == !!(enabled & a->bit))
				continue;
			put_agent(g, row + 1 + n++, width, m, a,
			          chosen == (int)a->id);
		}
	}
}

static void put_locks(struct tui_grid *g, unsigned row, unsigned rows,
                      const struct session *s)
{
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned column = g->width / 2;

	viz_locks(text, session_machine(s));
	tui_grid_text(g, row, column, g->width - column, LOOK_BAR, "locks");
	put_lines(g, row + 1, column, g->width - column, rows, text->str);
}

/* ---- memory ---- */

static bool is_mapped(const struct session *s, uint64_t addr)
{
	const struct scenario *sc = runner_scenario(session_runner(s));
	const struct ast_process *p;
	const struct ast_map *map;

	for (p = sc->processes; p; p = p->next)
		for (map = p->maps; map; map = map->next)
			if (addr - map->addr < map->size_bytes)
				return true;
	return false;
}

/* The last address of a mapping that a step was about. */
static uint64_t recent_addr(const struct session *s)
{
	const struct scenario *sc = runner_scenario(session_runner(s));
	uint64_t nr = session_at(s);

	for (; nr > session_first(s); nr--)
		if (is_mapped(s, session_step(s, nr)->addr))
			return session_step(s, nr)->addr;
	return sc->processes && sc->processes->maps ? sc->processes->maps->addr
	                                            : 0;
}

/* The mm of who made the current step, else the first there is. */
static const struct mm_struct *recent_mm(const struct session *s)
{
	const struct machine *m = session_machine(s);
	const struct kernel *k = machine_kernel(m);
	const struct mm_struct *mm;

	if (session_at(s) > session_first(s)) {
		const struct agent *a =
			m->agents[session_step(s, session_at(s))->agent];

		if (a->kind == AGENT_TASK && !a->done &&
		    ((const struct task *)a->arg)->mm)
			return ((const struct task *)a->arg)->mm;
	}
	for (mm = k->mms; mm; mm = mm->next)
		if (mm != k->init_mm)
			return mm;
	return NULL;
}

static void put_page_table(struct tui_grid *g, unsigned row, unsigned rows,
                           const struct tui_view *v, const struct session *s)
{
	const struct mm_struct *mm = recent_mm(s);
	uint64_t addr = v->addr_fixed ? v->addr : recent_addr(s);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *head =
		g_strdup_printf("page table of %s for 0x%" PRIx64,
	                        mm ? mm->name : "nobody", addr);

	if (mm)
		viz_pt_brief(text, session_machine(s), mm, addr);
	tui_grid_text(g, row, 0, g->width, LOOK_BAR, head);
	put_lines(g, row + 1, 0, g->width / 2 - 1, rows, text->str);
}

static void put_tlbs(struct tui_grid *g, unsigned row, unsigned rows,
                     const struct session *s)
{
	struct machine *m = session_machine(s);
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned column = g->width / 2;

	for (unsigned cpu = 0; cpu < m->nr_cpus; cpu++)
		viz_tlb_brief(text, m, cpu);
	tui_grid_text(g, row, column, g->width - column, LOOK_BAR, "TLBs");
	put_lines(g, row + 1, column, g->width - column, rows, text->str);
}

/* ---- the rest ---- */

static void put_title(struct tui_grid *g, const struct session *s)
{
	const struct runner *r = session_runner(s);
	g_autofree char *name =
		g_path_get_basename(runner_scenario(r)->source.file);
	g_autofree char *title = g_strdup_printf(
		"%s: %s  step %" PRIu64 " of %" PRIu64 "%s", name,
		variant_name(runner_variant(r)), session_at(s), session_last(s),
		session_ended(s) ? ", the end" : "");

	tui_grid_text(g, 0, 0, g->width, LOOK_BAR, title);
}

static char *last_hazard(const struct session *s)
{
	const struct hazard *hazards;
	unsigned n;

	hazards = runner_hazards(session_runner(s), &n);
	if (!n)
		return NULL;
	return g_strdup_printf("hazard %s: %s", hazards[n - 1].oracle,
	                       hazards[n - 1].text);
}

static char *state_words(const struct session *s)
{
	const struct choice *open = session_open_choice(s);

	if (open)
		return g_strdup_printf("%s asks: %s, press 0 to %u",
		                       open->asker ? open->asker->name : "?",
		                       open->label, open->n - 1);
	if (session_ended(s))
		return g_strdup_printf(
			"the run has ended: %s%s",
			session_verdict(s) ? "DIFFERS: " : "as expected",
			session_verdict(s) ? session_verdict(s) : "");
	return last_hazard(s);
}

static void put_message(struct tui_grid *g, unsigned row,
                        const struct tui_view *v, const struct session *s)
{
	g_autofree char *state = state_words(s);
	g_autofree char *typed = NULL;

	if (v->input) {
		typed = g_strdup_printf("%s_", v->input);
		tui_grid_text(g, row, 0, g->width, LOOK_PLAIN, typed);
	} else if (v->wrong) {
		tui_grid_text(g, row, 0, g->width, LOOK_ALARM, v->wrong);
	} else if (state) {
		tui_grid_text(g, row, 0, g->width, LOOK_ALARM, state);
	}
}

static void put_page(struct tui_grid *g, const struct tui_view *v)
{
	g_auto(GStrv) lines = g_strsplit(v->page, "\n", -1);
	unsigned n = g_strv_length(lines), rows = g->height - 1;

	for (unsigned i = 0; i < rows && v->page_top + i < n; i++)
		tui_grid_text(g, i, 0, g->width, LOOK_PLAIN,
		              lines[v->page_top + i]);
	tui_grid_text(g, g->height - 1, 0, g->width, LOOK_BAR,
	              "arrows scroll, any other key goes back");
}

void tui_draw(struct tui_grid *g, const struct tui_view *v, struct session *s)
{
	/* Title, heads, message and keys; two panels with a head each. */
	unsigned fixed = 4, steps, row;
	unsigned next = NEXT_ROWS, memory = MEMORY_ROWS;

	if (!g->height || !g->width)
		return;
	if (v->page) {
		put_page(g, v);
		return;
	}
	if (g->height < fixed + next + memory + 2 + 3)
		next = memory = 0; /* too low: the steps alone */
	else
		fixed += next + memory + 2;
	steps = g->height > fixed ? g->height - fixed : 0;
	put_title(g, s);
	if (steps)
		put_steps(g, s, steps);
	row = 2 + steps;
	if (next) {
		put_next(g, row, next, v, s);
		put_locks(g, row, next, s);
		row += next + 1;
		put_page_table(g, row, memory, v, s);
		put_tlbs(g, row, memory, s);
	}
	if (g->height > 2)
		put_message(g, g->height - 2, v, s);
	if (g->height > 1)
		tui_grid_text(g, g->height - 1, 0, g->width, LOOK_BAR, KEYS);
}
