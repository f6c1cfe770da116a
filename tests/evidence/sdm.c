/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/evidence/sdm.h"

static bool bit(uint64_t word, unsigned n)
{
	return word >> n & 1;
}

/* Bits @high to @low of @word, where they are. */
static uint64_t field(uint64_t word, unsigned high, unsigned low)
{
	if (high < low)
		return 0;
	return word << (63 - high) >> (63 - high) >> low << low;
}

bool sdm_canonical(uint64_t va, bool la57)
{
	const unsigned top = la57 ? 56 : 47;
	const uint64_t upper = va >> top;

	return upper == 0 || upper == ~UINT64_C(0) >> top;
}

struct sdm_start sdm_start(const struct sdm_cpu *cpu)
{
	return (struct sdm_start){
		.level = cpu->la57 ? 5 : 4,
		.table = cpu->cr3,
		.w = true,
		.u = true,
		.x = true,
	};
}

/*
 * Tables 4-14 to 4-20: the levels are 5 PML5E, 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE.
 * Bit 7 (PS) of a PDPTE or a PDE says that it maps a page.
 */
static bool maps_page(uint64_t entry, unsigned level)
{
	return level == 1 || ((level == 2 || level == 3) && bit(entry, 7));
}

/*
 * The same tables, and 4.7, bit 3 of the error code: reserved are
 *  - bits 51:M of every entry, M being MAXPHYADDR;
 *  - bit 63 of every entry if IA32_EFER.NXE = 0;
 *  - bit 7 of a PML5E and a PML4E;
 *  - bits 29:13 of a PDPTE that maps 1 GByte;
 *  - bits 20:13 of a PDE that maps 2 MBytes.
 */
static bool reserved_set(const struct sdm_cpu *cpu, uint64_t entry,
                         unsigned level)
{
	if (field(entry, 51, cpu->maxphyaddr))
		return true;
	if (bit(entry, 63) && !cpu->nxe)
		return true;
	switch (level) {
	case 5:
	case 4:
		return bit(entry, 7);
	case 3:
		return bit(entry, 7) && field(entry, 29, 13);
	case 2:
		return bit(entry, 7) && field(entry, 20, 13);
	default:
		return false;
	}
}

/* 4.6.1, from top to bottom as it stands there. CR0.PG and CR4.PAE are 1, and
 * neither protection keys nor shadow stacks are on. */
bool sdm_permits(const struct sdm_cpu *cpu, const struct sdm_access *acc,
                 bool w, bool u, bool x)
{
	if (!acc->user) {
		switch (acc->kind) {
		case SDM_READ:
			/* A supervisor-mode address: always. */
			if (!u)
				return true;
			return !cpu->smap || acc->ac;
		case SDM_WRITE:
			if (!u)
				return !cpu->wp || w;
			if (cpu->smap && !acc->ac)
				return false;
			return !cpu->wp || w;
		case SDM_FETCH:
		default:
			if (u && cpu->smep)
				return false;
			return x || !cpu->nxe;
		}
	}
	/* User-mode accesses to supervisor-mode addresses: never. */
	if (!u)
		return false;
	switch (acc->kind) {
	case SDM_READ:
		return true;
	case SDM_WRITE:
		return w;
	case SDM_FETCH:
	default:
		return x || !cpu->nxe;
	}
}

unsigned sdm_error_code(const struct sdm_cpu *cpu, const struct sdm_access *acc,
                        bool present, bool reserved)
{
	bool id = acc->kind == SDM_FETCH && (cpu->smep || cpu->nxe);

	return (unsigned)present | (unsigned)(acc->kind == SDM_WRITE) << 1 |
	       (unsigned)acc->user << 2 | (unsigned)reserved << 3 |
	       (unsigned)id << 4;
}

static void fault(struct sdm_result *r, const struct sdm_cpu *cpu,
                  const struct sdm_access *acc, bool present, bool reserved)
{
	r->end = SDM_PF;
	r->code = sdm_error_code(cpu, acc, present, reserved);
}

/* The entry is a leaf: 4.5.4, tables 4-16, 4-18, 4-20; 4.8. */
static void use_page(struct sdm_result *r, const struct sdm_cpu *cpu,
                     const struct sdm_access *acc, unsigned level)
{
	struct sdm_used *leaf = &r->used[r->nr_used - 1];
	const bool write = acc->kind == SDM_WRITE;

	r->shift = 12 + 9 * (level - 1);
	r->pa = field(leaf->before, 51, r->shift) |
	        field(acc->va, r->shift - 1, 0);
	if (!sdm_permits(cpu, acc, r->w, r->u, r->x)) {
		fault(r, cpu, acc, true, false);
		return;
	}
	leaf->after = leaf->before | 1u << 5 | (unsigned)write << 6;
	r->dirty = bit(leaf->after, 6);
	r->global = cpu->pge && bit(leaf->before, 8);
}

struct sdm_result sdm_access(const struct sdm_cpu *cpu,
                             const struct sdm_access *acc,
                             const struct sdm_start *from)
{
	struct sdm_result r = {
		.end = SDM_DONE, .w = from->w, .u = from->u, .x = from->x
	};
	uint64_t table = from->table;

	if (!sdm_canonical(acc->va, cpu->la57)) {
		r.end = SDM_GP;
		return r;
	}
	for (unsigned level = from->level; level >= 1; level--) {
		unsigned low = 12 + 9 * (level - 1);
		uint64_t pa = table + (field(acc->va, low + 8, low) >> low) * 8;
		uint64_t entry = cpu->read(cpu->data, pa);

		r.used[r.nr_used++] = (struct sdm_used){ pa, entry, entry };
		if (!bit(entry, 0)) {
			fault(&r, cpu, acc, false, false);
			return r;
		}
		if (reserved_set(cpu, entry, level)) {
			fault(&r, cpu, acc, true, true);
			return r;
		}
		/* 4.6: the rights are those that every level gives. */
		r.w = r.w && bit(entry, 1);
		r.u = r.u && bit(entry, 2);
		r.x = r.x && !bit(entry, 63);
		if (maps_page(entry, level)) {
			use_page(&r, cpu, acc, level);
			return r;
		}
		r.used[r.nr_used - 1].after |= 1u << 5;
		table = field(entry, 51, 12);
		r.below[r.nr_below++] =
			(struct sdm_start){ level - 1, table, r.w, r.u, r.x };
	}
	return r;
}
