/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another walker: Unicorn's own MMU, with paging switched on, in an engine of
 * its own with memory of its own.  A tiny guest program makes one access at
 * CPL 0 or CPL 3.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_SECOND_X86_H
#define MMULATOR_TESTS_EVIDENCE_SECOND_X86_H

#include "tests/evidence/access_x86.h"

struct second;

/* Reserved are physical address bits from here on. */
#define SECOND_MAXPHYADDR 40

/** second_new - NULL: this Unicorn cannot do it; *@why is why. */
struct second *second_new(const char **why);
void second_free(struct second *s);
/** second_ram - its memory of WORLD_RAM bytes, zero at first. */
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
/** second_access - what comes of @acc. */
struct world_result second_access(struct second *s,
                                  const struct world_access *acc);

#endif
