/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another walker: qemu-system-x86_64's, whose TCG goes by physical addresses.
 * Accesses are collected as records in the guest's memory, which is a file that
 * both share; then a guest of a few instructions (qemu_x86.S) makes one after
 * the other and writes beside it what came of it.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_QEMU_X86_H
#define MMULATOR_TESTS_EVIDENCE_QEMU_X86_H

/* ---- what the guest is told; also for the assembler ---- */

#define QEMU_ROM       0xffff0000 /* physical address */
#define QEMU_ROM_BYTES 0x10000
#define QEMU_VECTORS   32
#define QEMU_SEL_DATA  0x10
#define QEMU_SEL_TSS   0x28
#define QEMU_EXIT_PORT 0x501
#define QEMU_EXIT_DONE 0x20 /* qemu makes 2 n + 1 of it */
#define QEMU_EXIT_LOST 0x21

/* At this physical address, 8 bytes each. */
#define QEMU_PARAMS      0x1000
#define QEMU_BOOT_CR4    0x00
#define QEMU_BOOT_CR3    0x08
#define QEMU_ENTRY       0x10
#define QEMU_FIRST       0x18
#define QEMU_GDTR        0x20 /* 16 bytes */
#define QEMU_IDTR        0x30 /* 16 bytes */
#define QEMU_CPUID_SIZES 0x40
#define QEMU_CPUID_EXT   0x48
#define QEMU_CPUID_7B    0x50
#define QEMU_CPUID_7C    0x58
#define QEMU_ARMED       0x60
#define QEMU_CURRENT     0x68
#define QEMU_WATCHES     0x70
#define QEMU_LOST_VECTOR 0x78
#define QEMU_LOST_RIP    0x80

/* A record, struct record; then its pokes and watches. */
#define QEMU_END       0
#define QEMU_FLUSH     1
#define QEMU_KEEP      2
#define QEMU_R_KIND    0x00
#define QEMU_R_POKES   0x08
#define QEMU_R_WATCHES 0x10
#define QEMU_R_EFER    0x18
#define QEMU_R_CR0     0x20
#define QEMU_R_CR3     0x28
#define QEMU_R_CR4     0x30
#define QEMU_R_VA      0x38
#define QEMU_R_VALUE   0x40
#define QEMU_R_FRAME   0x48 /* RIP CS RFLAGS RSP SS */
#define QEMU_R_VECTOR  0x70
#define QEMU_R_CODE    0x78
#define QEMU_R_CR2     0x80
#define QEMU_R_RESULT  0x88
#define QEMU_R_SIZE    0x90

#ifndef __ASSEMBLER__

#	include "tests/evidence/access_x86.h"

struct qemu;

/**
 * qemu_new - find and try it.
 *
 * Return: NULL: it cannot be used here; *@why is why, in static storage.
 */
struct qemu *qemu_new(const char **why);
void qemu_free(struct qemu *q);
/** qemu_maxphyaddr - reserved are physical address bits from here on. */
unsigned qemu_maxphyaddr(const struct qemu *q);

/** qemu_begin - no records; all that follow have @la57. */
void qemu_begin(struct qemu *q, bool la57);
/** qemu_put - before the next access, memory at @pa gets @value. */
void qemu_put(struct qemu *q, uint64_t pa, uint64_t value);
/** qemu_watch - after it, memory at @pa should be @value, and will be. */
void qemu_watch(struct qemu *q, uint64_t pa, uint64_t value);
/** qemu_access - the access; after its puts and watches. */
void qemu_access(struct qemu *q, const struct world_access *acc);

/**
 * qemu_run - make them all.
 *
 * Return: NULL, or what went wrong, which is one line or qemu's own words; to
 * be freed with g_free().
 */
char *qemu_run(struct qemu *q);

/** qemu_next - what came of the next access. Context: after qemu_run(). */
struct world_result qemu_next(struct qemu *q);
/** qemu_watched - of this access, what was at the next place that was watched;
 * in the order of qemu_watch(). */
uint64_t qemu_watched(struct qemu *q, uint64_t pa);
/** qemu_read - the 8 bytes at @pa of its memory, as they are now. */
uint64_t qemu_read(const struct qemu *q, uint64_t pa);

#endif
#endif
