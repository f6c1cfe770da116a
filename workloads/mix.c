/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory traffic of three kinds, for measuring the speed of the simulation: a
 * pointer chase over 64 MiB, streaming through 1 MiB into another, small stores
 * at random places of 256 KiB.  With TAGGED (mix_mte.c) all of it is checked
 * against tags.
 *
 *	mix [ROUNDS]	4 by default
 *
 * Each phase begins with a letter on the output (b build, c chase, s stream,
 * r random stores, . the end) so that the host can time it; the exit status is
 * a checksum.
 */
#include "guest.h"

#define NODES  (1U << 20) /* 64 bytes each */
#define STREAM (1U << 17) /* 8 bytes each */
#define SMALL  (1U << 16) /* 4 bytes each */

struct node {
	struct node *next;
	uint64_t pad[7];
};

/* The heap; every node and every array is an object of its own. */
static struct heap {
	struct node chase[NODES];
	uint64_t from[STREAM], to[STREAM];
	uint32_t small[SMALL];
} heap __attribute__((aligned(4096)));
static uint64_t *from, *to;
static uint32_t *small;

#ifdef TAGGED
/* Synchronous tag checks on all of the heap, and a tag for each object. */
static void *object(void *p, size_t bytes)
{
	uint64_t tag = ((uintptr_t)p >> 6) * 2654435761U >> 16 & 15;
	char *tagged = (char *)((uintptr_t)p | tag << 56);

	for (size_t i = 0; i < bytes; i += 32)
		__asm__ volatile("st2g %0, [%0]" ::"r"(tagged + i) : "memory");
	return tagged;
}

static struct node *node(uint64_t i)
{
	uint64_t tag = ((uintptr_t)&heap.chase[i] >> 6) * 2654435761U >> 16;

	return (struct node *)((uintptr_t)&heap.chase[i] | (tag & 15) << 56);
}

static void prepare(void)
{
	if (syscall6(NR_PRCTL, PR_SET_TAGGED_ADDR_CTRL,
	             PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_SYNC, 0, 0, 0, 0) ||
	    syscall3(NR_MPROTECT, &heap, sizeof(heap), PROT_RW | PROT_MTE))
		exit_program(255);
}
#else
static void *object(void *p, size_t bytes)
{
	(void)bytes;
	return p;
}

static struct node *node(uint64_t i)
{
	return &heap.chase[i];
}

static void prepare(void)
{
}
#endif

/* A walk along `next` visits nodes far from each other. */
static void build(void)
{
	from = object(heap.from, sizeof(heap.from));
	to = object(heap.to, sizeof(heap.to));
	small = object(heap.small, sizeof(heap.small));
	for (uint64_t i = 0; i < NODES; i++) {
		struct node *n = object(&heap.chase[i], sizeof(*n));

		n->next = node((i * 2654435761U + 12345) & (NODES - 1));
	}
	for (uint64_t i = 0; i < STREAM; i++)
		from[i] = i * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t walk(uint64_t steps)
{
	const struct node *n = node(0);
	uint64_t sum = 0;

	while (steps--) {
		n = n->next;
		sum += (uintptr_t)n >> 6 & (NODES - 1);
	}
	return sum;
}

static uint64_t stream(void)
{
	const uint64_t *in = from;
	uint64_t *out = to, sum = 0;

	for (uint64_t i = 0; i < STREAM; i++) {
		sum += in[i];
		out[i] = sum;
	}
	__asm__ volatile("" ::: "memory");
	return sum;
}

static uint64_t scatter(uint64_t steps)
{
	uint64_t x = UINT64_C(88172645463325252);
	uint32_t *array = small;

	while (steps--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		array[x & (SMALL - 1)] = (uint32_t)x;
		__asm__ volatile("" ::: "memory"); /* store it now */
	}
	return array[x & (SMALL - 1)];
}

int main(int argc, char **argv)
{
	uint64_t rounds = argc > 1 ? parse_number(argv[1]) : 4, sum = 0;

	print("b");
	prepare();
	build();
	while (rounds--) {
		print("c");
		sum += walk(400000);
		print("s");
		sum += stream();
		print("r");
		sum += scatter(150000);
	}
	print(".");
	return (int)(sum & 127);
}
