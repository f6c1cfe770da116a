// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps, objects and waiting in words. */
#include "viz/state.h"

#include <inttypes.h>

#include "emu/vcpu.h"
#include "viz/state_internal.h"

const struct mm_struct *viz_find_mm(const struct machine *m, unsigned id)
{
	const struct kernel *k = machine_kernel(m);
	const struct mm_struct *mm;

	for (mm = k ? k->mms : NULL; mm; mm = mm->next)
		if (mm->id == id)
			return mm;
	return NULL;
}

static void name_owner(GString *out, const struct machine *m, unsigned mm_id)
{
	const struct mm_struct *mm = viz_find_mm(m, mm_id);

	if (mm)
		g_string_append_printf(out, " of %s", mm->name);
}

static const char *kind_noun(const struct page *page)
{
	if (page->kind == FRAME_PT_PGD)
		return " table";
	return page->kind >= FRAME_PT_PTE && page->kind <= FRAME_PT_PGD
	               ? ""
	               : " frame";
}

void viz_frame_words(GString *out, const struct machine *m, pfn_t pfn)
{
	const struct page *page;

	if (!pfn_valid(&m->mem, pfn)) {
		g_string_append_printf(out, "no frame %" PRIu64, pfn);
		return;
	}
	page = &m->mem.mem_map[pfn];
	g_string_append_printf(out, "%s%s %" PRIu64,
	                       frame_kind_name(page->kind), kind_noun(page),
	                       pfn);
	if (page->kind >= FRAME_PT_PTE && page->kind <= FRAME_PT_PGD)
		name_owner(out, m, page->pt_owner);
}

/* The table whose split lock @lock is; NULL: it is none. */
static const struct page *table_of_lock(const struct machine *m,
                                        const void *lock)
{
	for (pfn_t pfn = 0; pfn < m->mem.high_water; pfn++) {
		const struct page *page = &m->mem.mem_map[pfn];

		if (page->kind >= FRAME_PT_PTE && page->kind <= FRAME_PT_PGD &&
		    page->private == lock)
			return page;
	}
	return NULL;
}

void viz_lock_words(GString *out, const struct machine *m, const void *lock,
                    enum lock_class class)
{
	const struct kernel *k = machine_kernel(m);
	const struct mm_struct *mm;
	const struct page *table;

	g_string_append(out, lock_class_name(class));
	for (mm = k ? k->mms : NULL; mm; mm = mm->next) {
		if (lock != &mm->mmap_lock && lock != &mm->page_table_lock)
			continue;
		g_string_append_printf(out, " of %s", mm->name);
		return;
	}
	table = class == LOCK_PTE || class == LOCK_PMD ? table_of_lock(m, lock)
	                                               : NULL;
	if (!table)
		return;
	g_string_append(out, " of ");
	viz_frame_words(out, m, page_to_pfn(&m->mem, table));
}

/* Without the offset inside of it: the label says what it is about, and where
 * that lies in the host's structure is nobody's business. */
static void name_kernel_object(GString *out, const struct machine *m,
                               uint64_t offset)
{
	const void *p = arena_at(m->arena, offset);
	const struct kernel *k = machine_kernel(m);
	const struct mm_struct *mm = k ? k->mms : NULL;
	struct arena_object object;

	if (!p || !arena_lookup(m->arena, p, &object)) {
		g_string_append(out, "kernel memory");
		return;
	}
	g_string_append_printf(out, "%s%s", object.live ? "" : "freed ",
	                       object.type);
	while (mm && arena_offset(m->arena, mm) != object.offset)
		mm = mm->next;
	if (mm)
		g_string_append_printf(out, " of %s", mm->name);
}

static void name_memory(GString *out, const struct machine *m, paddr_t pa)
{
	if (pa >= MEM_MAP_PHYS_BASE) {
		g_string_append_printf(out, "struct page of frame %" PRIu64,
		                       (pa - MEM_MAP_PHYS_BASE) /
		                               sizeof(struct page));
		return;
	}
	viz_frame_words(out, m, pa >> PAGE_SHIFT);
	if (pa & ~PAGE_MASK)
		g_string_append_printf(out, " +0x%" PRIx64, pa & ~PAGE_MASK);
}

void viz_object(GString *out, const struct machine *m, objid_t object)
{
	uint64_t id = object & (BIT_ULL(OBJ_SPACE_SHIFT) - 1);

	switch ((int)(object >> OBJ_SPACE_SHIFT)) {
	case OBJ_SPACE_PHYS:
		name_memory(out, m, id);
		break;
	case OBJ_SPACE_KERNEL:
		name_kernel_object(out, m, id);
		break;
	case OBJ_SPACE_TLB:
		g_string_append_printf(out, "TLB of CPU%" PRIu64, id);
		break;
	case OBJ_SPACE_IRQ:
		g_string_append_printf(out, "interrupts of CPU%" PRIu64, id);
		break;
	case OBJ_SPACE_RCU:
		g_string_append(out, "RCU");
		break;
	case OBJ_SPACE_CPU:
		g_string_append_printf(out, "run queue of CPU%" PRIu64, id);
		break;
	default:
		g_string_append(out, "nothing shared");
	}
}

void viz_step_words(GString *out, const char *label, uint64_t addr)
{
	g_string_append(out, label ? label : "?");
	if (addr)
		g_string_append_printf(out, " 0x%" PRIx64, addr);
}

void viz_step_effect(GString *out, const struct machine *m, enum step_kind kind,
                     objid_t object, uint32_t size)
{
	static const char *const verbs[STEP_KIND_COUNT] = {
		[STEP_LOCAL] = "private",
		[STEP_READ] = "reads",
		[STEP_WRITE] = "writes",
		[STEP_RMW] = "updates",
		[STEP_LOCK] = "takes",
		[STEP_UNLOCK] = "releases",
		[STEP_WAIT] = "waits for",
		[STEP_SIGNAL] = "signals",
		[STEP_TLB] = "uses",
		[STEP_IPI] = "interrupts",
		[STEP_IRQ] = "handles",
		[STEP_SWITCH] = "switches",
		[STEP_SYSCALL] = "system call",
		[STEP_FAULT] = "exception",
	};

	g_string_append(out, verbs[kind]);
	if (object == OBJ_NONE)
		return;
	g_string_append(out, kind == STEP_LOCAL || kind == STEP_SYSCALL ||
	                                     kind == STEP_FAULT
	                             ? ": "
	                             : " ");
	if (size && kind != STEP_LOCK && kind != STEP_UNLOCK)
		g_string_append_printf(out, "%u byte%s of ", size,
		                       size == 1 ? "" : "s");
	viz_object(out, m, object);
}

/* ---- questions ---- */

/* Which of several translations: they come in the order of the lookup. */
static unsigned match_words(GString *out, const struct agent *a,
                            enum tlb_kind kind, unsigned n)
{
	const struct mmu *mmu = &cpu_vcpu(a->cpu)->mmu;
	struct tlb_match found[TLB_MATCHES_MAX];

	if (tlb_lookup(&mmu->tlb, kind, a->next.addr, mmu->pcid, found) != n)
		return 0;
	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(
			out,
			"  %u: the translation of %s to frame %" PRIu64 "\n", i,
			tlb_size_name(found[i].entry->shift),
			found[i].entry->pfn);
	return n;
}

void viz_choice(GString *out, const struct machine *m, const struct choice *c)
{
	const struct agent *a = c->asker;

	g_string_append_printf(out, "%s asks: %s, about ", a ? a->name : "?",
	                       c->label);
	viz_object(out, m, c->object);
	g_string_append_c(out, '\n');
	if (c->kind == CHOICE_TLB_MATCH && a && a->cpu &&
	    (match_words(out, a, TLB_DATA, c->n) ||
	     match_words(out, a, TLB_INSN, c->n)))
		return;
	g_string_append_printf(
		out, "  0 to %u; 0 is what happens if nothing unusual does\n",
		c->n - 1);
}

/* ---- waiting ---- */

/* Who holds the lock at @gate, the first member of every lock. */
static void name_holders(GString *out, const struct machine *m,
                         const struct gate *gate)
{
	const char *between = ": held by ";

	for (unsigned i = 0; i < m->nr_agents; i++) {
		const struct agent *a = m->agents[i];

		for (unsigned j = 0; !a->done && j < a->nr_held; j++) {
			if (a->held[j].lock != (const void *)gate)
				continue;
			g_string_append_printf(out, "%s%s", between, a->name);
			between = ", ";
		}
	}
}

static const struct task *task_of(const struct agent *a)
{
	return a->kind == AGENT_TASK || a->kind == AGENT_KTHREAD ||
	                       a->kind == AGENT_IDLE
	               ? a->arg
	               : NULL;
}

const struct gate *viz_gate(const struct agent *a)
{
	const struct task *t = task_of(a);

	if (a->gate && !a->gate->open[a->gate_class])
		return a->gate;
	return t && t->state == TASK_SLEEPING ? t->sleeping_on : NULL;
}

void viz_waits(GString *out, const struct machine *m, const struct agent *a)
{
	const struct gate *gate = viz_gate(a);

	if (a->done || (enabled_agents(&m->sched) & a->bit))
		return;
	if (gate) {
		g_string_append(out, "waits at ");
		viz_step_words(out, a->next.label, a->next.addr);
		name_holders(out, m, gate);
	} else if (a->cpu && a->cpu->irq_depth && a->kind != AGENT_IRQ) {
		g_string_append_printf(out, "interrupted: %s has its CPU",
		                       a->cpu->irq_agent->name);
	} else if (a->cpu && a->cpu->curr) {
		g_string_append_printf(out, "%s has its CPU",
		                       a->cpu->curr->name);
	} else {
		g_string_append(out, "waits");
	}
}
