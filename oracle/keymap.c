/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oracle/keymap.h"

#include <glib.h>

#define KEYMAP_SLOTS_MIN 256

void keymap_init(struct keymap *map)
{
	map->slots = g_new0(struct keymap_slot, KEYMAP_SLOTS_MIN);
	map->mask = KEYMAP_SLOTS_MIN - 1;
	map->used = 0;
	map->epoch = 1;
}

void keymap_fini(struct keymap *map)
{
	g_free(map->slots);
	map->slots = NULL;
}

void keymap_reset(struct keymap *map)
{
	map->used = 0;
	map->epoch++;
}

/* The slot of @key, or the free one where it would go. */
static struct keymap_slot *find_slot(const struct keymap *map, uint64_t key)
{
	uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t i = (uint32_t)(hash >> 32) & map->mask;

	/* Terminates: at most half of the slots are in use. */
	while (map->slots[i].epoch == map->epoch && map->slots[i].key != key)
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

uint32_t keymap_get(const struct keymap *map, uint64_t key)
{
	const struct keymap_slot *slot = find_slot(map, key);

	return slot->epoch == map->epoch ? slot->value : KEYMAP_NONE;
}

/* Double the table; keys without a value are dropped on the way. */
static void grow(struct keymap *map)
{
	struct keymap_slot *old = map->slots;
	uint32_t n = map->mask + 1;

	map->slots = g_new0(struct keymap_slot, (size_t)n * 2);
	map->mask = n * 2 - 1;
	map->used = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (old[i].epoch != map->epoch || old[i].value == KEYMAP_NONE)
			continue;
		*find_slot(map, old[i].key) = old[i];
		map->used++;
	}
	g_free(old);
}

void keymap_put(struct keymap *map, uint64_t key, uint32_t value)
{
	struct keymap_slot *slot = find_slot(map, key);

	if (slot->epoch == map->epoch) {
		slot->value = value;
		return;
	}
	if (value == KEYMAP_NONE)
		return;
	*slot = (struct keymap_slot){ key, value, map->epoch };
	if (++map->used > map->mask / 2)
		grow(map);
}
