/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/code.h"

#include <glib.h>

#include "base/bug.h"

void code_free(struct code *code)
{
	if (!code)
		return;
	g_free(code->ops);
	g_free(code->op);
	g_free(code->insn_offset);
	g_free(code->bytes);
	g_free(code);
}

unsigned code_op_at(const struct code *code, size_t offset)
{
	unsigned low = 0, high = code->nr_ops;

	if (offset >= code->size)
		return code->nr_ops;
	/* The last operation that begins at or before offset. */
	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (code->op[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

unsigned code_insn_size(const struct code *code, unsigned op, unsigned insn)
{
	const struct op_code *oc = &code->op[op];
	uint32_t i = oc->first_insn + insn;
	uint32_t end = oc->offset + oc->size;

	BUG_ON(insn >= oc->nr_insns);
	if (insn + 1 < oc->nr_insns)
		end = code->insn_offset[i + 1];
	return end - code->insn_offset[i];
}

/* ---- cache, by content ---- */

struct code_cache {
	GPtrArray *codes;
};

struct code_cache *code_cache_new(void)
{
	struct code_cache *cache = g_new0(struct code_cache, 1);

	cache->codes = g_ptr_array_new();
	return cache;
}

void code_cache_free(struct code_cache *cache)
{
	for (unsigned i = 0; i < cache->codes->len; i++)
		code_free(g_ptr_array_index(cache->codes, i));
	g_ptr_array_free(cache->codes, TRUE);
	g_free(cache);
}

static bool same_operand(const struct operand *a, const struct operand *b)
{
	if (a->is_reg != b->is_reg)
		return false;
	return a->is_reg ? a->reg == b->reg : a->imm == b->imm;
}

static bool same_args(const struct op *a, const struct op *b)
{
	if (a->nr_args != b->nr_args)
		return false;
	for (unsigned i = 0; i < a->nr_args && i < ARRAY_SIZE(a->args); i++)
		if (!same_operand(&a->args[i], &b->args[i]))
			return false;
	return true;
}

static bool same_op(const struct op *a, const struct op *b)
{
	return a->kind == b->kind && a->reg == b->reg && a->size == b->size &&
	       a->cond == b->cond && a->disp == b->disp &&
	       a->target == b->target && a->nr == b->nr && a->line == b->line &&
	       same_operand(&a->base, &b->base) &&
	       same_operand(&a->value, &b->value) &&
	       same_operand(&a->expected, &b->expected) && same_args(a, b);
}

static bool compiled_from(const struct code *code, const struct program *p)
{
	if (code->nr_ops != p->nr_ops)
		return false;
	for (unsigned i = 0; i < p->nr_ops; i++)
		if (!same_op(&code->ops[i], &p->ops[i]))
			return false;
	return true;
}

const struct code *code_cache_get(struct code_cache *cache,
                                  const struct program *p)
{
	struct code *code;

	for (unsigned i = 0; i < cache->codes->len; i++) {
		code = g_ptr_array_index(cache->codes, i);
		if (compiled_from(code, p))
			return code;
	}
	code = code_compile(p);
	g_ptr_array_add(cache->codes, code);
	return code;
}
