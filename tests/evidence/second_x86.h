/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another walker: Unicorn's own MMU, with paging switched on, in an engine of
 * its own with memory of its own.  A tiny guest program makes one access at
 * CPL 0 or CPL 3.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_SECOND_X86_H
#define MMULATOR_TESTS_EVIDENCE_SECOND_X86_H

#include <stdbool.h>
#include <stdint.h>

struct second;

enum second_op {
	SECOND_READ,
	SECOND_WRITE,
	SECOND_XADD,  /* locked */
	SECOND_FETCH, /* jumps there, where second_code() is */
	SECOND_OP_COUNT
};

struct second_access {
	uint64_t va, value;
	uint8_t size; /* 1 2 4 8; for SECOND_XADD and _FETCH 8 */
	enum second_op op;
	bool la57, wp, smep, smap, nxe, user, ac;
	bool keep_tlb; /* what the access before has left, same registers */
};

enum second_end {
	SECOND_DONE,
	SECOND_PF,
	SECOND_GP,
	SECOND_OTHER /* see `number` */
};
struct second_result {
	enum second_end end;
	uint64_t value; /* loaded; of a fetch: the number in the code */
	uint64_t cr2;
	unsigned code;
	int number; /* of the exception, or -1 - an error of Unicorn's */
};

#define SECOND_RAM        UINT64_C(0x100000000)
/* Physical addresses it keeps for itself, and its virtual ones: bits 47:39 are
 * this with four levels, bits 56:48 with five. */
#define SECOND_OWN        UINT64_C(0x04000000)
#define SECOND_OWN_BYTES  UINT64_C(0x00010000)
#define SECOND_SLOT       7
/* The top tables, in its own memory; all slots but its own are for use. */
#define SECOND_ROOT4      (SECOND_OWN + 0x8000)
#define SECOND_ROOT5      (SECOND_OWN + 0x9000)
/* Reserved are physical address bits from here on. */
#define SECOND_MAXPHYADDR 40

/** second_new - NULL: this Unicorn cannot do it; *@why is why. */
struct second *second_new(const char **why);
void second_free(struct second *s);
/** second_ram - its memory of SECOND_RAM bytes, zero at first. */
uint8_t *second_ram(struct second *s);
/**
 * second_window - virtual addresses of the 2 MiB around @va may be used.
 *
 * Unicorn 2.0.1 wants them to be mapped in its own books, whatever the page
 * tables say. Return: it could.
 */
bool second_window(struct second *s, uint64_t va);
/**
 * second_is_physical - are values those behind the physical address?
 *
 * Unicorn before 2.1 walks the tables, with all rights, faults and flags, and
 * then goes to the bytes that are mapped at the virtual address: what is loaded
 * says nothing there.
 */
bool second_is_physical(const struct second *s);
/** second_code - eight bytes that tell @number when they are executed. */
uint64_t second_code(uint32_t number);
struct second_result second_access(struct second *s,
                                   const struct second_access *acc);

#endif
