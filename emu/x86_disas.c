/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/disas_internal.h"

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

unsigned x86_is_special(struct disas *d, const uint8_t *bytes, size_t len,
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

const struct disas_arch disas_x86 = {
	.arch = CS_ARCH_X86,
	.mode = CS_MODE_64,
};
