/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load-exclusive and store-exclusive (Arm ARM C6.2 LDXR, STXR, LDXP, STXP and
 * those with acquire or release).
 *
 * Unicorn's own monitor compares values and belongs to one engine; that of the
 * vCPU sees what other CPUs store.  So these instructions are executed here.
 *
 * DIVERGES: a pair of 64-bit registers is two accesses; what other CPUs store
 * between the loads makes the store-exclusive fail, but its two stores are
 * seen one by one.
 */
#include <signal.h>

#include "emu/arm64_insn_internal.h"
#include "emu/unicorn_internal.h"

struct exclusive {
	bool load, pair;
	unsigned size; /* of one access, bytes */
	unsigned nr;   /* of accesses: 2 for a pair of 64 bits */
	unsigned rs, rt, rt2;
	bool by_sp;
	vaddr_t va;
};

static struct exclusive decode(struct engine *e, uint32_t insn)
{
	struct exclusive x = {
		.load = insn >> 22 & 1,
		.pair = insn >> 21 & 1,
		.size = 1U << (insn >> 30),
		.nr = 1,
		.rs = insn >> 16 & 31,
		.rt2 = insn >> 10 & 31,
		.rt = insn & 31,
		.by_sp = (insn >> 5 & 31) == 31,
		.va = arm64_get_xsp(e, insn >> 5 & 31),
	};

	if (x.pair && x.size == 4)
		x.size = 8;
	else if (x.pair)
		x.nr = 2;
	return x;
}

static bool load(struct engine *e, const struct exclusive *x)
{
	struct vcpu *vcpu = this_vcpu();
	uint64_t value[2];

	for (unsigned i = 0; i < x->nr; i++) {
		struct mmu_access acc = { .va = x->va + (vaddr_t)8 * i,
			                  .size = (uint8_t)x->size,
			                  .by_sp = x->by_sp,
			                  .op = MMU_LOAD };

		if (!engine_access(e, &acc))
			return false;
		value[i] = acc.value;
		if (!i)
			monitor_mark(vcpu, acc.pa);
	}
	if (x->pair && x->nr == 1) {
		arm64_set_x(e, x->rt, (uint32_t)value[0]);
		arm64_set_x(e, x->rt2, value[0] >> 32);
		return true;
	}
	arm64_set_x(e, x->rt, value[0]);
	if (x->pair)
		arm64_set_x(e, x->rt2, value[1]);
	return true;
}

/* What is to be stored, access by access. */
static void get_values(struct engine *e, const struct exclusive *x,
                       uint64_t value[2])
{
	value[0] = arm64_get_x(e, x->rt);
	value[1] = x->pair ? arm64_get_x(e, x->rt2) : 0;
	if (x->pair && x->nr == 1)
		value[0] = (uint32_t)value[0] | value[1] << 32;
	else if (x->size < 8)
		value[0] &= BIT_ULL(8 * x->size) - 1;
}

static bool store(struct engine *e, const struct exclusive *x)
{
	struct vcpu *vcpu = this_vcpu();
	const paddr_t *marked = &vcpu->monitor.granule;
	bool stored = *marked != NO_GRANULE;
	uint64_t value[2];

	get_values(e, x, value);
	for (unsigned i = 0; i < x->nr && stored; i++) {
		struct mmu_access acc = { .va = x->va + (vaddr_t)8 * i,
			                  .size = (uint8_t)x->size,
			                  .op = MMU_STXR,
			                  .by_sp = x->by_sp,
			                  .value = value[i],
			                  .exclusive = marked };

		if (!engine_access(e, &acc))
			return false;
		/* No step has been since the one that stored. */
		stored = *marked == ALIGN_DOWN(acc.pa, EXCLUSIVE_GRANULE);
	}
	monitor_clear(vcpu);
	arm64_set_x(e, x->rs, !stored);
	return true;
}

bool arm64_exclusive(struct engine *e, uint32_t insn)
{
	struct exclusive x = decode(e, insn);

	if (!IS_ALIGNED(x.va, x.size * x.nr)) {
		engine_die(e, SIGBUS, BUS_ADRALN, x.va);
		return false;
	}
	return x.load ? load(e, &x) : store(e, &x);
}
