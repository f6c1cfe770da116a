/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/code.h"

#include <glib.h>
#include <string.h>

#include "base/bug.h"
#include "emu/emitter_internal.h"
#include "emu/vcpu_arch.h"

/* ---- compiling ---- */

void emit_insn(struct emitter *e)
{
	uint32_t at = e->out->len;

	e->code->nr_insns++;
	g_array_append_val(e->insns, at);
}

void emit_bytes(struct emitter *e, uint64_t value, unsigned size)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	g_byte_array_append(e->out, bytes, size);
}

void emit_access(struct emitter *e)
{
	e->code->access = e->code->nr_insns;
}

void emit_jump(struct emitter *e, unsigned target)
{
	struct jump j = { .at = e->out->len, .target = target };

	g_array_append_val(e->jumps, j);
}

static void link_jumps(const struct emitter *e, const struct vcpu_arch *arch,
                       const struct code *code)
{
	for (unsigned i = 0; i < e->jumps->len; i++) {
		struct jump j = g_array_index(e->jumps, struct jump, i);

		BUG_ON(j.target >= code->nr_ops);
		arch->link_jump(e->out->data + j.at,
		                (int64_t)code->op[j.target].offset - j.at);
	}
}

struct code *code_compile(const struct vcpu_arch *arch, const struct program *p)
{
	struct code *code = g_new0(struct code, 1);
	struct emitter e = {
		.out = g_byte_array_new(),
		.insns = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
		.jumps = g_array_new(FALSE, FALSE, sizeof(struct jump))
	};

	BUG_ON(!p->nr_ops || p->ops[p->nr_ops - 1].kind != OP_EXIT);
	code->nr_ops = p->nr_ops;
	code->ops = g_memdup2(p->ops, p->nr_ops * sizeof(*p->ops));
	code->op = g_new0(struct op_code, p->nr_ops);
	for (unsigned i = 0; i < p->nr_ops; i++) {
		e.code = &code->op[i];
		e.code->offset = e.out->len;
		e.code->first_insn = e.insns->len;
		arch->compile_op(&e, &p->ops[i]);
		e.code->size = (uint8_t)(e.out->len - e.code->offset);
	}
	link_jumps(&e, arch, code);
	code->size = e.out->len;
	code->bytes = g_byte_array_free(e.out, FALSE);
	code->insn_offset = (uint32_t *)(void *)g_array_free(e.insns, FALSE);
	g_array_free(e.jumps, TRUE);
	return code;
}

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
	const struct vcpu_arch *arch;
	GPtrArray *codes;
};

struct code_cache *code_cache_new(const struct vcpu_arch *arch)
{
	struct code_cache *cache = g_new0(struct code_cache, 1);

	cache->arch = arch;
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
	       a->target == b->target && !memcmp(a->nr, b->nr, sizeof(a->nr)) &&
	       a->line == b->line && same_operand(&a->base, &b->base) &&
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
	code = code_compile(cache->arch, p);
	g_ptr_array_add(cache->codes, code);
	return code;
}
