/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mmu/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "pagetable/format.h"

struct bench b;
struct fault_info last_fault;
struct mmu_access last_acc;

static void note_access(const struct access_record *r)
{
	b.nr_accesses++;
	b.last_access = *r;
	if (!r->entry)
		return;
	b.last_entry = *r->entry;
	b.last_access.entry = &b.last_entry;
}

static void watch(struct observer *o, struct machine *m, const struct event *ev)
{
	(void)o;
	(void)m;
	switch ((unsigned)ev->type) {
	case EV_TLB_FILL:
		b.nr_fills++;
		break;
	case EV_TLB_DROP:
		b.nr_drops++;
		b.last_drop = (enum tlb_drop)ev->a;
		break;
	case EV_WALK_READ:
		b.nr_walk_reads++;
		break;
	case EV_WALK_WRITE:
		b.nr_walk_writes++;
		break;
	case EV_TLB_FLUSH:
		b.nr_flushes++;
		break;
	case EV_FAULT:
		b.nr_faults++;
		break;
	default:
		note_access(ev->data);
		break;
	}
}

void bench_setup_arch(enum arch_id arch, const struct pt_format *format)
{
	struct machine_config config = { .arch = arch,
		                         .nr_cpus = 2,
		                         .memory_bytes = UINT64_C(8) << 30 };

	memset(&b, 0, sizeof(b));
	b.m = machine_new(&config);
	b.m->pt_format = format;
	for (unsigned i = 0; i < 2; i++)
		mmu_init(&b.mmu[i], b.m, &b.m->cpus[i],
		         profile_default_of(arch));
	b.root = new_frame(FRAME_PT_PGD);
	b.mmu[0].root = b.mmu[1].root = b.root;
	b.observer = (struct observer){
		.name = "bench",
		.types = BIT_ULL(EV_TLB_FILL) | BIT_ULL(EV_TLB_DROP) |
		         BIT_ULL(EV_WALK_READ) | BIT_ULL(EV_WALK_WRITE) |
		         BIT_ULL(EV_TLB_FLUSH) | BIT_ULL(EV_FAULT) |
		         BIT_ULL(EV_ACCESS),
		.event = watch,
	};
	observe(b.m, &b.observer);
}

void bench_setup(void)
{
	bench_setup_arch(ARCH_X86_64, &x86_pt_format_4level);
}

void bench_setup_5level(void)
{
	bench_setup_arch(ARCH_X86_64, &x86_pt_format_5level);
}

void bench_teardown(void)
{
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_ptr_null(tlb_check(&b.mmu[i].tlb));
		mmu_fini(&b.mmu[i]);
	}
	unobserve(b.m, &b.observer);
	machine_free(b.m);
}

paddr_t new_frame(enum frame_kind kind)
{
	struct page *page = alloc_frames(b.m, 0, kind, true);

	ck_assert_ptr_nonnull(page);
	return page_to_pfn(&b.m->mem, page) << PAGE_SHIFT;
}

uint64_t entry_at(paddr_t pa)
{
	return phys_read(&b.m->mem, pa, 8);
}

void set_entry(paddr_t pa, uint64_t value)
{
	phys_write(&b.m->mem, pa, 8, value);
}

static paddr_t index_in(paddr_t table, vaddr_t va, unsigned level)
{
	return table + (va >> pt_level_shift(level) & 511) * 8;
}

paddr_t entry_of(vaddr_t va, unsigned level)
{
	struct pt_walk w = pt_walk(b.m, b.root, va);

	return w.entry[level].pa;
}

paddr_t map(vaddr_t va, paddr_t pa, unsigned level, uint64_t bits)
{
	paddr_t table = b.root;
	paddr_t at;

	for (unsigned l = pt_levels(b.m); l > level; l--) {
		at = index_in(table, va, l);
		if (!(entry_at(at) & X86_P))
			set_entry(at, new_frame((enum frame_kind)(FRAME_PT_PTE +
			                                          l - 2)) |
			                      RIGHTS_RW);
		table = entry_at(at) & X86_PFN_MASK;
	}
	at = index_in(table, va, level);
	set_entry(at, pa | bits | (level > 1 ? X86_PS : 0));
	return at;
}

paddr_t map_new(vaddr_t va, uint64_t bits, paddr_t *pa)
{
	paddr_t frame = new_frame(FRAME_ANON);

	if (pa)
		*pa = frame;
	return map(va, frame, 1, bits);
}

static void new_task(unsigned cpu, const char *name, void (*fn)(void *arg))
{
	struct agent *a =
		agent_new(b.m, AGENT_TASK, &b.m->cpus[cpu], name, fn, NULL);

	ck_assert_ptr_nonnull(a);
}

static void run_with(struct policy *p)
{
	b.m->policy = p;
	if (p->begin)
		p->begin(p, b.m);
	ck_assert_int_eq(machine_run(b.m), RUN_DONE);
	ck_assert_ptr_null(p->error);
	policy_free(p);
}

void run(void (*fn)(void *arg))
{
	new_task(0, "cpu0", fn);
	run_with(policy_timed_new());
}

void run_around(void (*fn0)(void *arg), const char *label,
                void (*fn1)(void *arg))
{
	const struct script_line lines[] = {
		{ .agent = "cpu0",
		  .until = SCRIPT_BEFORE,
		  .label = label,
		  .count = 1 },
		{ .agent = "cpu1", .until = SCRIPT_TO_END },
		{ .agent = "cpu0", .until = SCRIPT_TO_END },
	};

	new_task(0, "cpu0", fn0);
	new_task(1, "cpu1", fn1);
	run_with(policy_script_new(lines, ARRAY_SIZE(lines), false));
}

bool access_op(enum mmu_op op, vaddr_t va, unsigned size, uint64_t value)
{
	last_acc = (struct mmu_access){ .va = va,
		                        .op = (uint8_t)op,
		                        .size = (uint8_t)size,
		                        .value = value,
		                        .expected = last_acc.expected,
		                        .user = true };
	return mmu_access(&b.mmu[0], &last_acc, &last_fault);
}

bool load(vaddr_t va, uint64_t *value)
{
	bool ok = access_op(MMU_LOAD, va, 8, 0);

	if (value)
		*value = last_acc.value;
	return ok;
}

bool store(vaddr_t va, uint64_t value)
{
	return access_op(MMU_STORE, va, 8, value);
}

unsigned nr_cached(vaddr_t va)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	return tlb_lookup(&b.mmu[0].tlb, TLB_DATA, va, b.mmu[0].pcid, m);
}

int run_suite(Suite *s)
{
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
