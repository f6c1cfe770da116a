/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events in words, short enough for a column.
 */
#include <inttypes.h>

#include "base/access.h"
#include "base/rcu.h"
#include "mmu/mmu.h"
#include "pagetable/pgtable.h"
#include "viz/viz_internal.h"

static const char *size_name(unsigned level)
{
	return level == 1 ? "4K" : level == 2 ? "2M" : level == 3 ? "1G" : "?";
}

static void describe_access(GString *out, const struct record *rec)
{
	if (rec->exec) {
		g_string_append_printf(out, "fetch 0x%" PRIx64, rec->addr);
	} else if (rec->write && rec->read) {
		g_string_append_printf(
			out, "update 0x%" PRIx64 " 0x%" PRIx64 " := 0x%" PRIx64,
			rec->addr, rec->d, rec->a);
	} else {
		g_string_append_printf(out, "%s 0x%" PRIx64 " %s 0x%" PRIx64,
		                       rec->write ? "store" : "load", rec->addr,
		                       rec->write ? ":=" : "=", rec->a);
	}
}

static void describe_tag(GString *out, const struct record *rec)
{
	const char *what = rec->text ? rec->text : "tag";

	g_string_append_printf(out, "%s 0x%" PRIx64, what, rec->addr);
	if (g_strcmp0(what, "tag check") == 0)
		g_string_append_printf(out, ": pointer 0x%" PRIx64 ", memory",
		                       rec->c);
	else
		g_string_append(out, rec->write ? " :=" : " =");
	g_string_append_printf(out, " 0x%" PRIx64, rec->a);
}

static void describe_page_tags(GString *out, const struct record *rec)
{
	g_string_append_printf(out, "%s tags of frame %" PRIu64,
	                       rec->a ? "copy" : "clear", rec->addr);
	if (rec->a)
		g_string_append_printf(out, " from %" PRIu64, rec->a);
}

static void describe_tlb(GString *out, const struct record *rec)
{
	g_string_append_printf(out, "tlb %s %s -> frame %" PRIu64,
	                       rec->type == EV_TLB_FILL ? "fill" : "drop",
	                       size_name(rec->level), rec->a);
}

/* What became of the bits of a leaf that stays. */
static const char *describe_change(const struct pt_entry *old,
                                   const struct pt_entry *new)
{
	if (old->write != new->write)
		return new->write ? "make writable" : "wrprotect";
	if (old->dirty && !new->dirty)
		return "clean";
	return old->young && !new->young ? "make old" : "change";
}

static void describe_leaf(GString *out, const struct record *rec,
                          const struct pt_entry *old,
                          const struct pt_entry *new)
{
	bool huge = rec->level > 1;
	bool stays = old->present && old->leaf && old->pfn == new->pfn;

	g_string_append_printf(out, "%s %s%s 0x%" PRIx64,
	                       stays ? describe_change(old, new) : "set",
	                       huge ? "huge " : "", pt_level_name(rec->level),
	                       rec->addr);
	/* Together they would be too long for a column. */
	if (!huge && !stays)
		g_string_append_printf(out, " -> frame %" PRIu64, new->pfn);
}

static void describe_entry(GString *out, const struct machine *m,
                           const struct record *rec)
{
	struct pt_entry old = pt_decode(m, rec->level, rec->b);
	struct pt_entry new = pt_decode(m, rec->level, rec->a);
	const char *name = pt_level_name(rec->level);

	if (new.present &&new.leaf) {
		describe_leaf(out, rec, &old, &new);
	} else if (new.present) {
		g_string_append_printf(out,
		                       "set %s 0x%" PRIx64 " -> table %" PRIu64,
		                       name, rec->addr, new.pfn);
	} else if (old.present && old.leaf && rec->level > 1) {
		g_string_append_printf(out, "%s huge %s 0x%" PRIx64,
		                       new.none ? "clear" : "invalidate", name,
		                       rec->addr);
	} else if (rec->level > 1) {
		g_string_append_printf(out, "%s_clear 0x%" PRIx64, name,
		                       rec->addr);
	} else {
		g_string_append_printf(out, "%s %s 0x%" PRIx64,
		                       new.none ? "clear" : "replace", name,
		                       rec->addr);
	}
}

static void describe_pin(GString *out, const struct record *rec)
{
	uint64_t frame = rec->b >> PAGE_SHIFT;

	switch ((enum pin_event)rec->a) {
	case PIN_TAKEN:
		g_string_append_printf(
			out, "%s page 0x%" PRIx64 ": frame %" PRIu64,
			rec->write ? "pin" : "get", rec->addr, frame);
		break;
	case PIN_DROPPED:
		g_string_append_printf(out, "%s frame %" PRIu64,
		                       rec->write ? "unpin" : "put", frame);
		break;
	case PIN_WRITTEN:
		g_string_append_printf(out,
		                       "write frame %" PRIu64 " := 0x%" PRIx64,
		                       frame, rec->d);
		break;
	case PIN_READ:
	default:
		g_string_append_printf(out,
		                       "read frame %" PRIu64 " = 0x%" PRIx64,
		                       frame, rec->d);
	}
}

static void describe_flush(GString *out, const struct record *rec)
{
	enum mmu_flush kind = (enum mmu_flush)rec->a;

	g_string_append(out, mmu_flush_name(kind));
	if (kind == MMU_FLUSH_INVLPG || kind == MMU_FLUSH_INVPCID_ADDR ||
	    kind == MMU_FLUSH_TLBI_VA || kind == MMU_FLUSH_TLBI_VAA)
		g_string_append_printf(out, " 0x%" PRIx64, rec->addr);
}

static void describe_ipi(GString *out, const struct record *rec)
{
	if (rec->a == 0)
		g_string_append_printf(out, "IPI to CPU%" PRIu64, rec->addr);
	else if (rec->a == 1)
		g_string_append_printf(out, "IPI from CPU%" PRIu64, rec->b);
}

/* Names of madvise(2)'s advice, as in a C program without the prefix. */
static const char *advice_name(uint64_t advice)
{
	switch (advice) {
	case 4:
		return "DONTNEED";
	case 8:
		return "FREE";
	case 14:
		return "HUGEPAGE";
	case 15:
		return "NOHUGEPAGE";
	case 25:
		return "COLLAPSE";
	default:
		return NULL;
	}
}

static void describe_syscall(GString *out, const struct record *rec)
{
	const char *name = rec->text ? rec->text : "system call";
	const char *advice = rec->a == 28 ? advice_name(rec->d) : NULL;

	if (rec->type == EV_SYSCALL_EXIT) {
		bool error = rec->c >= (uint64_t)-4095;

		g_string_append_printf(out, "%s returns", name);
		if (error)
			g_string_append_printf(out, " %" PRId64,
			                       (int64_t)rec->c);
	} else if (advice) {
		g_string_append_printf(out, "%s(%s)", name, advice);
	} else if (rec->a == 9 && !rec->b) {
		g_string_append_printf(out, "%s()", name);
	} else {
		g_string_append_printf(out, "%s(0x%" PRIx64 ")", name, rec->b);
	}
}

static void describe_free(GString *out, const struct record *rec)
{
	const char *name = frame_kind_name((enum frame_kind)rec->b);
	bool table = rec->b >= FRAME_PT_PTE && rec->b <= FRAME_PT_PGD;

	g_string_append_printf(out, "%s %s %" PRIu64,
	                       rec->type == EV_FRAME_FREE ? "free" : "alloc",
	                       table ? name : "frame", rec->addr);
}

static void describe_object(GString *out, const struct record *rec)
{
	const char *what = rec->text ? rec->text : "object";

	switch ((int)rec->type) {
	case EV_OBJ_UAF:
		g_string_append_printf(out, "USE OF FREED %s", what);
		break;
	case EV_OBJ_BAD_FREE:
		g_string_append_printf(out, "DOUBLE FREE of %s", what);
		break;
	case EV_FRAME_BAD_FREE:
		g_string_append_printf(out, "BAD FREE of frame %" PRIu64,
		                       rec->addr);
		break;
	case EV_FRAME_UAF:
		g_string_append_printf(out, "%s in FREE frame %" PRIu64, what,
		                       rec->addr >> PAGE_SHIFT);
		break;
	default:
		g_string_append_printf(
			out, "%s %s",
			rec->type == EV_OBJ_ALLOC ? "new" : "free", what);
	}
}

static void describe_step(GString *out, const struct record *rec)
{
	g_string_append(out, rec->text ? rec->text : "");
	if (rec->addr)
		g_string_append_printf(out, " 0x%" PRIx64, rec->addr);
}

static void describe_lock(GString *out, const struct record *rec)
{
	static const char *const words[] = { "got", "released", "downgraded" };

	g_string_append_printf(out, "%s %s", rec->a < 3 ? words[rec->a] : "?",
	                       rec->text ? rec->text : "lock");
}

static void describe_decision(GString *out, const struct record *rec)
{
	if (rec->a == FLUSH_DEFERRED)
		g_string_append(out, "flush owed");
	else if (rec->a == FLUSH_BEGUN)
		g_string_append(out, "flush begins");
	else if (rec->c == FLUSH_EVERY_CPU)
		g_string_append(out, "no flush");
	else
		g_string_append_printf(out, "no flush for CPU%" PRIu64, rec->c);
	if (rec->text)
		g_string_append_printf(out, ": %s", rec->text);
}

static void describe_rcu(GString *out, const struct record *rec)
{
	static const char *const words[] = {
		[RCU_GP_START] = "grace period begins",
		[RCU_CPU_QS] = "quiescent: CPU",
		[RCU_GP_END] = "grace period ends",
		[RCU_QUEUED] = "call_rcu",
		[RCU_CALLBACK] = "callback",
		[RCU_READ_BEGIN] = "rcu_read_lock",
		[RCU_READ_END] = "rcu_read_unlock",
	};

	g_string_append(out, rec->a < ARRAY_SIZE(words) ? words[rec->a] : "?");
	if (rec->a == RCU_CPU_QS)
		g_string_append_printf(out, "%" PRIu64, rec->addr);
}

static void describe_rest(GString *out, const struct machine *m,
                          const struct record *rec)
{
	switch ((int)rec->type) {
	case EV_KERNEL_ENTER:
		g_string_append_printf(out, "%s", rec->text ? rec->text : "?");
		break;
	case EV_KERNEL_EXIT:
		g_string_append_printf(out, "%s done",
		                       rec->text ? rec->text : "?");
		break;
	case EV_FAULT:
		g_string_append_printf(out, "%s 0x%" PRIx64,
		                       rec->text ? rec->text : "page fault",
		                       rec->addr);
		break;
	case EV_DEADLOCK:
		g_string_append(out, "nobody can move");
		break;
	case EV_WALK_READ:
	case EV_WALK_WRITE:
		g_string_append_printf(out, "%s %s 0x%" PRIx64,
		                       rec->type == EV_WALK_READ
		                               ? "walk reads"
		                               : "walk sets A/D in",
		                       rec->type == EV_WALK_READ
		                               ? pt_level_name((unsigned)rec->b)
		                               : "entry for",
		                       rec->c);
		break;
	case EV_FLUSH:
		describe_decision(out, rec);
		break;
	case EV_IRQ:
		g_string_append_printf(out, "interrupts %s",
		                       rec->a ? "on" : "off");
		break;
	case EV_RCU:
		describe_rcu(out, rec);
		break;
	case EV_CR3:
		g_string_append_printf(out,
		                       "cr3 := 0x%" PRIx64 " pcid %" PRIu64,
		                       rec->a, rec->b);
		break;
	default:
		if (rec->text)
			g_string_append(out, rec->text);
		(void)m;
	}
}

void describe_record(GString *out, const struct machine *m,
                     const struct record *rec)
{
	switch ((int)rec->type) {
	case EV_ACCESS:
		describe_access(out, rec);
		break;
	case EV_TAG:
		describe_tag(out, rec);
		break;
	case EV_PAGE_TAGS:
		describe_page_tags(out, rec);
		break;
	case EV_TLB_FILL:
	case EV_TLB_DROP:
		describe_tlb(out, rec);
		break;
	case EV_PT_WRITE:
		describe_entry(out, m, rec);
		break;
	case EV_TLB_FLUSH:
		describe_flush(out, rec);
		break;
	case EV_PIN:
		describe_pin(out, rec);
		break;
	case EV_IPI:
		describe_ipi(out, rec);
		break;
	case EV_SYSCALL_ENTER:
	case EV_SYSCALL_EXIT:
		describe_syscall(out, rec);
		break;
	case EV_FRAME_ALLOC:
	case EV_FRAME_FREE:
		describe_free(out, rec);
		break;
	case EV_OBJ_ALLOC:
	case EV_OBJ_FREE:
	case EV_OBJ_UAF:
	case EV_OBJ_BAD_FREE:
	case EV_FRAME_BAD_FREE:
	case EV_FRAME_UAF:
		describe_object(out, rec);
		break;
	case EV_STEP:
		describe_step(out, rec);
		break;
	case EV_LOCK:
		describe_lock(out, rec);
		break;
	default:
		describe_rest(out, m, rec);
	}
}
