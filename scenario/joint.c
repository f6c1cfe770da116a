// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/joint.h"

#include <stdlib.h>

/* How far a bound was walked. */
struct walk {
	bool known;
	bool hit;
	unsigned nr_parts;
};

struct joint {
	const struct runner *r;
	const struct search_options *options;
	struct verdict out;
	uint32_t wanted;
	GHashTable *parts;    /* of struct part, not counted yet */
	GArray *walks;        /* of struct walk, by bound */
	unsigned bound, next; /* the part to be counted next */
	bool gap;             /* the part counted last was cut off */
	bool over;
};

static void free_part(gpointer p)
{
	part_free(p);
}

static guint hash_part(gconstpointer data)
{
	const struct part *p = data;

	return p->bound * 65537U + p->number;
}

static gboolean same_part(gconstpointer a, gconstpointer b)
{
	const struct part *p = a, *q = b;

	return p->bound == q->bound && p->number == q->number;
}

struct joint *joint_new(const struct runner *r,
                        const struct search_options *options)
{
	struct joint *j = g_new0(struct joint, 1);

	j->r = r;
	j->options = options;
	j->out = (struct verdict){ .run = -1,
		                   .preemptions = -1,
		                   .spontaneous = search_spontaneous(options),
		                   .seed = options->seed };
	j->wanted = expected_hazards(runner_variant(r));
	j->parts = g_hash_table_new_full(hash_part, same_part, free_part, NULL);
	j->walks = g_array_new(FALSE, TRUE, sizeof(struct walk));
	return j;
}

void joint_free(struct joint *j)
{
	if (!j)
		return;
	verdict_clear(&j->out);
	g_hash_table_unref(j->parts);
	g_array_unref(j->walks);
	g_free(j);
}

static struct walk *walk_of(struct joint *j, unsigned bound)
{
	if (j->walks->len <= bound)
		g_array_set_size(j->walks, bound + 1);
	return &g_array_index(j->walks, struct walk, bound);
}

/* ---- counting ---- */

static void end(struct joint *j, const char *why)
{
	j->out.ended = why;
	j->over = true;
}

/* Everything that was to be seen was. */
static bool all_found(const struct joint *j)
{
	g_autofree char *missing = NULL;

	if (!j->wanted || (j->wanted & ~j->out.fired))
		return false;
	missing = judge_all_runs(j->r, j->out.fired, j->out.held,
	                         j->out.executions);
	return !missing;
}

/* The number run --run knows the run by, or its place. */
static int64_t number_of(const struct joint *j, const struct part *p,
                         const struct part_run *kept)
{
	if (j->options->kind == SEARCH_EXPLORE)
		return (int64_t)j->out.executions - 1;
	return (int64_t)p->number * SEARCH_CHUNK + (int64_t)kept->index;
}

/* Why a search ends behind a run that decides. */
static const char *decision(const struct run_result *run)
{
	if (run->fired)
		return "hazard found";
	return run->end == RUN_STEP_CAP ? "cap on steps" : "outcome found";
}

/* How much of what was to be seen is in it? */
static int nr_wanted(const struct joint *j, const struct run_result *run)
{
	return __builtin_popcount(run->fired & j->wanted);
}

/* A run of @p that shows something. Returns whether it decides. */
static bool count_run(struct joint *j, const struct part *p,
                      struct part_run *kept)
{
	struct verdict *out = &j->out;
	bool better = kept->reason || !out->log ||
	              (kept->run.fired && !out->fired) ||
	              nr_wanted(j, &kept->run) > nr_wanted(j, &out->first);

	out->fired |= kept->run.fired;
	out->held |= kept->run.held;
	if (out->end == RUN_DONE)
		out->end = kept->run.end;
	if (kept->log && better) {
		choice_log_free(out->log);
		out->log = g_steal_pointer(&kept->log);
		out->first = kept->run;
		out->preemptions = kept->preemptions;
		out->run = number_of(j, p, kept);
	}
	out->reason = g_steal_pointer(&kept->reason);
	return out->reason || all_found(j);
}

/* In which of its first @n runs was a thread killed? */
static void count_killed(struct joint *j, struct part *p, uint64_t n)
{
	struct verdict *out = &j->out;

	for (unsigned i = 0; i < p->killed_runs->len; i++) {
		const struct part_range *range =
			&g_array_index(p->killed_runs, struct part_range, i);

		if (range->first < n)
			out->killed_runs +=
				(unsigned)(MIN(range->end, n) - range->first);
	}
	if (out->killed_runs && !out->killed)
		out->killed = g_steal_pointer(&p->killed);
}

/* The runs of @p that are within the cap. */
static void count_part(struct joint *j, struct part *p)
{
	struct verdict *out = &j->out;
	unsigned base = out->executions;
	uint64_t cap = j->options->max_executions;
	uint64_t left = cap ? cap - base : UINT64_MAX;

	for (unsigned i = 0; i < p->runs->len; i++) {
		struct part_run *kept = p->runs->pdata[i];

		if (kept->index >= left)
			break;
		out->executions = base + (unsigned)kept->index + 1;
		if (count_run(j, p, kept)) {
			count_killed(j, p, kept->index + 1);
			end(j, decision(&kept->run));
			return;
		}
	}
	out->executions = base + (unsigned)MIN(p->executions, left);
	count_killed(j, p, left);
	/* Of a part that is not counted in full these are not known. */
	if (p->executions > left) {
		end(j, "cap on executions");
		return;
	}
	out->given_up += p->given_up;
	out->calmed |= p->calmed;
}

/* ---- in order ---- */

/* A shard counts only its own. */
static void skip_foreign(struct joint *j)
{
	const struct search_options *o = j->options;

	while (o->nr_shards && j->next % o->nr_shards != o->shard)
		j->next++;
}

static void bound_is_over(struct joint *j, bool hit)
{
	const struct search_options *o = j->options;

	if (o->kind != SEARCH_EXPLORE) {
		end(j, "cap on executions");
		return;
	}
	/* Whether other shards need another bound is not known. */
	if (o->bounded && (hit || o->nr_shards) && j->bound < o->bound) {
		j->bound++;
		j->next = 0;
		return;
	}
	j->out.exhausted = true;
	end(j, "exhausted");
}

static void count_all(struct joint *j)
{
	while (!j->over && !j->gap) {
		struct part key = { .bound = j->bound };
		struct walk *w = walk_of(j, j->bound);
		struct part *p;

		j->out.bound = j->bound;
		skip_foreign(j);
		if (w->known && j->next >= w->nr_parts) {
			bound_is_over(j, w->hit);
			continue;
		}
		key.number = j->next;
		p = g_hash_table_lookup(j->parts, &key);
		if (!p)
			return;
		j->next++;
		count_part(j, p);
		j->gap = p->cut;
		g_hash_table_remove(j->parts, p);
	}
}

/* Was @p counted, or will it never be? */
static bool is_past(const struct joint *j, const struct part *p)
{
	return p->bound < j->bound ||
	       (p->bound == j->bound && p->number < j->next);
}

bool joint_add(struct joint *j, struct part *p)
{
	bool there = is_past(j, p) || g_hash_table_contains(j->parts, p);

	if (there || j->over) {
		part_free(p);
		return !there;
	}
	walk_of(j, p->bound)->hit |= p->hit;
	g_hash_table_add(j->parts, p);
	count_all(j);
	return true;
}

void joint_walked(struct joint *j, unsigned bound, unsigned nr_parts, bool hit)
{
	struct walk *w = walk_of(j, bound);

	w->known = true;
	w->nr_parts = nr_parts;
	w->hit |= hit;
	count_all(j);
}

static bool sink_part(void *data, struct part *p)
{
	struct joint *j = data;

	joint_add(j, p);
	return !j->over;
}

static bool sink_walked(void *data, unsigned bound, unsigned nr_parts, bool hit)
{
	struct joint *j = data;

	joint_walked(j, bound, nr_parts, hit);
	return !j->over;
}

struct search_sink joint_sink(struct joint *j)
{
	return (struct search_sink){ .part = sink_part,
		                     .walked = sink_walked,
		                     .known = &j->out,
		                     .data = j };
}

bool joint_over(const struct joint *j)
{
	return j->over;
}

static int by_place(gconstpointer a, gconstpointer b)
{
	const struct part *p = *(struct part *const *)a;
	const struct part *q = *(struct part *const *)b;

	if (p->bound != q->bound)
		return p->bound < q->bound ? -1 : 1;
	return (p->number > q->number) - (p->number < q->number);
}

/* With gaps: whatever there is, in order. */
static void count_rest(struct joint *j)
{
	guint n = g_hash_table_size(j->parts);
	g_autofree gpointer *rest =
		g_hash_table_get_keys_as_array(j->parts, &n);

	qsort(rest, n, sizeof(*rest), by_place);
	for (guint i = 0; i < n && !j->over; i++) {
		struct part *p = rest[i];

		j->out.bound = p->bound;
		count_part(j, p);
	}
}

void joint_finish(struct joint *j, struct verdict *out)
{
	count_rest(j);
	if (!j->over)
		end(j, "cap on seconds");
	/* A run like any other is not worth a number. */
	if (!j->out.first.fired && !j->out.reason)
		j->out.run = -1;
	*out = j->out;
	j->out = (struct verdict){ 0 };
}
