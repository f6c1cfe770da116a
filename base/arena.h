/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel objects: the slab of a run.
 *
 * One reserved stretch of host address space holds every simulated kernel
 * object (mm_struct, VMAs, locks, tasks).  An object's identity is its offset;
 * the n-th allocation of a run has the same offset in every run.  Freed
 * objects are poisoned and their memory is reused only after a long quarantine,
 * so that a use after free is seen as one.
 *
 * Not here: physical frames (base/physmem.h).
 */
#ifndef MMULATOR_BASE_ARENA_H
#define MMULATOR_BASE_ARENA_H

#include "base/bug.h"
#include "base/types.h"

struct cacheline;
struct machine;

#define ARENA_LINE_SHIFT 6
#define ARENA_NR_SIZES   32 /* objects of up to so many lines are reused */

/* Numbers of freed objects, oldest first. */
struct arena_freed {
	uint32_t *objects;
	unsigned first, nr, room;
};

/* Memory that a step freed: lines of the arena. */
struct arena_range {
	uint32_t line, nr_lines;
};
#define ARENA_RANGES_MAX 4

/* Nothing beyond `used` and `nr_objects` means anything: a reset is cheap. */
struct arena {
	uint8_t *base;
	size_t reserve;
	uint64_t used;           /* bytes handed out so far */
	uint32_t *object_of;     /* by line: number of its object */
	struct cacheline *lines; /* likewise */
	struct arena_object *objects;
	unsigned nr_objects, room;
	struct arena_freed freed[ARENA_NR_SIZES + 1]; /* by size in lines */
	uint64_t nr_frees;
	/* What was freed since step @recent_step; what does not fit is part of
	 * the last, with whatever lies in between. */
	struct arena_range recent[ARENA_RANGES_MAX];
	unsigned nr_recent;
	uint64_t recent_step;
};

/**
 * arena_new - an empty arena.
 * @reserve_bytes: host address space to reserve: all objects of one run,
 *	freed ones in quarantine included
 *
 * Return: never NULL; arena_free().
 */
struct arena *arena_new(size_t reserve_bytes);
/** arena_free - it is not needed any more. */
void arena_free(struct arena *a);
/** arena_reset - every object is gone; offsets start again. */
void arena_reset(struct arena *a);

/**
 * arena_contains - is an address inside of the arena?
 * @p: any address
 *
 * Return: it is, an object or not.
 */
static inline bool arena_contains(const struct arena *a, const void *p)
{
	return (uintptr_t)p - (uintptr_t)a->base < a->reserve;
}
/**
 * arena_offset - where in the arena an address is: its identity in every run.
 * @p: in the arena (BUG)
 *
 * Return: bytes from the arena's start.
 */
static inline uint64_t arena_offset(const struct arena *a, const void *p)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)a->base;

	BUG_ON(off >= a->reserve);
	return off;
}
/**
 * arena_at - what lies at an offset.
 * @offset: bytes from the arena's start
 *
 * Return: the address; NULL if nothing can lie there.
 */
const void *arena_at(const struct arena *a, uint64_t offset);

/**
 * kzalloc - allocate a zeroed kernel object.
 * @m: the machine
 * @size: bytes, 1 .. 1 MiB
 * @type: name of the type (literal), for reports and the leak scan
 *
 * Not a step; nobody else knows the object yet.
 * Return: 64-byte aligned memory; NULL only if an injected failure hit or the
 * arena is exhausted.
 */
void *kzalloc(struct machine *m, size_t size, const char *type);

/**
 * kstrdup - a copy of a string in the arena, freed with the run.
 * @s: ends with a NUL
 *
 * Return: never NULL; an arena that is full is a BUG.
 */
char *kstrdup(struct machine *m, const char *s);

/**
 * kfree - free an object.
 * @p: of kzalloc(); NULL is fine
 *
 * A double free is an EV_OBJ_BAD_FREE event, not a crash.
 */
void kfree(struct machine *m, void *p);

/* What is known about the object around an address. */
struct arena_object {
	const char *type;
	uint64_t offset; /* of its first byte */
	uint32_t size_bytes;
	bool live;
	uint64_t alloc_step;
	uint64_t free_step;  /* 0 = live */
	unsigned free_agent; /* id, if freed */
};

/**
 * arena_lookup - the object around an address.
 * @p: any address in the arena
 * @out: set to what is known about it
 *
 * Return: false if none was ever there; @out is not set then.
 */
bool arena_lookup(const struct arena *a, const void *p,
                  struct arena_object *out);

/**
 * arena_check - report a use of a freed object: emits EV_OBJ_UAF if the object
 * around @p is not live. Called by every primitive on arena memory.
 *
 * Return: the cache line around @p, for the arena's life.
 */
struct cacheline *arena_check(struct machine *m, const void *p);

/**
 * arena_for_each_live - visit each live object, lowest offset first.
 * @fn: called with the object
 * @data: handed on to @fn
 */
void arena_for_each_live(const struct arena *a,
                         void (*fn)(const struct arena_object *o, void *data),
                         void *data);

#endif
