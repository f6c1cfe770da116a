// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/part.h"

#include <string.h>

#include "scenario/killed.h"

static void run_free(gpointer data)
{
	struct part_run *run = data;

	g_free(run->reason);
	choice_log_free(run->log);
	g_free(run);
}

struct part *part_new(unsigned bound, unsigned number)
{
	struct part *p = g_new0(struct part, 1);

	p->bound = bound;
	p->number = number;
	p->killed_runs = g_array_new(FALSE, FALSE, sizeof(struct part_range));
	p->runs = g_ptr_array_new_with_free_func(run_free);
	return p;
}

void part_free(struct part *p)
{
	if (!p)
		return;
	g_ptr_array_unref(p->runs);
	g_array_unref(p->killed_runs);
	g_clear_pointer(&p->killed, g_array_unref);
	g_free(p);
}

static struct choice_log *copy_log(const struct choice_log *log)
{
	g_autofree char *text = choice_log_format(log);

	return choice_log_parse(text, strlen(text), NULL);
}

static void note_killed_run(struct part *p, uint64_t index)
{
	struct part_range range = { index, index + 1 };
	struct part_range *last = NULL;

	if (p->killed_runs->len)
		last = &g_array_index(p->killed_runs, struct part_range,
		                      p->killed_runs->len - 1);
	if (last && last->end == index)
		last->end++;
	else
		g_array_append_val(p->killed_runs, range);
}

static void note_threads(struct part *p, const struct runner *r,
                         const struct run_result *run)
{
	g_autoptr(GArray) killed = killed_threads(r, run);

	if (!killed->len)
		return;
	note_killed_run(p, p->executions);
	if (!p->killed)
		p->killed = g_steal_pointer(&killed);
}

/* Is it the first to show something? */
static bool shows_more(const struct part *p, const struct run_result *run)
{
	return (run->fired & ~p->fired) || (run->held & ~p->held) ||
	       (run->end != RUN_DONE && !p->stopped);
}

void part_note(struct part *p, struct runner *r, const struct run_result *run,
               char *reason, int preemptions)
{
	bool decides = !p->executions || (run->fired & ~p->fired) || reason;
	struct part_run *kept;

	note_threads(p, r, run);
	p->executions++;
	if (!decides && !shows_more(p, run))
		return;
	p->stopped |= run->end != RUN_DONE;
	p->fired |= run->fired;
	p->held |= run->held;
	kept = g_new0(struct part_run, 1);
	*kept = (struct part_run){ .index = p->executions - 1,
		                   .preemptions = preemptions,
		                   .run = *run };
	kept->reason = reason;
	if (decides)
		kept->log = copy_log(runner_log(r));
	kept->run.hazards = NULL;
	kept->run.nr_hazards = 0;
	kept->run.threads = NULL;
	g_ptr_array_add(p->runs, kept);
}
