/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small reproducible generator (splitmix64, Steele, Lea and Flood 2014): the
 * same numbers on every host.  For policies and property tests.
 */
#ifndef MMULATOR_BASE_RNG_H
#define MMULATOR_BASE_RNG_H

#include "base/types.h"

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/** rng_below - uniform in 0 .. @n - 1; @n at least 1. */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)rng_next(r) * n) >> 64);
}

#endif
