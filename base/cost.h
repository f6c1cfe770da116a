/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cycles.  One table per profile in profiles/; the fields are the keys of
 * its [costs] group.
 */
#ifndef MMULATOR_BASE_COST_H
#define MMULATOR_BASE_COST_H

#include "base/types.h"

struct cost_table {
	const char *name;
	uint32_t mhz;
	uint32_t insn;       /* a guest instruction, nothing else */
	uint32_t l1d_hit;    /* a data access or PTE read that hits L1 */
	uint32_t stlb_hit;   /* extra over an L1 TLB hit */
	uint32_t walk_step;  /* per level, over the data access */
	uint32_t kernel_op;  /* READ_ONCE, WRITE_ONCE on a line we own */
	uint32_t atomic;     /* locked RMW on a line we own */
	uint32_t line_same;  /* line transfer within the socket */
	uint32_t line_other; /* from the other socket */
	uint32_t syscall;    /* entry + exit */
	uint32_t fault;      /* exception entry + IRET */
	uint32_t irq_entry;
	uint32_t irq_exit;
	uint32_t ipi_send;  /* ICR write per target */
	uint32_t ipi_wire;  /* delivery */
	uint32_t invlpg;    /* one address; arm64: a TLBI */
	uint32_t flush_all; /* CR3 or INVPCID all */
	uint32_t cr3_write; /* arm64: MSR TTBR0_EL1 */
	uint32_t dsb;       /* arm64: DSB ISH */
	/* arm64: an STG; an LDG; the tags of a page cleared or copied; what a
	 * store to Tagged memory waits for its check when that is synchronous,
	 * which a load, or an asynchronous check, does not */
	uint32_t stg, ldg, tag_page, tag_store;
	uint32_t clear_page;
	uint32_t copy_page;
	uint32_t context_switch;
	uint32_t cpus_per_socket; /* 0: one socket */
};

/* skylake-sp figures; see profiles/skylake-sp.ini for the sources. */
extern const struct cost_table cost_table_default;

#endif
