/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/options.h"

#include <string.h>

#include "base/bug.h"
#include "base/choicelog.h"
#include "base/types.h"

static const struct mm_option_value table_free_values[] = {
	{ "rcu", TABLE_FREE_RCU,
	  "after a grace period, single tables too (6.14)" },
	{ "semi_rcu", TABLE_FREE_SEMI_RCU,
	  "batches after a grace period, single tables after an IPI (6.12)" },
	{ "ipi", TABLE_FREE_IPI,
	  "after an IPI to all CPUs: only IRQs-off walkers are safe" },
	{ "immediate", TABLE_FREE_IMMEDIATE,
	  "right after the TLB flush: no software walker is safe" },
	{ "no_flush", TABLE_FREE_NO_FLUSH,
	  "before any TLB flush: hardware walks freed tables (M16)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value pt_reclaim_values[] = {
	{ "off", PT_RECLAIM_OFF, "empty PTE tables stay until munmap (6.12)" },
	{ "rfc_v1", PT_RECLAIM_RFC_V1,
	  "scan after MADV_DONTNEED, flush at the end (July 2024)" },
	{ "merged", PT_RECLAIM_MERGED,
	  "inside zap_pte_range, with the February 2025 fix (6.14)" },
	{ "merged_6_14_rc", PT_RECLAIM_MERGED_6_14_RC,
	  "before that fix: a table refilled meanwhile is freed (R5.4)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value flush_before_install_values[] = {
	{ "off", FBI_OFF, "never: the gather's own flush must do" },
	{ "pte", FBI_PTE, "before a PTE table is hooked in" },
	{ "huge", FBI_HUGE, "before a huge PMD is set" },
	{ "both", FBI_BOTH, "before either" },
	{ "if_pending", FBI_IF_PENDING,
	  "before either, if somebody owes a flush (August 2024)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value pml_lock_values[] = {
	{ "trylock", PML_TRYLOCK, "try; if it is taken, scan later" },
	{ "blocking", PML_BLOCKING,
	  "wait for it inside the PTE lock: inverts the order (R5.5)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value pte_update_values[] = {
	{ "atomic", PTE_UPDATE_ATOMIC,
	  "exchange the entry for none, change, commit" },
	{ "plain", PTE_UPDATE_PLAIN,
	  "load, change, store: a dirty bit set meanwhile is lost (M35)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value switch_mm_values[] = {
	{ "linux", SWITCH_MM_LINUX,
	  "the CPU is in the mask before the new root is loaded" },
	{ "clear_then_set", SWITCH_MM_CLEAR_THEN_SET,
	  "the bit goes off and on between threads of one process (M13)" },
	{ "skip_switching", SWITCH_MM_SKIP_SWITCHING,
	  "a flush passes over a CPU that is between two mms (M12)" },
	{ "lazy_mask", SWITCH_MM_LAZY_MASK,
	  "the CPU stays in the mask it leaves until a flush finds it gone" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value irqsave_spin_values[] = {
	{ "irqs_off", IRQSAVE_SPIN_IRQS_OFF,
	  "interrupts are off while it waits" },
	{ "irqs_on", IRQSAVE_SPIN_IRQS_ON,
	  "while it waits they are as they were: PA-RISC 08dc2ca61e68 (M43)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value pmd_free_pte_page_values[] = {
	{ "flush", PMD_FREE_PTE_PAGE_FLUSH,
	  "walk caches forget it first: 5e0fb5df2ee8, ec28bb9c9b08 (4.19)" },
	{ "no_flush", PMD_FREE_PTE_PAGE_NO_FLUSH,
	  "at once: CPUs walk it through what they hold of the PMD (M24)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value thp_split_values[] = {
	{ "invalidate", THP_SPLIT_INVALIDATE,
	  "make the PMD not present, flush, then hook the table in" },
	{ "direct", THP_SPLIT_DIRECT,
	  "hook the table in over the live PMD, no flush (M29)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value thp_split_dirty_values[] = {
	{ "exchange", THP_SPLIT_DIRTY_EXCHANGE,
	  "from the entry that the exchange returned: d52605d7cb30 (4.16)" },
	{ "plain", THP_SPLIT_DIRTY_PLAIN,
	  "from what it read before: a dirty bit set meanwhile is lost (M28)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value pmd_update_values[] = {
	{ "invalidate", PMD_UPDATE_INVALIDATE,
	  "not present for a moment, but never none: ced108037c2a (4.12)" },
	{ "clear", PMD_UPDATE_CLEAR,
	  "none for a moment: MADV_DONTNEED goes by without zapping (M26)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value mremap_flush_values[] = {
	{ "locked", MREMAP_FLUSH_LOCKED, "flush before the PTE locks go" },
	{ "after", MREMAP_FLUSH_AFTER,
	  "flush after they were dropped: CVE-2018-18281 (M01)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value foll_cow_values[] = {
	{ "exclusive", FOLL_COW_EXCLUSIVE,
	  "to a page marked PageAnonExclusive: 5535be309971 (6.0)" },
	{ "dirty_pte", FOLL_COW_DIRTY_PTE,
	  "to a dirty entry once FOLL_COW is set: 19be0eaffa3a (4.9)" },
	{ "drop_write", FOLL_COW_DROP_WRITE,
	  "after a copy it looks for any page: CVE-2016-5195 (M30)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value gup_read_values[] = {
	{ "unshare", GUP_READ_UNSHARE,
	  "a pin (FOLL_PIN) gets an exclusive page: a7f226604170 (5.19)" },
	{ "break_cow", GUP_READ_BREAK_COW,
	  "every reference breaks COW: 17839856fd58 (5.8)" },
	{ "share", GUP_READ_SHARE,
	  "shared pages are handed out: CVE-2020-29374 (M32)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value gup_fast_values[] = {
	{ "fall_back", GUP_FAST_FALL_BACK,
	  "it looks again, under mmap_lock and the PTE lock" },
	{ "only", GUP_FAST_ONLY,
	  "-EFAULT, also of what others have out for a moment (M37)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value collapse_gup_values[] = {
	{ "both", COLLAPSE_GUP_BOTH,
	  "each of the two that follow: 2ba99c5e0881 (6.2)" },
	{ "recheck", COLLAPSE_GUP_RECHECK,
	  "GUP-fast reads the PMD again: 70cbc3cc78a9 (6.1)" },
	{ "ipi", COLLAPSE_GUP_IPI,
	  "khugepaged interrupts all CPUs before it looks at the pages" },
	{ "none", COLLAPSE_GUP_NONE,
	  "the flush has to do, and where nobody is interrupted does not (M17)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value cow_reuse_values[] = {
	{ "exclusive", COW_REUSE_EXCLUSIVE,
	  "PageAnonExclusive, or no other reference: 6c287605fd56 (5.19)" },
	{ "refcount", COW_REUSE_REFCOUNT,
	  "no other reference, pins included: 09854ba94c6a (5.9)" },
	{ "mapcount", COW_REUSE_MAPCOUNT,
	  "no other mapping: who holds a reference reads on (M32)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value fork_pinned_values[] = {
	{ "copy", FORK_PINNED_COPY,
	  "the child gets a copy at once: 70e806e4e645 (5.9)" },
	{ "share", FORK_PINNED_SHARE,
	  "shared like others: the next write leaves the pin behind (M32)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value touch_pmd_values[] = {
	{ "write", TOUCH_PMD_WRITE,
	  "dirty if it is for a write: a8f97366452e (4.15)" },
	{ "dirty", TOUCH_PMD_DIRTY,
	  "dirty, also to read: CVE-2017-1000405 (M31)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value populate_values[] = {
	{ "unlocked", POPULATE_UNLOCKED,
	  "with mmap_lock for reading only: bebeb3d68b24 (3.9)" },
	{ "locked", POPULATE_LOCKED,
	  "before mmap_lock, held for writing, is dropped (M42)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value write_copy_values[] = {
	{ "atomic", WRITE_COPY_ATOMIC,
	  "faults in before, not under the page lock: 08291429cfa6 (2.6.24)" },
	{ "prefault", WRITE_COPY_PREFAULT,
	  "faults in before and under it: up to 2.6.23 (M42)" },
	{ "locked", WRITE_COPY_LOCKED,
	  "faults in under it only: Btrfs before 914ee295af41 (M42)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value vma_lock_values[] = {
	{ "off", VMA_LOCK_OFF, "none: faults take mmap_lock (before 6.4)" },
	{ "v6_4", VMA_LOCK_6_4,
	  "fork does not lock the parent's VMAs: before fb49c455323f (M34)" },
	{ "v6_12", VMA_LOCK_6_12,
	  "as in 6.12; off is the default all the same" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value stack_expand_values[] = {
	{ "write", STACK_EXPAND_WRITE,
	  "under mmap_lock for writing: 8d7071af8907 (6.5)" },
	{ "read", STACK_EXPAND_READ,
	  "for reading; munmap next to it keeps writing: 246c320a8cfe (5.8)" },
	{ "read_downgrade", STACK_EXPAND_READ_DOWNGRADE,
	  "for reading; munmap downgrades: dd2283f2605e, CVE-2020-29369 (M20)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value batched_unmap_values[] = {
	{ "off", BATCHED_UNMAP_OFF, "each page by itself: before 4.3" },
	{ "checked", BATCHED_UNMAP_CHECKED,
	  "at the end; who finds the entry gone flushes: 3ea277194daa (4.13)" },
	{ "unchecked", BATCHED_UNMAP_UNCHECKED,
	  "at the end; nobody else knows: 72b252aed506 (4.3, M04)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value mte_sync_values[] = {
	{ "locked", MTE_SYNC_LOCKED,
	  "whoever takes PG_mte_lock: d77e59a8fccd (6.2)" },
	{ "flag_first", MTE_SYNC_FLAG_FIRST,
	  "no lock, PG_mte_tagged before the tags: the other maps old ones (M48)" },
	{ "flag_after", MTE_SYNC_FLAG_AFTER,
	  "no lock, it comes after them: the other wipes what is set (M48)" },
	{ "pte_first", MTE_SYNC_PTE_FIRST,
	  "the entry is seen before the tags: no barrier, 1d0cb4c8864a (M48)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value mte_tcf_preferred_values[] = {
	{ "async", MTE_TCF_ASYNC, "a fault is noticed later, in the kernel" },
	{ "sync", MTE_TCF_SYNC, "at the access" },
	{ "asymm", MTE_TCF_ASYMM, "sync for loads, async for stores" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value asid_read_values[] = {
	{ "ordered", ASID_READ_ORDERED,
	  "after a barrier behind the store to the table: 5e10f9887ed8 (5.16)" },
	{ "unordered", ASID_READ_UNORDERED,
	  "the load may come first: a rollover goes between (M44)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value access_flags_values[] = {
	{ "cmpxchg", ACCESS_FLAGS_CMPXCHG,
	  "what hardware sets meanwhile stays: 66dbd6e61a52 (4.13)" },
	{ "plain", ACCESS_FLAGS_PLAIN,
	  "the entry is overwritten: a dirty state set meanwhile is lost (M36)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value wrprotect_values[] = {
	{ "keep_dirty", WRPROTECT_KEEP_DIRTY,
	  "hardware's dirty state becomes software's: ff1712f953e2 (5.10)" },
	{ "drop_dirty", WRPROTECT_DROP_DIRTY,
	  "fork's copy of a dirty entry is clean (M36)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value contpte_convert_values[] = {
	{ "break_before_make", CONTPTE_CONVERT_BREAK_BEFORE_MAKE,
	  "clear all, gathering A and D, flush, then write (6.9)" },
	{ "live", CONTPTE_CONVERT_LIVE,
	  "write over the live entries, no flush (M37)" },
	{ "gather_early", CONTPTE_CONVERT_GATHER_EARLY,
	  "A and D from a look before they are cleared (M37)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value contpte_get_values[] = {
	{ "all", CONTPTE_GET_ALL, "A and D of all 16 entries (6.9)" },
	{ "one", CONTPTE_GET_ONE,
	  "of the one entry: what hardware set elsewhere is not seen (M37)" },
	{ NULL, 0, NULL },
};

static const struct mm_option_value thp_values[] = {
	{ "always", THP_ALWAYS, "huge pages wherever they fit" },
	{ "madvise", THP_MADVISE, "only where MADV_HUGEPAGE asked" },
	{ "never", THP_NEVER, "no huge pages" },
	{ NULL, 0, NULL },
};

#define OPTION(field, text, ...)                                          \
	{                                                                 \
		.name = #field, .help = (text),                           \
		.offset = offsetof(struct mm_options, field), __VA_ARGS__ \
	}
#define CHOICE(field, text) OPTION(field, text, .values = field##_values)
#define SWITCH(field, text, on_text, off_text)             \
	OPTION(field, text, .is_bool = true,               \
	       .values = (const struct mm_option_value[]){ \
		       { "on", true, on_text },            \
		       { "off", false, off_text },         \
		       { NULL, 0, NULL } })
#define NUMBER(field, most, text) OPTION(field, text, .max = (most))

static const struct mm_option_desc options[] = {
	CHOICE(table_free, "when an unhooked page table is freed"),
	CHOICE(pt_reclaim, "free PTE tables that MADV_DONTNEED leaves empty"),
	CHOICE(flush_before_install,
	       "flush the TLB before an entry changes the page size"),
	SWITCH(gather_nesting,
	       "what a gather that overlapped another does at its end",
	       "it flushes everything",
	       "it flushes only its own range: the other's stale entries stay (R5.13)"),
	SWITCH(pmd_recheck, "pte_offset_map_lock and the PMD",
	       "the PMD is read again once the PTE lock is held",
	       "the table that was found before the lock is trusted (R5.6)"),
	SWITCH(retract_recheck, "khugepaged's retract and the PMD",
	       "looked at again once it is locked",
	       "the PMD found before the lock is trusted (R5.7)"),
	CHOICE(pml_lock, "how table reclaim takes the PMD lock"),
	SWITCH(flush_ipi_lazy, "any flush and lazy CPUs",
	       "they are interrupted too, as before 145f573b89a6 (4.20)",
	       "they are passed over and flush when they use the mm again"),
	SWITCH(freed_tables_ipi_lazy, "a flush for freed tables and lazy CPUs",
	       "they are interrupted too",
	       "they are passed over and keep walking freed tables (R5.12)"),
	SWITCH(ptlock_free_rcu, "how long a table's split lock lives",
	       "until the grace period is over",
	       "until the table is unhooked: a walker may still take it (R5.9)"),
	CHOICE(pte_update, "how mprotect changes a live entry"),
	CHOICE(switch_mm, "how a context switch maintains the CPU mask"),
	SWITCH(lazy_barrier, "a CPU that is no longer lazy",
	       "says so before it reads tlb_gen",
	       "may read tlb_gen while its store that says so still waits"),
	SWITCH(flush_barrier, "a flush's caller and the tables it has written",
	       "they are in memory before the CPU mask is read, a TLBI sent",
	       "its stores may still wait when the mask is read, a TLBI sent"),
	CHOICE(irqsave_spin, "how the operation lock_irqsave waits for a lock"),
	CHOICE(pmd_free_pte_page,
	       "how a kernel table is freed that a block takes the place of"),
	CHOICE(thp_split, "how a huge PMD becomes a table of PTEs"),
	CHOICE(thp_split_dirty, "where a split PMD's dirty bit is taken from"),
	CHOICE(pmd_update, "how MADV_FREE and mprotect change a huge PMD"),
	CHOICE(mremap_flush, "when mremap flushes the old addresses"),
	CHOICE(foll_cow, "what a forced write (FOLL_FORCE) is let through to"),
	CHOICE(gup_read, "get_user_pages for reading, of pages shared by fork"),
	CHOICE(gup_fast,
	       "what get_user_pages_fast does if it finds no page without locks"),
	CHOICE(collapse_gup,
	       "what keeps GUP-fast out of a table that collapses"),
	CHOICE(cow_reuse, "when a write fault reuses the page it finds"),
	CHOICE(fork_pinned, "what fork does about pinned pages"),
	CHOICE(touch_pmd,
	       "what a reference makes of the huge entry it follows"),
	CHOICE(populate, "when mmap() makes its pages present (MAP_POPULATE)"),
	CHOICE(write_copy, "how write() reads user memory into the page cache"),
	CHOICE(vma_lock, "per-VMA locks for page faults"),
	CHOICE(stack_expand, "how a fault extends a stack (MAP_GROWSDOWN)"),
	CHOICE(thp, "transparent huge pages for anonymous memory"),
	SWITCH(zap_resched, "need_resched in zap_pte_range",
	       "it is seen half way through a table",
	       "a table is zapped in one go"),
	NUMBER(gather_batch, 510, "pages per gather batch, 0 = 510"),
	NUMBER(table_batch, 509, "tables per gather batch, 0 = 509"),
	SWITCH(table_batch_fail, "the page of a table batch",
	       "can never be allocated",
	       "can be allocated as long as there is memory"),
	NUMBER(pgtables_base_kb, 1 << 20,
	       "kB of page tables shown before anything is mapped"),
	NUMBER(asid_bits, 16,
	       "arm64: bits of an ASID; more than that if CPUs need it"),
	SWITCH(tlb_range, "arm64: a TLBI for a range of addresses",
	       "there is one (FEAT_TLBIRANGE)", "there is one for each entry"),
	SWITCH(repeat_tlbi, "arm64: the end of a TLB flush",
	       "TLBI and DSB come twice (ARM64_WORKAROUND_REPEAT_TLBI)",
	       "one DSB"),
	SWITCH(kernel_pte_barrier, "arm64: behind a kernel entry made valid",
	       "DSB and ISB: 7f0b1bf04511 (3.17)",
	       "nothing: walkers may not see it yet (M47)"),
	SWITCH(contpte, "arm64: 16 entries side by side (CONFIG_ARM64_CONTPTE)",
	       "become one that spans 64 kB", "stay what they are"),
	CHOICE(asid_read, "arm64: when a flush reads the ASID"),
	CHOICE(access_flags,
	       "arm64: how a fault adds A, D and write to an entry"),
	CHOICE(wrprotect,
	       "arm64: a copy of an entry without the right to write"),
	CHOICE(contpte_convert, "arm64: how 16 entries become one and back"),
	CHOICE(contpte_get, "arm64: what a look at one of 16 entries tells"),
	SWITCH(mte, "arm64: memory tagging", "PROT_MTE and what comes with it",
	       "the CPUs have none (arm64.nomte)"),
	CHOICE(batched_unmap, "when reclaim flushes what it unmapped"),
	CHOICE(mte_sync, "arm64: how a page that is mapped gets its tags"),
	CHOICE(mte_tcf_preferred,
	       "arm64: tag checks of a program that permits sync and async"),
	SWITCH(pcid, "what address spaces keep in the TLB over a switch",
	       "their entries, tagged with a PCID",
	       "nothing: every switch flushes (nopcid)"),
};

void mm_options_default(struct mm_options *o)
{
	*o = (struct mm_options){
		.table_free = TABLE_FREE_SEMI_RCU,
		.pt_reclaim = PT_RECLAIM_OFF,
		.flush_before_install = FBI_OFF,
		.gather_nesting = true,
		.pmd_recheck = true,
		.retract_recheck = true,
		.pml_lock = PML_TRYLOCK,
		.freed_tables_ipi_lazy = true,
		.ptlock_free_rcu = true,
		.pte_update = PTE_UPDATE_ATOMIC,
		.switch_mm = SWITCH_MM_LINUX,
		.lazy_barrier = true,
		.flush_barrier = true,
		.irqsave_spin = IRQSAVE_SPIN_IRQS_OFF,
		.thp_split = THP_SPLIT_INVALIDATE,
		.pmd_update = PMD_UPDATE_INVALIDATE,
		.mremap_flush = MREMAP_FLUSH_LOCKED,
		.thp = THP_ALWAYS,
		.asid_bits = 16,
		.kernel_pte_barrier = true,
		.contpte = true,
		.mte_tcf_preferred = MTE_TCF_ASYNC,
		.pcid = true,
	};
}

const struct mm_option_desc *mm_option_table(unsigned *n)
{
	*n = ARRAY_SIZE(options);
	return options;
}

static const struct mm_option_desc *find_option(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(options[i].name, key))
			return &options[i];
	return NULL;
}

static void set_field(struct mm_options *o, const struct mm_option_desc *d,
                      unsigned value)
{
	void *field = (char *)o + d->offset;

	if (d->is_bool)
		*(bool *)field = value;
	else
		memcpy(field, &value, sizeof(value));
}

static unsigned get_field(const struct mm_options *o,
                          const struct mm_option_desc *d)
{
	const void *field = (const char *)o + d->offset;
	unsigned value;

	if (d->is_bool)
		return *(const bool *)field;
	memcpy(&value, field, sizeof(value));
	return value;
}

/* What a person may write for @d: "a | b | c". */
static GString *allowed_values(const struct mm_option_desc *d)
{
	GString *s = g_string_new(NULL);

	if (d->is_bool)
		return g_string_append(s, "on | off");
	if (!d->values) {
		g_string_printf(s, "a number up to %u", d->max);
		return s;
	}
	for (const struct mm_option_value *v = d->values; v->name; v++)
		g_string_append_printf(s, "%s%s", v == d->values ? "" : " | ",
		                       v->name);
	return s;
}

static bool parse_number(const char *text, unsigned max, unsigned *value)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL))
		return false;
	*value = (unsigned)number;
	return true;
}

static bool parse_value(const struct mm_option_desc *d, const char *text,
                        unsigned *value)
{
	if (d->is_bool) {
		*value = !strcmp(text, "on");
		return *value || !strcmp(text, "off");
	}
	if (!d->values)
		return parse_number(text, d->max, value);

	for (const struct mm_option_value *v = d->values; v->name; v++) {
		if (!strcmp(v->name, text)) {
			*value = (unsigned)v->value;
			return true;
		}
	}
	return false;
}

bool mm_option_set(struct mm_options *o, const char *key, const char *value,
                   GError **error)
{
	const struct mm_option_desc *d = find_option(key);
	unsigned parsed;

	if (!d) {
		GString *names = g_string_new(NULL);

		for (size_t i = 0; i < ARRAY_SIZE(options); i++)
			g_string_append_printf(names, "%s%s", i ? ", " : "",
			                       options[i].name);
		g_set_error(error, MM_OPTION_ERROR, 0,
		            "no option '%s'; there are %s", key, names->str);
		g_string_free(names, TRUE);
		return false;
	}
	if (!parse_value(d, value, &parsed)) {
		GString *allowed = allowed_values(d);

		g_set_error(error, MM_OPTION_ERROR, 0,
		            "option %s cannot be '%s'; it is %s", key, value,
		            allowed->str);
		g_string_free(allowed, TRUE);
		return false;
	}
	set_field(o, d, parsed);
	return true;
}

char *mm_option_get(const struct mm_options *o, const char *key)
{
	const struct mm_option_desc *d = find_option(key);
	unsigned value;

	if (!d)
		return NULL;
	value = get_field(o, d);
	if (d->is_bool)
		return g_strdup(value ? "on" : "off");
	if (!d->values)
		return g_strdup_printf("%u", value);
	for (const struct mm_option_value *v = d->values; v->name; v++)
		if ((unsigned)v->value == value)
			return g_strdup(v->name);
	BUG();
}

void mm_options_record(const struct mm_options *o, struct choice_log *log)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		g_autofree char *value = mm_option_get(o, options[i].name);
		g_autofree char *setting =
			g_strconcat(options[i].name, "=", value, NULL);

		choice_log_add_header(log, "option", setting);
	}
}

GQuark mm_option_error_quark(void)
{
	return g_quark_from_static_string("mm-option-error");
}
