/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A map from 64-bit numbers to 32-bit numbers: open addressing, forgets
 * everything in constant time.  Never iterated: whatever must be visited in
 * order is kept in an array beside it.
 */
#ifndef MMULATOR_ORACLE_KEYMAP_H
#define MMULATOR_ORACLE_KEYMAP_H

#include "base/types.h"

#define KEYMAP_NONE UINT32_MAX

struct keymap_slot {
	uint64_t key;
	uint32_t value;
	uint32_t epoch; /* in use iff it is the map's */
};

struct keymap {
	struct keymap_slot *slots;
	uint32_t mask; /* number of slots - 1 */
	uint32_t used;
	uint32_t epoch;
};

/** keymap_init - an empty map. */
void keymap_init(struct keymap *map);
/** keymap_fini - give its memory back. */
void keymap_fini(struct keymap *map);
/** keymap_reset - forget everything, keep the memory. */
void keymap_reset(struct keymap *map);
/**
 * keymap_get - look up.
 * @key: any number
 *
 * Return: its value, KEYMAP_NONE if it has none.
 */
uint32_t keymap_get(const struct keymap *map, uint64_t key);
/** keymap_put - @key has @value from now on; KEYMAP_NONE: none. */
void keymap_put(struct keymap *map, uint64_t key, uint32_t value);

#endif
