/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words everything else is written in: addresses, frame numbers, page
 * sizes and small helpers.  No state, no dependencies.
 */
#ifndef MMULATOR_BASE_TYPES_H
#define MMULATOR_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t vaddr_t; /* a guest virtual address */
typedef uint64_t paddr_t; /* an address in simulated physical memory */
typedef uint64_t pfn_t;   /* paddr >> PAGE_SHIFT */

/* The granule of physical frames; larger pages are runs of frames. */
#define PAGE_SHIFT 12
#define PAGE_SIZE  (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define BIT_ULL(n)       (UINT64_C(1) << (n))
#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define ALIGN_DOWN(x, a) ((x) & ~((uint64_t)(a)-1))
#define ALIGN_UP(x, a)   ALIGN_DOWN((x) + ((uint64_t)(a)-1), a)
#define IS_ALIGNED(x, a) (((x) & ((uint64_t)(a)-1)) == 0)
/* glib has the same two. */
#ifndef MIN
#	define MIN(a, b) ((a) < (b) ? (a) : (b))
#	define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define must_check  __attribute__((warn_unused_result))

/* Most CPUs a machine can have: CPU sets are one 64-bit word. */
#define NR_CPUS_MAX 64
typedef uint64_t cpumask_t;

/** for_each_cpu_in - visit every CPU number in @mask, lowest first. */
#define for_each_cpu_in(cpu, mask)                                  \
	for (uint64_t cpus_left_ = (mask);                          \
	     cpus_left_ &&                                          \
	     ((cpu) = (unsigned)__builtin_ctzll(cpus_left_), true); \
	     cpus_left_ &= cpus_left_ - 1)

#endif
