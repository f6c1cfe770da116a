/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/check.h"

#include <inttypes.h>

#include "mm/check_internal.h"
#include "mm/vma_tree.h"
#include "mm/vmalloc.h"
#include "pagetable/format.h"

void check_found(struct mm_checker *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g_ptr_array_add(c->out, g_strdup_vprintf(fmt, ap));
	va_end(ap);
}

struct frame_use *check_frame(struct mm_checker *c, pfn_t pfn)
{
	return pfn < c->nr_frames ? &c->frames[pfn] : NULL;
}

static const char *mm_name(const struct mm_struct *mm)
{
	return mm->name ? mm->name : "?";
}

/* ---- one page table ---- */

struct table_scan {
	struct mm_checker *c;
	const struct mm_struct *mm;
	int64_t rss_anon, rss_shmem; /* pages */
	int64_t table_bytes;         /* PTE, PMD and PUD tables */
	/* The PMD table whose huge entries are being counted. */
	struct page *pmd_table;
	unsigned nr_huge;
};

/* Deposited tables of a PMD table: as many as huge entries, each sound. */
static void check_deposits(struct table_scan *s)
{
	struct mm_checker *c = s->c;
	const struct page *spare;
	unsigned nr = 0;

	if (!s->pmd_table)
		return;
	for (spare = s->pmd_table->mm_list[0]; spare && nr <= PTRS_PER_PMD;
	     spare = spare->mm_list[0]) {
		pfn_t pfn = page_to_pfn(&c->machine->mem, spare);
		struct frame_use *use = check_frame(c, pfn);

		if (!use || spare->kind != FRAME_PT_PTE) {
			check_found(c, "%s: deposited table %#" PRIx64 " is %s",
			            mm_name(s->mm), pfn,
			            frame_kind_name(spare->kind));
			break;
		}
		use->tables++;
		s->table_bytes += (int64_t)PAGE_SIZE;
		nr++;
	}
	if (nr != s->nr_huge)
		check_found(c,
		            "%s: PMD table %#" PRIx64
		            " has %u huge entries but %u deposited tables",
		            mm_name(s->mm),
		            page_to_pfn(&c->machine->mem, s->pmd_table),
		            s->nr_huge, nr);
	s->pmd_table = NULL;
	s->nr_huge = 0;
}

/* The entry @e, of level @e->level, leads to a table. Return: descend. */
static bool check_table(struct table_scan *s, const struct pt_entry *e,
                        vaddr_t addr)
{
	struct mm_checker *c = s->c;
	struct frame_use *use = check_frame(c, e->pfn);
	const struct page *page;
	unsigned level = e->level - 1U;

	if (!use) {
		check_found(c,
		            "%s: %s of %#" PRIx64 " leads to frame %#" PRIx64
		            ", which was never allocated",
		            mm_name(s->mm), pt_level_name(e->level), addr,
		            e->pfn);
		return false;
	}
	page = pfn_to_page(&c->machine->mem, e->pfn);
	if (page->kind != FRAME_PT_PTE + level - PT_LEVEL_PTE) {
		check_found(c,
		            "%s: %s of %#" PRIx64 " leads to frame %#" PRIx64
		            ", which is %s",
		            mm_name(s->mm), pt_level_name(e->level), addr,
		            e->pfn, frame_kind_name(page->kind));
		return false;
	}
	if (page->pt_owner != s->mm->id)
		check_found(c, "%s: table %#" PRIx64 " belongs to mm %u",
		            mm_name(s->mm), e->pfn, page->pt_owner);
	if (use->tables++) {
		check_found(c,
		            "%s: table %#" PRIx64
		            " is reached a second time, at %#" PRIx64,
		            mm_name(s->mm), e->pfn, addr);
		return false;
	}
	if (level <= PT_LEVEL_PUD)
		s->table_bytes += (int64_t)PAGE_SIZE;
	if (level == PT_LEVEL_PMD) {
		check_deposits(s);
		s->pmd_table = pfn_to_page(&c->machine->mem, e->pfn);
	}
	return true;
}

static void count_rss(struct table_scan *s, const struct page *page, int64_t nr)
{
	if (page->kind == FRAME_ANON)
		s->rss_anon += nr;
	else if (page->kind == FRAME_FILE)
		s->rss_shmem += nr;
}

/* A PTE or a huge PMD maps memory. */
static void check_leaf(struct table_scan *s, const struct pt_entry *e,
                       vaddr_t addr)
{
	struct mm_checker *c = s->c;
	struct frame_use *use = check_frame(c, e->pfn);
	const struct vm_area_struct *vma = vma_tree_find(s->mm->mm_mt, addr);
	const struct page *page;
	bool huge = e->level == PT_LEVEL_PMD;

	if (!vma || vma->vm_start > addr)
		check_found(c, "%s: %#" PRIx64 " is mapped but in no VMA",
		            mm_name(s->mm), addr);
	s->nr_huge += huge;
	if (!use) {
		check_found(c,
		            "%s: %#" PRIx64 " maps frame %#" PRIx64
		            ", which was never allocated",
		            mm_name(s->mm), addr, e->pfn);
		return;
	}

	page = pfn_to_page(&c->machine->mem, e->pfn);
	if (page->kind != FRAME_ANON && page->kind != FRAME_FILE &&
	    page->kind != FRAME_ZERO) {
		check_found(c,
		            "%s: %#" PRIx64 " maps frame %#" PRIx64
		            ", which is %s",
		            mm_name(s->mm), addr, e->pfn,
		            frame_kind_name(page->kind));
		return;
	}
	count_rss(s, page, huge ? HPAGE_PMD_NR : 1);
	if (huge)
		use->pmds++;
	else
		use->ptes++;
}

static bool check_entry(const struct pt_entry *e, vaddr_t addr, void *data)
{
	struct table_scan *s = data;

	const struct pt_format *format = pt_format_of(s->c->machine);
	bool present = format->present(e->value, e->level);

	if (e->level == PT_LEVEL_PTE) {
		if (present)
			check_leaf(s, e, addr);
		else if (!format->none(e->value))
			check_found(s->c,
			            "%s: strange pte %#" PRIx64 " at %#" PRIx64,
			            mm_name(s->mm), e->value, addr);
		return false;
	}
	if (e->level == PT_LEVEL_PMD && format->leaf(e->value, e->level)) {
		check_leaf(s, e, addr);
		return false;
	}
	if (!e->present || e->leaf || e->reserved) {
		check_found(s->c, "%s: bad %s %#" PRIx64 " at %#" PRIx64,
		            mm_name(s->mm), pt_level_name(e->level), e->value,
		            addr);
		return false;
	}
	return check_table(s, e, addr);
}

/* ---- one mm ---- */

static void check_counter(struct table_scan *s, const char *what,
                          int64_t counted, int64_t found)
{
	if (counted != found)
		check_found(s->c,
		            "%s: %s is %" PRId64 ", the tables say %" PRId64,
		            mm_name(s->mm), what, counted, found);
}

static void check_root(struct table_scan *s)
{
	pfn_t pfn = s->mm->pgd >> PAGE_SHIFT;
	struct frame_use *use = check_frame(s->c, pfn);
	const struct page *page = pfn_to_page(&s->c->machine->mem, pfn);

	if (!use || page->kind != FRAME_PT_PGD) {
		check_found(s->c, "%s: the root table %#" PRIx64 " is %s",
		            mm_name(s->mm), pfn,
		            use ? frame_kind_name(page->kind) : "no frame");
		return;
	}
	use->tables++;
}

static void check_mm(struct mm_checker *c, struct mm_struct *mm)
{
	struct table_scan s = { .c = c, .mm = mm };
	vaddr_t end = pt_format_of(c->machine)->task_size;

	check_root(&s);
	pt_for_each_entry(c->machine, mm->pgd, 0, end, check_entry, &s);
	check_deposits(&s);

	check_counter(&s, "rss_anon", mm->rss_anon.counter, s.rss_anon);
	check_counter(&s, "rss_shmem", mm->rss_shmem.counter, s.rss_shmem);
	check_counter(&s, "rss_file", mm->rss_file.counter, 0);
	check_counter(&s, "pgtables_bytes", mm->pgtables_bytes.counter,
	              s.table_bytes);
	if (mm->tlb_flush_pending.counter)
		check_found(c, "%s: tlb_flush_pending is %d", mm_name(mm),
		            mm->tlb_flush_pending.counter);
	check_vmas(c, mm);
}

/* Tables of kernel memory: what they map is nobody's. */
static bool check_kernel_entry(const struct pt_entry *e, vaddr_t addr,
                               void *data)
{
	struct table_scan *s = data;

	if (!e->present || e->leaf)
		return false;
	return check_table(s, e, addr);
}

static void check_kernel(struct mm_checker *c)
{
	struct table_scan s = { .c = c, .mm = c->kernel->init_mm };
	vaddr_t start = pt_format_of(c->machine)->vmalloc_start;

	if (c->kernel->vmalloc)
		pt_for_each_entry(c->machine, s.mm->pgd, start,
		                  start + VMALLOC_AREAS * VMALLOC_AREA_SIZE,
		                  check_kernel_entry, &s);
}

unsigned mm_check(struct kernel *k, GPtrArray *out)
{
	struct machine *m = k->machine;
	struct mm_checker c = {
		.kernel = k,
		.machine = m,
		.out = out,
		.nr_frames = m->mem.high_water,
		.frames = g_new0(struct frame_use, m->mem.high_water + 1),
		.vmas = g_hash_table_new(g_direct_hash, g_direct_equal),
	};
	guint before = out->len;
	struct mm_struct *mm;

	for (mm = k->mms; mm; mm = mm->next)
		check_mm(&c, mm);
	check_kernel(&c);
	check_files(&c);
	check_gup_pages(&c);
	check_frames(&c);
	check_objects(&c);

	g_hash_table_destroy(c.vmas);
	g_free(c.frames);
	return out->len - before;
}
