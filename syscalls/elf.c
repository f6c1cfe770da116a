/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syscalls/elf.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "mm/uapi.h"

/* By architecture; user space with 4 levels of page tables: on x86 the last
 * page is not used. */
static const struct elf_machine {
	uint16_t e_machine;
	vaddr_t user_end;
} machines[ARCH_COUNT] = {
	[ARCH_X86_64] = { EM_X86_64, BIT_ULL(47) - PAGE_SIZE },
	[ARCH_ARM64] = { EM_AARCH64, BIT_ULL(48) },
};

GQuark elf_error_quark(void)
{
	return g_quark_from_static_string("mmulator-elf");
}

/* The file being read. */
struct reader {
	const uint8_t *bytes;
	size_t len;
	const char *name;
	GError **error;
};

static bool fail(const struct reader *r, enum elf_error code, uint64_t offset,
                 const char *why)
{
	g_set_error(r->error, ELF_ERROR, (int)code,
	            "%s: offset %" PRIu64 ": %s", r->name, offset, why);
	return false;
}

static bool inside(const struct reader *r, uint64_t offset, uint64_t n)
{
	return offset <= r->len && n <= r->len - offset;
}

/* ---- the file header ---- */

static bool check_ident(const struct reader *r, const Elf64_Ehdr *h)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return fail(r, ELF_ERROR_FORMAT, 0, "not an ELF file");
	if (h->e_ident[EI_CLASS] != ELFCLASS64)
		return fail(r, ELF_ERROR_UNSUPPORTED, EI_CLASS,
		            "not a 64-bit program");
	if (h->e_ident[EI_DATA] != ELFDATA2LSB)
		return fail(r, ELF_ERROR_UNSUPPORTED, EI_DATA,
		            "not little-endian");
	if (h->e_ident[EI_VERSION] != EV_CURRENT)
		return fail(r, ELF_ERROR_FORMAT, EI_VERSION,
		            "unknown ELF version");
	return true;
}

static bool find_machine(uint16_t e_machine, enum arch_id *arch)
{
	for (unsigned i = 0; i < ARCH_COUNT; i++) {
		if (machines[i].e_machine != e_machine)
			continue;
		*arch = (enum arch_id)i;
		return true;
	}
	return false;
}

static bool check_header(const struct reader *r, const Elf64_Ehdr *h,
                         enum arch_id *arch)
{
	if (!check_ident(r, h))
		return false;
	if (!find_machine(h->e_machine, arch))
		return fail(r, ELF_ERROR_UNSUPPORTED,
		            offsetof(Elf64_Ehdr, e_machine),
		            "not a program for x86_64 or arm64");
	if (h->e_type != ET_EXEC)
		return fail(r, ELF_ERROR_UNSUPPORTED,
		            offsetof(Elf64_Ehdr, e_type),
		            "not a static executable at fixed addresses "
		            "(link with -static -no-pie)");
	if (h->e_phentsize != sizeof(Elf64_Phdr))
		return fail(r, ELF_ERROR_FORMAT,
		            offsetof(Elf64_Ehdr, e_phentsize),
		            "wrong size of a program header");
	if (!h->e_phnum)
		return fail(r, ELF_ERROR_FORMAT, offsetof(Elf64_Ehdr, e_phnum),
		            "no program headers");
	if (!inside(r, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr)))
		return fail(r, ELF_ERROR_FORMAT, offsetof(Elf64_Ehdr, e_phoff),
		            "program headers outside of the file");
	return true;
}

/* ---- program headers ---- */

static bool check_load(const struct reader *r, const Elf64_Phdr *ph,
                       uint64_t at, vaddr_t user_end)
{
	if (ph->p_filesz > ph->p_memsz)
		return fail(r, ELF_ERROR_FORMAT, at,
		            "segment is larger in the file than in memory");
	if (!inside(r, ph->p_offset, ph->p_filesz))
		return fail(r, ELF_ERROR_FORMAT, at,
		            "segment outside of the file");
	if ((ph->p_vaddr ^ ph->p_offset) & ~PAGE_MASK)
		return fail(r, ELF_ERROR_FORMAT, at,
		            "address and offset of the segment differ modulo "
		            "the page size");
	if (ph->p_vaddr < MMAP_MIN_ADDR || ph->p_vaddr >= user_end ||
	    ph->p_memsz > user_end - ph->p_vaddr)
		return fail(r, ELF_ERROR_UNSUPPORTED, at,
		            "segment outside of user space");
	return true;
}

static unsigned segment_prot(uint32_t flags)
{
	return ((flags & PF_R) ? PROT_READ : 0) |
	       ((flags & PF_W) ? PROT_WRITE : 0) |
	       ((flags & PF_X) ? PROT_EXEC : 0);
}

static bool add_load(const struct reader *r, struct elf_image *image,
                     const Elf64_Phdr *ph, uint64_t at)
{
	struct elf_segment *s = &image->segment[image->nr_segments];

	if (!ph->p_memsz)
		return true;
	if (!check_load(r, ph, at, machines[image->arch].user_end))
		return false;
	if (image->nr_segments == ELF_SEGMENTS_MAX)
		return fail(r, ELF_ERROR_UNSUPPORTED, at, "too many segments");
	if (image->nr_segments &&
	    (ph->p_vaddr & PAGE_MASK) < ALIGN_UP(image->end, PAGE_SIZE))
		return fail(r, ELF_ERROR_UNSUPPORTED, at,
		            "segments overlap or are not in ascending order");
	*s = (struct elf_segment){ .va = ph->p_vaddr,
		                   .mem_bytes = ph->p_memsz,
		                   .file_bytes = ph->p_filesz,
		                   .offset = ph->p_offset,
		                   .prot = segment_prot(ph->p_flags) };
	image->nr_segments++;
	image->end = ph->p_vaddr + ph->p_memsz;
	return true;
}

static bool read_phdr(const struct reader *r, struct elf_image *image,
                      const Elf64_Ehdr *h, unsigned i)
{
	uint64_t at = h->e_phoff + i * sizeof(Elf64_Phdr);
	Elf64_Phdr ph;

	memcpy(&ph, r->bytes + at, sizeof(ph));
	switch (ph.p_type) {
	case PT_LOAD:
		return add_load(r, image, &ph, at);
	case PT_INTERP:
	case PT_DYNAMIC:
		return fail(r, ELF_ERROR_UNSUPPORTED, at,
		            "dynamically linked (link with -static)");
	default:
		return true;
	}
}

static bool is_executable(const struct elf_image *image, vaddr_t va)
{
	for (unsigned i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if (va - s->va < s->mem_bytes)
			return s->prot & PROT_EXEC;
	}
	return false;
}

/* Where the file's bytes from @offset on are loaded, or 0. */
static vaddr_t loaded_at(const struct elf_image *image, uint64_t offset,
                         uint64_t n)
{
	for (unsigned i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if (offset >= s->offset && n <= s->file_bytes &&
		    offset - s->offset <= s->file_bytes - n)
			return s->va + (offset - s->offset);
	}
	return 0;
}

_Static_assert(sizeof(Elf64_Phdr) == ELF_PHDR_BYTES, "ELF_PHDR_BYTES");

bool elf_parse(const uint8_t *bytes, size_t len, const char *name,
               struct elf_image *image, GError **error)
{
	struct reader r = { bytes, len, name, error };
	Elf64_Ehdr h;

	*image = (struct elf_image){ 0 };
	if (len < sizeof(h))
		return fail(&r, ELF_ERROR_FORMAT, len,
		            "too short for an ELF header");
	memcpy(&h, bytes, sizeof(h));
	if (!check_header(&r, &h, &image->arch))
		return false;
	for (unsigned i = 0; i < h.e_phnum; i++)
		if (!read_phdr(&r, image, &h, i))
			return false;
	if (!is_executable(image, h.e_entry))
		return fail(&r, ELF_ERROR_FORMAT, offsetof(Elf64_Ehdr, e_entry),
		            "entry point is not in an executable segment");
	image->entry = h.e_entry;
	image->nr_phdrs = h.e_phnum;
	image->phdr = loaded_at(image, h.e_phoff,
	                        (uint64_t)h.e_phnum * sizeof(Elf64_Phdr));
	return true;
}
