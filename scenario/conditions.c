// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/conditions.h"

#include "base/mtetags.h"
#include "mm/mm_types.h"
#include "mm/proc.h"
#include "pagetable/pgtable.h"
#include "scenario/figures.h"
#include "scenario/run.h"

static uint64_t read_memory(const struct final_state *state,
                            const struct ast_cond *term)
{
	const struct mm_struct *mm = state->mms[term->process->index];
	struct pt_walk walk =
		pt_walk(state->machine, mm->pgd, term->addr.number);

	if (!walk.leaf)
		return 0;
	return phys_read(&state->machine->mem, walk.paddr, term->size);
}

static uint64_t read_tag(const struct final_state *state,
                         const struct ast_cond *term)
{
	const struct mm_struct *mm = state->mms[term->process->index];
	struct pt_walk walk =
		pt_walk(state->machine, mm->pgd, term->addr.number);

	return walk.leaf ? mte_tag_get(&state->machine->mem, walk.paddr) : 0;
}

static uint64_t term_value(const struct final_state *state,
                           const struct ast_cond *term)
{
	struct mm_figures figures;

	switch (term->term) {
	case TERM_REG:
		return state->threads[term->thread->index].regs[term->reg];
	case TERM_SIGNAL:
		return (uint64_t)state->threads[term->thread->index].signal;
	case TERM_SI_CODE:
		return (uint64_t)state->threads[term->thread->index].si_code;
	case TERM_SI_ADDR:
		return state->threads[term->thread->index].fault_addr;
	case TERM_MEMORY:
		return read_memory(state, term);
	case TERM_TAG:
		return read_tag(state, term);
	case TERM_FIGURE:
		figures = mm_figures(state->mms[term->process->index]);
		return figure_get(&figures, term->figure);
	case TERM_VMSTAT:
	default:
		return vmstat_get(state->machine->vmstat, term->figure);
	}
}

static bool compare(uint64_t a, enum op_cond op, uint64_t b)
{
	switch (op) {
	case COND_NE:
		return a != b;
	case COND_LT:
		return a < b;
	case COND_LE:
		return a <= b;
	case COND_GT:
		return a > b;
	case COND_GE:
		return a >= b;
	case COND_EQ:
	default:
		return a == b;
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
bool condition_holds(const struct ast_cond *cond,
                     const struct final_state *state)
{
	switch (cond->kind) {
	case COND_AND:
		return condition_holds(cond->left, state) &&
		       condition_holds(cond->right, state);
	case COND_OR:
		return condition_holds(cond->left, state) ||
		       condition_holds(cond->right, state);
	case COND_NOT:
		return !condition_holds(cond->left, state);
	case COND_TERM:
	default:
		return compare(term_value(state, cond), cond->op,
		               cond->value.number);
	}
}
