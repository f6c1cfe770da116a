// SPDX-License-Identifier: GPL-2.0-or-later
/* Address spaces and frames. */
#include <inttypes.h>

#include "emu/vcpu.h"
#include "mm/mmu_context.h"
#include "mm/page.h"
#include "mm/proc.h"
#include "mm/vma.h"
#include "viz/state_internal.h"

#define USERS_MAX 8 /* listed; the rest is counted */

static void print_vma(GString *out, const struct vm_area_struct *vma)
{
	uint64_t f = vma->vm_flags;

	g_string_append_printf(
		out, "  0x%012" PRIx64 "-0x%012" PRIx64 " %c%c%c%c %s",
		vma->vm_start, vma->vm_end, f & VM_READ ? 'r' : '-',
		f & VM_WRITE ? 'w' : '-', f & VM_EXEC ? 'x' : '-',
		f & VM_SHARED ? 's' : 'p', vma->vm_file ? "shmem" : "anon");
	if (vma->vm_file)
		g_string_append_printf(out, " page %" PRIu64, vma->vm_pgoff);
	if (f & VM_HUGEPAGE)
		g_string_append(out, " hugepage");
	if (f & VM_NOHUGEPAGE)
		g_string_append(out, " nohugepage");
	if (vma->anon_vma)
		g_string_append(out, " anon_vma");
	if (vma->name)
		g_string_append_printf(out, "  %s", vma->name);
	g_string_append_c(out, '\n');
}

static void print_cpus(GString *out, uint64_t mask)
{
	if (!mask)
		g_string_append(out, " none");
	for (; mask; mask &= mask - 1)
		g_string_append_printf(out, " CPU%d", __builtin_ctzll(mask));
}

void viz_vma(GString *out, struct mm_struct *mm)
{
	struct mm_figures f = mm_figures(mm);
	g_autofree char *context = mm_context_text(mm);
	struct vm_area_struct *vma;

	g_string_append_printf(
		out,
		"%s: %u VMA%s, users %d, RssAnon %" PRIu64 " kB, RssShmem "
		"%" PRIu64 " kB, VmPTE %" PRIu64 " kB\n",
		mm->name, mm->map_count, mm->map_count == 1 ? "" : "s",
		mm->mm_users.counter, f.rss_anon, f.rss_shmem, f.vm_pte);
	g_string_append_printf(out, "  %s, tlb_flush_pending %d, mm_cpumask",
	                       context, mm->tlb_flush_pending.counter);
	print_cpus(out, mm->cpu_bitmap);
	g_string_append_c(out, '\n');
	if (!mm->mm_mt)
		return;
	for_each_vma(mm, vma)
		print_vma(out, vma);
}

/* ---- frames ---- */

static void print_flags(GString *out, const struct page *page)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ PG_head, "head" },
		{ PG_tail, "tail" },
		{ PG_anon_exclusive, "anon_exclusive" },
		{ PG_swapbacked, "swapbacked" },
		{ PG_dirty, "dirty" },
		{ PG_lru, "lru" },
		{ PG_uptodate, "uptodate" },
		{ PG_referenced, "referenced" },
		{ PG_locked, "locked" },
		{ PG_table, "table" },
		{ PG_rcu_queued, "rcu_queued" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (page->flags >> names[i].bit & 1)
			g_string_append_printf(out, " %s", names[i].name);
}

/* Who leads to the frame: entries of page tables, or translations. */
struct users {
	GString *out;
	const struct machine *m;
	const char *name;
	pfn_t pfn;
	unsigned n;
};

static bool note_user(struct users *u)
{
	return u->n++ < USERS_MAX;
}

static bool look_at_entry(const struct pt_entry *e, vaddr_t addr, void *data)
{
	struct users *u = data;
	uint64_t nr = BIT_ULL(pt_level_shift(e->level) - PAGE_SHIFT);
	bool leads = e->present &&
	             (e->leaf ? u->pfn - e->pfn < nr : u->pfn == e->pfn);

	if (leads && note_user(u))
		g_string_append_printf(u->out, "  %s of %s for 0x%" PRIx64 "\n",
		                       pt_level_name(e->level), u->name, addr);
	return true;
}

static void look_at_translation(const struct tlb_array *a,
                                const struct tlb_entry *e, void *data)
{
	struct users *u = data;

	if (u->pfn - e->pfn < BIT_ULL(e->shift - PAGE_SHIFT) && note_user(u))
		g_string_append_printf(u->out,
		                       "  %s %s for 0x%" PRIx64 " pcid %u%s\n",
		                       u->name, a->geo.name, e->va, e->pcid,
		                       u->m->mem.mem_map[e->pfn].generation !=
		                                       e->frame_generation
		                               ? " STALE"
		                               : "");
}

static void print_users(GString *out, struct machine *m, pfn_t pfn)
{
	struct users u = { .out = out, .m = m, .pfn = pfn };
	const struct kernel *k = machine_kernel(m);

	for (const struct mm_struct *mm = k ? k->mms : NULL; mm;
	     mm = mm->next) {
		u.name = mm->name;
		pt_for_each_entry(m, mm->pgd, 0, BIT_ULL(47), look_at_entry,
		                  &u);
	}
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		g_autofree char *name = g_strdup_printf("CPU%u", i);

		u.name = name;
		tlb_for_each(&cpu_vcpu(&m->cpus[i])->mmu.tlb,
		             look_at_translation, &u);
	}
	if (u.n > USERS_MAX)
		g_string_append_printf(out, "  and %u more\n", u.n - USERS_MAX);
}

static void print_bytes(GString *out, struct machine *m, pfn_t pfn)
{
	static const char *const contents[] = {
		[CONTENT_POISON] = "poison",
		[CONTENT_ZERO] = "zeroes",
	};
	const struct page *page = &m->mem.mem_map[pfn];

	g_string_append(out, "  content");
	if (page->content != CONTENT_BYTES) {
		g_string_append_printf(out, " %s\n", contents[page->content]);
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		g_string_append_printf(
			out, " %016" PRIx64,
			phys_read(&m->mem, (pfn << PAGE_SHIFT) + i * 8ULL, 8));
	g_string_append(out, " ...\n");
}

void viz_frame(GString *out, struct machine *m, pfn_t pfn)
{
	const struct page *page = &m->mem.mem_map[pfn];

	viz_frame_words(out, m, pfn);
	g_string_append_printf(out, ": generation %u, refcount %d, mapcount %d",
	                       page->generation, page->refcount,
	                       page->mapcount);
	if (page->order)
		g_string_append_printf(out, ", order %u", page->order);
	g_string_append(out, "\n ");
	print_flags(out, page);
	g_string_append_printf(out, " allocated at step %" PRIu64,
	                       page->alloc_step);
	if (page->free_step)
		g_string_append_printf(out, ", freed at step %" PRIu64,
		                       page->free_step);
	g_string_append_c(out, '\n');
	print_bytes(out, m, pfn);
	print_users(out, m, pfn);
}
