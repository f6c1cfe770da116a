/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/coro.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/bug.h"
#include "base/types.h"

#if defined(__SANITIZE_ADDRESS__)
#	define CORO_ASAN 1
#elif defined(__has_feature)
#	if __has_feature(address_sanitizer)
#		define CORO_ASAN 1
#	endif
#endif

#ifdef CORO_ASAN
#	include <sanitizer/asan_interface.h>
#	include <sanitizer/common_interface_defs.h>
#endif

/* boost/context/detail/fcontext.hpp, callable from C. */
struct transfer {
	void *fctx;
	void *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *sp, size_t size, void (*fn)(struct transfer));

/* Unicorn translates blocks on these stacks; sanitizers want more. */
#ifdef CORO_ASAN
#	define STACK_SIZE (UINT64_C(1) << 20)
#else
#	define STACK_SIZE (UINT64_C(1) << 18)
#endif

void coro_stack_new(struct coro_stack *s)
{
	char *map = mmap(NULL, STACK_SIZE + PAGE_SIZE, PROT_READ | PROT_WRITE,
	                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	BUG_ON(map == MAP_FAILED);
	BUG_ON(mprotect(map, PAGE_SIZE, PROT_NONE));
	s->base = map + PAGE_SIZE;
	s->size = STACK_SIZE;
}

void coro_stack_free(struct coro_stack *s)
{
	if (s->base) {
#ifdef CORO_ASAN
		/* Whoever is given these addresses next may use them. */
		__asan_unpoison_memory_region(s->base, s->size);
#endif
		munmap((char *)s->base - PAGE_SIZE, s->size + PAGE_SIZE);
	}
	s->base = NULL;
}

/* What both ends of a switch have to know; lives on the switcher's stack. */
struct handover {
	struct coro *from, *to;
};

/* The first thing on the stack that was switched to. */
static inline void arrive(struct transfer t)
{
	struct handover *h = t.data;

	h->from->ctx = t.fctx;
#ifdef CORO_ASAN
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(h->to->fake_stack, &bottom, &size);
	if (!h->from->stack) {
		h->from->host_bottom = bottom;
		h->from->host_size = size;
	}
#endif
}

/* First code on a new stack. */
static void coro_entry(struct transfer t)
{
	struct handover *h = t.data;
	void (*fn)(void) = h->to->fn;

	arrive(t);
	fn();
	BUG();
}

void coro_init(struct coro *c, const struct coro_stack *stack, void (*fn)(void))
{
#ifdef CORO_ASAN
	/* An abandoned run left its redzones behind. */
	__asan_unpoison_memory_region(stack->base, stack->size);
#endif
	c->stack = stack;
	c->fake_stack = NULL;
	c->fn = fn;
	c->ctx = make_fcontext((char *)stack->base + stack->size, stack->size,
	                       coro_entry);
}

void coro_switch(struct coro *from, struct coro *to)
{
	struct handover h = { .from = from, .to = to };

#ifdef CORO_ASAN
	__sanitizer_start_switch_fiber(
		&from->fake_stack,
		to->stack ? to->stack->base : to->host_bottom,
		to->stack ? to->stack->size : to->host_size);
#endif
	arrive(jump_fcontext(to->ctx, &h));
}
