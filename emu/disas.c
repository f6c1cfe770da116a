/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/disas.h"

#include <glib.h>

#include "base/bug.h"
#include "emu/code.h"
#include "emu/disas_internal.h"
#include "emu/vcpu_arch.h"

struct disas *disas_new(enum arch_id arch)
{
	struct disas *d = g_new0(struct disas, 1);

	d->arch = vcpu_arch_get(arch)->disas;
	BUG_ON(cs_open(d->arch->arch, d->arch->mode, &d->handle) != CS_ERR_OK);
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
	unsigned n = 0;

	if (d->arch->own_text)
		n = d->arch->own_text(bytes, len, buf, size);
	if (n)
		return n;
	if (!cs_disasm_iter(d->handle, &bytes, &len, &pc, d->insn)) {
		g_strlcpy(buf, "(bad)", size);
		return 0;
	}
	g_snprintf(buf, (gulong)size, "%s%s%s", d->insn->mnemonic,
	           d->insn->op_str[0] ? " " : "", d->insn->op_str);
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
