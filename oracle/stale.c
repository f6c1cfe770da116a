/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stale-use and frame-uaf: accesses through translations that outlived what
 * they were made from.
 *
 * A retired access is held against the page tables as they are now.  If they
 * no longer give that frame with that right, somebody removed it; as long as
 * that somebody is still at work the flush may be under way, and the access is
 * one that hardware may make.  Afterwards it is a hazard.
 */
#include <inttypes.h>

#include "base/access.h"
#include "oracle/scene.h"
#include "oracle/set_internal.h"
#include "pagetable/pgtable.h"
#include "tlb/tlb.h"

/* What an access needs an entry to give. */
struct wanted {
	pfn_t pfn; /* frame of the very page accessed */
	vaddr_t va;
	bool write, exec, user;
};

static struct wanted wanted_by(const struct access_record *rec)
{
	return (struct wanted){ .pfn = rec->pa >> PAGE_SHIFT,
		                .va = rec->va,
		                .write = rec->write,
		                .exec = rec->exec,
		                .user = rec->user };
}

static bool walk_gives(struct oracle_set *set, const struct access_record *rec)
{
	struct pt_walk walk = pt_walk(set->machine, rec->root, rec->va);

	if (!walk.leaf || walk.paddr >> PAGE_SHIFT != rec->pa >> PAGE_SHIFT)
		return false;
	if ((rec->write && !walk.write) || (rec->exec && !walk.exec))
		return false;
	return !rec->user || walk.user;
}

/* Do the tables say what the translation said?  What they were found to say
 * holds until the kernel writes an entry. */
static bool still_mapped(struct oracle_set *set,
                         const struct access_record *rec)
{
	uint64_t vpn = rec->va >> PAGE_SHIFT;
	struct good_walk *good = &set->good[vpn % GOOD_WALKS];
	unsigned kind = rec->write | rec->exec << 1 | rec->user << 2;

	if (good->writes == set->scene->writes.nr && good->vpn == vpn &&
	    good->root == rec->root && good->pfn == rec->pa >> PAGE_SHIFT &&
	    (good->kinds >> kind & 1))
		return true;
	if (!walk_gives(set, rec))
		return false;
	*good = (struct good_walk){ .vpn = vpn,
		                    .root = rec->root,
		                    .pfn = rec->pa >> PAGE_SHIFT,
		                    .writes = set->scene->writes.nr,
		                    .kinds = 1U << kind };
	return true;
}

/* Does entry @value of @level lead to the frame with the rights? A table
 * leads wherever it leads: yes. */
static bool gives(struct oracle_set *set, unsigned level, uint64_t value,
                  const struct wanted *w)
{
	struct pt_entry e = pt_decode(set->machine, level, value);

	if (!e.present || level < PT_LEVEL_PTE || level > PT_LEVEL_PGD)
		return false;
	if (e.leaf && (w->pfn - e.pfn) >> (9 * (level - 1)))
		return false;
	if ((w->write && !e.write) || (w->exec && !e.exec))
		return false;
	return !w->user || e.user;
}

/*
 * Is @w a write of an entry on the way to the translation?  Tables the walk
 * read are known by their frames; those above a paging-structure cache entry it
 * began from are known by the address.
 */
static bool concerns(const struct scene_write *w, const struct tlb_entry *entry,
                     vaddr_t va, unsigned mm)
{
	unsigned index = (unsigned)(w->pa >> 3) & 511;
	unsigned leaf = entry->leaf_level;
	uint32_t table = 0;

	if (index != (va >> pt_level_shift(w->level) & 511))
		return false;
	if (w->level >= 1 && w->level <= TLB_LEVELS)
		table = entry->table[w->level - 1].pfn;
	if (w->level == leaf && entry->leaf_pa)
		return w->pa == entry->leaf_pa;
	if (table)
		return w->pa >> PAGE_SHIFT == table;
	return !w->owner || !mm || w->owner == mm;
}

/* Different tables, or a leaf and a table: the old one led elsewhere. */
static bool led_elsewhere(struct oracle_set *set, const struct scene_write *w)
{
	struct pt_entry old = pt_decode(set->machine, w->level, w->old);
	struct pt_entry new = pt_decode(set->machine, w->level, w->new);

	return !new.present || old.leaf != new.leaf || old.pfn != new.pfn;
}

static bool removes(struct oracle_set *set, const struct scene_write *w,
                    const struct wanted *want)
{
	if (!gives(set, w->level, w->old, want))
		return false;
	return !gives(set, w->level, w->new, want) || led_elsewhere(set, w);
}

/* Did @w bring back what the later write @found removed: the same entry, or
 * the way to the table it is in? */
static bool grants(struct oracle_set *set, const struct scene_write *w,
                   const struct scene_write *found, const struct wanted *want)
{
	struct pt_entry new = pt_decode(set->machine, w->level, w->new);

	if (w->level == found->level)
		return gives(set, w->level, w->new, want);
	return w->level == found->level + 1 && new.present &&
	       !new.leaf &&new.pfn == found->pa >> PAGE_SHIFT;
}

/*
 * The write that took the translation away: the first one since it was cached
 * that was not taken back, else the newest before (the walk itself was led by
 * a stale paging-structure cache).
 */
static const struct scene_write *find_removal(struct oracle_set *set,
                                              const struct tlb_entry *entry,
                                              const struct access_record *rec)
{
	struct wanted want = wanted_by(rec);
	unsigned mm = scene_mm_of_root(set->scene, rec->root);
	const struct scene_write *found = NULL;
	const struct scene_write *w;

	for (uint64_t i = set->scene->writes.nr; i-- > 0;) {
		w = scene_write(set->scene, i);
		if (!w || (found && w->step < entry->fill_step))
			break;
		if (!concerns(w, entry, rec->va, mm))
			continue;
		if (found && grants(set, w, found, &want))
			break;
		if (removes(set, w, &want))
			found = w;
	}
	return found;
}

static const char *verb(const struct access_record *rec)
{
	if (rec->exec)
		return "fetched from";
	if (rec->write)
		return rec->read ? "updated" : "stored to";
	return "loaded";
}

/* Who said when that the translation was no more. */
static void link_declared(struct oracle_set *set, struct hazard *h,
                          const struct access_record *rec,
                          const struct scene_write *w)
{
	const struct scene_op *op = scene_op(set->scene, w->op);
	const struct scene_free *f;

	if (scene_op_over(set->scene, w->op)) {
		hazard_link(set, h, HAZARD_DECLARED, w->agent,
		            op ? op->exit_step : w->step);
		return;
	}
	f = scene_freed(set->scene, rec->pa >> PAGE_SHIFT);
	if (f)
		hazard_link(set, h, HAZARD_FREED, f->agent, f->step);
}

static void report_stale(struct oracle_set *set, const struct event *ev,
                         const struct scene_write *w)
{
	const struct access_record *rec = ev->data;
	const struct tlb_entry *entry = rec->entry;
	uint64_t key = mix_key(rec->va >> entry->shift, entry->serial);
	struct hazard *h;

	key = mix_key(key, rec->cpu);
	h = hazard_begin(set, ORACLE_STALE_USE, ev, key);
	if (!h)
		return;
	hazard_range(h, ALIGN_DOWN(rec->va, BIT_ULL(entry->shift)),
	             BIT_ULL(entry->shift));
	hazard_link_fill(set, h, entry);
	hazard_link(set, h, HAZARD_REMOVED, w->agent, w->step);
	link_declared(set, h, rec, w);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, w->agent, event_agent(ev));
	hazard_text(
		set, h,
		"%s %s 0x%" PRIx64 " through a %s translation to frame "
		"%" PRIu64 "%s that %s had removed in %s %s",
		agent_name(set, event_agent(ev)), verb(rec), rec->va,
		tlb_size_name(entry->shift), rec->pa >> PAGE_SHIFT,
		entry->from_psc ? " (made from a paging-structure cache)" : "",
		agent_name(set, w->agent), scene_op_name(set->scene, w->op),
		scene_op_over(set->scene, w->op) ? "and declared flushed"
						 : "and whose frame was freed");
}

/* Frames of a huge page are freed together, or one by one after a split:
 * the step tells for those behind the first. */
static bool freed_since(const struct page *page, const struct tlb_entry *e,
                        pfn_t pfn)
{
	if (pfn == e->pfn)
		return page->generation != e->frame_generation;
	return page->free_step && page->free_step >= e->fill_step &&
	       page->generation;
}

/* The frame was given back although the translation is still there: whoever
 * did that has declared it flushed. */
static bool frame_released(struct oracle_set *set,
                           const struct access_record *rec)
{
	pfn_t pfn = rec->pa >> PAGE_SHIFT;

	return pfn_valid(&set->machine->mem, pfn) &&
	       freed_since(&set->machine->mem.mem_map[pfn], rec->entry, pfn);
}

void stale_event(struct oracle_set *set, enum oracle_id id,
                 const struct event *ev)
{
	const struct access_record *rec = ev->data;
	const struct scene_write *w;

	(void)id;
	if (!rec->entry || still_mapped(set, rec))
		return;
	w = find_removal(set, rec->entry, rec);
	if (w && (scene_op_over(set->scene, w->op) || frame_released(set, rec)))
		report_stale(set, ev, w);
}

/* ---- frame-uaf ---- */

static void report_frame(struct oracle_set *set, const struct event *ev,
                         const struct page *page)
{
	const struct access_record *rec = ev->data;
	pfn_t pfn = rec->pa >> PAGE_SHIFT;
	const struct scene_free *f = scene_freed(set->scene, pfn);
	struct hazard *h = hazard_begin(set, ORACLE_FRAME_UAF, ev,
	                                mix_key(pfn, page->generation));
	int freer = f ? f->agent : -1;

	if (!h)
		return;
	hazard_range(h, rec->va & PAGE_MASK, PAGE_SIZE);
	if (rec->entry)
		hazard_link_fill(set, h, rec->entry);
	hazard_link(set, h, HAZARD_FREED, freer, page->free_step);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, freer, event_agent(ev));
	hazard_text(set, h,
	            "%s %s 0x%" PRIx64 " in frame %" PRIu64 ", which %s had "
	            "freed%s%s",
	            agent_name(set, event_agent(ev)), verb(rec), rec->va, pfn,
	            agent_name(set, freer),
	            page->kind == FRAME_FREE ? "" : " and is now in use as ",
	            page->kind == FRAME_FREE ? ""
	                                     : frame_kind_name(page->kind));
}

void frame_uaf_event(struct oracle_set *set, enum oracle_id id,
                     const struct event *ev)
{
	const struct access_record *rec = ev->data;
	pfn_t pfn = rec->pa >> PAGE_SHIFT;
	const struct page *page;

	(void)id;
	if (!pfn_valid(&set->machine->mem, pfn))
		return;
	page = &set->machine->mem.mem_map[pfn];
	if (page->kind == FRAME_FREE ||
	    (rec->entry && freed_since(page, rec->entry, pfn)))
		report_frame(set, ev, page);
}
