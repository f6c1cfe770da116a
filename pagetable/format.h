/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an architecture's page tables look like: the functions behind
 * pagetable/pgtable.h.  All are pure and take entries as raw words.
 *
 * To add an architecture: one constant struct pt_format in a file of its own.
 */
#ifndef MMULATOR_PAGETABLE_FORMAT_H
#define MMULATOR_PAGETABLE_FORMAT_H

#include "pagetable/pgtable.h"

/* What the kernel asks of, or does to, an entry. */
enum pt_attr {
	PT_ATTR_WRITE,
	PT_ATTR_DIRTY,
	PT_ATTR_YOUNG,
	PT_ATTR_USER,
	PT_ATTR_EXEC,
	PT_ATTR_GLOBAL,
	PT_ATTR_CONT /* one of 16 that hardware may hold as one; x86: never */
};

struct pt_format {
	const char *name;
	unsigned levels;  /* 4, 5 */
	unsigned va_bits; /* 48, 57: of what one root spans */
	/* Both halves of the address space hang off one root: addresses are
	 * signed. */
	bool sign_extended;
	vaddr_t task_size; /* where user space ends */
	vaddr_t vmalloc_start;
	uint64_t kernel_prot; /* PAGE_KERNEL */

	const struct entry_field *fields; /* ends with a NULL name */

	bool (*test)(uint64_t e, enum pt_attr attr);
	/* Does an entry that leads to a table leave @attr to what is below?
	 * NULL: as test(). */
	bool (*table_test)(uint64_t e, enum pt_attr attr);
	uint64_t (*change)(uint64_t e, enum pt_attr attr, bool on);

	/* Nothing there (see pte_none()). */
	bool (*none)(uint64_t e);
	/* As the kernel sees it (PROT_NONE, invalidated leaf) ... */
	bool (*present)(uint64_t e, unsigned level);
	/* ... and as hardware does. */
	bool (*hw_present)(uint64_t e);
	bool (*protnone)(uint64_t e);
	bool (*leaf)(uint64_t e, unsigned level);
	/* Not a well-formed table entry. */
	bool (*bad_table)(uint64_t e);
	/* Hardware would fault on a reserved bit, all features on. */
	bool (*reserved)(uint64_t e, unsigned level);
	pfn_t (*pfn)(uint64_t e, unsigned level);

	uint64_t (*make_leaf)(pfn_t pfn, uint64_t prot, unsigned level);
	uint64_t (*make_table)(pfn_t pfn);
	uint64_t (*modify)(uint64_t e, uint64_t prot);
	uint64_t (*prot)(uint64_t e);
	uint64_t (*make_huge)(uint64_t e);
	uint64_t (*make_invalid)(uint64_t e);
	/*
	 * ptep_set_access_flags(): @now becomes this, atomically. NULL: it
	 * becomes @entry, by a plain write, if the fault was one.
	 */
	uint64_t (*access_flags)(uint64_t now, uint64_t entry);
	/* VM_ flags to the rights of a leaf: the low four, arm64 VM_MTE. */
	uint64_t (*vm_prot)(uint64_t vm_flags);

	uint64_t (*make_swap)(unsigned type, uint64_t offset);
	unsigned (*swap_type)(uint64_t e);
	uint64_t (*swap_offset)(uint64_t e);
};

extern const struct pt_format x86_pt_format_4level;
extern const struct pt_format x86_pt_format_5level;
extern const struct pt_format arm64_pt_format_4k;

/** pt_format_default - the usual format of @arch. */
static inline const struct pt_format *pt_format_default(enum arch_id arch)
{
	return arch == ARCH_ARM64 ? &arm64_pt_format_4k : &x86_pt_format_4level;
}

/** pt_format_of - the format of @m: what it was told, or its architecture's
 * usual one; of x86-64 with 4 levels if @m is NULL. */
static inline const struct pt_format *pt_format_of(const struct machine *m)
{
	if (likely(m && m->pt_format))
		return m->pt_format;
	return pt_format_default(m ? m->arch : ARCH_X86_64);
}

/**
 * pt_next_used - the first entry of a table that is not zero: most are.
 * @table: frame of the table, any number
 * @index: of the first entry to look at, up to PTRS_PER_PTE
 *
 * Return: its index; PTRS_PER_PTE: there is none.
 */
unsigned pt_next_used(const struct physmem *mem, pfn_t table, unsigned index);

#endif
