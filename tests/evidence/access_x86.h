/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One access of an x86-64 CPU: what a walker that is compared with ours is
 * told, and what it answers.  It includes no header of the project.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_ACCESS_X86_H
#define MMULATOR_TESTS_EVIDENCE_ACCESS_X86_H

#include <stdbool.h>
#include <stdint.h>

#define WORLD_MIB UINT64_C(0x100000)
#define WORLD_GIB UINT64_C(0x40000000)

/* Memory, with a hole in it and, at its beginning, what firmware has. */
#define WORLD_RAM       (5 * WORLD_GIB)
#define WORLD_HOLE      (3 * WORLD_GIB)
#define WORLD_HOLE_END  (4 * WORLD_GIB)
#define WORLD_RAM_BEGIN WORLD_MIB
/* Physical addresses a walker has for itself, and its virtual ones: bits 47:39
 * are this with four levels, bits 56:48 with five. */
#define WORLD_OWN       (128 * WORLD_MIB)
#define WORLD_OWN_END   WORLD_GIB
#define WORLD_OWN_SLOT  7
/* The top tables; all slots but its own are for use. */
#define WORLD_ROOT4     (64 * WORLD_MIB)
#define WORLD_ROOT5     (64 * WORLD_MIB + 0x1000)

enum world_op {
	WORLD_READ,
	WORLD_WRITE,
	WORLD_XADD,  /* locked */
	WORLD_FETCH, /* jumps there, where world_code() is */
	WORLD_OP_COUNT
};

struct world_access {
	uint64_t va, value;
	uint8_t size; /* 1 2 4 8; for WORLD_XADD and _FETCH 8 */
	enum world_op op;
	bool la57, wp, smep, smap, nxe, user, ac;
	bool keep_tlb; /* what the access before has left, same registers */
};

enum world_end {
	WORLD_DONE,
	WORLD_PF,
	WORLD_GP,
	WORLD_OTHER /* see `number` */
};
struct world_result {
	enum world_end end;
	uint64_t value; /* loaded; of a fetch: the number in the code */
	uint64_t cr2;
	unsigned code;
	int number; /* what else it was, by the walker's own count */
};

/** world_code - eight bytes that tell @number when they are executed. */
static inline uint64_t world_code(uint32_t number)
{
	/* mov eax, number; int3 */
	return UINT64_C(0xb8) | (uint64_t)number << 8 | UINT64_C(0xcc) << 40;
}

#endif
