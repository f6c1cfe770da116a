/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries in memory: every function is the steps its header says. */
#include <string.h>

#include "base/bug.h"
#include "base/once.h"
#include "pagetable/format.h"
#include "pagetable/pgtable.h"

static const struct pt_format *fmt(void)
{
	return pt_format_of(this_machine());
}

/* ---- one step on one entry ---- */

/* What there is to know about an access to an entry. */
struct entry_access {
	vaddr_t addr;
	void *entry; /* in the direct map */
	const char *label;
	enum pt_level level;
};

static paddr_t entry_pa(const struct entry_access *ea)
{
	return virt_to_phys(&this_machine()->mem, ea->entry);
}

/* A freed table reads as poison, which only phys_read() knows. */
static uint64_t entry_peek(const struct entry_access *ea)
{
	return phys_read(&this_machine()->mem, entry_pa(ea), sizeof(uint64_t));
}

static void entry_poke(const struct entry_access *ea, uint64_t value)
{
	struct machine *m = this_machine();
	paddr_t pa = entry_pa(ea);
	uint64_t old = phys_read(&m->mem, pa, sizeof(value));

	phys_write(&m->mem, pa, sizeof(value), value);
	trace_mix(current_agent, value);
	emit(m, EV_PT_WRITE, .addr = pa, .a = value, .b = old, .c = ea->level,
	     .text = ea->label);
}

static uint64_t entry_read(const struct entry_access *ea)
{
	uint64_t value;

	kaccess(STEP_READ, ea->entry, sizeof(value), ea->label, ea->addr);
	value = entry_peek(ea);
	storebuf_forward(ea->entry, sizeof(value), &value);
	trace_mix(current_agent, value);
	return value;
}

/* What a pending store to an entry remembers. */
struct entry_store {
	const char *label;
	enum pt_level level;
};

static void drain_entry(struct machine *m, const struct pending_store *st)
{
	struct entry_store detail;
	struct entry_access ea;

	(void)m;
	memcpy(&detail, st->detail, sizeof(detail));
	ea = (struct entry_access){ .addr = st->addr,
		                    .entry = st->p,
		                    .label = detail.label,
		                    .level = detail.level };
	entry_poke(&ea, st->value);
}

static void entry_store(struct store_buffer *sb, const struct entry_access *ea,
                        uint64_t value)
{
	struct machine *m = this_machine();
	const struct entry_store detail = {
		.label = ea->label,
		.level = ea->level,
	};
	struct pending_store st = { .object = phys_obj(entry_pa(ea)),
		                    .size = sizeof(value),
		                    .value = value,
		                    .addr = ea->addr,
		                    .p = ea->entry,
		                    .drain = drain_entry };

	memcpy(st.detail, &detail, sizeof(detail));
	storebuf_put(sb, &st, ea->label);
	charge(m->costs->kernel_op);
	trace_mix(current_agent, value);
}

static void entry_write(const struct entry_access *ea, uint64_t value)
{
	struct store_buffer *sb = storebuf_of_current();
	struct machine *m = this_machine();

	if (unlikely(sb)) {
		entry_store(sb, ea, value);
	} else {
		kaccess(STEP_WRITE, ea->entry, sizeof(value), ea->label,
		        ea->addr);
		entry_poke(ea, value);
	}
	if (unlikely(m->pt_stored))
		m->pt_stored(m, value, ea->level);
}

/* Begin an atomic update: the step, and what is there. */
static uint64_t entry_rmw(const struct entry_access *ea)
{
	kaccess(STEP_RMW, ea->entry, sizeof(uint64_t), ea->label, ea->addr);
	return entry_peek(ea);
}

static uint64_t entry_xchg(const struct entry_access *ea, uint64_t value)
{
	uint64_t old = entry_rmw(ea);

	entry_poke(ea, value);
	trace_mix(current_agent, old);
	return old;
}

#define ENTRY(addr_, entry_, label_, level_)        \
	(&(struct entry_access){ .addr = (addr_),   \
	                         .entry = (entry_), \
	                         .label = (label_), \
	                         .level = (level_) })

/* ---- where an entry is ---- */

static void *entry_in(pfn_t table, unsigned index)
{
	struct machine *m = this_machine();

	if (unlikely(!pfn_valid(&m->mem, table))) {
		emit(m, EV_RULE, .text = "table entry leads out of memory",
		     .a = table);
		table = 0;
	}
	return (uint64_t *)phys_to_virt(&m->mem, table << PAGE_SHIFT) + index;
}

pgd_t *pgd_offset_pgd(paddr_t root, vaddr_t addr)
{
	return entry_in(root >> PAGE_SHIFT, pgd_index(addr));
}

p4d_t *p4d_offset_lockless(pgd_t *pgdp, pgd_t pgd, vaddr_t addr)
{
	if (!pgtable_l5_enabled())
		return (p4d_t *)pgdp;
	return entry_in(pgd_pgtable(pgd), p4d_index(addr));
}

pud_t *pud_offset_lockless(p4d_t *p4dp, p4d_t p4d, vaddr_t addr)
{
	(void)p4dp;
	return entry_in(p4d_pgtable(p4d), pud_index(addr));
}

pmd_t *pmd_offset_lockless(pud_t *pudp, pud_t pud, vaddr_t addr)
{
	(void)pudp;
	return entry_in(pud_pgtable(pud), pmd_index(addr));
}

pte_t *pte_offset_lockless(pmd_t pmd, vaddr_t addr)
{
	return pte_offset_table(pmd_pgtable(pmd), addr);
}

pte_t *pte_offset_table(pfn_t pte_table, vaddr_t addr)
{
	return entry_in(pte_table, pte_index(addr));
}

p4d_t *p4d_offset(pgd_t *pgdp, vaddr_t addr)
{
	pgd_t pgd = { 0 };

	if (pgtable_l5_enabled())
		pgd.pgd = entry_read(
			ENTRY(addr, pgdp, "p4d_offset", PT_LEVEL_PGD));
	return p4d_offset_lockless(pgdp, pgd, addr);
}

pud_t *pud_offset(p4d_t *p4dp, vaddr_t addr)
{
	p4d_t p4d = __p4d(
		entry_read(ENTRY(addr, p4dp, "pud_offset", PT_LEVEL_P4D)));

	return pud_offset_lockless(p4dp, p4d, addr);
}

pmd_t *pmd_offset(pud_t *pudp, vaddr_t addr)
{
	pud_t pud = __pud(
		entry_read(ENTRY(addr, pudp, "pmd_offset", PT_LEVEL_PUD)));

	return pmd_offset_lockless(pudp, pud, addr);
}

pte_t *pte_offset_kernel(pmd_t *pmdp, vaddr_t addr)
{
	pmd_t pmd = __pmd(entry_read(
		ENTRY(addr, pmdp, "pte_offset_kernel", PT_LEVEL_PMD)));

	return pte_offset_lockless(pmd, addr);
}

/* ---- reads ---- */

pgd_t pgdp_get(vaddr_t addr, pgd_t *pgdp)
{
	struct entry_access *ea = ENTRY(addr, pgdp, "pgdp_get", PT_LEVEL_PGD);

	return __pgd(pgtable_l5_enabled() ? entry_read(ea) : entry_peek(ea));
}

p4d_t p4dp_get(vaddr_t addr, p4d_t *p4dp)
{
	return __p4d(entry_read(ENTRY(addr, p4dp, "p4dp_get", PT_LEVEL_P4D)));
}

pud_t pudp_get(vaddr_t addr, pud_t *pudp)
{
	return __pud(entry_read(ENTRY(addr, pudp, "pudp_get", PT_LEVEL_PUD)));
}

pmd_t pmdp_get(vaddr_t addr, pmd_t *pmdp)
{
	return __pmd(entry_read(ENTRY(addr, pmdp, "pmdp_get", PT_LEVEL_PMD)));
}

pte_t __ptep_get(vaddr_t addr, pte_t *ptep)
{
	return __pte(entry_read(ENTRY(addr, ptep, "ptep_get", PT_LEVEL_PTE)));
}

pmd_t pmdp_get_lockless(vaddr_t addr, pmd_t *pmdp)
{
	return __pmd(entry_read(
		ENTRY(addr, pmdp, "pmdp_get_lockless", PT_LEVEL_PMD)));
}

pte_t __ptep_get_lockless(vaddr_t addr, pte_t *ptep)
{
	return __pte(entry_read(
		ENTRY(addr, ptep, "ptep_get_lockless", PT_LEVEL_PTE)));
}

/* ---- plain writes ---- */

void __set_pte_at(vaddr_t addr, pte_t *ptep, pte_t pte)
{
	entry_write(ENTRY(addr, ptep, "set_pte_at", PT_LEVEL_PTE),
	            pte_val(pte));
}

void set_pmd_at(vaddr_t addr, pmd_t *pmdp, pmd_t pmd)
{
	entry_write(ENTRY(addr, pmdp, "set_pmd_at", PT_LEVEL_PMD),
	            pmd_val(pmd));
}

void set_pud(vaddr_t addr, pud_t *pudp, pud_t pud)
{
	entry_write(ENTRY(addr, pudp, "set_pud", PT_LEVEL_PUD), pud_val(pud));
}

void set_p4d(vaddr_t addr, p4d_t *p4dp, p4d_t p4d)
{
	entry_write(ENTRY(addr, p4dp, "set_p4d", PT_LEVEL_P4D), p4d_val(p4d));
}

void set_pgd(vaddr_t addr, pgd_t *pgdp, pgd_t pgd)
{
	BUG_ON(!pgtable_l5_enabled());
	entry_write(ENTRY(addr, pgdp, "set_pgd", PT_LEVEL_PGD), pgd_val(pgd));
}

void __pte_clear(vaddr_t addr, pte_t *ptep)
{
	entry_write(ENTRY(addr, ptep, "pte_clear", PT_LEVEL_PTE), 0);
}

void pmd_clear(vaddr_t addr, pmd_t *pmdp)
{
	entry_write(ENTRY(addr, pmdp, "pmd_clear", PT_LEVEL_PMD), 0);
}

void pud_clear(vaddr_t addr, pud_t *pudp)
{
	entry_write(ENTRY(addr, pudp, "pud_clear", PT_LEVEL_PUD), 0);
}

void p4d_clear(vaddr_t addr, p4d_t *p4dp)
{
	entry_write(ENTRY(addr, p4dp, "p4d_clear", PT_LEVEL_P4D), 0);
}

void pgd_clear(vaddr_t addr, pgd_t *pgdp)
{
	if (pgtable_l5_enabled())
		entry_write(ENTRY(addr, pgdp, "pgd_clear", PT_LEVEL_PGD), 0);
}

void pmd_populate(vaddr_t addr, pmd_t *pmdp, pfn_t table)
{
	entry_write(ENTRY(addr, pmdp, "pmd_populate", PT_LEVEL_PMD),
	            fmt()->make_table(table));
}

void pud_populate(vaddr_t addr, pud_t *pudp, pfn_t table)
{
	entry_write(ENTRY(addr, pudp, "pud_populate", PT_LEVEL_PUD),
	            fmt()->make_table(table));
}

void p4d_populate(vaddr_t addr, p4d_t *p4dp, pfn_t table)
{
	entry_write(ENTRY(addr, p4dp, "p4d_populate", PT_LEVEL_P4D),
	            fmt()->make_table(table));
}

void pgd_populate(vaddr_t addr, pgd_t *pgdp, pfn_t table)
{
	BUG_ON(!pgtable_l5_enabled());
	entry_write(ENTRY(addr, pgdp, "pgd_populate", PT_LEVEL_PGD),
	            fmt()->make_table(table));
}

void __ptep_modify_prot_commit(vaddr_t addr, pte_t *ptep, pte_t pte)
{
	entry_write(ENTRY(addr, ptep, "ptep_modify_prot_commit", PT_LEVEL_PTE),
	            pte_val(pte));
}

/* ---- atomic ---- */

pte_t __ptep_get_and_clear(vaddr_t addr, pte_t *ptep)
{
	return __pte(entry_xchg(
		ENTRY(addr, ptep, "ptep_get_and_clear", PT_LEVEL_PTE), 0));
}

pmd_t pmdp_huge_get_and_clear(vaddr_t addr, pmd_t *pmdp)
{
	return __pmd(entry_xchg(
		ENTRY(addr, pmdp, "pmdp_huge_get_and_clear", PT_LEVEL_PMD), 0));
}

pte_t __ptep_modify_prot_start(vaddr_t addr, pte_t *ptep)
{
	return __pte(entry_xchg(
		ENTRY(addr, ptep, "ptep_modify_prot_start", PT_LEVEL_PTE), 0));
}

pmd_t pmdp_establish(vaddr_t addr, pmd_t *pmdp, pmd_t pmd)
{
	return __pmd(
		entry_xchg(ENTRY(addr, pmdp, "pmdp_establish", PT_LEVEL_PMD),
	                   pmd_val(pmd)));
}

/* DIVERGES: one step; Linux reads the entry, then exchanges it. What hardware
 * sets in between comes back with the old value either way. */
pmd_t pmdp_invalidate(vaddr_t addr, pmd_t *pmdp)
{
	struct entry_access *ea =
		ENTRY(addr, pmdp, "pmdp_invalidate", PT_LEVEL_PMD);
	pmd_t old = __pmd(entry_rmw(ea));

	entry_poke(ea, pmd_val(pmd_mkinvalid(old)));
	return old;
}

/* Take @attr from an entry. Return: it was there. */
static bool entry_test_and_clear(const struct entry_access *ea,
                                 enum pt_attr attr)
{
	uint64_t old = entry_rmw(ea);

	entry_poke(ea, fmt()->change(old, attr, false));
	return fmt()->test(old, attr);
}

/* DIVERGES: one step, as the locked AND it was before Linux v6.6; since then it
 * is a cmpxchg loop. */
void __ptep_set_wrprotect(vaddr_t addr, pte_t *ptep)
{
	entry_test_and_clear(
		ENTRY(addr, ptep, "ptep_set_wrprotect", PT_LEVEL_PTE),
		PT_ATTR_WRITE);
}

void pmdp_set_wrprotect(vaddr_t addr, pmd_t *pmdp)
{
	entry_test_and_clear(
		ENTRY(addr, pmdp, "pmdp_set_wrprotect", PT_LEVEL_PMD),
		PT_ATTR_WRITE);
}

bool __ptep_test_and_clear_young(vaddr_t addr, pte_t *ptep)
{
	return entry_test_and_clear(
		ENTRY(addr, ptep, "ptep_test_and_clear_young", PT_LEVEL_PTE),
		PT_ATTR_YOUNG);
}

bool pmdp_test_and_clear_young(vaddr_t addr, pmd_t *pmdp)
{
	return entry_test_and_clear(
		ENTRY(addr, pmdp, "pmdp_test_and_clear_young", PT_LEVEL_PMD),
		PT_ATTR_YOUNG);
}

/* ---- several steps ---- */

static bool entry_set_access_flags(const struct entry_access *ea,
                                   uint64_t value, bool dirty)
{
	bool changed = entry_read(ea) != value;

	if (changed && fmt()->access_flags)
		entry_poke(ea, fmt()->access_flags(entry_rmw(ea), value));
	else if (changed && dirty)
		entry_write(ea, value);
	return changed;
}

bool __ptep_set_access_flags(vaddr_t addr, pte_t *ptep, pte_t entry, bool dirty)
{
	return entry_set_access_flags(
		ENTRY(addr, ptep, "ptep_set_access_flags", PT_LEVEL_PTE),
		pte_val(entry), dirty);
}

bool __pmdp_set_access_flags(vaddr_t addr, pmd_t *pmdp, pmd_t entry, bool dirty)
{
	return entry_set_access_flags(
		ENTRY(addr, pmdp, "pmdp_set_access_flags", PT_LEVEL_PMD),
		pmd_val(entry), dirty);
}

void __ptep_set_wrprotect_plain(vaddr_t addr, pte_t *ptep)
{
	uint64_t old = entry_read(
		ENTRY(addr, ptep, "ptep_set_wrprotect (read)", PT_LEVEL_PTE));

	entry_write(ENTRY(addr, ptep, "ptep_set_wrprotect", PT_LEVEL_PTE),
	            fmt()->change(old, PT_ATTR_WRITE, false));
}

pte_t __ptep_get_and_clear_plain(vaddr_t addr, pte_t *ptep)
{
	uint64_t old = entry_read(
		ENTRY(addr, ptep, "ptep_get_and_clear (read)", PT_LEVEL_PTE));

	entry_write(ENTRY(addr, ptep, "ptep_get_and_clear", PT_LEVEL_PTE), 0);
	return __pte(old);
}

pte_t __ptep_modify_prot_start_plain(vaddr_t addr, pte_t *ptep)
{
	return __pte(entry_read(ENTRY(
		addr, ptep, "ptep_modify_prot_start (read)", PT_LEVEL_PTE)));
}
