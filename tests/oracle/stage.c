/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/oracle/stage.h"

#include <stdlib.h>

#include "pagetable/pgtable.h"

static void nothing(void *arg)
{
	(void)arg;
}

struct stage *stage_new(bool strict)
{
	static const char *const names[] = { "zero", "one", "two" };
	struct machine_config config = { .nr_cpus = 3,
		                         .memory_bytes = UINT64_C(1) << 30 };
	struct oracle_options options = { .strict = strict };
	struct stage *s = g_new0(struct stage, 1);
	struct page *root;

	s->m = machine_new(&config);
	s->set = oracle_set_new(&options);
	oracle_set_attach(s->set, s->m);
	for (unsigned i = 0; i < 3; i++)
		s->agent[i] = agent_new(s->m, AGENT_TASK, &s->m->cpus[i],
		                        names[i], nothing, NULL);
	root = alloc_frames(s->m, 0, FRAME_PT_PGD, true);
	root->pt_owner = 1;
	s->root = page_to_pfn(&s->m->mem, root) << PAGE_SHIFT;
	emit(s->m, EV_MM_NEW, .a = 1, .b = s->root, .text = "A");
	for (unsigned i = 0; i < 3; i++) {
		act(s, i);
		emit(s->m, EV_CR3, .a = s->root);
	}
	return s;
}

void stage_free(struct stage *s)
{
	current_agent = NULL;
	oracle_set_free(s->set);
	machine_free(s->m);
	g_free(s);
}

void act(struct stage *s, unsigned who)
{
	current_agent = s->agent[who];
	s->m->sched.nr_steps++;
}

pfn_t frame(struct stage *s, enum frame_kind kind)
{
	struct page *page = alloc_frames(s->m, 0, kind, true);

	page->pt_owner = kind <= FRAME_PT_PGD ? 1 : 0;
	return page_to_pfn(&s->m->mem, page);
}

pfn_t frame_huge(struct stage *s)
{
	return page_to_pfn(&s->m->mem, alloc_frames(s->m, 9, FRAME_ANON, true));
}

void release(struct stage *s, unsigned who, pfn_t pfn)
{
	act(s, who);
	free_frames(s->m, pfn_to_page(&s->m->mem, pfn));
}

static paddr_t entry_pa(paddr_t table, vaddr_t va, unsigned level)
{
	return table + (va >> pt_level_shift(level) & 511) * 8;
}

paddr_t entry_of(struct stage *s, vaddr_t va, unsigned level)
{
	paddr_t table = s->root;

	for (unsigned l = PT_LEVEL_P4D; l > level; l--) {
		paddr_t pa = entry_pa(table, va, l);
		uint64_t value = phys_read(&s->m->mem, pa, 8);

		if (!(value & E_P)) {
			enum frame_kind kind = FRAME_PT_PTE + l - 2;
			pfn_t pfn = frame(s, kind);

			s->m->mem.mem_map[pfn].index =
				ALIGN_DOWN(va, BIT_ULL(pt_level_shift(l)));
			value = entry(pfn, E_P | E_W | E_U | E_A);
			phys_write(&s->m->mem, pa, 8, value);
		}
		table = value & ~UINT64_C(0xfff);
	}
	return entry_pa(table, va, level);
}

void set_entry(struct stage *s, unsigned who, vaddr_t va, unsigned level,
               uint64_t value)
{
	paddr_t pa = entry_of(s, va, level);
	uint64_t old = phys_read(&s->m->mem, pa, 8);

	act(s, who);
	phys_write(&s->m->mem, pa, 8, value);
	emit(s->m, EV_PT_WRITE, .addr = pa, .a = value, .b = old, .c = level);
}

struct tlb_entry fill(struct stage *s, unsigned who, vaddr_t va)
{
	struct pt_walk w = pt_walk(s->m, s->root, va);
	unsigned shift = pt_level_shift(w.level);
	struct tlb_entry e = { .shift = (uint8_t)shift,
		               .leaf_shift = (uint8_t)shift,
		               .leaf_level = w.level,
		               .filled_by = (uint8_t)s->agent[who]->id,
		               .serial = ++s->serial,
		               .pcid = 1 };

	ck_assert(w.leaf);
	act(s, who);
	e.va = ALIGN_DOWN(va, BIT_ULL(shift));
	e.pfn = w.entry[w.level].pfn;
	e.rights = (uint8_t)(TLB_U | (w.write ? TLB_W : 0));
	e.leaf_pa = w.entry[w.level].pa;
	e.fill_step = s->m->sched.nr_steps;
	e.frame_generation = s->m->mem.mem_map[e.pfn].generation;
	emit(s->m, EV_TLB_FILL, .addr = e.va, .data = &e);
	return e;
}

void drop(struct stage *s, unsigned who, const struct tlb_entry *e)
{
	act(s, who);
	emit(s->m, EV_TLB_DROP, .addr = e->va, .a = TLB_DROP_INVLPG, .data = e);
}

static void retire(struct stage *s, unsigned who, struct access_record r)
{
	act(s, who);
	r.cpu = (uint16_t)who;
	r.size = 8;
	r.user = true;
	r.read = !r.write;
	emit(s->m, EV_ACCESS, .addr = r.va, .data = &r);
}

static paddr_t target(const struct tlb_entry *e, vaddr_t va)
{
	return (e->pfn << PAGE_SHIFT) + (va - e->va);
}

void load(struct stage *s, unsigned who, const struct tlb_entry *e, vaddr_t va,
          uint64_t value)
{
	retire(s, who,
	       (struct access_record){ .root = s->root,
	                               .va = va,
	                               .pa = target(e, va),
	                               .entry = e,
	                               .tlb_hit = true,
	                               .value = value,
	                               .old = value });
}

void store(struct stage *s, unsigned who, const struct tlb_entry *e, vaddr_t va,
           uint64_t value)
{
	retire(s, who,
	       (struct access_record){ .root = s->root,
	                               .va = va,
	                               .pa = target(e, va),
	                               .entry = e,
	                               .tlb_hit = true,
	                               .write = true,
	                               .value = value });
}

/* A frame that is in use: the root table will do. */
void peek(struct stage *s, unsigned who, paddr_t root, vaddr_t va,
          uint64_t value)
{
	retire(s, who,
	       (struct access_record){ .root = root,
	                               .va = va,
	                               .pa = s->root,
	                               .value = value,
	                               .old = value });
}

void poke(struct stage *s, unsigned who, paddr_t root, vaddr_t va,
          uint64_t value)
{
	retire(s, who,
	       (struct access_record){ .root = root,
	                               .va = va,
	                               .pa = s->root,
	                               .write = true,
	                               .value = value });
}

static const char *call_name(unsigned nr)
{
	switch (nr) {
	case NR_MMAP:
		return "mmap";
	case NR_MPROTECT:
		return "mprotect";
	case NR_MUNMAP:
		return "munmap";
	case NR_MREMAP:
		return "mremap";
	case NR_MADVISE:
		return "madvise";
	case NR_FORK:
		return "fork";
	case NR_FTRUNCATE:
		return "ftruncate";
	default:
		return "other";
	}
}

void enter(struct stage *s, unsigned who, unsigned mm, unsigned nr,
           const uint64_t args[6])
{
	act(s, who);
	emit(s->m, EV_SYSCALL_ENTER, .a = nr, .b = mm, .data = args,
	     .text = call_name(nr));
}

void leave(struct stage *s, unsigned who, unsigned mm, unsigned nr,
           uint64_t result)
{
	act(s, who);
	emit(s->m, EV_SYSCALL_EXIT, .a = nr, .b = mm, .c = result,
	     .text = call_name(nr));
}

void map_heap(struct stage *s, uint64_t prot)
{
	/* MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS */
	CALL(s, 0, NR_MMAP, HEAP, HEAP, 0x200000, prot, 0x32);
}

unsigned fired(const struct stage *s, enum oracle_id id)
{
	unsigned n, count = 0;
	const struct hazard *h = oracle_set_hazards(s->set, &n);

	for (unsigned i = 0; i < n; i++)
		count += h[i].id == id;
	return count;
}

const struct hazard *the_hazard(const struct stage *s, enum oracle_id id)
{
	unsigned n;
	const struct hazard *h = oracle_set_hazards(s->set, &n);

	ck_assert_uint_eq(n, 1);
	ck_assert_msg(h->id == id, "%s: %s", h->oracle, h->text);
	return h;
}

void expect_quiet(const struct stage *s)
{
	unsigned n;
	const struct hazard *h = oracle_set_hazards(s->set, &n);

	ck_assert_msg(n == 0, "%s: %s", n ? h->oracle : "", n ? h->text : "");
}

int run_suite(Suite *suite)
{
	SRunner *sr = srunner_create(suite);
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
