/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a retired memory access was: the data of EV_ACCESS.
 *
 * One record per access that reached memory, emitted in the step that moved
 * the bytes; an access across a page border is two records.  It describes the
 * hardware's view only: which root was loaded, which translation was used,
 * which bytes went where.
 */
#ifndef MMULATOR_BASE_ACCESS_H
#define MMULATOR_BASE_ACCESS_H

#include "base/types.h"

struct tlb_entry;

struct access_record {
	paddr_t root; /* CR3 & ~flags: which address space was loaded */
	uint16_t pcid;
	uint16_t cpu;
	uint8_t size;   /* 1 .. 8 bytes, all in one frame */
	bool write;     /* it stored */
	bool read;      /* it loaded; both: atomic read-modify-write */
	bool exec;      /* an instruction fetch */
	bool user;      /* CPL 3; a kernel's copy_to_user() is false */
	bool tlb_hit;   /* the translation was cached before this access */
	bool forwarded; /* a load that saw its CPU's own pending store */
	vaddr_t va;
	paddr_t pa;
	uint64_t value; /* write: what was stored; else what was loaded */
	uint64_t old;   /* what the bytes held before; load: == value */
	/* The TLB entry it went through (tlb/tlb.h), valid during the event;
	 * NULL if nothing was cached for it. */
	const struct tlb_entry *entry;
};

/*
 * What the kernel, or a device at its command, does to user memory by way of a
 * reference to the page instead of a translation (get_user_pages): the data of
 * EV_PIN.
 */
enum pin_event {
	PIN_TAKEN,
	PIN_DROPPED,
	PIN_READ,
	PIN_WRITTEN
};

struct pin_record {
	uint8_t event; /* enum pin_event */
	bool pinned;   /* FOLL_PIN: it promises to stay the mm's page */
	bool write;    /* taken to write through it */
	uint8_t size;  /* read, written: 1 .. 8 bytes in one frame */
	unsigned mm;   /* whose memory: id */
	vaddr_t va;    /* where it was when the reference was taken */
	paddr_t pa;
	uint64_t value; /* read, written */
};

#endif
