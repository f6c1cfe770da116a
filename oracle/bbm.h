/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bbm oracle knows: entries of arm64 page tables that were valid, are
 * not any more, and may still be cached somewhere; which CPUs have loaded whose
 * tables under which ASID.
 */
#ifndef MMULATOR_ORACLE_BBM_H
#define MMULATOR_ORACLE_BBM_H

struct bbm;

/** bbm_new - it knows nothing. Return: never NULL; bbm_free(). */
struct bbm *bbm_new(void);
/** bbm_free - it is not needed any more. */
void bbm_free(struct bbm *b);
/** bbm_reset - a new run starts: @b forgets everything. */
void bbm_reset(struct bbm *b);

#endif
