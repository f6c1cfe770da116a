/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map from addresses to VMAs: what the maple tree is to Linux's mm_mt.
 *
 * A balanced (AVL) tree of ranges.  Published nodes never change: a writer
 * builds the nodes that differ aside, publishes them by storing the root once,
 * and frees those replaced after a grace period.  So a reader that loads the
 * root once walks a consistent tree without any lock, and may find a VMA that
 * has meanwhile been unmapped, split or freed - that is its problem, as in
 * Linux (lock_vma_under_rcu()).
 *
 * Storing is by range, as in the maple tree: whatever the range covered before
 * is overwritten, neighbours that reach into it are cut.
 *
 * Not here: the VMAs' own fields, their locks.
 */
#ifndef MMULATOR_MM_VMA_TREE_H
#define MMULATOR_MM_VMA_TREE_H

#include "base/rcu.h"
#include "base/types.h"

struct machine;
struct vm_area_struct;
struct vma_node;

struct vma_tree {
	struct vma_node *root; /* lockless readers: READ_ONCE */
	unsigned nr_nodes;
	/* Replaced nodes wait for a grace period (Linux's MT_FLAGS_USE_RCU);
	 * off while nobody else can know the tree (fork, exit). */
	bool in_rcu;
};

/** vma_tree_new - an empty tree with in_rcu set. Return: it; NULL if memory is
 * out. */
struct vma_tree *vma_tree_new(struct machine *m);
/**
 * vma_tree_clear - empty @tree, at once: nobody else may know it any more. VMAs
 * are not touched.
 */
void vma_tree_clear(struct machine *m, struct vma_tree *tree);
/** vma_tree_free - empty @tree likewise, and free the tree itself. */
void vma_tree_free(struct machine *m, struct vma_tree *tree);

/* Writer's or reader's lock held; not steps. */

/** vma_tree_find - the VMA of the first range that ends above @addr. Return:
 * it, or NULL. */
struct vm_area_struct *vma_tree_find(const struct vma_tree *tree, vaddr_t addr);
/** vma_tree_find_prev - the VMA of the last range that starts below @addr.
 * Return: it, or NULL. */
struct vm_area_struct *vma_tree_find_prev(const struct vma_tree *tree,
                                          vaddr_t addr);

/**
 * vma_tree_walk_rcu - the VMA whose range contains an address, locklessly
 * (Linux's mas_walk()).
 * @tree: the tree
 * @addr: the address
 *
 * One step for the root and one for each node.
 *
 * Context: rcu_read_lock().
 * Return: a VMA that may be stale, or NULL.
 */
struct vm_area_struct *vma_tree_walk_rcu(struct machine *m,
                                         struct vma_tree *tree, vaddr_t addr);

/* A change being built: see vma_tree_prepare(). */
struct vma_store {
	struct machine *machine;
	struct vma_tree *tree;
	struct vma_node *root;     /* of the tree to be */
	struct vma_node *fresh;    /* nodes built, not published */
	struct vma_node *replaced; /* published nodes that will go */
	int nr_delta;
	bool failed; /* out of memory: prepare reports it */
};

/**
 * vma_tree_prepare - build the tree in which a range belongs to a VMA.
 * @tree: the tree
 * @store: the change, for vma_tree_commit()
 * @start: first address
 * @end: first address beyond
 * @vma: or NULL: to nobody
 *
 * The only part that can fail; nobody sees anything until vma_tree_commit().
 *
 * Context: writer. At most one change is under way at a time.
 * Return: 0 or -ENOMEM (nothing to abort then).
 */
int must_check vma_tree_prepare(struct machine *m, struct vma_tree *tree,
                                struct vma_store *store, vaddr_t start,
                                vaddr_t end, struct vm_area_struct *vma);
/** vma_tree_commit - publish: one step (@label), and free what it replaces. */
void vma_tree_commit(struct vma_store *store, const char *label);
/** vma_tree_abort - forget the change. */
void vma_tree_abort(struct vma_store *store);

/**
 * vma_tree_gap_below - topmost free range.
 * @low: lowest address allowed
 * @high: first one not allowed
 * @len: bytes wanted
 *
 * Return: the highest address a with [a, a + len) free and within [low, high),
 * or 0 if there is none.
 */
vaddr_t vma_tree_gap_below(const struct vma_tree *tree, vaddr_t low,
                           vaddr_t high, uint64_t len);
/**
 * vma_tree_gap_above - lowest free range.
 * @low: lowest address allowed
 * @high: first one not allowed
 * @len: bytes wanted
 *
 * Return: the lowest address a with [a, a + len) free and within [low, high),
 * or 0 if there is none.
 */
vaddr_t vma_tree_gap_above(const struct vma_tree *tree, vaddr_t low,
                           vaddr_t high, uint64_t len);

/** vma_tree_has - is [@start, @end) exactly one range, and @vma's? Return: it
 * is. */
bool vma_tree_has(const struct vma_tree *tree, vaddr_t start, vaddr_t end,
                  const struct vm_area_struct *vma);

/** vma_tree_check - BUG_ON a tree that is unsorted, unbalanced or whose cached
 * figures are wrong. */
void vma_tree_check(const struct vma_tree *tree);

#endif
