/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to shared simulated memory from kernel code: READ_ONCE, WRITE_ONCE,
 * atomics.  Every one is a step, charges cycles (with the cost of moving the
 * cache line, base/cacheline.h), checks that the object is alive and folds the
 * value into the trace hash.
 *
 * A variable other agents can see is never touched in any other way.
 */
#ifndef MMULATOR_BASE_ONCE_H
#define MMULATOR_BASE_ONCE_H

#include <string.h>

#include "base/machine.h"
#include "base/storebuf.h"

/**
 * kaccess_commuting - a step on kernel memory: the object is alive, its line
 * comes here.
 * @kind: read, write or both
 * @commutes: enum step_commutes
 * @p: where
 * @size: bytes, 1 .. 8
 * @label: of the step
 * @addr: the step's detail
 */
void kaccess_commuting(enum step_kind kind, unsigned commutes,
                       const volatile void *p, uint32_t size, const char *label,
                       uint64_t addr);
/** kaccess - the usual form: it commutes with nothing but reads. */
static inline void kaccess(enum step_kind kind, const volatile void *p,
                           uint32_t size, const char *label, uint64_t addr)
{
	kaccess_commuting(kind, COMMUTES_NOT, p, size, label, addr);
}

/**
 * kstore - store a variable, by way of the store buffer.
 * @p: where
 * @val: the variable
 * @size: its bytes, 1 .. 8
 * @label: of the step
 * @addr: the step's detail
 */
void kstore(volatile void *p, const void *val, uint32_t size, const char *label,
            uint64_t addr);
/**
 * kstore_release - kstore() that comes after every older store of this CPU.
 * @p: where
 * @val: the variable
 * @size: its bytes, 1 .. 8
 * @label: of the step
 */
void kstore_release(volatile void *p, const void *val, uint32_t size,
                    const char *label);

/**
 * trace_pointer - a pointer's value for the trace: the same in every run.
 * @bits: of the pointer
 *
 * Return: an offset in the arena, a physical address, or what it was.
 */
uint64_t trace_pointer(uint64_t bits);
/* A pointer's class by __builtin_classify_type(), in gcc and clang. */
#define TRACE_POINTER_CLASS 5
#define trace_bits(bits, x)                                \
	(__builtin_classify_type(x) == TRACE_POINTER_CLASS \
	         ? trace_pointer(bits)                     \
	         : (bits))

/* Pointers are accessed as well. */
#define access_size(x) sizeof(x) /* NOLINT(bugprone-sizeof-expression) */

/* Mix a variable of @size bytes into the trace hash. */
#define trace_value(v, size)                                      \
	do {                                                      \
		uint64_t bits_ = 0;                               \
		memcpy(&bits_, &(v), MIN((size), sizeof(bits_))); \
		trace_mix(current_agent, trace_bits(bits_, v));   \
	} while (0)

#define READ_ONCE_AT(x, label, addr)                                   \
	({                                                             \
		kaccess(STEP_READ, &(x), access_size(x), label, addr); \
		__typeof__(x) val_ = (x);                              \
		storebuf_forward(&(x), access_size(x),                 \
			         (void *)(uintptr_t)&val_);            \
		trace_value(val_, access_size(x));                     \
		val_;                                                  \
	})
#define WRITE_ONCE_AT(x, val, label, addr)                                \
	do {                                                              \
		__typeof__(x) new_ = (val);                               \
		if (unlikely(storebuf_of_current())) {                    \
			kstore(&(x), &new_, access_size(x), label, addr); \
		} else {                                                  \
			kaccess(STEP_WRITE, &(x), access_size(x), label,  \
			        addr);                                    \
			(x) = new_;                                       \
		}                                                         \
		trace_value(new_, access_size(x));                        \
	} while (0)

/** smp_store_release - a store after all older ones of this CPU; x86's and,
 * without store buffers, everybody's are. */
#define smp_store_release(p, val)                                     \
	do {                                                          \
		__typeof__(*(p)) new_ = (val);                        \
		if (unlikely(storebuf_of_current())) {                \
			kstore_release((p), &new_, access_size(*(p)), \
			               "store release " #p);          \
		} else {                                              \
			kaccess(STEP_WRITE, (p), access_size(*(p)),   \
			        "store release " #p, 0);              \
			*(p) = new_;                                  \
		}                                                     \
		trace_value(new_, access_size(*(p)));                 \
	} while (0)
/** smp_load_acquire - a load before all later accesses: as READ_ONCE(), since
 * loads are made in order. */
#define smp_load_acquire(p) READ_ONCE_AT(*(p), "load acquire " #p, 0)

/** this_cpu_read - a variable only this CPU writes; not a step. */
#define this_cpu_read(x)                                    \
	({                                                  \
		__typeof__(x) val_ = (x);                   \
		storebuf_forward(&(x), access_size(x),      \
			         (void *)(uintptr_t)&val_); \
		val_;                                       \
	})

/** READ_ONCE, WRITE_ONCE - one access of a shared scalar or entry. */
#define READ_ONCE(x)       READ_ONCE_AT(x, "read " #x, 0)
#define WRITE_ONCE(x, val) WRITE_ONCE_AT(x, val, "write " #x, 0)

/* Single-copy atomic read-modify-write of a scalar of 1 - 8 bytes; evaluates
 * to the old value. */
#define RMW_ONCE_AT(x, expr_of_old, label, addr)                          \
	({                                                                \
		kaccess(STEP_RMW, &(x), access_size(x), label, addr);     \
		__typeof__(x) old = (x);                                  \
		(x) = (expr_of_old);                                      \
		trace_mix(current_agent, trace_bits((uint64_t)(x), (x))); \
		old;                                                      \
	})
/* The same where nobody looks at the result, and where such operations commute:
 * add @n, or set or clear bit @nr. */
#define CHANGE_ONCE_AT(x, commutes, expr_of_old, label, addr)               \
	do {                                                                \
		kaccess_commuting(STEP_RMW, commutes, &(x), access_size(x), \
		                  label, addr);                             \
		__typeof__(x) old = (x);                                    \
		(x) = (expr_of_old);                                        \
		trace_mix(current_agent, trace_bits((uint64_t)(x), (x)));   \
	} while (0)
#define ADD_ONCE_AT(x, n, label, addr) \
	CHANGE_ONCE_AT(x, COMMUTES_ADDING, old + (n), label, addr)
#define SET_BIT_ONCE_AT(x, nr, label, addr) \
	CHANGE_ONCE_AT(x, COMMUTES_BIT + (nr), old | BIT_ULL(nr), label, addr)
#define CLEAR_BIT_ONCE_AT(x, nr, label, addr) \
	CHANGE_ONCE_AT(x, COMMUTES_BIT + (nr), old & ~BIT_ULL(nr), label, addr)
#define xchg_once(x, val, label) RMW_ONCE_AT(x, val, label, 0)
/** cmpxchg_once - evaluates to the old value; stored iff it == @cmp. */
#define cmpxchg_once(x, cmp, val, label) \
	RMW_ONCE_AT(x, (old == (cmp) ? (val) : old), label, 0)

/* ---- atomic_t and atomic64_t ---- */

typedef struct {
	int32_t counter;
} atomic_t;
typedef struct {
	int64_t counter;
} atomic64_t;

#define atomic_read(v)   READ_ONCE_AT((v)->counter, "atomic_read " #v, 0)
#define atomic_set(v, i) WRITE_ONCE_AT((v)->counter, i, "atomic_set " #v, 0)
#define atomic_add_return(i, v) \
	(RMW_ONCE_AT((v)->counter, old + (i), "atomic_add " #v, 0) + (i))
#define atomic_add(i, v)       ADD_ONCE_AT((v)->counter, i, "atomic_add " #v, 0)
#define atomic_inc(v)          atomic_add(1, v)
#define atomic_dec(v)          atomic_add(-1, v)
#define atomic_inc_return(v)   atomic_add_return(1, v)
#define atomic_dec_return(v)   atomic_add_return(-1, v)
#define atomic_dec_and_test(v) (atomic_add_return(-1, v) == 0)
#define atomic_inc_not_zero(v)                          \
	(RMW_ONCE_AT((v)->counter, old ? old + 1 : old, \
	             "atomic_inc_not_zero " #v, 0) != 0)
#define atomic_cmpxchg(v, o, n)                             \
	RMW_ONCE_AT((v)->counter, (old == (o) ? (n) : old), \
	            "atomic_cmpxchg " #v, 0)
/* The 64-bit forms are the same macros: the type is the counter's. */
#define atomic64_read       atomic_read
#define atomic64_set        atomic_set
#define atomic64_inc_return atomic_inc_return
#define atomic_long_read    atomic_read

/** smp_mb_slow - smp_mb() of a CPU with the store buffer @sb. */
void smp_mb_slow(struct store_buffer *sb);
/*
 * smp_mb() waits until memory has everything this CPU stored. A step if there
 * is a store buffer and it is not empty. smp_wmb(): under `weak`, later stores
 * stay behind older ones; no step; x86 orders stores anyway. smp_rmb():
 * nothing, loads are made in order.
 */
static inline void smp_mb(void)
{
	struct store_buffer *sb = storebuf_of_current();

	if (unlikely(sb))
		smp_mb_slow(sb);
}
static inline void smp_rmb(void)
{
}
static inline void smp_wmb(void)
{
	struct store_buffer *sb = storebuf_of_current();

	if (unlikely(sb))
		sb->epoch++;
}

#endif
