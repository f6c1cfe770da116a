// SPDX-License-Identifier: GPL-2.0-or-later
/* Places to stop: until, break, delete. */
#include <string.h>

#include "stepper/console_internal.h"

#define ALL_ORACLES ((1U << ORACLE_COUNT) - 1)

/* LABEL [@ ADDR], the label of one or more words. */
static bool parse_label(const struct console *c, const struct words *w,
                        unsigned first, struct breakpoint *b, GError **error)
{
	unsigned end = w->n;

	b->kind = BREAK_LABEL;
	if (end >= first + 2 && !strcmp(w->word[end - 2], "@")) {
		if (!parse_addr(c, w->word[end - 1], &b->addr, error))
			return false;
		b->has_addr = true;
		end -= 2;
	}
	if (first == end)
		return console_fail(error, "expected the label of a step");
	b->label = join_words(w, first, end);
	return true;
}

bool parse_until(const struct console *c, const struct words *w, unsigned first,
                 struct breakpoint *b, GError **error)
{
	const char *word = w->word[first];
	enum oracle_id oracle = oracle_by_name(word);

	*b = (struct breakpoint){ 0 };
	if (w->n > first + 1)
		return parse_label(c, w, first, b, error);
	if (!strcmp(word, "fault")) {
		b->kind = BREAK_FAULT;
	} else if (!strcmp(word, "ipi")) {
		b->kind = BREAK_IPI;
	} else if (!strcmp(word, "hazard")) {
		b->kind = BREAK_ORACLE;
		b->oracles = ALL_ORACLES;
	} else if (oracle != ORACLE_COUNT) {
		b->kind = BREAK_ORACLE;
		b->oracles = 1U << oracle;
	} else {
		return parse_label(c, w, first, b, error);
	}
	return true;
}

static bool parse_at(const struct console *c, const struct words *w,
                     struct breakpoint *b, GError **error)
{
	b->kind = BREAK_ADDR;
	b->size = 1;
	if (w->n > 3)
		return console_fail(error, "usage: break at ADDR [SIZE]");
	return parse_addr(c, w->word[1], &b->addr, error) &&
	       (w->n == 2 || parse_count(w->word[2], "size", 1, UINT64_MAX,
	                                 &b->size, error));
}

static bool parse_pte(const struct console *c, const struct words *w,
                      struct breakpoint *b, GError **error)
{
	const struct mm_struct *mm;

	b->kind = BREAK_PTE;
	if (w->n > 3)
		return console_fail(error, "usage: break pte [MM] ADDR");
	if (w->n == 3) {
		mm = parse_mm(c, w->word[1], error);
		if (!mm)
			return false;
		b->mm_id = mm->id;
	}
	return parse_addr(c, w->word[w->n - 1], &b->addr, error);
}

static bool parse_fill(const struct console *c, const struct words *w,
                       struct breakpoint *b, GError **error)
{
	b->kind = BREAK_FILL;
	if (w->n > 2)
		return console_fail(error, "usage: break fill ADDR");
	return parse_addr(c, w->word[1], &b->addr, error);
}

static bool parse_break(const struct console *c, const struct words *w,
                        struct breakpoint *b, GError **error)
{
	const char *word = w->word[0];

	*b = (struct breakpoint){ 0 };
	if (w->n >= 2 && !strcmp(word, "at"))
		return parse_at(c, w, b, error);
	if (w->n >= 2 && !strcmp(word, "pte"))
		return parse_pte(c, w, b, error);
	if (w->n >= 2 && !strcmp(word, "fill"))
		return parse_fill(c, w, b, error);
	if (w->n >= 2 && !strcmp(word, "step"))
		return parse_label(c, w, 1, b, error);
	return parse_until(c, w, 0, b, error);
}

static void print_breakpoint(GString *out, const struct breakpoint *b)
{
	g_string_append_printf(out, "%3u  ", b->number);
	breakpoint_describe(out, b);
	g_string_append_c(out, '\n');
}

static void list_breakpoints(const struct console *c, GString *out)
{
	const GPtrArray *all = session_breakpoints(c->session)->all;

	for (guint i = 0; i < all->len; i++)
		print_breakpoint(out, all->pdata[i]);
	if (!all->len)
		g_string_append(out, "no breakpoints\n");
}

bool cmd_break(struct console *c, const struct words *w, GString *out,
               GError **error)
{
	struct breakpoint b;
	bool right;

	if (!w->n) {
		list_breakpoints(c, out);
		return true;
	}
	right = parse_break(c, w, &b, error);
	if (right)
		print_breakpoint(
			out,
			breakpoint_add(session_breakpoints(c->session), &b));
	g_free(b.label);
	return right;
}

bool cmd_delete(struct console *c, const struct words *w, GString *out,
                GError **error)
{
	struct breakpoint_list *list = session_breakpoints(c->session);
	uint64_t number;

	(void)out;
	if (!w->n) {
		g_ptr_array_set_size(list->all, 0);
		return true;
	}
	if (!parse_count(w->word[0], "breakpoint", 1, UINT32_MAX, &number,
	                 error))
		return false;
	if (breakpoint_delete(list, (unsigned)number))
		return true;
	return console_fail(error, "there is no breakpoint %s", w->word[0]);
}
