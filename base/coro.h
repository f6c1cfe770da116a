/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coroutines: a saved context and a guarded stack.  The switch is boost's
 * jump_fcontext (a few nanoseconds); sanitizers are told about it.
 */
#ifndef MMULATOR_BASE_CORO_H
#define MMULATOR_BASE_CORO_H

#include <stddef.h>

struct coro_stack {
	void *base; /* lowest usable byte, above the guard page; NULL = none */
	size_t size;
};

struct coro {
	void *ctx;                      /* valid while it is not running */
	void (*fn)(void);               /* its body */
	void *fake_stack;               /* address sanitizer's */
	const struct coro_stack *stack; /* NULL: the host's */
	const void *host_bottom; /* of the host's stack, sanitizer only */
	size_t host_size;
};

/** coro_stack_new - map a stack with a guard page below it. */
void coro_stack_new(struct coro_stack *s);
/** coro_stack_free - unmap it; a stack that was never mapped is fine. */
void coro_stack_free(struct coro_stack *s);

/**
 * coro_init - prepare @c to run @fn on @stack at the first switch to it.
 * @fn: must never return; gets no argument (use current_agent)
 */
void coro_init(struct coro *c, const struct coro_stack *stack,
               void (*fn)(void));

/** coro_switch - suspend @from (the running one), go on with @to. */
void coro_switch(struct coro *from, struct coro *to);

#endif
