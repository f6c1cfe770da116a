/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A radix tree from 64-bit keys to pointers, in the arena.
 *
 * xa_load() and xa_store() are one step each, on the slot; iteration is for
 * whoever keeps others out, or outside of a run.  Nodes go only with the whole
 * tree, so that lockless readers never meet a freed one.
 *
 * Linux v6.12 lib/xarray.c, as far as the page cache needs it.
 */
#ifndef MMULATOR_MM_XARRAY_H
#define MMULATOR_MM_XARRAY_H

#include "base/machine.h"

#define XA_CHUNK_SHIFT 6
#define XA_CHUNK_SIZE  (1u << XA_CHUNK_SHIFT)

struct xa_node {
	void *slots[XA_CHUNK_SIZE];
};

struct xarray {
	struct machine *machine;
	struct xa_node *root;
	unsigned height; /* levels of nodes; 0 = empty */
};

/** xa_init - an empty tree in the arena of @m. */
void xa_init(struct xarray *xa, struct machine *m);
/** xa_destroy - free the nodes, not what they point to. */
void xa_destroy(struct xarray *xa);

/** xa_load - the entry at @index. A step, "xa_load". Return: the pointer or
 * NULL. */
void *xa_load(struct xarray *xa, uint64_t index);
/** xa_store - @entry at @index from now on; NULL erases. A step, "xa_store".
 * Return: 0, -ENOMEM. */
int must_check xa_store(struct xarray *xa, uint64_t index, void *entry);
/** xa_insert - @entry at @index if there is none. A step, "xa_insert". Return:
 * 0; -EBUSY if there is an entry already; -ENOMEM. */
int must_check xa_insert(struct xarray *xa, uint64_t index, void *entry);
/** xa_erase - nothing at @index from now on. A step, "xa_erase". Return: what
 * was there. */
void *xa_erase(struct xarray *xa, uint64_t index);

/**
 * xa_peek - xa_load() at @index without a step.
 *
 * Return: the pointer or NULL.
 */
void *xa_peek(const struct xarray *xa, uint64_t index);
/**
 * xa_poke - xa_store() of @entry at @index without a step.
 *
 * Return: 0, -ENOMEM.
 */
int must_check xa_poke(struct xarray *xa, uint64_t index, void *entry);
/**
 * xa_find - the first entry at or after *@index, without a step.
 * @index: in: where to start; out: where it is
 * @max: last index to look at
 * Return: the entry, NULL if there is none.
 */
void *xa_find(const struct xarray *xa, uint64_t *index, uint64_t max);

#endif
