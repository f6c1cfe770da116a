/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes are a program that can be loaded or an error that says where,
 * never a crash; what is accepted lies inside of the file and of user space.
 */
#include <stdint.h>
#include <stdlib.h>

#include "syscalls/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segments(const struct elf_image *image, size_t size)
{
	vaddr_t end = 0;

	for (unsigned i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if (s->offset > size || s->file_bytes > size - s->offset ||
		    s->file_bytes > s->mem_bytes || (s->va & PAGE_MASK) < end ||
		    s->va + s->mem_bytes < s->va ||
		    s->va + s->mem_bytes > UINT64_C(1) << 47)
			abort();
		end = ALIGN_UP(s->va + s->mem_bytes, PAGE_SIZE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image;
	GError *error = NULL;
	bool ok = elf_parse(data, size, "fuzz", &image, &error);

	if (ok != !error)
		abort();
	if (error && !g_str_has_prefix(error->message, "fuzz: offset "))
		abort();
	if (ok)
		check_segments(&image, size);
	g_clear_error(&error);
	return 0;
}
