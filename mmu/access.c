/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a virtual address to bytes and back. */
#include <string.h>

#include "base/bug.h"
#include "base/once.h"
#include "mmu/arm64_internal.h"

/* ---- translating ---- */

static bool sizes_differ(const struct tlb_match *m, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		if (m[i].entry->shift != m[0].entry->shift)
			return true;
	}
	return false;
}

/* More than the fast path knows. *@mixed: the machine cannot stand it. */
static struct tlb_entry *lookup_slow(struct mmu *mmu, enum tlb_kind kind,
                                     vaddr_t va, bool *mixed)
{
	struct tlb_match m[TLB_MATCHES_MAX];
	unsigned n = tlb_lookup(&mmu->tlb, kind, va, mmu->pcid, m);
	unsigned pick = 0;

	mmu->nr_l1_misses += !n || m[0].level != 1;
	if (!n)
		return NULL;
	if (n > 1) {
		*mixed = mmu->size_mix == SIZE_MIX_MACHINE_CHECK &&
		         sizes_differ(m, n);
		if (*mixed)
			return NULL;
		pick = choose(CHOICE_TLB_MATCH, n, mmu_tlb_obj(mmu),
		              "tlb match");
	}
	if (m[pick].level != 1)
		charge(mmu->machine->costs->stlb_hit);
	return tlb_use(&mmu->tlb, kind, va, mmu->pcid, &m[pick], n == 1);
}

static inline void set_part(struct mmu *mmu, struct mmu_target *p,
                            const struct tlb_entry *e, bool hit)
{
	p->pa = (e->pfn << PAGE_SHIFT) + (p->va & (BIT_ULL(e->shift) - 1));
	p->tlb_hit = hit;
	p->has_entry = true;
	p->tagged = e->rights & TLB_T;
	if (unlikely(event_wanted(mmu->machine, EV_ACCESS)))
		p->entry = *e;
}

static bool translate_by_walk(struct mmu *mmu, struct mmu_access *acc,
                              struct mmu_target *p, struct fault_info *fault)
{
	struct mmu_need need = mmu_need_of(acc);
	const struct tlb_entry *e;
	enum walk_end end;
	struct walk w;

	charge(mmu->machine->costs->stlb_hit);
	do
		end = walk_tables(mmu, p->va, &need, &w);
	while (unlikely(end == WALK_OVERTAKEN));
	if (end != WALK_MAPPED)
		return mmu->arch->fault(
			mmu, acc, p->va,
			(struct mmu_end){ end, w.level, w.rights }, fault);
	e = walk_fill(&w);
	set_part(mmu, p, e ? e : &w.leaf, false);
	p->has_entry = e;
	return true;
}

/*
 * The switch dirty_recheck is off: note D in the table if the entry is still
 * there, and store in any case.
 */
static void set_dirty_blindly(struct mmu *mmu, const struct tlb_entry *hit,
                              vaddr_t va)
{
	struct machine *m = mmu->machine;
	struct tlb_entry e = *hit;
	uint64_t now, new;

	step(STEP_RMW, phys_obj(e.leaf_pa), 8, "walk set dirty", va);
	charge(m->costs->atomic);
	tlb_set_dirty(&mmu->tlb, e.serial, e.va);
	now = phys_read(&m->mem, e.leaf_pa, 8);
	new = mmu->arch->with_dirty(mmu, now);
	if (new == now)
		return;
	phys_write(&m->mem, e.leaf_pa, 8, new);
	emit(m, EV_WALK_WRITE, .addr = e.leaf_pa, .a = new, .b = now, .c = va);
}

/* A store through a clean entry: walk again, or not. */
static bool translate_clean(struct mmu *mmu, struct mmu_access *acc,
                            struct mmu_target *p, struct tlb_entry *e,
                            struct fault_info *fault)
{
	if (!mmu->switches.dirty_recheck) {
		set_part(mmu, p, e, true);
		set_dirty_blindly(mmu, e, p->va);
		return true;
	}
	tlb_drop_serial(&mmu->tlb, e->serial, e->va, TLB_DROP_DIRTY);
	return translate_by_walk(mmu, acc, p, fault);
}

static bool translate(struct mmu *mmu, struct mmu_access *acc,
                      struct mmu_target *p, struct fault_info *fault)
{
	struct mmu_need need = mmu_need_of(acc);
	enum tlb_kind kind = need.fetch ? TLB_INSN : TLB_DATA;
	struct tlb_entry *e;
	bool mixed = false;

	if (unlikely(p->va >= mmu->low_end) &&
	    !mmu->arch->address(mmu, acc, &p->va, fault))
		return false;
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "tlb lookup", p->va);
	cpu_begin_insn(mmu->cpu);
	e = tlb_lookup_fast(&mmu->tlb, kind, p->va, mmu->pcid);
	if (unlikely(!e)) {
		e = lookup_slow(mmu, kind, p->va, &mixed);
		if (mixed)
			return mmu->arch->overlap(mmu, acc, p->va, fault);
		if (!e)
			return translate_by_walk(mmu, acc, p, fault);
	}
	if (unlikely(!mmu_allowed(mmu, &need, e->rights)))
		return mmu->arch->fault(mmu, acc, p->va,
		                        (struct mmu_end){ WALK_DENIED,
		                                          e->leaf_level,
		                                          e->rights },
		                        fault);
	if (unlikely(need.write && !(e->rights & TLB_D)))
		return translate_clean(mmu, acc, p, e, fault);
	set_part(mmu, p, e, true);
	return true;
}

/* ---- moving bytes ---- */

static uint64_t size_mask(unsigned size)
{
	BUG_ON(size - 1 > 7);
	return ~UINT64_C(0) >> (64 - 8 * size);
}

static void mem_store(struct physmem *mem, paddr_t pa, unsigned size,
                      uint64_t value)
{
	uint8_t *p = phys_plain(mem, pa);

	if (likely(p && size == sizeof(value)))
		memcpy(p, &value, sizeof(value));
	else
		phys_write(mem, pa, size, value);
}

static struct access_record access_record(const struct mmu *mmu,
                                          const struct mmu_access *acc,
                                          const struct mmu_target *p,
                                          uint64_t value, uint64_t old)
{
	return (struct access_record){
		.root = mmu_root_of(mmu, p->va),
		.pcid = mmu->pcid,
		.cpu = (uint16_t)mmu->cpu->id,
		.size = (uint8_t)p->size,
		.write = mmu_op_writes(acc->op),
		.read = acc->op != MMU_STORE && acc->op != MMU_FETCH,
		.exec = acc->op == MMU_FETCH,
		.user = acc->user,
		.tlb_hit = p->tlb_hit,
		.va = p->va,
		.pa = p->pa,
		.value = value,
		.old = old,
		.entry = p->has_entry ? &p->entry : NULL,
	};
}

static void tell_access(struct mmu *mmu, const struct mmu_access *acc,
                        const struct mmu_target *p, uint64_t value,
                        uint64_t old)
{
	struct access_record r = access_record(mmu, acc, p, value, old);

	emit(mmu->machine, EV_ACCESS, .addr = p->va, .data = &r);
}

static const char *op_label(unsigned op)
{
	static const char *const labels[] = {
		[MMU_LOAD] = "load",   [MMU_STORE] = "store",
		[MMU_FETCH] = "fetch", [MMU_XCHG] = "xchg",
		[MMU_XADD] = "xadd",   [MMU_CMPXCHG] = "cmpxchg",
		[MMU_STXR] = "stxr",   [MMU_PROBE] = "probe",
		[MMU_LDG] = "ldg",     [MMU_STG] = "stg",
	};

	return labels[op];
}

/* ---- by way of the store buffer ---- */

/* What a pending store remembers of its access. */
struct user_store {
	struct access_record rec;
	struct tlb_entry entry;
};
_Static_assert(sizeof(struct user_store) <= STORE_DETAIL_BYTES,
               "a pending store holds what it is judged by");

static void drain_user_store(struct machine *m, const struct pending_store *st)
{
	struct user_store s;

	memcpy(&s, st->detail, sizeof(s));
	s.rec.old = mmu_mem_load(&m->mem, s.rec.pa, st->size);
	if (s.rec.entry)
		s.rec.entry = &s.entry;
	mem_store(&m->mem, s.rec.pa, st->size, st->value);
	emit(m, EV_ACCESS, .addr = s.rec.va, .data = &s.rec);
}

static void store_later(struct mmu *mmu, const struct mmu_access *acc,
                        const struct mmu_target *p, uint64_t value)
{
	struct pending_store st = { .object = phys_obj(p->pa),
		                    .size = p->size,
		                    .value = value,
		                    .addr = p->va,
		                    .release = acc->release,
		                    .drain = drain_user_store };
	const struct user_store s = {
		.rec = access_record(mmu, acc, p, value, 0),
		.entry = p->entry,
	};

	memcpy(st.detail, &s, sizeof(s));
	storebuf_put(mmu->cpu->store_buffer, &st, op_label(acc->op));
	charge(mmu->machine->costs->l1d_hit);
	trace_mix(current_agent, value);
}

uint64_t mmu_stores_through(const struct mmu *mmu, const struct tlb_scope *s)
{
	const struct store_buffer *sb = mmu->cpu->store_buffer;
	uint64_t age = 0;

	for (unsigned i = 0; sb && i < sb->nr; i++) {
		const struct pending_store *st =
			&sb->store[(sb->head + i) % STORE_BUFFER_SIZE];
		struct user_store u;

		if (st->drain != drain_user_store)
			continue;
		memcpy(&u, st->detail, sizeof(u));
		if (u.rec.entry && tlb_scope_takes(s, &u.entry))
			age = MAX(age, st->age);
	}
	return age;
}

/* A load beside pending stores of its CPU. */
static uint64_t load_beside(struct mmu *mmu, const struct mmu_access *acc,
                            const struct mmu_target *p)
{
	struct store_buffer *sb = mmu->cpu->store_buffer;
	struct machine *m = mmu->machine;
	struct access_record r;

	for (;;) {
		uint64_t value;

		step(STEP_READ, phys_obj(p->pa), p->size, op_label(acc->op),
		     p->va);
		value = mmu_mem_load(&m->mem, p->pa, p->size);
		r = access_record(mmu, acc, p, value, value);
		switch (storebuf_match(sb, phys_obj(p->pa), p->size,
		                       &r.value)) {
		case STOREBUF_PARTIAL:
			storebuf_drain(sb);
			continue;
		case STOREBUF_FORWARD:
			r.forwarded = true;
			break;
		case STOREBUF_NONE:
			break;
		}
		charge(m->costs->l1d_hit);
		trace_mix(current_agent, r.value);
		emit(m, EV_ACCESS, .addr = p->va, .data = &r);
		return r.value;
	}
}

/* ---- an access ---- */

/* Under `tso`. A kernel's stores to user memory wait for nobody's drain. */
static bool buffered(const struct mmu *mmu, const struct mmu_access *acc)
{
	return mmu->cpu->store_buffer &&
	       (acc->op == MMU_LOAD || (acc->op == MMU_STORE && acc->user));
}

/* A plain load, store or fetch of one part. Return: what was loaded, or what
 * was stored. */
static uint64_t move_part(struct mmu *mmu, const struct mmu_access *acc,
                          const struct mmu_target *p, uint64_t value)
{
	struct machine *m = mmu->machine;
	bool write = acc->op == MMU_STORE;
	uint64_t old = 0;

	if (unlikely(buffered(mmu, acc))) {
		if (!write)
			return load_beside(mmu, acc, p);
		store_later(mmu, acc, p, value);
		return value;
	}
	if (write)
		smp_mb();
	step(write ? STEP_WRITE : STEP_READ, phys_obj(p->pa), p->size,
	     op_label(acc->op), p->va);
	if (acc->op != MMU_FETCH)
		charge(m->costs->l1d_hit);
	if (write) {
		if (unlikely(event_wanted(m, EV_ACCESS)))
			old = mmu_mem_load(&m->mem, p->pa, p->size);
		mem_store(&m->mem, p->pa, p->size, value);
	} else {
		value = old = mmu_mem_load(&m->mem, p->pa, p->size);
	}
	trace_mix(current_agent, value);
	if (unlikely(event_wanted(m, EV_ACCESS)))
		tell_access(mmu, acc, p, value, old);
	return value;
}

static uint64_t rmw_result(const struct mmu_access *acc, uint64_t old)
{
	uint64_t mask = size_mask(acc->size);

	switch (acc->op) {
	case MMU_XADD:
		return (old + acc->value) & mask;
	case MMU_CMPXCHG:
		return old == (acc->expected & mask) ? acc->value & mask : old;
	case MMU_STXR:
		return *acc->exclusive == ALIGN_DOWN(acc->pa, EXCLUSIVE_GRANULE)
		               ? acc->value & mask
		               : old;
	default:
		return acc->value & mask;
	}
}

/*
 * A locked instruction: one step, also when it lies in two pages (then the
 * step names the first; hardware locks the bus).
 */
static void atomic_parts(struct mmu *mmu, struct mmu_access *acc,
                         const struct mmu_target *p, unsigned n)
{
	struct machine *m = mmu->machine;
	uint64_t old[2] = { 0 }, whole, result;
	unsigned first_bits = 8 * p[0].size;

	smp_mb();
	step(STEP_RMW, phys_obj(p[0].pa), p[0].size, op_label(acc->op),
	     acc->va);
	charge(m->costs->atomic);
	for (unsigned i = 0; i < n; i++)
		old[i] = mmu_mem_load(&m->mem, p[i].pa, p[i].size);
	whole = n == 2 ? old[0] | old[1] << first_bits : old[0];
	result = rmw_result(acc, whole);
	mem_store(&m->mem, p[0].pa, p[0].size, result);
	if (n == 2)
		mem_store(&m->mem, p[1].pa, p[1].size, result >> first_bits);
	trace_mix(current_agent, whole);
	trace_mix(current_agent, result);
	acc->value = whole;
	if (likely(!event_wanted(m, EV_ACCESS)))
		return;
	tell_access(mmu, acc, &p[0], result & size_mask(p[0].size), old[0]);
	if (n == 2)
		tell_access(mmu, acc, &p[1],
		            result >> first_bits & size_mask(p[1].size),
		            old[1]);
}

static inline void move_parts(struct mmu *mmu, struct mmu_access *acc,
                              const struct mmu_target *p, unsigned n)
{
	uint64_t value;

	acc->outcome = MMU_DONE;
	acc->pa = p[0].pa;
	if (unlikely(acc->op >= MMU_PROBE)) {
		if (acc->op != MMU_PROBE)
			mmu->arch->move_tag(mmu, acc, p);
		return;
	}
	if (mmu_op_atomic(acc->op)) {
		atomic_parts(mmu, acc, p, n);
		return;
	}
	value = move_part(mmu, acc, &p[0], acc->value & size_mask(p[0].size));
	if (n == 2)
		value |= move_part(mmu, acc, &p[1],
		                   acc->value >> 8 * p[0].size &
		                           size_mask(p[1].size))
		         << 8 * p[0].size;
	if (acc->op != MMU_STORE)
		acc->value = value;
}

static bool tags_permit(struct mmu *mmu, struct mmu_access *acc,
                        const struct mmu_target *p, struct fault_info *fault)
{
	return likely(!p->tagged || !mmu->arm64.tcf) ||
	       mmu->arch->check_tags(mmu, acc, p, fault);
}

/* Out of line: the second part's copy of an entry is not for everybody. */
static __attribute__((noinline)) bool access_crossing(struct mmu *mmu,
                                                      struct mmu_access *acc,
                                                      struct fault_info *fault)
{
	unsigned first = (unsigned)(PAGE_SIZE - (acc->va & ~PAGE_MASK));
	struct mmu_target p[2] = {
		{ .va = acc->va, .size = first },
		{ .va = acc->va + first, .size = acc->size - first },
	};

	for (unsigned i = 0; i < 2; i++) {
		if (!translate(mmu, acc, &p[i], fault))
			return false;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (!tags_permit(mmu, acc, &p[i], fault))
			return false;
	}
	move_parts(mmu, acc, p, 2);
	return true;
}

bool mmu_access(struct mmu *mmu, struct mmu_access *acc,
                struct fault_info *fault)
{
	struct mmu_target p;

	mmu->nr_accesses++;
	if (unlikely(mmu_op_atomic(acc->op) &&
	             !mmu->arch->atomic_aligned(mmu, acc)))
		return mmu->arch->fault(
			mmu, acc, acc->va,
			(struct mmu_end){ .how = WALK_ALIGNMENT }, fault);
	if (unlikely((acc->va & ~PAGE_MASK) + acc->size > PAGE_SIZE))
		return access_crossing(mmu, acc, fault);
	p.va = acc->va;
	p.size = acc->size;
	if (unlikely(!translate(mmu, acc, &p, fault)) ||
	    unlikely(!tags_permit(mmu, acc, &p, fault)))
		return false;
	move_parts(mmu, acc, &p, 1);
	return true;
}
