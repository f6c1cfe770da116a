/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/pagewalk.h"

#include "base/bug.h"
#include "mm/pgtable_map.h"

struct pmd_walk {
	int (*fn)(pmd_t *pmd, vaddr_t addr, vaddr_t next, void *arg);
	void *arg;
};

static int walk_pmd_range(const struct pmd_walk *w, pud_t *pudp, pud_t pud,
                          vaddr_t addr, vaddr_t end)
{
	pmd_t *pmd = pmd_offset_lockless(pudp, pud, addr);
	vaddr_t next;

	for (; addr != end; pmd++, addr = next) {
		int ret;

		next = pmd_addr_end(addr, end);
		ret = w->fn(pmd, addr, next, w->arg);
		if (ret)
			return ret;
	}
	return 0;
}

static int walk_pud_range(const struct pmd_walk *w, p4d_t *p4dp, p4d_t p4d,
                          vaddr_t addr, vaddr_t end)
{
	pud_t *pudp = pud_offset_lockless(p4dp, p4d, addr);
	vaddr_t next;

	for (; addr != end; pudp++, addr = next) {
		pud_t pud = pudp_get(addr, pudp);
		int ret;

		next = pud_addr_end(addr, end);
		if (pud_none_or_bad(pud))
			continue;
		ret = walk_pmd_range(w, pudp, pud, addr, next);
		if (ret)
			return ret;
	}
	return 0;
}

static int walk_p4d_range(const struct pmd_walk *w, pgd_t *pgdp, pgd_t pgd,
                          vaddr_t addr, vaddr_t end)
{
	p4d_t *p4dp = p4d_offset_lockless(pgdp, pgd, addr);
	vaddr_t next;

	for (; addr != end; p4dp++, addr = next) {
		p4d_t p4d = p4dp_get(addr, p4dp);
		int ret;

		next = p4d_addr_end(addr, end);
		if (p4d_none_or_bad(p4d))
			continue;
		ret = walk_pud_range(w, p4dp, p4d, addr, next);
		if (ret)
			return ret;
	}
	return 0;
}

int walk_pmd_entries(struct mm_struct *mm, vaddr_t addr, vaddr_t end,
                     int (*fn)(pmd_t *pmd, vaddr_t addr, vaddr_t next,
                               void *arg),
                     void *arg)
{
	const struct pmd_walk w = { fn, arg };
	pgd_t *pgdp = pgd_offset(mm, addr);
	vaddr_t next;

	BUG_ON(addr >= end);
	for (; addr != end; pgdp++, addr = next) {
		pgd_t pgd = pgdp_get(addr, pgdp);
		int ret;

		next = pgd_addr_end(addr, end);
		if (pgd_none_or_bad(pgd))
			continue;
		ret = walk_p4d_range(&w, pgdp, pgd, addr, next);
		if (ret)
			return ret;
	}
	return 0;
}
