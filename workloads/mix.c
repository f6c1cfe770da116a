/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory traffic of three kinds, for measuring the speed of the simulation: a
 * pointer chase over 64 MiB, streaming through 1 MiB into another, small stores
 * at random places of 256 KiB.
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

static struct node chase[NODES];
static uint64_t from[STREAM], to[STREAM];
static uint32_t small[SMALL];

/* A walk along `next` visits nodes far from each other. */
static void build(void)
{
	for (uint64_t i = 0; i < NODES; i++)
		chase[i].next = &chase[(i * 2654435761U + 12345) & (NODES - 1)];
	for (uint64_t i = 0; i < STREAM; i++)
		from[i] = i * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t walk(uint64_t steps)
{
	const struct node *n = chase;
	uint64_t sum = 0;

	while (steps--) {
		n = n->next;
		sum += (uintptr_t)n >> 6;
	}
	return sum;
}

static uint64_t stream(void)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < STREAM; i++) {
		sum += from[i];
		to[i] = sum;
	}
	__asm__ volatile("" ::"r"(to) : "memory");
	return sum;
}

static uint64_t scatter(uint64_t steps)
{
	uint64_t x = UINT64_C(88172645463325252);

	while (steps--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		small[x & (SMALL - 1)] = (uint32_t)x;
		__asm__ volatile("" ::: "memory"); /* store it now */
	}
	return small[x & (SMALL - 1)];
}

int main(int argc, char **argv)
{
	uint64_t rounds = argc > 1 ? parse_number(argv[1]) : 4, sum = 0;

	print("b");
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
