/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MTE instructions (Arm ARM C6.2), which Unicorn raises as undefined.  Tags are
 * loaded and stored by way of the MMU.
 *
 * DIVERGES: STGP and those that zero are several stores.
 */
#include <signal.h>

#include "base/mtetags.h"
#include "emu/arm64_insn_internal.h"
#include "emu/unicorn_internal.h"

#define DC_BLOCK 64 /* DCZID_EL0.BS */

static bool access_tag(struct engine *e, enum mmu_op op, vaddr_t va,
                       uint64_t *tag)
{
	struct mmu_access acc = { .va = va & MTE_GRANULE_MASK,
		                  .size = 1,
		                  .op = (uint8_t)op,
		                  .value = *tag };

	if (!engine_access(e, &acc))
		return false;
	*tag = acc.value;
	return true;
}

static bool store_word(struct engine *e, vaddr_t va, uint64_t value)
{
	struct mmu_access acc = { .va = va,
		                  .size = 8,
		                  .op = MMU_STORE,
		                  .unchecked = true,
		                  .value = value };

	return engine_access(e, &acc);
}

/* @n granules from @va on get @tag, and zeroes. */
static bool store_tags(struct engine *e, vaddr_t va, unsigned n, uint64_t tag,
                       bool zero)
{
	for (unsigned i = 0; i < n; i++, va += MTE_GRANULE_SIZE) {
		if (!access_tag(e, MMU_STG, va, &tag))
			return false;
		if (zero &&
		    (!store_word(e, va, 0) || !store_word(e, va + 8, 0)))
			return false;
	}
	return true;
}

/* The address of an access that has to be aligned, and what the base register
 * is afterwards. Return: false: the guest is dead. */
static bool address(struct engine *e, const struct mte_insn *i, vaddr_t *va,
                    vaddr_t *after)
{
	vaddr_t base = arm64_get_xsp(e, i->rn);

	*after = base;
	if (i->index != MTE_OFFSET)
		*after = base + (vaddr_t)(int64_t)i->offset;
	*va = i->index == MTE_POST ? base : base + (vaddr_t)(int64_t)i->offset;
	if (i->op == MTE_LDG || IS_ALIGNED(*va, MTE_GRANULE_SIZE))
		return true;
	engine_die(e, SIGBUS, BUS_ADRALN, *va << 8 >> 8);
	return false;
}

static bool store_insn(struct engine *e, const struct mte_insn *i)
{
	vaddr_t va, after;
	uint64_t tag;

	if (!address(e, i, &va, &after))
		return false;
	if (i->op == MTE_STGP) { /* the tag is the address's own */
		tag = mte_ptr_tag(va);
		if (!store_word(e, va, arm64_get_x(e, i->rd)) ||
		    !store_word(e, va + 8, arm64_get_x(e, i->rm)))
			return false;
	} else {
		tag = mte_ptr_tag(arm64_get_xsp(e, i->rd));
	}
	if (!store_tags(e, va, i->granules, tag, i->zero))
		return false;
	if (i->index != MTE_OFFSET)
		arm64_set_xsp(e, i->rn, after);
	return true;
}

static bool load_insn(struct engine *e, const struct mte_insn *i)
{
	vaddr_t va, after;
	uint64_t tag = 0;

	if (!address(e, i, &va, &after) || !access_tag(e, MMU_LDG, va, &tag))
		return false;
	arm64_set_x(e, i->rd,
	            mte_set_ptr_tag(arm64_get_x(e, i->rd), (unsigned)tag));
	return true;
}

static bool dc_insn(struct engine *e, const struct mte_insn *i)
{
	vaddr_t va = arm64_get_x(e, i->rd);

	return store_tags(e, ALIGN_DOWN(va, DC_BLOCK), i->granules,
	                  mte_ptr_tag(va), i->zero);
}

static void register_insn(struct engine *e, const struct mte_insn *i)
{
	struct mte_random *random = &this_vcpu()->mte;
	uint64_t n = arm64_get_xsp(e, i->rn);
	int offset = i->op == MTE_SUBG ? -i->offset : i->offset;
	uint32_t nzcv;
	uint16_t mask;

	switch ((int)i->op) {
	case MTE_IRG:
		mask = (uint16_t)arm64_get_x(e, i->rm);
		arm64_set_xsp(e, i->rd,
		              e->elf ? mte_irg(random, n, mask)
		                     : vcpu_irg(n, mask));
		break;
	case MTE_GMI:
		arm64_set_x(e, i->rd,
		            arm64_get_x(e, i->rm) | BIT_ULL(mte_ptr_tag(n)));
		break;
	case MTE_ADDG:
	case MTE_SUBG:
		arm64_set_xsp(
			e, i->rd,
			mte_addg(n, offset, i->tag_offset, random->exclude));
		break;
	default:
		arm64_set_x(e, i->rd,
		            mte_subp(n, arm64_get_xsp(e, i->rm), &nzcv));
		if (i->op == MTE_SUBPS)
			arm64_set_nzcv(e, nzcv);
	}
}

bool arm64_mte(struct engine *e, uint32_t insn, bool *known)
{
	struct mte_insn i = mte_decode(insn);

	*known = true;
	switch (i.op) {
	case MTE_IRG:
	case MTE_GMI:
	case MTE_ADDG:
	case MTE_SUBG:
	case MTE_SUBP:
	case MTE_SUBPS:
		register_insn(e, &i);
		return true;
	case MTE_STG:
	case MTE_STGP:
		return store_insn(e, &i);
	case MTE_LDG:
		return load_insn(e, &i);
	case MTE_DC_GVA:
		return dc_insn(e, &i);
	case MTE_LDGM: /* UNDEFINED at EL0 */
	case MTE_STGM:
	case MTE_STZGM:
	case MTE_NONE:
	case MTE_OP_COUNT:
		break;
	}
	*known = false;
	return false;
}
