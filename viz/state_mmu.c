// SPDX-License-Identifier: GPL-2.0-or-later
/* What the hardware holds and what the tables say. */
#include <inttypes.h>
#include <string.h>

#include "emu/vcpu.h"
#include "pagetable/pgtable.h"
#include "viz/state_internal.h"

/* One translation, wherever it is held. */
struct held {
	struct tlb_entry entry;
	GString *where; /* names of the arrays */
};

static void free_held(gpointer data)
{
	g_string_free(((struct held *)data)->where, TRUE);
}

static void collect(const struct tlb_array *a, const struct tlb_entry *e,
                    void *data)
{
	GArray *all = data;
	struct held h = { .entry = *e };

	for (guint i = 0; i < all->len; i++) {
		struct held *other = &g_array_index(all, struct held, i);

		if (other->entry.serial != e->serial ||
		    other->entry.va != e->va)
			continue;
		g_string_append_printf(other->where, " %s", a->geo.name);
		return;
	}
	g_array_append_val(all, h);
	g_array_index(all, struct held, all->len - 1).where =
		g_string_new(a->geo.name);
}

static int by_address(gconstpointer a, gconstpointer b)
{
	const struct tlb_entry *x = &((const struct held *)a)->entry;
	const struct tlb_entry *y = &((const struct held *)b)->entry;

	if (x->va != y->va)
		return x->va < y->va ? -1 : 1;
	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static const char *agent_words(const struct machine *m, unsigned id)
{
	return id < m->nr_agents ? m->agents[id]->name : "?";
}

/* What has become of the entry in memory that was cached as @e. */
static const char *fate(struct machine *m, const struct tlb_entry *e)
{
	unsigned level = e->leaf_level;
	const struct tlb_table *table = &e->table[level - 1];
	struct pt_entry now;

	if (pfn_valid(&m->mem, e->pfn) &&
	    m->mem.mem_map[e->pfn].generation != e->frame_generation)
		return "FRAME FREED";
	if (table->pfn &&
	    m->mem.mem_map[table->pfn].generation != table->generation)
		return "TABLE FREED";
	now = pt_decode(m, level,
	                phys_read(&m->mem, e->leaf_pa, sizeof(uint64_t)));
	if (!now.present)
		return "entry cleared";
	if (!now.leaf)
		return "now a table";
	if (now.pfn >> (e->leaf_shift - PAGE_SHIFT) !=
	    e->pfn >> (e->leaf_shift - PAGE_SHIFT))
		return "other frame now";
	if ((e->rights & TLB_W) && !now.write)
		return "read-only now";
	return "";
}

static void rights_words(const struct tlb_entry *e, char words[6])
{
	static const char letters[] = "WUXDG";

	memcpy(words, "-----", 6);
	for (unsigned i = 0; i < 5; i++)
		if (e->rights >> i & 1)
			words[i] = letters[i];
}

static void print_entry(GString *out, struct machine *m, const struct held *h)
{
	const struct tlb_entry *e = &h->entry;
	char rights[6];

	rights_words(e, rights);
	g_string_append_printf(out,
	                       "  0x%012" PRIx64 " %s -> frame %-6" PRIu64
	                       " %s pcid %u, step %" PRIu64 " by %s (%s)",
	                       e->va, tlb_size_name(e->shift), e->pfn, rights,
	                       e->pcid, e->fill_step,
	                       agent_words(m, e->filled_by), h->where->str);
	if (*fate(m, e))
		g_string_append_printf(out, " %s", fate(m, e));
	g_string_append_c(out, '\n');
}

static GArray *translations(const struct tlb *tlb)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct held));

	g_array_set_clear_func(all, free_held);
	tlb_for_each(tlb, collect, all);
	g_array_sort(all, by_address);
	return all;
}

void viz_tlb(GString *out, struct machine *m, unsigned cpu)
{
	const struct vcpu *vcpu = cpu_vcpu(&m->cpus[cpu]);
	GArray *all = translations(&vcpu->mmu.tlb);

	g_string_append_printf(
		out, "CPU%u: %u translation%s, CR3 frame %" PRIu64 " pcid %u\n",
		cpu, all->len, all->len == 1 ? "" : "s",
		vcpu->mmu.root >> PAGE_SHIFT, vcpu->mmu.pcid);
	for (guint i = 0; i < all->len; i++)
		print_entry(out, m, &g_array_index(all, struct held, i));
	g_array_free(all, TRUE);
}

void viz_tlb_brief(GString *out, struct machine *m, unsigned cpu)
{
	GArray *all = translations(&cpu_vcpu(&m->cpus[cpu])->mmu.tlb);

	for (guint i = 0; i < all->len; i++) {
		const struct tlb_entry *e =
			&g_array_index(all, struct held, i).entry;
		char rights[6];

		rights_words(e, rights);
		g_string_append_printf(
			out, "CPU%u %s %" PRIx64 "->%" PRIu64 " %s %s\n", cpu,
			tlb_size_name(e->shift), e->va, e->pfn, rights,
			fate(m, e));
	}
	g_array_free(all, TRUE);
}

struct psc_picture {
	GString *out;
	struct machine *m;
	unsigned n;
};

static void print_psc(const struct psc_entry *e, void *data)
{
	struct psc_picture *p = data;
	pfn_t table = e->table >> PAGE_SHIFT;
	bool gone = !pfn_valid(&p->m->mem, table) ||
	            p->m->mem.mem_map[table].kind !=
	                    (unsigned)(FRAME_PT_PTE + e->level - 2);

	p->n++;
	g_string_append_printf(p->out,
	                       "  %s 0x%012" PRIx64 " -> table %-6" PRIu64
	                       " pcid %u, step %" PRIu64 " by %s%s\n",
	                       pt_level_name(e->level), e->va, table, e->pcid,
	                       e->fill_step, agent_words(p->m, e->filled_by),
	                       gone ? " TABLE FREED" : "");
}

void viz_psc(GString *out, struct machine *m, unsigned cpu)
{
	const struct vcpu *vcpu = cpu_vcpu(&m->cpus[cpu]);
	struct psc_picture p = { .out = g_string_new(NULL), .m = m };

	psc_for_each(&vcpu->mmu.tlb, print_psc, &p);
	g_string_append_printf(
		out, "CPU%u: %u entr%s in the paging-structure caches\n%s", cpu,
		p.n, p.n == 1 ? "y" : "ies", p.out->str);
	g_string_free(p.out, TRUE);
}

/* ---- a walk ---- */

static void print_step_of_walk(GString *out, const struct machine *m,
                               const struct pt_entry *e)
{
	char bits[128];

	pt_entry_format(m, e->level, e->value, bits, sizeof(bits));
	g_string_append_printf(out,
	                       "  %s  at 0x%-8" PRIx64 " 0x%016" PRIx64 "  %s",
	                       pt_level_name(e->level), e->pa, e->value, bits);
	if (e->reserved)
		g_string_append(out, " RESERVED BITS");
	if (e->present) {
		g_string_append(out, " -> ");
		viz_frame_words(out, m, e->pfn);
	}
	g_string_append_c(out, '\n');
}

static const char *no_leaf(const struct pt_entry *e)
{
	if (e->none)
		return "nothing there";
	return e->present ? "no leaf" : "not present";
}

void viz_pt(GString *out, struct machine *m, const struct mm_struct *mm,
            vaddr_t addr)
{
	struct pt_walk w = pt_walk(m, mm->pgd, addr);

	g_string_append_printf(out, "%s 0x%" PRIx64 ": root ", mm->name, addr);
	viz_frame_words(out, m, mm->pgd >> PAGE_SHIFT);
	g_string_append_c(out, '\n');
	for (unsigned level = w.root_level; level >= w.level; level--)
		print_step_of_walk(out, m, &w.entry[level]);
	if (w.leaf)
		g_string_append_printf(
			out,
			"  physical 0x%" PRIx64 ", a page of %s, %s%s%s%s\n",
			w.paddr, tlb_size_name(pt_level_shift(w.level)),
			w.user ? "user " : "kernel ", "r", w.write ? "w" : "-",
			w.exec ? "x" : "-");
	else
		g_string_append_printf(out, "  %s at the %s\n",
		                       no_leaf(&w.entry[w.level]),
		                       pt_level_name(w.level));
}

void viz_pt_brief(GString *out, struct machine *m, const struct mm_struct *mm,
                  vaddr_t addr)
{
	struct pt_walk w = pt_walk(m, mm->pgd, addr);
	char bits[128];

	for (unsigned level = w.root_level; level >= w.level; level--) {
		const struct pt_entry *e = &w.entry[level];

		g_string_append_printf(out, "%s %s\n", pt_level_name(level),
		                       pt_entry_format(m, level, e->value, bits,
		                                       sizeof(bits)));
	}
	if (w.leaf)
		g_string_append_printf(out, "-> 0x%" PRIx64 ", %s page\n",
		                       w.paddr,
		                       tlb_size_name(pt_level_shift(w.level)));
	else
		g_string_append_printf(out, "-> %s\n",
		                       no_leaf(&w.entry[w.level]));
}
