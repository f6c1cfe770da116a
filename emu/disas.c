/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/disas.h"

#include <capstone/capstone.h>
#include <glib.h>

#include "base/bug.h"
#include "emu/code.h"

struct disas {
	csh handle;
	cs_insn *insn;
};

struct disas *disas_new(void)
{
	struct disas *d = g_new0(struct disas, 1);

	BUG_ON(cs_open(CS_ARCH_X86, CS_MODE_64, &d->handle) != CS_ERR_OK);
	cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
	d->insn = cs_malloc(d->handle);
	return d;
}

void disas_free(struct disas *d)
{
	if (!d)
		return;
	cs_free(d->insn, 1);
	cs_close(&d->handle);
	g_free(d);
}

unsigned disas_insn(struct disas *d, const uint8_t *bytes, size_t len,
                    vaddr_t pc, char *buf, size_t size)
{
	if (!cs_disasm_iter(d->handle, &bytes, &len, &pc, d->insn)) {
		g_strlcpy(buf, "(bad)", size);
		return 0;
	}
	g_snprintf(buf, (gulong)size, "%s%s%s", d->insn->mnemonic,
	           d->insn->op_str[0] ? " " : "", d->insn->op_str);
	return d->insn->size;
}

static bool is_locked(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if (insn->id == X86_INS_CMPXCHG16B || insn->id == X86_INS_CMPXCHG8B)
		return false;
	if (x86->prefix[0] == X86_PREFIX_LOCK)
		return true;
	for (unsigned i = 0; insn->id == X86_INS_XCHG && i < x86->op_count; i++)
		if (x86->operands[i].type == X86_OP_MEM)
			return true;
	return false;
}

unsigned disas_is_special(struct disas *d, const uint8_t *bytes, size_t len,
                          bool *special)
{
	uint64_t pc = 0;

	*special = false;
	if (!cs_disasm_iter(d->handle, &bytes, &len, &pc, d->insn))
		return 0;
	*special = d->insn->id == X86_INS_RDTSC ||
	           d->insn->id == X86_INS_RDTSCP || is_locked(d->insn);
	return d->insn->size;
}

char *disas_op(struct disas *d, const struct code *code, unsigned op)
{
	const struct op_code *oc = &code->op[op];
	GString *s = g_string_new(NULL);

	for (unsigned at = 0; at < oc->size;) {
		uint64_t pc = CODE_BASE + oc->offset + at;
		char text[128];
		unsigned n = disas_insn(d, code->bytes + oc->offset + at,
		                        oc->size - at, pc, text, sizeof(text));

		g_string_append_printf(s, "\t%s\n", text);
		if (!n)
			break;
		at += n;
	}
	return g_string_free(s, FALSE);
}
