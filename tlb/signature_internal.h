/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures: one byte of the tag of each way of a set, in groups of 16.  To
 * find a tag, compare a group at once and look only at the tags of those that
 * are equal.
 */
#ifndef MMULATOR_TLB_SIGNATURE_INTERNAL_H
#define MMULATOR_TLB_SIGNATURE_INTERNAL_H

#ifdef __SSE2__
#	include <emmintrin.h>
#endif

#include "base/types.h"

#define SIG_GROUP 16
#define SIG_FREE  0x00 /* of a way that holds nothing */
#define SIG_NONE  0x7f /* where there is no way */

/** sig_of - of a valid tag: 0x80 .. 0xff. */
static inline unsigned sig_of(uint64_t tag)
{
	return (unsigned)(tag * UINT64_C(0x9e3779b97f4a7c15) >> 57) | 0x80;
}

/** sig_equal - which of the bytes of a group are @sig: bit n for the n-th. */
static inline unsigned sig_equal(const uint8_t *group, unsigned sig)
{
#ifdef __SSE2__
	__m128i sigs = _mm_loadu_si128((const __m128i_u *)group);
	__m128i wanted = _mm_set1_epi8((char)sig);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(sigs, wanted));
#else
	unsigned equal = 0;

	for (unsigned i = 0; i < SIG_GROUP; i++)
		equal |= (unsigned)(group[i] == sig) << i;
	return equal;
#endif
}

#endif
