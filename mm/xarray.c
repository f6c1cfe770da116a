/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/xarray.h"

#include <errno.h>

#include "base/bug.h"
#include "base/once.h"

#define XA_MAX_HEIGHT 11 /* 6 bits each: covers 64-bit keys */

/*
 * A step on the entry of one index.  The object is the tree and the index, not
 * the slot: there may be no node yet.
 */
static void xa_step(const struct xarray *xa, enum step_kind kind,
                    const char *label, uint64_t index)
{
	objid_t tree = mem_obj(xa->machine, xa);

	step(kind, tree + (index & 0xffffff), 1, label, index);
	charge(kind == STEP_READ ? xa->machine->costs->kernel_op
	                         : xa->machine->costs->atomic);
	arena_check(xa->machine, xa);
}

void xa_init(struct xarray *xa, struct machine *m)
{
	*xa = (struct xarray){ .machine = m };
}

static bool xa_covers(const struct xarray *xa, uint64_t index)
{
	unsigned bits = xa->height * XA_CHUNK_SHIFT;

	return bits >= 64 || index >> bits == 0;
}

static unsigned xa_slot(uint64_t index, unsigned level)
{
	return (unsigned)(index >> (level * XA_CHUNK_SHIFT)) &
	       (XA_CHUNK_SIZE - 1);
}

/* Make the tree tall enough for @index. */
static int xa_grow(struct xarray *xa, uint64_t index)
{
	while (!xa->height || !xa_covers(xa, index)) {
		struct xa_node *node =
			kzalloc(xa->machine, sizeof(*node), "xa_node");

		if (!node)
			return -ENOMEM;
		BUG_ON(xa->height == XA_MAX_HEIGHT);
		node->slots[0] = xa->root;
		xa->root = node;
		xa->height++;
	}
	return 0;
}

int xa_poke(struct xarray *xa, uint64_t index, void *entry)
{
	struct xa_node *node;
	unsigned level;

	if (!entry && !xa_peek(xa, index))
		return 0;
	if (xa_grow(xa, index))
		return -ENOMEM;

	node = xa->root;
	for (level = xa->height - 1; level; level--) {
		void **slot = &node->slots[xa_slot(index, level)];

		if (!*slot)
			*slot = kzalloc(xa->machine, sizeof(*node), "xa_node");
		if (!*slot)
			return -ENOMEM;
		node = *slot;
	}
	node->slots[xa_slot(index, 0)] = entry;
	return 0;
}

void *xa_peek(const struct xarray *xa, uint64_t index)
{
	const struct xa_node *node = xa->root;
	unsigned level;

	if (!xa->height || !xa_covers(xa, index))
		return NULL;

	for (level = xa->height - 1; level && node; level--)
		node = node->slots[xa_slot(index, level)];
	return node ? node->slots[xa_slot(index, 0)] : NULL;
}

void *xa_load(struct xarray *xa, uint64_t index)
{
	void *entry;

	xa_step(xa, STEP_READ, "xa_load", index);
	entry = xa_peek(xa, index);
	trace_mix(current_agent, trace_pointer((uintptr_t)entry));
	return entry;
}

int xa_store(struct xarray *xa, uint64_t index, void *entry)
{
	xa_step(xa, STEP_WRITE, "xa_store", index);
	return xa_poke(xa, index, entry);
}

int xa_insert(struct xarray *xa, uint64_t index, void *entry)
{
	xa_step(xa, STEP_RMW, "xa_insert", index);
	if (xa_peek(xa, index))
		return -EBUSY;
	return xa_poke(xa, index, entry);
}

void *xa_erase(struct xarray *xa, uint64_t index)
{
	void *entry;

	xa_step(xa, STEP_RMW, "xa_erase", index);
	entry = xa_peek(xa, index);
	/* Only storing something new can run out of memory. */
	BUG_ON(xa_poke(xa, index, NULL));
	return entry;
}

/*
 * The first index at or after @index that is not in the part of the tree known
 * to be empty: where the walk to @index met a missing node, the end of what
 * that node would span.
 */
static uint64_t xa_skip(const struct xarray *xa, uint64_t index)
{
	const struct xa_node *node = xa->root;
	unsigned level;

	for (level = xa->height - 1; level; level--) {
		unsigned shift = level * XA_CHUNK_SHIFT;

		node = node->slots[xa_slot(index, level)];
		if (!node)
			return ((index >> shift) + 1) << shift;
	}
	return index + 1;
}

void *xa_find(const struct xarray *xa, uint64_t *index, uint64_t max)
{
	uint64_t i = *index;

	while (xa->height && i <= max && xa_covers(xa, i)) {
		void *entry = xa_peek(xa, i);
		uint64_t next;

		if (entry) {
			*index = i;
			return entry;
		}
		next = xa_skip(xa, i);
		if (next <= i)
			break; /* wrapped */
		i = next;
	}
	return NULL;
}

void xa_destroy(struct xarray *xa)
{
	struct xa_node *path[XA_MAX_HEIGHT + 1] = { xa->root };
	unsigned pos[XA_MAX_HEIGHT + 1] = { 0 };
	unsigned depth = 0;

	/* Depth first by loop: a node goes after its children. */
	while (xa->root) {
		struct xa_node *node = path[depth];
		bool inner = depth + 1 < xa->height;

		if (inner && pos[depth] < XA_CHUNK_SIZE) {
			struct xa_node *child = node->slots[pos[depth]++];

			if (child) {
				path[++depth] = child;
				pos[depth] = 0;
			}
			continue;
		}
		kfree(xa->machine, node);
		if (!depth)
			break;
		depth--;
	}
	xa->root = NULL;
	xa->height = 0;
}
