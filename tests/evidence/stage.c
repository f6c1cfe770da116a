/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/evidence/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmu/quick.h"

#define DATA (1 << TLB_DATA)
#define INSN (1 << TLB_INSN)
#define ALL  (1 << TLB_4K | 1 << TLB_2M | 1 << TLB_1G)

const struct tlb_geometry stage_small_tlb = {
	.array = {
		{ "l1d", 1, DATA, ALL, TLB_TREE_PLRU, 4, 4 },
		{ "l1i", 1, INSN, ALL, TLB_TREE_PLRU, 4, 4 },
		{ "l2", 2, DATA | INSN, ALL, TLB_LRU, 8, 8 },
	},
	.nr_arrays = 3,
	.psc = { 0, 0, 4, 4, 4, 4 },
};

void stage_init(struct stage *s, enum arch_id arch,
                const struct tlb_geometry *tlb, unsigned maxphyaddr,
                uint64_t memory_bytes)
{
	struct machine_config config = { .arch = arch,
		                         .nr_cpus = 1,
		                         .memory_bytes = memory_bytes };

	memset(s, 0, sizeof(*s));
	s->profile = *profile_default();
	s->profile.tlb = *tlb;
	s->profile.maxphyaddr = (uint8_t)maxphyaddr;
	s->m = machine_new(&config);
	mmu_init(&s->mmu, s->m, &s->m->cpus[0], &s->profile);
}

void stage_fini(struct stage *s)
{
	mmu_fini(&s->mmu);
	machine_free(s->m);
}

void stage_fail(void)
{
	/* Not exit(): what it calls may not like a coroutine's stack. */
	(void)fflush(NULL);
	_Exit(EXIT_FAILURE);
}

static void stop(const char *why)
{
	(void)fprintf(stderr, "%s\n", why);
	stage_fail();
}

void stage_run(struct stage *s, void (*fn)(void *arg), void *arg)
{
	struct policy *p = policy_timed_new();

	if (!agent_new(s->m, AGENT_TASK, &s->m->cpus[0], "task", fn, arg))
		stop("no agent");
	s->m->policy = p;
	if (p->begin)
		p->begin(p, s->m);
	if (machine_run(s->m) != RUN_DONE)
		stop("the run did not end");
	policy_free(p);
}

paddr_t stage_frame(struct stage *s, enum frame_kind kind)
{
	struct page *page = alloc_frames(s->m, 0, kind, true);

	if (!page)
		stop("no frame");
	(void)frame_bytes(&s->m->mem, page);
	return page_to_pfn(&s->m->mem, page) << PAGE_SHIFT;
}

uint64_t *stage_word(struct stage *s, paddr_t pa)
{
	uint8_t *p = phys_plain(&s->m->mem, pa);

	if (!p)
		stop("no such word");
	return (uint64_t *)(void *)p;
}

void stage_fail_at(uint64_t nr, const struct stage_args *args, const char *what)
{
	(void)fprintf(stderr, "operation %llu of --seed %llu: %s\n",
	              (unsigned long long)nr, (unsigned long long)args->seed,
	              what);
	stage_fail();
}

bool stage_quick(struct stage *s, struct mmu_access *acc)
{
	bool done = false;

	if (acc->user && acc->op == MMU_LOAD)
		done = mmu_quick_load(&s->mmu, current_agent, acc->va,
		                      acc->size, &acc->value);
	if (acc->user && acc->op == MMU_STORE)
		done = mmu_quick_store(&s->mmu, current_agent, acc->va,
		                       acc->size, acc->value);
	if (done)
		acc->outcome = MMU_DONE;
	return done;
}

/* ---- the command line ---- */

static uint64_t number(const char *option, const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 0)
	                                             : (end = NULL, 0);
	if (!end || *end || errno) {
		(void)fprintf(stderr, "%s: expected a number\n", option);
		exit(2);
	}
	return value;
}

void stage_args_parse(struct stage_args *args, int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		if (!strcmp(argv[i], "--cases")) {
			args->cases = number(argv[i], argv[i + 1]);
		} else if (!strcmp(argv[i], "--seed")) {
			args->seed = number(argv[i], argv[i + 1]);
		} else {
			(void)fprintf(stderr,
			              "usage: %s [--cases N] [--seed S]\n",
			              argv[0]);
			exit(2);
		}
	}
}

/* ---- random numbers ---- */

void stage_seed(struct stage_random *r, uint64_t seed)
{
	/* Never 0, and near seeds are far apart. */
	r->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (unsigned i = 0; i < 8; i++)
		(void)stage_random(r);
}

uint64_t stage_random(struct stage_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * UINT64_C(0x2545f4914f6cdd1d);
}

uint64_t stage_dense(struct stage_random *r)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 3; i++)
		bits |= stage_random(r);
	return bits;
}

/* ---- all combinations ---- */

bool stage_left_out(const struct stage_args *args, struct stage_random *r)
{
	return args->cases > 1 && stage_below(r, (unsigned)args->cases);
}

uint64_t stage_chosen(const uint64_t *bits, unsigned n, unsigned choice)
{
	uint64_t entry = 0;

	for (unsigned i = 0; i < n; i++)
		entry |= choice >> i & 1 ? bits[i] : 0;
	return entry;
}
