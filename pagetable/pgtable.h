/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables with Linux's names (include/linux/pgtable.h and the header of the
 * architecture), for any architecture.
 *
 * Three kinds of functions:
 *  - values: pte_present(), pte_mkdirty(), ...  Pure.  An entry is a 64-bit
 *    word in the hardware's own format in a struct of one field, so that mixing
 *    levels does not compile.
 *  - accessors: __ptep_get(), __set_pte_at(), pmd_clear(), ...  Each is ONE
 * step on the physical address of the entry, labelled with its own name
 * (__ptep_get() is the step "ptep_get"), qualified by `addr`; those that write
 * emit EV_PT_WRITE.  The order of arguments is Linux's without the mm: (addr,
 * pointer, value).
 *  - views: pt_walk(), pt_for_each_entry(), for people and judges: no steps.
 *
 * Values and accessors speak the format of the current agent's machine
 * (machine->pt_format; NULL: the architecture's usual one; outside of a run:
 * x86-64 with 4 levels).
 *
 * Levels are numbered from the leaves: PTE = 1, PMD = 2, PUD = 3, P4D = 4,
 * PGD = 5.  With 4 levels the p4d is folded into the pgd as in Linux: pgd_t is
 * always present and its entry is read as a p4d_t; events call the root's
 * entries level 4.
 *
 * Entry pointers point into the direct map.  Their memory must be read through
 * the accessors only: a freed frame reads as poison there, not at the host
 * address.
 *
 * Not here: allocating tables, locks, pte_offset_map_lock() and everything that
 * knows an mm_struct (mm/); flushing.
 */
#ifndef MMULATOR_PAGETABLE_PGTABLE_H
#define MMULATOR_PAGETABLE_PGTABLE_H

#include "base/machine.h"
#include "base/types.h"
#include "pagetable/geometry.h"

typedef struct {
	uint64_t pte;
} pte_t;
typedef struct {
	uint64_t pmd;
} pmd_t;
typedef struct {
	uint64_t pud;
} pud_t;
typedef struct {
	uint64_t p4d;
} p4d_t;
typedef struct {
	uint64_t pgd;
} pgd_t;
/* Bits of a leaf entry without a frame number. */
typedef struct {
	uint64_t pgprot;
} pgprot_t;

#define pte_val(x)    ((x).pte)
#define pmd_val(x)    ((x).pmd)
#define pud_val(x)    ((x).pud)
#define p4d_val(x)    ((x).p4d)
#define pgd_val(x)    ((x).pgd)
#define pgprot_val(x) ((x).pgprot)
#define __pte(x)      ((pte_t){ (x) })
#define __pmd(x)      ((pmd_t){ (x) })
#define __pud(x)      ((pud_t){ (x) })
#define __p4d(x)      ((p4d_t){ (x) })
#define __pgd(x)      ((pgd_t){ (x) })
#define __pgprot(x)   ((pgprot_t){ (x) })

/* ---- pte values ---- */

/**
 * pte_none - is there nothing?
 * @pte: any value
 *
 * x86: A and D alone, which hardware may have set in an entry that went (Linux:
 * an erratum), do not make an entry.
 *
 * Return: there is.
 */
bool pte_none(pte_t pte);
/**
 * pte_present - is it mapped, be it PROT_NONE?
 * @pte: any value
 *
 * Return: it is; hardware may not see it as present.
 */
bool pte_present(pte_t pte);
/**
 * pte_hw_present - may hardware use it? Linux's pte_accessible() without the
 * mm.
 * @pte: any value
 *
 * Return: its valid bit (x86: P) is set.
 */
bool pte_hw_present(pte_t pte);
/**
 * family: pte_protnone, pte_write, pte_dirty, pte_young, pte_user, pte_exec -
 * what a present entry says of itself.
 * @pte: a present entry
 *
 * pte_protnone(): it is there for the kernel only (PROT_NONE).
 *
 * Return: it is so.
 */
bool pte_protnone(pte_t pte);
bool pte_write(pte_t pte);
bool pte_dirty(pte_t pte);
bool pte_young(pte_t pte);
bool pte_user(pte_t pte);
bool pte_exec(pte_t pte);
/**
 * pte_same - are two values equal, bit for bit?
 * @a: one
 * @b: the other
 *
 * Return: they are.
 */
bool pte_same(pte_t a, pte_t b);
/** pte_pfn - frame number of @pte, a present entry. Return: it. */
pfn_t pte_pfn(pte_t pte);
/** pte_page - struct page of the frame of @pte, a present entry. Return: it.
 * The entry must lead into memory: nobody checks. */
struct page *pte_page(pte_t pte);

/**
 * pfn_pte - an entry that maps frame @pfn with the rights @prot.
 *
 * Return: it.
 */
pte_t pfn_pte(pfn_t pfn, pgprot_t prot);
/** mk_pte - an entry that maps @page with the rights @prot. Return: it. */
pte_t mk_pte(const struct page *page, pgprot_t prot);
/**
 * family: pte_mkwrite, __pte_wrprotect, pte_mkdirty, pte_mkclean, pte_mkyoung,
 * pte_mkold - an entry with one bit (RW, D, A) set or cleared.
 * @pte: a present entry
 *
 * Return: the other value; nothing in memory changes.
 */
pte_t pte_mkwrite(pte_t pte);
pte_t __pte_wrprotect(pte_t pte);
pte_t pte_mkdirty(pte_t pte);
pte_t pte_mkclean(pte_t pte);
pte_t pte_mkyoung(pte_t pte);
pte_t pte_mkold(pte_t pte);
/**
 * pte_cont - is it one of 16 aligned entries that map one contiguous aligned
 * piece of memory, and say so (arm64)?
 * @pte: a present entry
 *
 * Return: the contiguous bit is set; never on x86.
 */
bool pte_cont(pte_t pte);
/**
 * family: pte_mkcont, pte_mknoncont - an entry with the contiguous bit set or
 * cleared.
 * @pte: a present entry
 *
 * Return: the other value; on x86 the same.
 */
pte_t pte_mkcont(pte_t pte);
pte_t pte_mknoncont(pte_t pte);
/**
 * pte_modify - the rights of @prot; frame number, A, D and software bits of
 * @pte.
 *
 * Return: the other value.
 */
pte_t pte_modify(pte_t pte, pgprot_t prot);
/** pte_pgprot - the bits of @pte without its frame number. Return: them. */
pgprot_t pte_pgprot(pte_t pte);

/**
 * vm_get_page_prot - rights of a VMA, as Linux's protection_map[].
 * @vm_flags: VM_READ 1, VM_WRITE 2, VM_EXEC 4, VM_SHARED 8; others ignored
 *
 * Private writable memory starts read-only: who maps it writable says so with
 * pte_mkwrite(). All accessible ones come with A set, none with D.
 *
 * Return: the bits of an entry without its frame number.
 */
pgprot_t vm_get_page_prot(uint64_t vm_flags);

/* ---- pmd values: a leaf, a table, or nothing ---- */

/**
 * pmd_none - is there nothing?
 * @pmd: any value
 *
 * Return: as pte_none().
 */
bool pmd_none(pmd_t pmd);
/**
 * pmd_present - is it a table or a huge page?
 * @pmd: any value
 *
 * As in Linux also true for a huge page under pmd_mkinvalid().
 *
 * Return: it is.
 */
bool pmd_present(pmd_t pmd);
/**
 * pmd_hw_present - may hardware use it?
 * @pmd: any value
 *
 * Return: its valid bit (x86: P) is set.
 */
bool pmd_hw_present(pmd_t pmd);
/**
 * family: pmd_leaf, pmd_trans_huge - does it map memory itself? Under
 * pmd_mkinvalid(), too.
 * @pmd: any value
 *
 * Return: it does.
 */
bool pmd_leaf(pmd_t pmd);
bool pmd_trans_huge(pmd_t pmd);
/**
 * pmd_bad - is it something other than nothing and a well-formed table?
 * @pmd: any value
 *
 * Return: it is; so is a huge page.
 */
bool pmd_bad(pmd_t pmd);
/**
 * family: pmd_write, pmd_dirty, pmd_young - what a huge page's entry says of
 * itself.
 * @pmd: a leaf
 *
 * Return: it is so.
 */
bool pmd_write(pmd_t pmd);
bool pmd_dirty(pmd_t pmd);
bool pmd_young(pmd_t pmd);
/**
 * pmd_same - are two values equal, bit for bit?
 * @a: one
 * @b: the other
 *
 * Return: they are.
 */
bool pmd_same(pmd_t a, pmd_t b);
/** pmd_pfn - first frame of @pmd, a leaf. Return: its number, a multiple of
 * 512. */
pfn_t pmd_pfn(pmd_t pmd);
/** pmd_page - struct page of the first frame of @pmd, a leaf. Return: it. The
 * entry must lead into memory: nobody checks. */
struct page *pmd_page(pmd_t pmd);
/** pmd_pgtable - frame of the PTE table @pmd leads to. Return: its number. */
pfn_t pmd_pgtable(pmd_t pmd);

/** pfn_pmd - an entry with the frame number @pfn and the rights @prot; a leaf
 * with pmd_mkhuge(). Return: it. */
pmd_t pfn_pmd(pfn_t pfn, pgprot_t prot);
/**
 * mk_pmd - likewise for the frame of @page, with the rights @prot.
 *
 * Return: it.
 */
pmd_t mk_pmd(const struct page *page, pgprot_t prot);
/** mk_pmd_table - the entry pmd_populate() would write for @pte_table. Return:
 * it. */
pmd_t mk_pmd_table(pfn_t pte_table);
/**
 * family: pmd_mkhuge, pmd_mkwrite, __pmd_wrprotect, pmd_mkdirty, pmd_mkclean,
 * pmd_mkyoung, pmd_mkold - an entry with one bit (PS, RW, D, A) set or cleared.
 * @pmd: a leaf
 *
 * Return: the other value; nothing in memory changes.
 */
pmd_t pmd_mkhuge(pmd_t pmd);
pmd_t pmd_mkwrite(pmd_t pmd);
pmd_t __pmd_wrprotect(pmd_t pmd);
pmd_t pmd_mkdirty(pmd_t pmd);
pmd_t pmd_mkclean(pmd_t pmd);
pmd_t pmd_mkyoung(pmd_t pmd);
pmd_t pmd_mkold(pmd_t pmd);
/**
 * pmd_modify - the rights of @prot; frame number, A, D and software bits of
 * @pmd.
 *
 * Return: the other value.
 */
pmd_t pmd_modify(pmd_t pmd, pgprot_t prot);
/** pmd_mkinvalid - @pmd so that hardware sees nothing while pmd_present() stays
 * true. Return: the other value. */
pmd_t pmd_mkinvalid(pmd_t pmd);
/** pmd_pgprot - the bits of @pmd without its frame number. Return: them. */
pgprot_t pmd_pgprot(pmd_t pmd);

/* ---- pud, p4d, pgd values ---- */

/**
 * family: pud_none, pud_present, pud_leaf, pud_bad - as of a PMD, one level up.
 * @pud: any value
 *
 * Return: it is so.
 */
bool pud_none(pud_t pud);
bool pud_present(pud_t pud);
bool pud_leaf(pud_t pud);
bool pud_bad(pud_t pud);
/** pud_pfn - first frame of @pud, a leaf. Return: its number. */
pfn_t pud_pfn(pud_t pud);
/** pud_pgtable - frame of the PMD table @pud leads to. Return: its number. */
pfn_t pud_pgtable(pud_t pud);
/** pfn_pud - a leaf that maps 1 GiB from frame @pfn on with the rights @prot.
 * Return: it. */
pud_t pfn_pud(pfn_t pfn, pgprot_t prot);

/**
 * family: p4d_none, p4d_present, p4d_bad - as of a PMD; there are no leaves at
 * this level.
 * @p4d: any value
 *
 * Return: it is so.
 */
bool p4d_none(p4d_t p4d);
bool p4d_present(p4d_t p4d);
bool p4d_bad(p4d_t p4d);
/** p4d_pgtable - frame of the PUD table @p4d leads to. Return: its number. */
pfn_t p4d_pgtable(p4d_t p4d);

/**
 * family: pgd_none, pgd_present, pgd_bad - as of a PMD; folded: never none,
 * always present, never bad.
 * @pgd: any value
 *
 * Return: it is so.
 */
bool pgd_none(pgd_t pgd);
bool pgd_present(pgd_t pgd);
bool pgd_bad(pgd_t pgd);
/** pgd_pgtable - frame of the table @pgd leads to. Return: its number. */
pfn_t pgd_pgtable(pgd_t pgd);

/* none, or bad: then the entry is not touched here (Linux clears it). */
#define pmd_none_or_bad(pmd) (pmd_none(pmd) || pmd_bad(pmd))
#define pud_none_or_bad(pud) (pud_none(pud) || pud_bad(pud))
#define p4d_none_or_bad(p4d) (p4d_none(p4d) || p4d_bad(p4d))
#define pgd_none_or_bad(pgd) (pgd_none(pgd) || pgd_bad(pgd))

/* ---- entries that are not present: swap, migration, markers ---- */

typedef struct {
	uint64_t val;
} swp_entry_t;
#define SWP_TYPE_BITS   5
#define SWP_OFFSET_BITS 50
enum swp_type {
	/* 0 .. : swap devices */
	SWP_FIRST_SPECIAL = 24,
	SWP_MIGRATION_READ = 24,
	SWP_MIGRATION_READ_EXCLUSIVE,
	SWP_MIGRATION_WRITE,
	SWP_HWPOISON,
	SWP_PTE_MARKER
};
/**
 * swp_entry - a swap entry.
 * @type: below 1 << SWP_TYPE_BITS
 * @offset: below 1 << SWP_OFFSET_BITS
 *
 * Return: it.
 */
swp_entry_t swp_entry(unsigned type, uint64_t offset);
/** swp_type - the type in @entry. Return: it. */
unsigned swp_type(swp_entry_t entry);
/** swp_offset - the offset in @entry. Return: it. */
uint64_t swp_offset(swp_entry_t entry);
/** swp_entry_to_pte - @entry as it lies in a table: never pte_present(), never
 * pte_none(), but on arm64 for offset 0 of type 0, where a swap area has its
 * header. Return: it. */
pte_t swp_entry_to_pte(swp_entry_t entry);
/** pte_to_swp_entry - the swap entry in @pte, which is is_swap_pte(). Return:
 * it. */
swp_entry_t pte_to_swp_entry(pte_t pte);
static inline bool is_swap_pte(pte_t pte)
{
	return !pte_none(pte) && !pte_present(pte);
}

/* ---- where an entry is ---- */

/**
 * pgd_offset_pgd - where the root's entry for an address is.
 * @root: physical address of the table
 * @addr: any address
 *
 * No step.
 *
 * Return: in the direct map; a table out of memory breaks a rule (EV_RULE) and
 * is taken for frame 0.
 */
pgd_t *pgd_offset_pgd(paddr_t root, vaddr_t addr);
/**
 * family: p4d_offset, pud_offset, pmd_offset, pte_offset_kernel - where the
 * entry one level down is.
 * @pgdp: an entry that is known to lead to a table (p4dp, pudp, pmdp)
 * @addr: any address it spans
 *
 * One step that reads the entry, labelled with the function's name; folded: no
 * step.
 *
 * Return: in the direct map; as pgd_offset_pgd() if it leads out of memory.
 */
p4d_t *p4d_offset(pgd_t *pgdp, vaddr_t addr);
pud_t *pud_offset(p4d_t *p4dp, vaddr_t addr);
pmd_t *pmd_offset(pud_t *pudp, vaddr_t addr);
pte_t *pte_offset_kernel(pmd_t *pmdp, vaddr_t addr);
/**
 * family: p4d_offset_lockless, pud_offset_lockless, pmd_offset_lockless -
 * likewise, from the value the caller has read; no step.
 * @pgdp: where it was read (p4dp, pudp)
 * @pgd: what was read (p4d, pud)
 * @addr: any address it spans
 *
 * Return: as p4d_offset().
 */
p4d_t *p4d_offset_lockless(pgd_t *pgdp, pgd_t pgd, vaddr_t addr);
pud_t *pud_offset_lockless(p4d_t *p4dp, p4d_t p4d, vaddr_t addr);
pmd_t *pmd_offset_lockless(pud_t *pudp, pud_t pud, vaddr_t addr);
/** pte_offset_lockless - where the PTE for @addr is, from the value of @pmd the
 * caller has read; no step. Return: as p4d_offset(). */
pte_t *pte_offset_lockless(pmd_t pmd, vaddr_t addr);
/**
 * pte_offset_table - where the PTE for @addr is in the table of frame
 * @pte_table; no step.
 *
 * Return: as p4d_offset().
 */
pte_t *pte_offset_table(pfn_t pte_table, vaddr_t addr);

/* ---- accessors: reads (STEP_READ) ---- */

/** pgdp_get - read the entry at @pgdp for @addr. A step (STEP_READ); folded:
 * none. Return: its value. */
pgd_t pgdp_get(vaddr_t addr, pgd_t *pgdp);
/**
 * family: p4dp_get, pudp_get, pmdp_get, __ptep_get - read an entry. A step
 * (STEP_READ) called as the function.
 * @addr: what it is read for
 * @p4dp: where it is (pudp, pmdp, ptep)
 *
 * Return: its value.
 */
p4d_t p4dp_get(vaddr_t addr, p4d_t *p4dp);
pud_t pudp_get(vaddr_t addr, pud_t *pudp);
pmd_t pmdp_get(vaddr_t addr, pmd_t *pmdp);
pte_t __ptep_get(vaddr_t addr, pte_t *ptep);
/**
 * family: pmdp_get_lockless, __ptep_get_lockless - the same reads by walkers
 * without the lock, under their own labels.
 * @addr: what it is read for
 * @pmdp: where it is (ptep)
 *
 * Return: its value.
 */
pmd_t pmdp_get_lockless(vaddr_t addr, pmd_t *pmdp);
pte_t __ptep_get_lockless(vaddr_t addr, pte_t *ptep);

/* ---- accessors: plain writes (STEP_WRITE) ---- */

/**
 * family: __set_pte_at, set_pmd_at, set_pud, set_p4d - write an entry. A step
 * (STEP_WRITE) called as the function; emits EV_PT_WRITE.
 * @addr: what it is written for
 * @ptep: where it is (pmdp, pudp, p4dp)
 * @pte: what it becomes (pmd, pud, p4d)
 *
 * Context: the lock of the entry's table.
 */
void __set_pte_at(vaddr_t addr, pte_t *ptep, pte_t pte);
void set_pmd_at(vaddr_t addr, pmd_t *pmdp, pmd_t pmd);
void set_pud(vaddr_t addr, pud_t *pudp, pud_t pud);
void set_p4d(vaddr_t addr, p4d_t *p4dp, p4d_t p4d);
/**
 * set_pgd - write the entry at @pgdp for @addr: it becomes @pgd. As
 * __set_pte_at(); folded: BUG.
 */
void set_pgd(vaddr_t addr, pgd_t *pgdp, pgd_t pgd);
/**
 * family: __pte_clear, pmd_clear, pud_clear, p4d_clear - write 0. A step
 * (STEP_WRITE) called as the function; emits EV_PT_WRITE.
 * @addr: what it is cleared for
 * @ptep: where it is (pmdp, pudp, p4dp)
 *
 * Context: the lock of the entry's table.
 */
void __pte_clear(vaddr_t addr, pte_t *ptep);
void pmd_clear(vaddr_t addr, pmd_t *pmdp);
void pud_clear(vaddr_t addr, pud_t *pudp);
void p4d_clear(vaddr_t addr, p4d_t *p4dp);
/** pgd_clear - write 0 at @pgdp for @addr. As __pte_clear(); folded: nothing.
 */
void pgd_clear(vaddr_t addr, pgd_t *pgdp);

/**
 * family: pmd_populate, pud_populate, p4d_populate - hook a table in
 * (_PAGE_TABLE). A step (STEP_WRITE) called as the function; emits EV_PT_WRITE.
 * @addr: what it is hooked in for
 * @pmdp: where the entry is (pudp, p4dp)
 * @table: the table's frame
 *
 * Context: the lock of the entry's table.
 */
void pmd_populate(vaddr_t addr, pmd_t *pmdp, pfn_t table);
void pud_populate(vaddr_t addr, pud_t *pudp, pfn_t table);
void p4d_populate(vaddr_t addr, p4d_t *p4dp, pfn_t table);
/**
 * pgd_populate - likewise at @pgdp for @addr: it leads to @table; folded: BUG.
 */
void pgd_populate(vaddr_t addr, pgd_t *pgdp, pfn_t table);

/* ---- accessors: atomic (STEP_RMW) ---- */

/**
 * family: __ptep_get_and_clear, pmdp_huge_get_and_clear - exchange an entry
 * with 0. A step (STEP_RMW) called as the function; emits EV_PT_WRITE.
 * @addr: what it is cleared for
 * @ptep: where it is (pmdp)
 *
 * Context: the lock of the entry's table.
 * Return: what was there, with the A and D that hardware set.
 */
pte_t __ptep_get_and_clear(vaddr_t addr, pte_t *ptep);
pmd_t pmdp_huge_get_and_clear(vaddr_t addr, pmd_t *pmdp);
/**
 * family: __ptep_set_wrprotect, pmdp_set_wrprotect - clear the right to write,
 * keep what hardware sets meanwhile. A step (STEP_RMW) called as the function.
 * @addr: what it is changed for
 * @ptep: where it is (pmdp)
 *
 * Context: the lock of the entry's table.
 */
void __ptep_set_wrprotect(vaddr_t addr, pte_t *ptep);
void pmdp_set_wrprotect(vaddr_t addr, pmd_t *pmdp);
/**
 * family: __ptep_test_and_clear_young, pmdp_test_and_clear_young - clear A. A
 * step (STEP_RMW) called as the function.
 * @addr: what it is changed for
 * @ptep: where it is (pmdp)
 *
 * Context: the lock of the entry's table.
 * Return: it was set.
 */
bool __ptep_test_and_clear_young(vaddr_t addr, pte_t *ptep);
bool pmdp_test_and_clear_young(vaddr_t addr, pmd_t *pmdp);
/**
 * __ptep_modify_prot_start - exchange the entry at @ptep for @addr with 0:
 * hardware faults until __ptep_modify_prot_commit(). A step (STEP_RMW).
 *
 * Context: the lock of the entry's table.
 * Return: what was there.
 */
pte_t __ptep_modify_prot_start(vaddr_t addr, pte_t *ptep);
/**
 * pmdp_establish - exchange the entry at @pmdp for @addr with @pmd. A step
 * (STEP_RMW).
 *
 * Context: the lock of the entry's table.
 * Return: what was there.
 */
pmd_t pmdp_establish(vaddr_t addr, pmd_t *pmdp, pmd_t pmd);
/**
 * pmdp_invalidate - replace the entry at @pmdp for @addr by pmd_mkinvalid() of
 * itself. A step (STEP_RMW); the caller flushes.
 *
 * Context: the lock of the entry's table.
 * Return: what was there.
 */
pmd_t pmdp_invalidate(vaddr_t addr, pmd_t *pmdp);

/* ---- accessors of more or other steps ---- */

/**
 * __ptep_modify_prot_commit - the end of __ptep_modify_prot_start(): the entry
 * at @ptep for @addr becomes @pte. A step (STEP_WRITE).
 */
void __ptep_modify_prot_commit(vaddr_t addr, pte_t *ptep, pte_t pte);
/**
 * family: __ptep_set_access_flags, __pmdp_set_access_flags - relax an entry
 * after a fault.
 * @addr: what it is changed for
 * @ptep: where it is (pmdp)
 * @entry: what it is to be
 * @dirty: the fault was a write: without it nothing is written
 *
 * A read, then, if it differs and @dirty, a plain write; both steps are called
 * as the function. On arm64 the second, whatever @dirty, is a STEP_RMW that
 * keeps what hardware sets meanwhile; there the caller flushes if @dirty.
 *
 * Context: the lock of the entry's table.
 * Return: it differed.
 * Source: Linux v6.12 arch/x86/mm/pgtable.c ptep_set_access_flags(),
 * arch/arm64/mm/fault.c __ptep_set_access_flags()
 */
bool __ptep_set_access_flags(vaddr_t addr, pte_t *ptep, pte_t entry,
                             bool dirty);
bool __pmdp_set_access_flags(vaddr_t addr, pmd_t *pmdp, pmd_t entry,
                             bool dirty);

/**
 * __ptep_set_wrprotect_plain - __ptep_set_wrprotect() of the entry at @ptep for
 * @addr in two steps, a read, called as the other with " (read)" behind it, and
 * a write: hardware may set A and D in between (option pte_update=plain).
 */
void __ptep_set_wrprotect_plain(vaddr_t addr, pte_t *ptep);
/**
 * __ptep_get_and_clear_plain - __ptep_get_and_clear() of the entry at @ptep for
 * @addr, likewise in two steps.
 *
 * Return: what was read.
 */
pte_t __ptep_get_and_clear_plain(vaddr_t addr, pte_t *ptep);
/**
 * __ptep_modify_prot_start_plain - the read alone, of the entry at @ptep for
 * @addr; the commit overwrites what hardware sets meanwhile.
 *
 * Return: what was read.
 */
pte_t __ptep_modify_prot_start_plain(vaddr_t addr, pte_t *ptep);

/* ---- views without steps ---- */

/* One entry, taken apart. */
struct pt_entry {
	uint64_t value;
	paddr_t pa;    /* where the entry is; 0 if it was only decoded */
	uint8_t level; /* enum pt_level */
	bool none;     /* as pte_none() */
	bool present;  /* hardware uses it */
	bool leaf;     /* maps memory (if present) */
	bool write, user, exec, dirty, young, global;
	bool reserved; /* hardware would fault on a reserved bit */
	pfn_t pfn;     /* of the page or of the table */
};

struct pt_walk {
	vaddr_t addr;
	/* Entries read, by level; from the root's level down to `level`. */
	struct pt_entry entry[PT_LEVEL_COUNT];
	uint8_t root_level;
	uint8_t level; /* where it ended: a leaf or something not present */
	bool leaf;     /* ended at a present leaf; then: */
	bool write, user, exec; /* of all levels together */
	paddr_t paddr;          /* of `addr` */
};

/**
 * pt_decode - take an entry apart, in a machine's format. Pure.
 * @level: of the table it lies in, PT_LEVEL_PTE and up
 * @value: the entry, any value
 *
 * Return: its parts.
 */
struct pt_entry pt_decode(const struct machine *m, unsigned level,
                          uint64_t value);
/** pt_levels - levels of the machine's tables. Return: 4 or 5. */
unsigned pt_levels(const struct machine *m);
/**
 * pt_walk - what a walk finds now.
 * @root: physical address of the root table
 * @addr: any address
 *
 * Reads memory as it is, freed tables included. No steps.
 *
 * Return: every entry on the way, and where it ended.
 */
struct pt_walk pt_walk(struct machine *m, paddr_t root, vaddr_t addr);
/**
 * pt_for_each_entry - visit every entry that is not zero, tables before what
 * they hold, lowest address first.
 * @root: physical address of the root table
 * @start: first address
 * @end: first address beyond
 * @fn: gets the entry, the first address it spans and @data; returns false
 *	to not descend into a table (ignored for others)
 * @data: handed on to @fn
 *
 * Terminates on any memory content: at most 512^levels entries; a table is
 * followed only inside of memory. No steps.
 */
void pt_for_each_entry(struct machine *m, paddr_t root, vaddr_t start,
                       vaddr_t end,
                       bool (*fn)(const struct pt_entry *e, vaddr_t addr,
                                  void *data),
                       void *data);

/* Names of the fields of an entry, for pictures. */
struct entry_field {
	const char *name;
	uint64_t mask;
	unsigned shift;
};

/**
 * pt_entry_format - an entry for people: "pfn 0x12 P RW US A D".
 * @level: of the table it lies in
 * @value: the entry, any value
 * @buf: gets the text
 * @size: of @buf in bytes
 *
 * Return: @buf.
 */
char *pt_entry_format(const struct machine *m, unsigned level, uint64_t value,
                      char *buf, size_t size);
/**
 * pt_level_name - what a level is called.
 * @level: PT_LEVEL_PTE and up
 *
 * Return: "pte", "pmd", ...; a literal.
 */
const char *pt_level_name(unsigned level);

#endif
