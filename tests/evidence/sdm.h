/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One access of an x86-64 CPU as the manual tells it: Intel SDM volume 3A
 * (order number 325384), 4.5 (4-level and 5-level paging), 4.6 (access rights),
 * 4.7 (page-fault exceptions), 4.8 (accessed and dirty flags).
 *
 * Written from the manual to be compared with the walker of mmu/, so it
 * includes nothing of the project: bits are numbers here, as in the manual's
 * tables.  It knows no TLB and no order of steps.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_SDM_H
#define MMULATOR_TESTS_EVIDENCE_SDM_H

#include <stdbool.h>
#include <stdint.h>

/* What an access depends on besides memory. */
struct sdm_cpu {
	uint64_t cr3; /* without PCID */
	unsigned maxphyaddr;
	bool la57;                                 /* CR4.LA57 */
	bool wp;                                   /* CR0.WP */
	bool pge, smep, smap;                      /* CR4 */
	bool nxe;                                  /* IA32_EFER.NXE */
	uint64_t (*read)(void *data, uint64_t pa); /* 8 bytes of memory */
	void *data;
};

enum sdm_kind {
	SDM_READ,
	SDM_WRITE,
	SDM_FETCH
};

struct sdm_access {
	uint64_t va;
	enum sdm_kind kind;
	bool user; /* CPL 3: a user-mode access */
	bool ac;   /* EFLAGS.AC */
};

enum sdm_end {
	SDM_DONE,
	SDM_PF, /* #PF(code) */
	SDM_GP  /* not canonical */
};

/* An entry that was used, and what it must be afterwards. */
struct sdm_used {
	uint64_t pa, before, after;
};

/* Where a translation begins: from CR3, or in the middle. */
struct sdm_start {
	unsigned level; /* of the first entry that is read */
	uint64_t table;
	bool w, u, x; /* rights so far */
};

struct sdm_result {
	enum sdm_end end;
	unsigned code; /* of a page fault */
	uint64_t pa;
	unsigned shift; /* of the page, if a leaf was reached */
	bool w, u, x;   /* rights of all levels together, if so */
	bool global, dirty;
	unsigned nr_used;
	struct sdm_used used[5]; /* from the top */
	/* Tables entered, for who caches entries: below used[i]. */
	struct sdm_start below[5];
	unsigned nr_below;
};

/** sdm_canonical - SDM volume 1, 3.3.7.1. */
bool sdm_canonical(uint64_t va, bool la57);
/** sdm_start - a translation that begins with CR3. */
struct sdm_start sdm_start(const struct sdm_cpu *cpu);
/**
 * sdm_access - what comes of it.
 * @from: where to begin
 *
 * Changes nothing. Return: the result.
 */
struct sdm_result sdm_access(const struct sdm_cpu *cpu,
                             const struct sdm_access *acc,
                             const struct sdm_start *from);
/** sdm_permits - may @acc go ahead with rights @w @u @x? 4.6.1. */
bool sdm_permits(const struct sdm_cpu *cpu, const struct sdm_access *acc,
                 bool w, bool u, bool x);
/** sdm_error_code - 4.7. @present, @reserved: bits 0 and 3. */
unsigned sdm_error_code(const struct sdm_cpu *cpu, const struct sdm_access *acc,
                        bool present, bool reserved);

#endif
