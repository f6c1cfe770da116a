/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oracle/scene.h"

#include "base/access.h"

/* ---- logs ---- */

static void log_init(struct scene_log *log, unsigned size)
{
	log->records = g_array_new(FALSE, FALSE, size);
	log->nr = 0;
}

static void log_fini(struct scene_log *log)
{
	g_array_free(log->records, TRUE);
}

static void log_reset(struct scene_log *log)
{
	g_array_set_size(log->records, 0);
	log->nr = 0;
}

/* Room for the next record. */
static void *log_append(struct scene_log *log, unsigned size)
{
	unsigned i = (unsigned)(log->nr++ % SCENE_LOG_MAX);

	if (i >= log->records->len)
		g_array_set_size(log->records, i + 1);
	return log->records->data + (size_t)i * size;
}

static void *log_at(const struct scene_log *log, uint64_t i, unsigned size)
{
	if (i >= log->nr || i + SCENE_LOG_MAX < log->nr)
		return NULL;
	return log->records->data + (size_t)(i % SCENE_LOG_MAX) * size;
}

/* ---- life ---- */

struct scene *scene_new(void)
{
	struct scene *s = g_new0(struct scene, 1);

	log_init(&s->ops, sizeof(struct scene_op));
	log_init(&s->writes, sizeof(struct scene_write));
	log_init(&s->frees, sizeof(struct scene_free));
	s->mms = g_array_new(FALSE, FALSE, sizeof(struct scene_mm));
	scene_reset(s);
	return s;
}

void scene_free(struct scene *s)
{
	log_fini(&s->ops);
	log_fini(&s->writes);
	log_fini(&s->frees);
	g_array_free(s->mms, TRUE);
	g_free(s);
}

void scene_reset(struct scene *s)
{
	log_reset(&s->ops);
	log_reset(&s->writes);
	log_reset(&s->frees);
	g_array_set_size(s->mms, 0);
	memset(s->current_op, 0, sizeof(s->current_op));
	memset(s->cpu_root, 0, sizeof(s->cpu_root));
	/* Number 0 means "none": it is over from the start. */
	*(struct scene_op *)log_append(&s->ops, sizeof(struct scene_op)) =
		(struct scene_op){ .name = "set-up",
		                   .agent = -1,
		                   .over = true };
}

/* ---- operations ---- */

static int agent_of(const struct event *ev)
{
	return ev->agent ? (int)ev->agent->id : -1;
}

const struct scene_op *scene_op(const struct scene *s, uint64_t op)
{
	return log_at(&s->ops, op, sizeof(struct scene_op));
}

bool scene_op_over(const struct scene *s, uint64_t op)
{
	const struct scene_op *o = scene_op(s, op);

	return !o || o->over;
}

const char *scene_op_name(const struct scene *s, uint64_t op)
{
	const struct scene_op *o = scene_op(s, op);

	return o && o->name ? o->name : "kernel";
}

static void op_begin(struct scene *s, const struct event *ev,
                     enum scene_op_kind kind, const char *name)
{
	struct scene_op *op;

	s->current_op[agent_of(ev)] = s->ops.nr;
	op = log_append(&s->ops, sizeof(*op));
	*op = (struct scene_op){ .name = name,
		                 .enter_step = ev->step,
		                 .agent = agent_of(ev),
		                 .kind = kind };
}

static void op_end(struct scene *s, const struct event *ev, int agent)
{
	struct scene_op *op =
		log_at(&s->ops, s->current_op[agent], sizeof(*op));

	if (op && !op->over) {
		op->over = true;
		op->exit_step = ev->step;
	}
	s->current_op[agent] = 0;
}

/* Whoever acts in user space again has left its page fault. */
static void back_in_user_space(struct scene *s, const struct event *ev)
{
	int agent = agent_of(ev);
	const struct scene_op *op;

	if (agent < 0 || !s->current_op[agent])
		return;
	op = scene_op(s, s->current_op[agent]);
	if (!op || op->kind == SCENE_OP_IMPLIED)
		op_end(s, ev, agent);
}

static void op_event(struct scene *s, const struct event *ev)
{
	int agent = agent_of(ev);

	if (agent < 0)
		return;
	if (ev->type == EV_SYSCALL_ENTER || ev->type == EV_KERNEL_ENTER) {
		op_end(s, ev, agent);
		op_begin(s, ev,
		         ev->type == EV_SYSCALL_ENTER ? SCENE_OP_SYSCALL
		                                      : SCENE_OP_KERNEL,
		         ev->text);
	} else {
		op_end(s, ev, agent);
	}
}

/* ---- entries, frames, address spaces ---- */

static void add_write(struct scene *s, struct machine *m,
                      const struct event *ev)
{
	pfn_t pfn = ev->addr >> PAGE_SHIFT;
	int agent = agent_of(ev);
	struct scene_write *w;

	if (agent >= 0 && !s->current_op[agent])
		op_begin(s, ev, SCENE_OP_IMPLIED, "page fault");
	w = log_append(&s->writes, sizeof(*w));
	*w = (struct scene_write){
		.pa = ev->addr,
		.old = ev->b,
		.new = ev->a,
		.step = ev->step,
		.op = agent >= 0 ? s->current_op[agent] : 0,
		.agent = agent,
		.owner = pfn_valid(&m->mem, pfn) ? m->mem.mem_map[pfn].pt_owner
		                                 : 0,
		.level = (uint8_t)ev->c,
	};
}

const struct scene_write *scene_write(const struct scene *s, uint64_t i)
{
	return log_at(&s->writes, i, sizeof(struct scene_write));
}

static void add_free(struct scene *s, const struct event *ev)
{
	struct scene_free *f = log_append(&s->frees, sizeof(*f));

	*f = (struct scene_free){ .pfn = ev->addr,
		                  .step = ev->step,
		                  .order = (unsigned)ev->a,
		                  .agent = agent_of(ev) };
}

const struct scene_free *scene_freed(const struct scene *s, pfn_t pfn)
{
	const struct scene_free *f;

	for (uint64_t i = s->frees.nr; i-- > 0;) {
		f = log_at(&s->frees, i, sizeof(*f));
		if (!f)
			return NULL;
		if (pfn - f->pfn < BIT_ULL(f->order))
			return f;
	}
	return NULL;
}

static struct scene_mm *find_mm(const struct scene *s, unsigned id)
{
	for (unsigned i = s->mms->len; i-- > 0;) {
		struct scene_mm *mm =
			&g_array_index(s->mms, struct scene_mm, i);
		if (mm->id == id)
			return mm;
	}
	return NULL;
}

unsigned scene_mm_of_root(const struct scene *s, paddr_t root)
{
	for (unsigned i = s->mms->len; i-- > 0;) {
		const struct scene_mm *mm =
			&g_array_index(s->mms, struct scene_mm, i);
		if (mm->root == root)
			return mm->live ? mm->id : 0;
	}
	return 0;
}

static void mm_event(struct scene *s, const struct event *ev)
{
	struct scene_mm *mm;

	if (ev->type == EV_MM_NEW) {
		struct scene_mm new = { .id = (unsigned)ev->a,
			                .root = ev->b,
			                .parent = (unsigned)ev->c,
			                .live = true };

		g_array_append_val(s->mms, new);
		return;
	}
	mm = find_mm(s, (unsigned)ev->a);
	if (mm)
		mm->live = false;
}

void scene_event(struct scene *s, struct machine *m, const struct event *ev)
{
	switch ((int)ev->type) {
	case EV_ACCESS:
		if (((const struct access_record *)ev->data)->user)
			back_in_user_space(s, ev);
		break;
	case EV_SYSCALL_ENTER:
	case EV_SYSCALL_EXIT:
	case EV_KERNEL_ENTER:
	case EV_KERNEL_EXIT:
		op_event(s, ev);
		break;
	case EV_AGENT_DONE:
		if (ev->addr < NR_AGENTS_MAX)
			op_end(s, ev, (int)ev->addr);
		break;
	case EV_PT_WRITE:
		add_write(s, m, ev);
		break;
	case EV_FRAME_FREE:
		add_free(s, ev);
		break;
	case EV_CR3:
		if (ev->agent && ev->agent->cpu)
			s->cpu_root[ev->agent->cpu->id] = ev->a;
		break;
	case EV_MM_NEW:
	case EV_MM_FREE:
		mm_event(s, ev);
		break;
	default:
		break;
	}
}
