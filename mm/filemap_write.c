/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * write() into the page cache (Linux v6.12 mm/filemap.c generic_perform_write()
 * with mm/shmem.c shmem_write_begin(), shmem_write_end()).
 *
 * The page is locked while user memory is copied into it. A fault in that copy
 * may need a page lock, perhaps this very one, and needs mmap_lock, which
 * others hold while they wait for page locks: so the source is faulted in
 * before, and under the lock the copy gives up where it would fault (option
 * write_copy).
 */
#include <errno.h>
#include <string.h>

#include "base/once.h"
#include "mm/filemap.h"
#include "mm/page.h"
#include "mm/shmem.h"

/* Linux v6.12 mm/gup.c fault_in_readable(). Return: bytes it could not reach.
 */
static uint64_t fault_in_readable(struct machine *m, vaddr_t from, uint64_t n)
{
	vaddr_t end = from + n, at = from;
	uint8_t byte;

	while (at < end) {
		if (m->hw->copy_from_user(m, &byte, at, 1, false))
			return end - at;
		at = ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE;
	}
	return 0;
}

static unsigned chunk_size(uint64_t offset, vaddr_t from, uint64_t n)
{
	unsigned size = 8;

	while (size > n || offset % size || from % size)
		size /= 2;
	return size;
}

/*
 * Linux v6.12 lib/iov_iter.c copy_folio_from_iter_atomic(): word by word.
 * Return: bytes copied.
 */
static uint64_t copy_from_iter(struct page *page, uint64_t offset, vaddr_t from,
                               uint64_t n, bool atomic)
{
	struct machine *m = this_machine();
	uint64_t done = 0;

	while (done < n) {
		unsigned size =
			chunk_size(offset + done, from + done, n - done);
		paddr_t pa = page_phys(page) + offset + done;
		uint64_t value = 0;

		if (m->hw->copy_from_user(m, &value, from + done, size, atomic))
			break;
		smp_mb(); /* as other stores of the kernel to user memory */
		step(STEP_WRITE, phys_obj(pa), size, "copy_folio_from_iter",
		     pa);
		charge(m->costs->kernel_op);
		trace_mix(current_agent, value);
		phys_write(&m->mem, pa, size, value);
		done += size;
	}
	return done;
}

/* One page's part. Return: bytes written; -errno. */
static long write_page(struct address_space *file, uint64_t pos, vaddr_t from,
                       uint64_t n)
{
	enum write_copy how = file->kernel->options->write_copy;
	struct machine *m = this_machine();
	struct page *page;
	uint64_t copied;
	int err;

	if (how != WRITE_COPY_LOCKED && fault_in_readable(m, from, n) == n)
		return -EFAULT;

	err = shmem_get_folio(file, pos >> PAGE_SHIFT, &page);
	if (err)
		return err == -EINVAL ? -EFBIG : err;
	copied = copy_from_iter(page, pos & ~PAGE_MASK, from, n,
	                        how == WRITE_COPY_ATOMIC);
	SetPageDirty(page);
	folio_unlock(page);
	put_page(page);
	cond_resched();
	if (!copied && how != WRITE_COPY_ATOMIC)
		return -EFAULT;
	return (long)copied;
}

long generic_perform_write(struct address_space *file, uint64_t pos,
                           vaddr_t from, uint64_t count)
{
	uint64_t written = 0;

	while (written < count) {
		uint64_t room = PAGE_SIZE - (pos & ~PAGE_MASK);
		long n =
			write_page(file, pos, from, MIN(room, count - written));

		if (n < 0)
			return written ? (long)written : n;
		/* 0: the source went away between the two. Again. */
		pos += (uint64_t)n;
		from += (uint64_t)n;
		written += (uint64_t)n;
	}
	return (long)written;
}

uint64_t shmem_file_read(struct address_space *file, uint64_t pos, void *to,
                         uint64_t count)
{
	struct machine *m = this_machine();
	uint8_t *bytes = to;
	uint64_t size = READ_ONCE_AT(file->i_size, "i_size_read", 0);
	uint64_t done = 0;

	count = pos < size ? MIN(count, size - pos) : 0;
	while (done < count) {
		uint64_t offset = (pos + done) & ~PAGE_MASK;
		unsigned n = chunk_size(offset, 0, count - done);
		struct page *page =
			filemap_get_folio(file, (pos + done) >> PAGE_SHIFT);
		uint64_t value = 0;

		if (page) {
			paddr_t pa = page_phys(page) + offset;

			step(STEP_READ, phys_obj(pa), n, "copy_folio_to_iter",
			     pa);
			charge(m->costs->kernel_op);
			value = phys_read(&m->mem, pa, n);
			trace_mix(current_agent, value);
			put_page(page);
		}
		memcpy(bytes + done, &value, n);
		done += n;
	}
	return done;
}
