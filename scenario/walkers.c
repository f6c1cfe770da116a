/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenario/walkers.h"

#include "mm/vmalloc.h"

/* Addresses of user space that loads and stores name. */
static void add_candidates(struct emu *emu, const struct program *program)
{
	for (unsigned i = 0; i < program->nr_ops; i++) {
		const struct op *op = &program->ops[i];

		if (op->kind <= OP_LDG && !op->base.is_reg &&
		    emu_add_candidate(emu, op->base.imm))
			return;
	}
}

/* Areas of kernel memory that operations name: a bit for each. */
static unsigned areas_named(const struct ast_stmt *stmt)
{
	unsigned areas = 0;

	for (; stmt; stmt = stmt->next)
		for (unsigned i = 0; i < stmt->nr_args; i++)
			if (stmt->kop->args[i] == KOP_ARG_AREA)
				areas |= 1U << stmt->args[i].number;
	return areas;
}

static void add_area_candidates(struct emu *emu, unsigned areas)
{
	for (unsigned i = 0; i < VMALLOC_AREAS; i++)
		if ((areas >> i & 1) &&
		    emu_add_candidate(emu, vmalloc_area(emu->machine, i)))
			return;
}

void scenario_start_walkers(const struct scenario *s,
                            const struct ast_machine *d, struct emu *emu)
{
	unsigned areas = 0;

	if (!d->speculation && !d->eviction)
		return;
	emu->machine->caps.spontaneous = d->speculation + d->eviction;
	if (emu_start_walkers(emu, d->walkers, d->eviction > 0))
		return;
	for (const struct ast_thread *t = s->threads; t && d->speculation;
	     t = t->next) {
		if (t->kthread)
			areas |= areas_named(t->body);
		else
			add_candidates(emu, &t->program);
	}
	add_area_candidates(emu, areas);
}
