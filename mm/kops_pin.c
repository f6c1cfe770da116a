/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that user space gave pages to (RDMA, io_uring fixed buffers): pins
 * that stay, and DMA through them.
 */
#include <errno.h>

#include "mm/gup.h"
#include "mm/kops_internal.h"
#include "mm/mmap_lock.h"

/* Pages by slot; the objects are there for the full scan to count. */
struct kop_pins {
	struct gup_page *slot[KOP_NR_PINS];
	unsigned offset[KOP_NR_PINS]; /* in the page, a multiple of 8 */
};

static struct kop_pins *kop_pins(struct kernel *k)
{
	if (!k->kop_pins)
		k->kop_pins = kzalloc(k->machine, sizeof(*k->kop_pins),
		                      "scenario pins");
	return k->kop_pins;
}

/* Linux v6.12 mm/gup.c pin_user_pages() */
static long pin_locked(struct mm_struct *mm, vaddr_t addr, unsigned flags,
                       struct gup_page *page)
{
	long ret;

	mmap_read_lock(mm);
	ret = get_user_pages(mm, addr, 1, flags, page);
	mmap_read_unlock(mm);
	return ret;
}

static long pin_slot(struct kernel *k, struct mm_struct *mm,
                     const uint64_t args[KOP_ARGS_MAX], unsigned flags,
                     bool fast)
{
	uint64_t slot = args[1];
	vaddr_t addr = args[0];
	struct kop_pins *pins = kop_pins(k);
	struct gup_page *page;
	long ret;

	if (!pins)
		return -ENOMEM;
	if (pins->slot[slot])
		return -EINVAL;
	page = kzalloc(k->machine, sizeof(*page), "gup_page");
	if (!page)
		return -ENOMEM;
	flags |= FOLL_PIN | FOLL_LONGTERM;
	ret = fast ? get_user_page_fast(mm, addr, flags, page)
	           : pin_locked(mm, addr, flags, page);
	if (ret != 1) {
		kfree(k->machine, page);
		return ret;
	}
	pins->slot[slot] = page;
	pins->offset[slot] = (unsigned)(addr & ~PAGE_MASK) & ~7U;
	return 0;
}

long kop_pin(struct kernel *k, struct mm_struct *mm,
             const uint64_t args[KOP_ARGS_MAX])
{
	return pin_slot(k, mm, args, FOLL_WRITE, false);
}

long kop_pin_fast(struct kernel *k, struct mm_struct *mm,
                  const uint64_t args[KOP_ARGS_MAX])
{
	return pin_slot(k, mm, args, FOLL_WRITE, true);
}

long kop_pin_read(struct kernel *k, struct mm_struct *mm,
                  const uint64_t args[KOP_ARGS_MAX])
{
	return pin_slot(k, mm, args, 0, false);
}

static struct gup_page *slot_page(struct kernel *k, uint64_t slot)
{
	struct kop_pins *pins = kop_pins(k);

	return pins ? pins->slot[slot] : NULL;
}

long kop_unpin(struct kernel *k, struct mm_struct *mm,
               const uint64_t args[KOP_ARGS_MAX])
{
	struct gup_page *page = slot_page(k, args[0]);

	(void)mm;
	if (!page)
		return -EBADF;
	k->kop_pins->slot[args[0]] = NULL;
	put_user_page(page);
	kfree(k->machine, page);
	return 0;
}

long kop_dma_write(struct kernel *k, struct mm_struct *mm,
                   const uint64_t args[KOP_ARGS_MAX])
{
	const struct gup_page *page = slot_page(k, args[0]);

	(void)mm;
	if (!page)
		return -EBADF;
	gup_page_write(page, k->kop_pins->offset[args[0]], &args[1], 8);
	return 0;
}

long kop_dma_read(struct kernel *k, struct mm_struct *mm,
                  const uint64_t args[KOP_ARGS_MAX])
{
	const struct gup_page *page = slot_page(k, args[0]);
	uint64_t value;

	(void)mm;
	if (!page)
		return -EBADF;
	gup_page_read(page, k->kop_pins->offset[args[0]], &value, 8);
	return 0;
}
