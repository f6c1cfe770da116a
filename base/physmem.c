/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/physmem.h"

#include <string.h>
#include <sys/mman.h>

#include "base/bug.h"
#include "base/machine.h"
#include "base/mtetags.h"

/* page->alloc: what the allocator thinks of a block's head. */
enum alloc_state {
	ALLOC_NONE,
	ALLOC_USED,
	ALLOC_FREE
};

static void *reserve(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	BUG_ON(p == MAP_FAILED);
	/* A guest's accesses are as scattered as the guest makes them. */
	(void)madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

/* Of a bitmap, for @nr_frames. */
static size_t bitmap_size(uint64_t nr_frames)
{
	return (nr_frames + 63) / 64 * sizeof(uint64_t);
}

void physmem_init(struct physmem *mem, uint64_t size_bytes)
{
	memset(mem, 0, sizeof(*mem));
	BUG_ON(!IS_ALIGNED(size_bytes, PAGE_SIZE) || !size_bytes);
	BUG_ON(size_bytes > UINT64_C(1) << 40);
	mem->size_bytes = size_bytes;
	mem->nr_frames = size_bytes >> PAGE_SHIFT;
	mem->direct_map = reserve(size_bytes);
	mem->mem_map = reserve(mem->nr_frames * sizeof(struct page));
	mem->has_bytes = reserve(bitmap_size(mem->nr_frames));
	mem->tags = reserve(mem->nr_frames * MTE_PAGE_TAG_STORAGE);
	mem->has_tags = reserve(bitmap_size(mem->nr_frames));
	physmem_reset(mem);
}

void physmem_reset(struct physmem *mem)
{
	memset(mem->mem_map, 0, mem->high_water * sizeof(struct page));
	memset(mem->has_bytes, 0, bitmap_size(mem->high_water));
	memset(mem->has_tags, 0, bitmap_size(mem->high_water));
	memset(mem->free_head, 0, sizeof(mem->free_head));
	mem->high_water = 0;
	/* Frame 0 stays unused: a zero entry must never look right. */
	mem->nr_free = mem->nr_frames - 1;
	mem->next_fresh = 1;
	mem->fail_nth = 0;
	mem->fail_kinds = 0;
}

void physmem_fini(struct physmem *mem)
{
	munmap(mem->direct_map, mem->size_bytes);
	munmap(mem->mem_map, mem->nr_frames * sizeof(struct page));
	munmap(mem->has_bytes, bitmap_size(mem->nr_frames));
	munmap(mem->tags, mem->nr_frames * MTE_PAGE_TAG_STORAGE);
	munmap(mem->has_tags, bitmap_size(mem->nr_frames));
}

/* ---- free lists: one per order, most recently freed first ---- */

static void list_add(struct physmem *mem, pfn_t pfn, unsigned order)
{
	struct page *p = &mem->mem_map[pfn];

	p->alloc = ALLOC_FREE;
	p->order = (uint8_t)order;
	p->free_prev = 0;
	p->free_next = mem->free_head[order];
	if (p->free_next)
		mem->mem_map[p->free_next - 1].free_prev = (uint32_t)pfn + 1;
	mem->free_head[order] = (uint32_t)pfn + 1;
	mem->high_water = MAX(mem->high_water, pfn + 1);
}

static void list_del(struct physmem *mem, pfn_t pfn, unsigned order)
{
	struct page *p = &mem->mem_map[pfn];

	if (p->free_prev)
		mem->mem_map[p->free_prev - 1].free_next = p->free_next;
	else
		mem->free_head[order] = p->free_next;
	if (p->free_next)
		mem->mem_map[p->free_next - 1].free_prev = p->free_prev;
	p->alloc = ALLOC_NONE;
}

/* Put [pfn, end) on the lists as naturally aligned blocks. */
static void list_add_range(struct physmem *mem, pfn_t pfn, pfn_t end)
{
	while (pfn < end) {
		unsigned order = 0;

		while (order < MAX_ORDER &&
		       IS_ALIGNED(pfn, BIT_ULL(order + 1)) &&
		       pfn + BIT_ULL(order + 1) <= end)
			order++;
		list_add(mem, pfn, order);
		pfn += BIT_ULL(order);
	}
}

/* A block from the lists, split as needed; 0 = none. */
static pfn_t take_listed(struct physmem *mem, unsigned order)
{
	for (unsigned o = order; o <= MAX_ORDER; o++) {
		pfn_t pfn;

		if (!mem->free_head[o])
			continue;
		pfn = mem->free_head[o] - 1;
		list_del(mem, pfn, o);
		while (o > order) {
			o--;
			list_add(mem, pfn + BIT_ULL(o), o);
		}
		return pfn;
	}
	return 0;
}

/* A block never used in this run; 0 = none. */
static pfn_t take_fresh(struct physmem *mem, unsigned order)
{
	pfn_t pfn = ALIGN_UP(mem->next_fresh, BIT_ULL(order));

	if (pfn + BIT_ULL(order) > mem->nr_frames)
		return 0;
	list_add_range(mem, mem->next_fresh, pfn);
	mem->next_fresh = pfn + BIT_ULL(order);
	mem->high_water = MAX(mem->high_water, mem->next_fresh);
	return pfn;
}

static bool injected_failure(struct physmem *mem, enum frame_kind kind)
{
	if (!mem->fail_nth)
		return false;
	if (mem->fail_kinds && !(mem->fail_kinds >> kind & 1))
		return false;
	return --mem->fail_nth == 0;
}

static void set_content(struct physmem *mem, struct page *page,
                        enum frame_content content)
{
	pfn_t pfn = page_to_pfn(mem, page);

	page->content = (uint8_t)content;
	if (content == CONTENT_BYTES)
		mem->has_bytes[pfn / 64] |= BIT_ULL(pfn % 64);
	else
		mem->has_bytes[pfn / 64] &= ~BIT_ULL(pfn % 64);
}

static void init_block(struct machine *m, pfn_t pfn, unsigned order,
                       enum frame_kind kind, bool zero)
{
	for (pfn_t i = 0; i < BIT_ULL(order); i++) {
		struct page *p = &m->mem.mem_map[pfn + i];

		p->kind = (uint8_t)kind;
		set_content(&m->mem, p, zero ? CONTENT_ZERO : CONTENT_POISON);
		p->flags = order ? 1U << (i ? PG_tail : PG_head) : 0;
		p->order = i ? 0 : (uint8_t)order;
		p->alloc = i ? ALLOC_NONE : ALLOC_USED;
		p->refcount = i ? 0 : 1;
		p->mapcount = 0;
		p->pt_owner = 0;
		p->mapping = NULL;
		p->index = 0;
		p->private = NULL;
		p->mm_list[0] = p->mm_list[1] = NULL;
		p->alloc_step = m->sched.nr_steps;
	}
}

struct page *alloc_frames(struct machine *m, unsigned order,
                          enum frame_kind kind, bool zero)
{
	struct physmem *mem = &m->mem;
	pfn_t pfn;

	BUG_ON(order > MAX_ORDER);
	BUG_ON(kind == FRAME_FREE || kind >= FRAME_KIND_COUNT);
	if (injected_failure(mem, kind))
		return NULL;
	pfn = take_listed(mem, order);
	if (!pfn)
		pfn = take_fresh(mem, order);
	if (!pfn)
		return NULL;
	init_block(m, pfn, order, kind, zero);
	mem->nr_free -= BIT_ULL(order);
	emit(m, EV_FRAME_ALLOC, .addr = pfn, .a = order, .b = kind);
	return &mem->mem_map[pfn];
}

/* Merge a free block with its buddies and list the result. */
static void give_back(struct physmem *mem, pfn_t pfn, unsigned order)
{
	while (order < MAX_ORDER) {
		pfn_t buddy = pfn ^ BIT_ULL(order);
		struct page *b = &mem->mem_map[buddy];

		if (buddy + BIT_ULL(order) > mem->next_fresh ||
		    b->alloc != ALLOC_FREE || b->order != order)
			break;
		list_del(mem, buddy, order);
		pfn &= ~BIT_ULL(order);
		order++;
	}
	list_add(mem, pfn, order);
}

void free_frames(struct machine *m, struct page *page)
{
	struct physmem *mem = &m->mem;
	pfn_t pfn = page_to_pfn(mem, page);
	unsigned order = page->order;
	unsigned kind = page->kind;

	BUG_ON(!pfn_valid(mem, pfn));
	if (page->alloc != ALLOC_USED || kind == FRAME_FREE) {
		emit(m, EV_FRAME_BAD_FREE, .addr = pfn);
		return;
	}
	emit(m, EV_FRAME_FREE, .addr = pfn, .a = order, .b = kind);
	for (pfn_t i = 0; i < BIT_ULL(order); i++) {
		struct page *p = page + i;

		p->kind = FRAME_FREE;
		p->refcount = 0;
		set_content(&m->mem, p, CONTENT_POISON);
		p->flags = 0;
		p->generation++;
		p->free_step = m->sched.nr_steps;
	}
	mem->nr_free += BIT_ULL(order);
	give_back(mem, pfn, order);
}

void split_frames(struct machine *m, struct page *head)
{
	BUG_ON(head->alloc != ALLOC_USED);
	for (pfn_t i = BIT_ULL(head->order); i-- > 0;) {
		struct page *p = head + i;

		p->alloc = ALLOC_USED;
		p->order = 0;
		p->flags &= ~((1U << PG_head) | (1U << PG_tail));
		p->refcount = 1;
	}
	(void)m;
}

/* ---- content ---- */

uint8_t *frame_bytes(struct physmem *mem, struct page *page)
{
	uint8_t *bytes =
		mem->direct_map + (page_to_pfn(mem, page) << PAGE_SHIFT);

	if (unlikely(page->content != CONTENT_BYTES)) {
		memset(bytes, page->content == CONTENT_ZERO ? 0 : PAGE_POISON,
		       PAGE_SIZE);
		set_content(mem, page, CONTENT_BYTES);
		mem->high_water =
			MAX(mem->high_water, page_to_pfn(mem, page) + 1);
	}
	return bytes;
}

uint64_t phys_read(struct physmem *mem, paddr_t pa, unsigned size)
{
	struct page *page;
	const uint8_t *at;
	uint64_t value = 0;

	if (unlikely(pa >= mem->size_bytes))
		return ~UINT64_C(0) >> (64 - 8 * size);
	page = &mem->mem_map[pa >> PAGE_SHIFT];
	if (page->content == CONTENT_ZERO)
		return 0;
	if (page->content == CONTENT_POISON) {
		memset(&value, PAGE_POISON, size);
		return value;
	}
	at = mem->direct_map + pa;
	if (likely(size == sizeof(value)))
		memcpy(&value, at, sizeof(value));
	else
		memcpy(&value, at, size);
	return value;
}

void phys_write(struct physmem *mem, paddr_t pa, unsigned size, uint64_t value)
{
	if (unlikely(pa >= mem->size_bytes))
		return;
	memcpy(frame_bytes(mem, &mem->mem_map[pa >> PAGE_SHIFT]) +
	               (pa & ~PAGE_MASK),
	       &value, size);
}

void phys_copy_page(struct physmem *mem, struct page *dst, struct page *src)
{
	if (src->content == CONTENT_BYTES)
		memcpy(frame_bytes(mem, dst), frame_bytes(mem, src), PAGE_SIZE);
	else
		set_content(mem, dst, src->content);
}

void phys_clear_page(struct physmem *mem, struct page *page)
{
	set_content(mem, page, CONTENT_ZERO);
}

const char *frame_kind_name(enum frame_kind kind)
{
	static const char *const names[FRAME_KIND_COUNT] = {
		[FRAME_FREE] = "free",        [FRAME_PT_PTE] = "PTE table",
		[FRAME_PT_PMD] = "PMD table", [FRAME_PT_PUD] = "PUD table",
		[FRAME_PT_P4D] = "P4D table", [FRAME_PT_PGD] = "PGD",
		[FRAME_ANON] = "anon",        [FRAME_FILE] = "file",
		[FRAME_ZERO] = "zero",        [FRAME_GATHER] = "gather batch",
		[FRAME_KERNEL] = "kernel",
	};

	return kind < FRAME_KIND_COUNT ? names[kind] : "?";
}
