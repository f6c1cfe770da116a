/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/evidence/armarm.h"

static bool bit(uint64_t word, unsigned n)
{
	return word >> n & 1;
}

/* word<high:low>, as a number. */
static uint64_t bits(uint64_t word, unsigned high, unsigned low)
{
	return word << (63 - high) >> (63 - high) >> low;
}

/* ---- TCR_EL1: D24.2.207 ---- */

/* VA<55> says which half of the address space it is: D8.2.2. */
static bool upper(uint64_t va)
{
	return bit(va, 55);
}

static unsigned input_size(const struct arm_cpu *cpu, bool high)
{
	uint64_t txsz = high ? bits(cpu->tcr, 21, 16) : bits(cpu->tcr, 5, 0);

	/* Outside of 16 .. 39 without FEAT_TTST and FEAT_LVA: as the nearest,
	 * which is one of the two things the manual permits. */
	if (txsz < 16)
		txsz = 16;
	if (txsz > 39)
		txsz = 39;
	return 64 - (unsigned)txsz;
}

static unsigned granule(const struct arm_cpu *cpu, bool high)
{
	/* TG0: 00 4K, 01 64K, 10 16K; TG1: 01 16K, 10 4K, 11 64K. */
	switch (high ? bits(cpu->tcr, 31, 30) | 4 : bits(cpu->tcr, 15, 14)) {
	case 1:
	case 4 | 3:
		return 16;
	case 2:
	case 4 | 1:
		return 14;
	default:
		return 12;
	}
}

static bool tbi(const struct arm_cpu *cpu, bool high)
{
	return bit(cpu->tcr, high ? 38 : 37);
}

static unsigned output_size(const struct arm_cpu *cpu)
{
	static const uint8_t ips[] = { 32, 36, 40, 42, 44, 48, 48, 48 };
	unsigned size = ips[bits(cpu->tcr, 34, 32)];

	return size < cpu->pa_bits ? size : cpu->pa_bits;
}

static bool hardware_af(const struct arm_cpu *cpu)
{
	return bit(cpu->tcr, 39);
}

/* HD does nothing where HA is 0. */
static bool hardware_dirty(const struct arm_cpu *cpu)
{
	return bit(cpu->tcr, 39) && bit(cpu->tcr, 40);
}

static bool no_hierarchy(const struct arm_cpu *cpu, bool high)
{
	return bit(cpu->tcr, high ? 42 : 41);
}

/* ---- exceptions: ESR_EL1, ISS for aborts ---- */

enum status {
	ADDRESS_SIZE = 0x00,
	TRANSLATION = 0x04,
	ACCESS_FLAG = 0x08,
	PERMISSION = 0x0c
};

static uint64_t esr(const struct arm_access *acc, enum status status,
                    unsigned level, bool wnr)
{
	uint64_t ec = acc->kind == ARM_FETCH ? 0x20 : 0x24;

	/* EC, IL, WnR, DFSC or IFSC. */
	return (ec + (acc->el0 ? 0 : 1)) << 26 | 1u << 25 | (unsigned)wnr << 6 |
	       ((unsigned)status + level);
}

static void fault(struct arm_result *r, const struct arm_access *acc,
                  enum status status, unsigned level)
{
	r->fault = true;
	r->far = acc->va;
	/* "A fault on an atomic access ... WnR is 0 if a read of the address
	 * would have generated the fault": all but some permission faults. */
	r->esr = esr(acc, status, level, acc->kind == ARM_WRITE);
}

/* ---- D8.4: access control ---- */

static bool permits_data(const struct arm_cpu *cpu,
                         const struct arm_access *acc, bool write,
                         const struct arm_rights *rights)
{
	if (acc->el0 || acc->unprivileged)
		return rights->user && (!write || rights->write);
	/* D8.4.1.2.3: privileged access never. */
	if (cpu->pan && rights->user)
		return false;
	return !write || rights->write;
}

bool arm_permits(const struct arm_cpu *cpu, const struct arm_access *acc,
                 const struct arm_rights *rights)
{
	switch (acc->kind) {
	case ARM_FETCH:
		return acc->el0 ? rights->user_exec : rights->priv_exec;
	case ARM_READ:
		return permits_data(cpu, acc, false, rights);
	case ARM_WRITE:
		return permits_data(cpu, acc, true, rights);
	case ARM_ATOMIC:
	default:
		return permits_data(cpu, acc, false, rights) &&
		       permits_data(cpu, acc, true, rights);
	}
}

uint64_t arm_permission_esr(const struct arm_cpu *cpu,
                            const struct arm_access *acc,
                            const struct arm_rights *rights, unsigned level)
{
	bool wnr = acc->kind == ARM_WRITE;

	if (acc->kind == ARM_ATOMIC)
		wnr = permits_data(cpu, acc, false, rights);
	return esr(acc, PERMISSION, level, wnr);
}

/* Attributes of a table limit what lies below: D8.4.2.2. */
static void limit_by_table(struct arm_rights *r, uint64_t d)
{
	if (bit(d, 61)) /* APTable<0> */
		r->user = false;
	if (bit(d, 62)) /* APTable<1> */
		r->write = false;
	if (bit(d, 60)) /* UXNTable */
		r->user_exec = false;
	if (bit(d, 59)) /* PXNTable */
		r->priv_exec = false;
}

static struct arm_rights rights_of(const struct arm_cpu *cpu, uint64_t d,
                                   const struct arm_rights *limit)
{
	/* AP<2:1>; a writable-clean descriptor, D8.5.2, is writable. */
	bool read_only = bit(d, 7) && !(hardware_dirty(cpu) && bit(d, 51));
	struct arm_rights r = {
		.user = bit(d, 6) && limit->user,
		.write = !read_only && limit->write,
		.user_exec = !bit(d, 54) && limit->user_exec,
		.priv_exec = !bit(d, 53) && limit->priv_exec,
	};

	/* D8.4.1.2.2: what EL0 may write EL1 may not execute. */
	if (r.user && r.write)
		r.priv_exec = false;
	return r;
}

/* ---- D8.2, D8.3: translation ---- */

/* Bits resolved by each level but the first. */
static unsigned stride(const struct arm_cpu *cpu, bool high)
{
	return granule(cpu, high) - 3;
}

static unsigned low_bit(const struct arm_cpu *cpu, bool high, unsigned level)
{
	return granule(cpu, high) + (3 - level) * stride(cpu, high);
}

bool arm_start(const struct arm_cpu *cpu, uint64_t va, struct arm_start *start)
{
	const bool high = upper(va);
	const unsigned size = input_size(cpu, high);
	const unsigned top = tbi(cpu, high) ? 55 : 63;
	const uint64_t above = bits(va, top, size);
	unsigned level = 3;

	if (above != (high ? bits(~UINT64_C(0), top, size) : 0))
		return false;
	if (bit(cpu->tcr, high ? 23 : 7)) /* EPD1, EPD0 */
		return false;
	/* D8.2.4: as many levels as the size needs. */
	while (low_bit(cpu, high, level) + stride(cpu, high) < size)
		level--;
	*start = (struct arm_start){
		.level = level,
		.table = high ? cpu->ttbr1 : cpu->ttbr0,
		.limit = { true, true, true, true },
	};
	return true;
}

/* D8.3.1: does the granule have blocks there? */
static bool has_block(unsigned granule_bits, unsigned level)
{
	return level == 2 || (level == 1 && granule_bits == 12);
}

static uint64_t descriptor_address(const struct arm_cpu *cpu,
                                   const struct arm_access *acc, unsigned level,
                                   uint64_t table)
{
	const bool high = upper(acc->va);
	const unsigned low = low_bit(cpu, high, level);
	unsigned last = low + stride(cpu, high) - 1;

	if (last >= input_size(cpu, high))
		last = input_size(cpu, high) - 1;
	return table + bits(acc->va, last, low) * 8;
}

/* A leaf at @level. D8.15: the order of faults. */
static void use_leaf(struct arm_result *r, const struct arm_cpu *cpu,
                     const struct arm_access *acc, unsigned level,
                     const struct arm_rights *limit)
{
	struct arm_used *leaf = &r->used[r->nr_used - 1];
	const uint64_t d = leaf->before;
	const unsigned low = low_bit(cpu, upper(acc->va), level);
	const uint64_t base = bits(d, 47, low) << low;
	const bool writes = acc->kind == ARM_WRITE || acc->kind == ARM_ATOMIC;

	if (base >> output_size(cpu)) {
		fault(r, acc, ADDRESS_SIZE, level);
		return;
	}
	if (!bit(d, 10) && !hardware_af(cpu)) {
		fault(r, acc, ACCESS_FLAG, level);
		return;
	}
	r->shift = low;
	r->pa = base | bits(acc->va, low - 1, 0);
	r->rights = rights_of(cpu, d, limit);
	r->contiguous = bit(d, 52);
	r->attr_index = (unsigned)bits(d, 4, 2);
	r->global = !bit(d, 11);
	/* D8.5.1; with a permission fault an implementation may or may not. */
	leaf->after |= 1u << 10;
	if (!arm_permits(cpu, acc, &r->rights)) {
		fault(r, acc, PERMISSION, level);
		r->esr = arm_permission_esr(cpu, acc, &r->rights, level);
	} else if (writes && hardware_dirty(cpu) && bit(d, 51)) {
		/* D8.5.2: writable-dirty from now on. */
		leaf->after &= ~(UINT64_C(1) << 7);
	}
	/* May a store go ahead without another look? */
	r->dirty = !bit(leaf->after, 7) || !(hardware_dirty(cpu) && bit(d, 51));
}

struct arm_result arm_access(const struct arm_cpu *cpu,
                             const struct arm_access *acc,
                             const struct arm_start *from)
{
	const bool high = upper(acc->va);
	const unsigned g = granule(cpu, high);
	struct arm_result r = { .fault = false };
	struct arm_start at;

	if (!from && !arm_start(cpu, acc->va, &at)) {
		fault(&r, acc, TRANSLATION, 0);
		return r;
	}
	if (from)
		at = *from;
	else if (at.table >> output_size(cpu)) {
		fault(&r, acc, ADDRESS_SIZE, 0);
		return r;
	}
	for (;; at.level++) {
		uint64_t pa = descriptor_address(cpu, acc, at.level, at.table);
		uint64_t d = cpu->read(cpu->data, pa);

		r.used[r.nr_used++] = (struct arm_used){ pa, d, d };
		/* Bits 1:0: 0x invalid but for a block; 11 a table or page. */
		if (!bit(d, 0) || (!bit(d, 1) && !has_block(g, at.level))) {
			fault(&r, acc, TRANSLATION, at.level);
			return r;
		}
		if (at.level == 3 || !bit(d, 1)) {
			use_leaf(&r, cpu, acc, at.level, &at.limit);
			return r;
		}
		at.table = bits(d, 47, g) << g;
		if (at.table >> output_size(cpu)) {
			fault(&r, acc, ADDRESS_SIZE, at.level);
			return r;
		}
		if (!no_hierarchy(cpu, high))
			limit_by_table(&at.limit, d);
		r.below[r.nr_below] = at;
		r.below[r.nr_below++].level++;
	}
}
