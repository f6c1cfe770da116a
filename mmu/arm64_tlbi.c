/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLBI, here and elsewhere, and its end: Arm ARM (DDI 0487) D8.14. */
#include "base/bug.h"
#include "base/once.h"
#include "mmu/arm64_internal.h"

/* TLBIs a CPU has yet to perform; an interconnect's limit: an estimate. */
#define DVM_QUEUE       64
/* From a TLBI to its arrival elsewhere: an estimate. */
#define DVM_WIRE_CYCLES 100
/* Whose order matters to two who post: obj_make(OBJ_SPACE_TLB, this + CPU). */
#define DVM_PORTS       0x100

struct dvm_op {
	struct tlbi t;
	struct dvm *from;
	unsigned syncs; /* of @from, when it was posted */
};

/* With the erratum: accesses that a TLBI of some CPU was done before. */
struct overtaken {
	bool insn;      /* the instruction that was under way ... */
	uint64_t age;   /* ... and stores up to this age */
	unsigned syncs; /* of that CPU, when the TLBI was posted */
};

/* A CPU's side of the distributed virtual memory protocol. */
struct dvm {
	struct mmu *mmu;
	struct agent *agent; /* NULL: the only CPU */
	unsigned head, nr;
	struct gate work; /* class 0 open: there is something to perform */
	struct gate room; /* class 0 open: there is room for more */
	struct gate idle; /* class 0 open: nothing is left */
	/* What this CPU has posted that is not done. */
	unsigned outstanding;
	struct gate synced; /* class 0 open: nothing */
	unsigned syncs;     /* DSBs that waited for that */
	struct dvm_op op[DVM_QUEUE];
	struct overtaken overtaken[NR_CPUS_MAX]; /* by who posted */
};

static void update_gates(struct dvm *d)
{
	struct machine *m = d->mmu->machine;

	gate_set(m, &d->work, 0, d->nr > 0);
	gate_set(m, &d->room, 0, d->nr < DVM_QUEUE);
	gate_set(m, &d->idle, 0, !d->nr);
	gate_set(m, &d->synced, 0, !d->outstanding);
	d->mmu->cpu->dvm_pending = (uint16_t)d->nr;
	cpu_update_gates(d->mmu->cpu);
}

/* ---- what it names ---- */

const char *mmu_tlbi_name(const struct tlbi *t)
{
	/* By range, last level, shareability. */
	static const char *const va[] = {
		"tlbi vae1",  "tlbi vae1is",  "tlbi vale1",  "tlbi vale1is",
		"tlbi rvae1", "tlbi rvae1is", "tlbi rvale1", "tlbi rvale1is",
	};
	static const char *const vaa[] = {
		"tlbi vaae1",    "tlbi vaae1is",   "tlbi vaale1",
		"tlbi vaale1is", "tlbi rvaae1",    "tlbi rvaae1is",
		"tlbi rvaale1",  "tlbi rvaale1is",
	};
	unsigned form = (t->size ? 4U : 0) + (t->last_level ? 2U : 0) +
	                (t->inner_shareable ? 1U : 0);

	switch (t->op) {
	case TLBI_VA:
		return va[form];
	case TLBI_VAA:
		return vaa[form];
	case TLBI_ASID:
		return t->inner_shareable ? "tlbi aside1is" : "tlbi aside1";
	case TLBI_ALL:
		return t->inner_shareable ? "tlbi vmalle1is" : "tlbi vmalle1";
	default:
		BUG();
	}
}

static bool by_address(const struct tlbi *t)
{
	return t->op == TLBI_VA || t->op == TLBI_VAA;
}

static struct tlb_scope scope_of(const struct mmu *mmu, const struct tlbi *t)
{
	struct tlb_scope s = {
		.pcid = t->asid & mmu->arm64.asid_mask,
		.every_pcid = t->op == TLBI_VAA || t->op == TLBI_ALL,
		.globals = t->op != TLBI_ASID,
	};

	if (!by_address(t))
		return s;
	/* The operand has bits 55:12. */
	s.va = (vaddr_t)((int64_t)(t->va << 8) >> 8) & PAGE_MASK;
	s.size = MAX(ALIGN_UP(t->size, PAGE_SIZE), PAGE_SIZE);
	s.level = t->level;
	return s;
}

static enum mmu_flush flush_kind(const struct tlbi *t)
{
	switch (t->op) {
	case TLBI_VA:
		return MMU_FLUSH_TLBI_VA;
	case TLBI_VAA:
		return MMU_FLUSH_TLBI_VAA;
	case TLBI_ASID:
		return MMU_FLUSH_TLBI_ASID;
	case TLBI_ALL:
		return MMU_FLUSH_TLBI_ALL;
	default:
		BUG();
	}
}

static void perform(struct mmu *mmu, const struct tlbi *t)
{
	struct tlb_scope s = scope_of(mmu, t);

	tlb_invalidate_scope(&mmu->tlb, &s);
	if (!t->last_level)
		psc_invalidate_scope(&mmu->tlb, &s);
	mmu->flush_seq++;
	/* Not every step that gets here names this CPU's TLB. */
	mmu->cpu->tlb_fills++;
	emit(mmu->machine, EV_TLB_FLUSH, .addr = s.va, .a = flush_kind(t),
	     .b = s.pcid, .c = mmu->cpu->id, .data = t);
}

/* ---- other CPUs' ---- */

static struct overtaken *overtaken(struct dvm *d)
{
	return &d->overtaken[d->op[d->head].from->mmu->cpu->id];
}

/*
 * Does the TLBI come behind a DSB that did not wait for what it should have?
 * Then its own DSB does: ARM64_WORKAROUND_REPEAT_TLBI is made of that.
 */
static bool makes_up(struct dvm *d)
{
	const struct overtaken *o = overtaken(d);

	return (o->insn || o->age) && d->op[d->head].syncs != o->syncs;
}

/* Announce what is next: the TLBI, between two instructions of the CPU. */
static void next_step(struct dvm *d)
{
	const struct tlbi *t = &d->op[d->head].t;
	const struct step st = { .kind = STEP_TLB,
		                 .object = mmu_tlb_obj(d->mmu),
		                 .addr = by_address(t) ? t->va : t->asid,
		                 .label = mmu_tlbi_name(t) };
	bool waits = makes_up(d) && overtaken(d)->insn;

	if (d->mmu->switches.tlbi_erratum && !waits)
		step(st.kind, st.object, st.size, st.label, st.addr);
	else
		gate_step(&d->mmu->cpu->dvm_gate, 0, &st);
}

/* The TLBI is done before accesses that used what is gone: which? */
static void overtake(struct dvm *d, uint64_t age)
{
	const struct cpu *cpu = d->mmu->cpu;
	struct overtaken *o = overtaken(d);

	if (cpu->in_insn) {
		o->insn = true;
		if (cpu->store_buffer) /* it may be a store */
			age = cpu->store_buffer->last_age + 1;
	}
	o->age = MAX(o->age, age);
	o->syncs = d->op[d->head].syncs;
}

/* Stores that used what is gone are over before the TLBI is. */
static void wait_for_stores(struct dvm *d)
{
	struct tlb_scope s = scope_of(d->mmu, &d->op[d->head].t);
	uint64_t age = mmu_stores_through(d->mmu, &s);

	if (d->mmu->switches.tlbi_erratum) {
		struct overtaken before = *overtaken(d);
		bool up = makes_up(d);

		if (up)
			*overtaken(d) = (struct overtaken){ 0 };
		overtake(d, age);
		age = up ? before.age : 0;
	}
	if (age)
		storebuf_wait(d->mmu->cpu->store_buffer, age);
}

static void complete(struct dvm *d)
{
	struct dvm *from = d->op[d->head].from;

	d->head = (d->head + 1) % DVM_QUEUE;
	d->nr--;
	from->outstanding--;
	update_gates(d);
	update_gates(from);
}

static void dvm_main(void *arg)
{
	struct dvm *d = arg;
	const struct step idle = { .kind = STEP_LOCAL,
		                   .addr = d->mmu->cpu->id,
		                   .label = "dvm wakes" };

	for (;;) {
		if (!d->nr)
			gate_step(&d->work, 0, &idle);
		next_step(d);
		charge(d->mmu->machine->costs->invlpg);
		perform(d->mmu, &d->op[d->head].t);
		wait_for_stores(d);
		complete(d);
	}
}

void dvm_start(struct mmu *mmu)
{
	struct machine *m = mmu->machine;
	char name[AGENT_NAME_MAX];
	struct dvm *d;

	/* Power was on already, and nothing has run since. */
	if (mmu->cpu->dvm)
		return;
	d = kzalloc(m, sizeof(*d), "dvm");
	BUG_ON(!d);
	d->mmu = mmu;
	mmu->cpu->dvm = d;
	update_gates(d);
	if (m->nr_cpus == 1)
		return;
	cpu_agent_name(name, "dvm/", mmu->cpu->id);
	d->agent = agent_new(m, AGENT_DVM, mmu->cpu, name, dvm_main, d);
	BUG_ON(!d->agent);
	d->agent->daemon = true;
	/* It takes none of the CPU's time. */
	d->agent->cycles = &d->agent->own_cycles;
}

void dvm_wait(struct mmu *mmu)
{
	const struct step st = { .kind = STEP_WAIT,
		                 .addr = mmu->cpu->id,
		                 .label = "wait for dvm" };

	gate_step(&mmu->cpu->dvm->idle, 0, &st);
}

/* ---- this CPU's ---- */

static void wait_for_room(struct mmu *mmu)
{
	const struct step st = { .kind = STEP_WAIT,
		                 .addr = mmu->cpu->id,
		                 .label = "wait for dvm" };

	for (unsigned i = 0; i < mmu->machine->nr_cpus; i++) {
		struct dvm *d = mmu->machine->cpus[i].dvm;

		while (d && d->nr == DVM_QUEUE)
			gate_step(&d->room, 0, &st);
	}
}

static void post(struct dvm *from, struct dvm *to, const struct tlbi *t)
{
	to->op[(to->head + to->nr) % DVM_QUEUE] =
		(struct dvm_op){ .t = *t, .from = from, .syncs = from->syncs };
	to->nr++;
	from->outstanding++;
	to->agent->own_cycles = MAX(to->agent->own_cycles,
	                            *current_agent->cycles + DVM_WIRE_CYCLES);
	update_gates(to);
}

void mmu_tlbi(struct mmu *mmu, const struct tlbi *t)
{
	struct machine *m = mmu->machine;
	const bool broadcast = t->inner_shareable && m->nr_cpus > 1;
	uint64_t addr = by_address(t) ? t->va : t->asid;

	if (broadcast) {
		wait_for_room(mmu);
		step(STEP_TLB, obj_make(OBJ_SPACE_TLB, DVM_PORTS), m->nr_cpus,
		     mmu_tlbi_name(t), addr);
	} else {
		step(STEP_TLB, mmu_tlb_obj(mmu), 0, mmu_tlbi_name(t), addr);
	}
	charge(m->costs->invlpg);
	perform(mmu, t);
	for (unsigned i = 0; broadcast && i < m->nr_cpus; i++) {
		struct dvm *to = m->cpus[i].dvm;

		if (to && to != mmu->cpu->dvm)
			post(mmu->cpu->dvm, to, t);
	}
	update_gates(mmu->cpu->dvm);
}

/* Somebody waits for what other CPUs have to perform: they hurry. */
static void hurry(struct machine *m, int by)
{
	for (unsigned i = 0; i < m->nr_cpus; i++)
		m->cpus[i].dvm_awaited += (unsigned)by;
}

void mmu_dsb(struct mmu *mmu, enum barrier_domain domain)
{
	struct dvm *d = mmu->cpu->dvm;
	const struct step st = { .kind = STEP_WAIT,
		                 .addr = mmu->cpu->id,
		                 .label = "dsb ish" };

	smp_mb();
	if (domain == BARRIER_NSH) {
		step(STEP_LOCAL, OBJ_NONE, 0, "dsb nsh", mmu->cpu->id);
		return;
	}
	hurry(mmu->machine, 1);
	gate_step(&d->synced, 0, &st);
	d->syncs++;
	hurry(mmu->machine, -1);
	charge(mmu->machine->costs->dsb);
}
