// SPDX-License-Identifier: GPL-2.0-or-later
#include "mm/arm64/mte.h"

#include "base/bug.h"
#include "base/mtetags.h"
#include "mm/mm.h"
#include "mm/uapi.h"
#include "mm/xarray.h"

static bool system_supports_mte(void)
{
	return machine_kernel(this_machine())->options->mte;
}

bool pte_tagged(pte_t pte)
{
	return (pte_val(pte) & ARM64_ATTRINDX) ==
	       ARM64_MT_NORMAL_TAGGED << ARM64_ATTRINDX_SHIFT;
}

/* ---- flags and VMAs (asm/mman.h) ---- */

static uint64_t arm64_calc_vm_prot_bits(uint64_t prot)
{
	return system_supports_mte() && (prot & PROT_MTE) ? VM_MTE : 0;
}

/* Only memory that is RAM for sure: anonymous and shmem. */
static uint64_t arm64_calc_vm_flag_bits(const struct address_space *file,
                                        uint64_t flags)
{
	if (!system_supports_mte())
		return 0;
	if ((flags & MAP_ANONYMOUS) && !(flags & MAP_HUGETLB))
		return VM_MTE_ALLOWED;
	/* Every file that can be mapped here is one of shmem. */
	return file ? VM_MTE_ALLOWED : 0;
}

static bool arm64_validate_prot(uint64_t prot)
{
	uint64_t supported = PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM;

	if (system_supports_mte())
		supported |= PROT_MTE;
	return !(prot & ~supported);
}

static bool arm64_validate_flags(uint64_t vm_flags)
{
	return !(vm_flags & VM_MTE) || (vm_flags & VM_MTE_ALLOWED);
}

const struct mman_ops arm64_mman_ops = {
	.calc_vm_prot_bits = arm64_calc_vm_prot_bits,
	.calc_vm_flag_bits = arm64_calc_vm_flag_bits,
	.validate_prot = arm64_validate_prot,
	.validate_flags = arm64_validate_flags,
	.vm_data_default_flags = VM_MTE_ALLOWED,
	.vm_arch_clear = VM_MTE,
};

/* ---- PG_mte_tagged, PG_mte_lock (asm/mte.h) ---- */

static void flag_step(enum step_kind kind, const struct page *page,
                      const char *label)
{
	const struct cost_table *costs = this_machine()->costs;

	step(kind, page_obj(page), 4, label, page_phys(page));
	charge(kind == STEP_READ ? costs->kernel_op : costs->atomic);
	trace_mix(current_agent, page->flags);
}

bool page_mte_tagged(struct page *page)
{
	flag_step(STEP_READ, page, "page_mte_tagged");
	return page_test_flag(page, PG_mte_tagged);
}

/* Who waits for the tags of @page waits here. */
static struct gate *tagged_gate(struct kernel *k, const struct page *page)
{
	struct machine *m = k->machine;
	uint64_t pfn = page_to_pfn(&m->mem, page);
	struct gate *g;

	if (!k->mte_gates) {
		k->mte_gates = kzalloc(m, sizeof(*k->mte_gates), "mte_gates");
		BUG_ON(!k->mte_gates);
		xa_init(k->mte_gates, m);
	}
	g = xa_peek(k->mte_gates, pfn);
	if (!g) {
		g = kzalloc(m, sizeof(*g), "mte_gate");
		BUG_ON(!g || xa_poke(k->mte_gates, pfn, g));
	}
	return g;
}

static void wait_for_tags(struct machine *m, struct page *page)
{
	const struct step st = { .kind = STEP_WAIT,
		                 .object = page_obj(page),
		                 .size = 4,
		                 .label = "smp_cond_load_acquire PG_mte_tagged",
		                 .addr = page_phys(page) };

	gate_step(tagged_gate(machine_kernel(m), page), 0, &st);
	charge(m->costs->kernel_op);
}

bool try_page_mte_tagging(struct page *page)
{
	struct machine *m = this_machine();

	flag_step(STEP_RMW, page, "test_and_set PG_mte_lock");
	if (!page_test_flag(page, PG_mte_lock)) {
		page_set_flag(page, PG_mte_lock);
		gate_set(m, tagged_gate(machine_kernel(m), page), 0, false);
		return true;
	}
	wait_for_tags(m, page);
	return false;
}

static void set_flag(struct page *page)
{
	struct machine *m = this_machine();

	flag_step(STEP_RMW, page, "set PG_mte_tagged");
	page_set_flag(page, PG_mte_tagged);
	gate_set(m, tagged_gate(machine_kernel(m), page), 0, true);
}

void set_page_mte_tagged(struct page *page)
{
	smp_wmb(); /* the tags before the flag */
	set_flag(page);
}

/* ---- setting tags ---- */

/* Linux v6.12 arch/arm64/lib/mte.S mte_clear_page_tags(). */
static void mte_clear_page_tags(struct page *page)
{
	struct machine *m = this_machine();

	step(STEP_WRITE, phys_obj(page_phys(page)), PAGE_SIZE,
	     "mte_clear_page_tags", page_phys(page));
	charge(m->costs->tag_page);
	mte_tags_set(&m->mem, page, NULL);
	emit(m, EV_PAGE_TAGS, .addr = page_to_pfn(&m->mem, page));
}

/*
 * Up to 6.1 (d77e59a8fccd) nobody locked the page: two who map it at once can
 * both find it untagged.  Option flag_first: the flag comes before the tags, so
 * that the second one maps old tags; flag_after: it comes after them, so that
 * the second one wipes what the first one's user has set meanwhile (M48).
 */
static void sync_unlocked(struct page *page, bool flag_first)
{
	if (page_mte_tagged(page))
		return;
	if (flag_first)
		set_flag(page);
	mte_clear_page_tags(page);
	if (!flag_first)
		set_flag(page);
}

static void sync_locked(struct page *page)
{
	if (!try_page_mte_tagging(page))
		return;
	mte_clear_page_tags(page);
	set_page_mte_tagged(page);
}

static enum mte_sync sync_kind(void)
{
	return machine_kernel(this_machine())->options->mte_sync;
}

static void sync_tags(pte_t pte, unsigned nr)
{
	enum mte_sync kind = sync_kind();
	struct page *page = pte_page(pte);

	for (unsigned i = 0; i < nr; i++, page++) {
		if (kind == MTE_SYNC_FLAG_FIRST || kind == MTE_SYNC_FLAG_AFTER)
			sync_unlocked(page, kind == MTE_SYNC_FLAG_FIRST);
		else
			sync_locked(page);
	}
}

void mte_sync_tags(pte_t pte, unsigned nr)
{
	if (sync_kind() == MTE_SYNC_PTE_FIRST)
		return;
	sync_tags(pte, nr);
	smp_wmb(); /* the tags before the entry */
}

/* Without that barrier (1d0cb4c8864a) the entry may be seen before the tags. */
void mte_synced_late(pte_t pte, unsigned nr)
{
	if (sync_kind() == MTE_SYNC_PTE_FIRST)
		sync_tags(pte, nr);
}

/* Linux v6.12 arch/arm64/kernel/cpufeature.c cpu_enable_mte(). */
void mte_cpu_setup(struct kernel *k)
{
	page_set_flag(k->zero_page, PG_mte_lock);
	page_set_flag(k->zero_page, PG_mte_tagged);
	mte_tags_set(&k->machine->mem, k->zero_page, NULL);
}

/* ---- new pages (asm/page.h) ---- */

/* Linux v6.12 arch/arm64/mm/copypage.c copy_highpage(). */
static void arm64_copy_highpage(struct page *to, struct page *from)
{
	struct machine *m = this_machine();
	uint8_t tags[MTE_PAGE_TAG_STORAGE];

	if (!system_supports_mte() || !page_mte_tagged(from))
		return;
	(void)!try_page_mte_tagging(to);
	step(STEP_READ, phys_obj(page_phys(from)), PAGE_SIZE,
	     "mte_copy_page_tags", page_phys(to));
	charge(m->costs->tag_page);
	mte_tags_get(&m->mem, from, tags);
	mte_tags_set(&m->mem, to, tags);
	emit(m, EV_PAGE_TAGS, .addr = page_to_pfn(&m->mem, to),
	     .a = page_to_pfn(&m->mem, from));
	set_page_mte_tagged(to);
}

/* Linux v6.12 arch/arm64/mm/fault.c tag_clear_highpage(), for __GFP_ZEROTAGS.
 */
static void arm64_clear_user_page(const struct vm_area_struct *vma,
                                  struct page *page)
{
	if (!(vma->vm_flags & VM_MTE))
		return;
	(void)!try_page_mte_tagging(page);
	mte_clear_page_tags(page);
	set_page_mte_tagged(page);
}

/* set_pmd_at(): as of its small pages, the huge zero page's too. */
static void arm64_sync_huge_page(pmd_t pmd)
{
	pte_t pte = __pte(pmd_val(pmd));

	if (pte_tagged(pte))
		mte_sync_tags(pte, HPAGE_PMD_NR);
}

const struct page_ops arm64_page_ops = {
	.copy_highpage = arm64_copy_highpage,
	.clear_user_page = arm64_clear_user_page,
	.sync_huge_page = arm64_sync_huge_page,
};
