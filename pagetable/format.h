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
	PT_ATTR_GLOBAL
};

struct pt_format {
	const char *name;
	unsigned levels;  /* 4, 5 */
	unsigned va_bits; /* 48, 57 */

	const struct entry_field *fields; /* ends with a NULL name */

	bool (*test)(uint64_t e, enum pt_attr attr);
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
	/* Low four VM_ flags to the rights of a leaf. */
	uint64_t (*vm_prot)(unsigned vm_flags);

	uint64_t (*make_swap)(unsigned type, uint64_t offset);
	unsigned (*swap_type)(uint64_t e);
	uint64_t (*swap_offset)(uint64_t e);
};

extern const struct pt_format x86_pt_format_4level;
extern const struct pt_format x86_pt_format_5level;

/** pt_format_of - the format of @m; of x86-64 with 4 levels if @m is NULL or
 * nobody said anything. */
static inline const struct pt_format *pt_format_of(const struct machine *m)
{
	if (likely(m && m->pt_format))
		return m->pt_format;
	return &x86_pt_format_4level;
}

#endif
