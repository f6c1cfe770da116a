/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/vma_tree.h"

#include "base/bug.h"
#include "base/machine.h"
#include "base/once.h"

/*
 * A change clones the nodes on the way down before it touches them, so that
 * below it works like any AVL tree.  Nodes of this change carry `fresh`; a
 * published node never does.
 */
struct vma_node {
	vaddr_t start, end;
	struct vm_area_struct *vma;
	struct vma_node *child[2]; /* lower, higher addresses */
	int height;                /* of the subtree, 1 = no children */
	/* Of the subtree, for the search for free ranges. */
	vaddr_t first, last; /* lowest start, highest end */
	uint64_t max_gap;    /* largest hole between two ranges in it */

	bool fresh;
	/* Lists of one change: its fresh nodes; the nodes it replaces, which
	 * the RCU callback of the first frees together. */
	struct vma_node *list_next;
	struct machine *machine;
	struct rcu_head rcu;
};

/* Deeper than an AVL tree with 2^32 nodes can be. */
#define VMA_TREE_MAX_HEIGHT 48

struct vma_tree *vma_tree_new(struct machine *m)
{
	struct vma_tree *tree = kzalloc(m, sizeof(*tree), "vma_tree");

	if (tree)
		tree->in_rcu = true;
	return tree;
}

void vma_tree_clear(struct machine *m, struct vma_tree *tree)
{
	struct vma_node *node = tree->root;

	tree->root = NULL;
	tree->nr_nodes = 0;

	/* Rotate to the right until there is no left child: no stack. */
	while (node) {
		struct vma_node *left = node->child[0];

		if (left) {
			node->child[0] = left->child[1];
			left->child[1] = node;
			node = left;
		} else {
			struct vma_node *right = node->child[1];

			kfree(m, node);
			node = right;
		}
	}
}

void vma_tree_free(struct machine *m, struct vma_tree *tree)
{
	vma_tree_clear(m, tree);
	kfree(m, tree);
}

/* ---- looking up ---- */

static const struct vma_node *find_node(const struct vma_tree *tree,
                                        vaddr_t addr)
{
	const struct vma_node *node = tree->root, *found = NULL;

	while (node) {
		if (node->end > addr) {
			found = node;
			node = node->child[0];
		} else {
			node = node->child[1];
		}
	}
	return found;
}

static const struct vma_node *find_node_prev(const struct vma_tree *tree,
                                             vaddr_t addr)
{
	const struct vma_node *node = tree->root, *found = NULL;

	while (node) {
		if (node->start < addr) {
			found = node;
			node = node->child[1];
		} else {
			node = node->child[0];
		}
	}
	return found;
}

struct vm_area_struct *vma_tree_find(const struct vma_tree *tree, vaddr_t addr)
{
	const struct vma_node *node = find_node(tree, addr);

	return node ? node->vma : NULL;
}

struct vm_area_struct *vma_tree_find_prev(const struct vma_tree *tree,
                                          vaddr_t addr)
{
	const struct vma_node *node = find_node_prev(tree, addr);

	return node ? node->vma : NULL;
}

struct vm_area_struct *vma_tree_walk_rcu(struct machine *m,
                                         struct vma_tree *tree, vaddr_t addr)
{
	struct vma_node *node = READ_ONCE_AT(tree->root, "mas_walk", addr);

	BUG_ON(!rcu_read_lock_held());
	while (node) {
		/* Published nodes are constant: one step covers it all, and
		 * shows a node that was freed under the reader. */
		step(STEP_READ, mem_obj(m, node), 0, "mas_walk node", addr);
		arena_check(m, node);
		if (addr < node->start)
			node = node->child[0];
		else if (addr >= node->end)
			node = node->child[1];
		else
			return node->vma;
	}
	return NULL;
}

/* ---- a change: cloned nodes ---- */

static int height(const struct vma_node *node)
{
	return node ? node->height : 0;
}

static void update(struct vma_node *node)
{
	const struct vma_node *low = node->child[0], *high = node->child[1];
	uint64_t gap = 0;

	node->height = 1 + MAX(height(low), height(high));
	node->first = low ? low->first : node->start;
	node->last = high ? high->last : node->end;
	if (low)
		gap = MAX(low->max_gap, node->start - low->last);
	if (high) {
		gap = MAX(gap, high->max_gap);
		gap = MAX(gap, high->first - node->end);
	}
	node->max_gap = gap;
}

static struct vma_node *new_node(struct vma_store *st)
{
	struct vma_node *node;

	node = kzalloc(st->machine, sizeof(*node), "vma_node");
	if (!node) {
		st->failed = true;
		return NULL;
	}
	node->fresh = true;
	node->machine = st->machine;
	node->height = 1;
	node->list_next = st->fresh;
	st->fresh = node;
	return node;
}

/* Make the node at *@link one of this change. NULL: no memory. */
static struct vma_node *own(struct vma_store *st, struct vma_node **link)
{
	struct vma_node *old = *link, *node;

	if (old->fresh)
		return old;
	node = new_node(st);
	if (!node)
		return NULL;

	node->start = old->start;
	node->end = old->end;
	node->vma = old->vma;
	node->child[0] = old->child[0];
	node->child[1] = old->child[1];
	update(node);
	/* The list link of a published node is the writer's alone. */
	old->list_next = st->replaced;
	st->replaced = old;
	*link = node;
	return node;
}

/* A node goes for good. A fresh one stays on the list until the commit. */
static void discard(struct vma_store *st, struct vma_node *node)
{
	if (node->fresh) {
		node->vma = NULL;
		node->height = 0; /* marks it as unused */
		return;
	}
	node->list_next = st->replaced;
	st->replaced = node;
}

/*
 * Lift child @dir of *@link:      A             B
 * (dir 1; 0 is its mirror)         \           /
 *                                   B    =>   A
 */
static bool rotate(struct vma_store *st, struct vma_node **link, int dir)
{
	struct vma_node *a = *link, *b = own(st, &a->child[dir]);

	if (!b)
		return false;
	a->child[dir] = b->child[!dir];
	b->child[!dir] = a;
	*link = b;
	update(a);
	update(b);
	return true;
}

static bool rebalance(struct vma_store *st, struct vma_node **link)
{
	struct vma_node *node = *link, *tall;
	int dir, balance;

	update(node);
	balance = height(node->child[1]) - height(node->child[0]);
	if (balance >= -1 && balance <= 1)
		return true;

	dir = balance > 0;
	tall = node->child[dir];
	if (height(tall->child[!dir]) > height(tall->child[dir])) {
		if (!own(st, &node->child[dir]) ||
		    !rotate(st, &node->child[dir], !dir))
			return false;
	}
	return rotate(st, link, dir);
}

/* The links followed on the way down; each node on it is owned. */
struct path {
	struct vma_node **link[VMA_TREE_MAX_HEIGHT];
	unsigned depth;
};

static struct vma_node **path_push(struct path *path, struct vma_node **link)
{
	BUG_ON(path->depth == VMA_TREE_MAX_HEIGHT);
	path->link[path->depth++] = link;
	return link;
}

static void path_rebalance(struct vma_store *st, struct path *path)
{
	while (path->depth && !st->failed)
		if (!rebalance(st, path->link[--path->depth]))
			return;
}

/* Insert a range that overlaps nothing. */
static void insert_range(struct vma_store *st, vaddr_t low, vaddr_t high,
                         struct vm_area_struct *vma)
{
	struct path path = { .depth = 0 };
	struct vma_node **link = &st->root;

	while (*link) {
		struct vma_node *node = own(st, link);

		if (!node)
			return;
		path_push(&path, link);
		link = &node->child[low > node->start];
	}
	*link = new_node(st);
	if (!*link)
		return;
	(*link)->start = low;
	(*link)->end = high;
	(*link)->vma = vma;
	update(*link);
	st->nr_delta++;
	path_rebalance(st, &path);
}

/* Walk to the node that starts at @start, owning it and all above. */
static struct vma_node **descend(struct vma_store *st, struct path *path,
                                 vaddr_t start)
{
	struct vma_node **link = &st->root;

	for (;;) {
		struct vma_node *node;

		BUG_ON(!*link);
		node = own(st, link);
		if (!node)
			return NULL;
		path_push(path, link);
		if (node->start == start)
			return link;
		link = &node->child[start > node->start];
	}
}

/* Cut or move the borders of the range that starts at @key. */
static void resize_range(struct vma_store *st, vaddr_t key, vaddr_t low,
                         vaddr_t high)
{
	struct path path = { .depth = 0 };
	struct vma_node **link = descend(st, &path, key);

	if (!link)
		return;
	(*link)->start = low;
	(*link)->end = high;
	path_rebalance(st, &path);
}

static void remove_range(struct vma_store *st, vaddr_t start)
{
	struct path path = { .depth = 0 };
	struct vma_node **link = descend(st, &path, start);
	struct vma_node *node, *victim;

	if (!link)
		return;
	node = *link;
	if (node->child[0] && node->child[1]) {
		/* The next higher range takes this node's place. */
		link = &node->child[1];
		while ((*link)->child[0]) {
			if (!own(st, link))
				return;
			link = &(*path_push(&path, link))->child[0];
		}
		victim = *link;
		node->start = victim->start;
		node->end = victim->end;
		node->vma = victim->vma;
	} else {
		victim = node;
		path.depth--;
	}
	*link = victim->child[victim->child[0] ? 0 : 1];
	discard(st, victim);
	st->nr_delta--;
	path_rebalance(st, &path);
}

/* Take [start, end) out of whatever it belongs to. */
static void clear_range(struct vma_store *st, vaddr_t start, vaddr_t end)
{
	while (!st->failed) {
		struct vma_tree tree = { .root = st->root };
		const struct vma_node *node = find_node(&tree, start);
		vaddr_t first, last;
		struct vm_area_struct *vma;

		if (!node || node->start >= end)
			return;
		first = node->start;
		last = node->end;
		vma = node->vma;
		if (first >= start && last <= end) {
			remove_range(st, first);
		} else if (first >= start) {
			resize_range(st, first, end, last);
		} else {
			resize_range(st, first, first, start);
			if (last > end && !st->failed)
				insert_range(st, end, last, vma);
		}
	}
}

int vma_tree_prepare(struct machine *m, struct vma_tree *tree,
                     struct vma_store *store, vaddr_t start, vaddr_t end,
                     struct vm_area_struct *vma)
{
	BUG_ON(start >= end);
	*store = (struct vma_store){ .machine = m,
		                     .tree = tree,
		                     .root = tree->root };
	clear_range(store, start, end);
	if (vma && !store->failed)
		insert_range(store, start, end, vma);
	if (!store->failed)
		return 0;
	vma_tree_abort(store);
	return -ENOMEM;
}

void vma_tree_abort(struct vma_store *store)
{
	struct vma_node *node = store->fresh, *next;

	for (; node; node = next) {
		next = node->list_next;
		kfree(store->machine, node);
	}
	store->fresh = NULL;
	store->replaced = NULL;
}

static void free_list(struct vma_node *node)
{
	while (node) {
		struct vma_node *next = node->list_next;

		kfree(node->machine, node);
		node = next;
	}
}

static void free_nodes_rcu(struct rcu_head *head)
{
	free_list(container_of(head, struct vma_node, rcu));
}

void vma_tree_commit(struct vma_store *store, const char *label)
{
	struct vma_tree *tree = store->tree;
	struct vma_node *node = store->fresh, *next;

	for (; node; node = next) {
		next = node->list_next;
		node->list_next = NULL;
		node->fresh = false;
		if (!node->height)
			kfree(store->machine, node);
	}
	/* smp_wmb() of rcu_assign_pointer(): the nodes before the root. */
	smp_wmb();
	WRITE_ONCE_AT(tree->root, store->root, label, 0);
	/* DIVERGES: whoever writes reads the tree without READ_ONCE(). */
	smp_mb();
	tree->nr_nodes += (unsigned)store->nr_delta;

	if (!store->replaced)
		return;
	if (tree->in_rcu)
		call_rcu(&store->replaced->rcu, free_nodes_rcu);
	else
		free_list(store->replaced);
}

/* ---- free ranges ---- */

/*
 * A search for a hole, from one end of the address space to the other.  @dir
 * 1 goes down from @high, 0 goes up from @low.
 */
struct gap_search {
	vaddr_t low, high;
	uint64_t len;
	int dir;
	vaddr_t border; /* everything before it, in this direction, was seen */
	vaddr_t found;
};

/* A range [first, last) comes next: does the hole in front of it do? */
static bool gap_before(struct gap_search *s, vaddr_t first, vaddr_t last)
{
	vaddr_t start = s->dir ? last : s->border;
	vaddr_t end = s->dir ? s->border : first;

	start = MAX(start, s->low);
	end = MIN(end, s->high);
	if (start < end && end - start >= s->len) {
		s->found = s->dir ? end - s->len : start;
		return true;
	}
	s->border = s->dir ? first : last;
	return false;
}

/* Nothing in the subtree is worth a look. */
static bool gap_skip(const struct gap_search *s, const struct vma_node *node)
{
	return node->max_gap < s->len || node->first >= s->high ||
	       node->last <= s->low;
}

static vaddr_t gap_find(const struct vma_tree *tree, struct gap_search *s)
{
	const struct vma_node *stack[VMA_TREE_MAX_HEIGHT], *node = tree->root;
	unsigned depth = 0;

	for (;;) {
		while (node && !gap_skip(s, node)) {
			stack[depth++] = node;
			node = node->child[s->dir];
		}
		if (node && gap_before(s, node->first, node->last))
			return s->found;
		if (!depth)
			break;
		node = stack[--depth];
		if (gap_before(s, node->start, node->end))
			return s->found;
		node = node->child[!s->dir];
	}
	/* The hole beyond the last range. */
	return gap_before(s, s->high, s->low) ? s->found : 0;
}

vaddr_t vma_tree_gap_below(const struct vma_tree *tree, vaddr_t low,
                           vaddr_t high, uint64_t len)
{
	struct gap_search s = {
		.low = low, .high = high, .len = len, .dir = 1, .border = high
	};

	return gap_find(tree, &s);
}

vaddr_t vma_tree_gap_above(const struct vma_tree *tree, vaddr_t low,
                           vaddr_t high, uint64_t len)
{
	struct gap_search s = {
		.low = low, .high = high, .len = len, .dir = 0, .border = low
	};

	return gap_find(tree, &s);
}

/* ---- checking ---- */

static void check_node(const struct vma_node *node)
{
	const struct vma_node *low = node->child[0], *high = node->child[1];
	struct vma_node copy = *node;
	int balance = height(high) - height(low);

	BUG_ON(node->fresh);
	BUG_ON(!node->vma);
	BUG_ON(node->start >= node->end);
	BUG_ON(low && low->last > node->start);
	BUG_ON(high && high->first < node->end);
	BUG_ON(balance < -1 || balance > 1);
	update(&copy);
	BUG_ON(copy.height != node->height);
	BUG_ON(copy.first != node->first || copy.last != node->last);
	BUG_ON(copy.max_gap != node->max_gap);
}

bool vma_tree_has(const struct vma_tree *tree, vaddr_t start, vaddr_t end,
                  const struct vm_area_struct *vma)
{
	const struct vma_node *node = find_node(tree, start);

	return node && node->start == start && node->end == end &&
	       node->vma == vma;
}

void vma_tree_check(const struct vma_tree *tree)
{
	const struct vma_node *stack[VMA_TREE_MAX_HEIGHT];
	unsigned depth = 0, seen = 0;

	if (tree->root)
		stack[depth++] = tree->root;
	while (depth) {
		const struct vma_node *node = stack[--depth];

		check_node(node);
		seen++;
		/* An AVL tree this deep cannot exist: check_node() first. */
		BUG_ON(depth + 2 > VMA_TREE_MAX_HEIGHT);
		if (node->child[0])
			stack[depth++] = node->child[0];
		if (node->child[1])
			stack[depth++] = node->child[1];
	}
	BUG_ON(seen != tree->nr_nodes);
}
