// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process of -j: makes runs and says what came of them.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/pool_internal.h"
#include "scenario/part.h"

struct worker {
	struct plan plan;
	struct shared_item *shared; /* of the variant under way */
	unsigned item;
	int out;
};

/* Nobody listens any more: nothing is left to do. */
static void say(const struct worker *w, const char *line)
{
	size_t left = strlen(line);

	while (left) {
		ssize_t n = write(w->out, line, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(CLI_OK);
		line += n;
		left -= (size_t)n;
	}
}

static void say_format(const struct worker *w, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
static void say_format(const struct worker *w, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	say(w, line);
}

static void say_error(const struct worker *w, const GError *error)
{
	g_autofree char *message = g_strescape(error->message, NULL);

	say_format(w, "error %u %s\n", w->item, message);
}

/* Is it ours? The first who comes to a part makes it. */
static bool claim(void *data, unsigned bound, unsigned number)
{
	struct worker *w = data;
	uint64_t behind = ((uint64_t)bound << 32 | number) + 1;
	uint64_t next = atomic_load(&w->shared->next);

	while (next < behind) {
		if (atomic_compare_exchange_weak(&w->shared->next, &next,
		                                 behind))
			return true;
	}
	return false;
}

static bool send_part(void *data, struct part *p)
{
	const struct worker *w = data;
	g_autoptr(JsonNode) node = part_to_json(p);
	g_autofree char *text = json_to_string(node, FALSE);

	say_format(w, "part %u %s\n", w->item, text);
	part_free(p);
	return !atomic_load(&w->shared->over);
}

static bool send_walked(void *data, unsigned bound, unsigned nr_parts, bool hit)
{
	const struct worker *w = data;

	say_format(w, "walked %u %u %u %d\n", w->item, bound, nr_parts, hit);
	/* Other workers' parts may need more preemptions. */
	return true;
}

/* A verdict, as a part whose only run is the first. */
static void send_verdict(const struct worker *w, struct verdict *v)
{
	struct part *p = part_new(0, 0);
	struct part_range killed = { 0, v->killed_runs };
	struct part_run *kept = g_new0(struct part_run, 1);
	g_autoptr(JsonNode) node = NULL;
	g_autofree char *text = NULL;

	kept->preemptions = -1;
	kept->reason = g_steal_pointer(&v->reason);
	kept->run = v->first;
	kept->log = g_steal_pointer(&v->log);
	g_ptr_array_add(p->runs, kept);
	p->executions = v->executions;
	p->killed = g_steal_pointer(&v->killed);
	if (killed.end)
		g_array_append_val(p->killed_runs, killed);
	node = part_to_json(p);
	text = json_to_string(node, FALSE);
	say_format(w,
	           "verdict %u %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT
	           " %u %u %s\n",
	           w->item, v->run, v->seed, v->fired, v->end, text);
	part_free(p);
}

static void judge(struct worker *w, struct runner *r)
{
	const struct search_sink sink = { claim, send_part, send_walked, NULL,
		                          w };
	g_autoptr(GError) error = NULL;
	struct verdict verdict;

	if (w->plan.is_search) {
		if (!search_parts(r, &w->plan.search, &sink, &error))
			say_error(w, error);
		return;
	}
	if (!claim(w, 0, 0))
		return;
	if (verify_variant(r, &w->plan.verify, &verdict, &error)) {
		send_verdict(w, &verdict);
		verdict_clear(&verdict);
	} else {
		say_error(w, error);
	}
}

static bool time_is_up(void *data)
{
	const struct worker *w = data;
	gint64 deadline = w->plan.deadline;

	return atomic_load(&w->shared->over) ||
	       (deadline && g_get_monotonic_time() > deadline);
}

static void count(void *data, unsigned done, unsigned total)
{
	const struct worker *w = data;

	(void)done;
	(void)total;
	atomic_fetch_add(&w->shared->runs, 1);
}

/* All workers have the same time for it. */
static void start_clock(struct worker *w)
{
	int64_t start = 0;

	if (atomic_compare_exchange_strong(&w->shared->start, &start,
	                                   g_get_monotonic_time()))
		start = atomic_load(&w->shared->start);
	plan_start(&w->plan, start);
}

static void work_at(struct worker *w, const struct pool_item *item)
{
	g_autofree char *command =
		plan_command(&w->plan, item->scenario, item->v);

	crash_command("%s", command);
	start_clock(w);
	if (!atomic_load(&w->shared->over)) {
		struct runner *r =
			plan_runner(&w->plan, item->scenario, item->v, NULL);

		/* If not, the pool's process cannot either, and says why. */
		if (r)
			judge(w, r);
		runner_free(r);
	}
	say_format(w, "left %u\n", w->item);
}

void work(const struct plan *plan, const GArray *items, struct shared *shared,
          unsigned worker, int out)
{
	struct worker w = { .plan = *plan, .out = out };

	w.plan.search.time_is_up = time_is_up;
	w.plan.search.progress = w.plan.verify.progress = count;
	w.plan.search.data = w.plan.verify.data = &w;
	for (unsigned i = 0; i < items->len; i++) {
		atomic_store(&shared->doing[worker], i);
		w.item = i;
		w.shared = &shared->items[i];
		work_at(&w, &g_array_index(items, struct pool_item, i));
	}
}
