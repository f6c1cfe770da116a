/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading static ELF programs.
 *
 * The file is input from outside: every field is checked before it is used, and
 * a bad file is an error that says where and why.  Only what Linux would load
 * without an interpreter is accepted: ET_EXEC, little-endian, 64 bits.
 */
#ifndef MMULATOR_SYSCALLS_ELF_H
#define MMULATOR_SYSCALLS_ELF_H

#include <glib.h>

#include "base/arch.h"
#include "base/types.h"

#define ELF_SEGMENTS_MAX 16
#define ELF_PHDR_BYTES   56 /* size of a program header */

struct elf_segment {
	vaddr_t va;          /* of its first byte */
	uint64_t mem_bytes;  /* > 0 */
	uint64_t file_bytes; /* <= mem_bytes; the rest is zero */
	uint64_t offset;     /* in the file */
	unsigned prot;       /* PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4 */
};

struct elf_image {
	enum arch_id arch;
	vaddr_t entry;
	vaddr_t phdr; /* where the program headers are in memory, or 0 */
	unsigned nr_phdrs;
	vaddr_t end; /* of the highest segment */
	unsigned nr_segments;
	/* By address, no page in two of them, all in user space. */
	struct elf_segment segment[ELF_SEGMENTS_MAX];
};

enum elf_error {
	ELF_ERROR_FORMAT,     /* not an ELF file, or a broken one */
	ELF_ERROR_UNSUPPORTED /* a good one that cannot be run here */
};
#define ELF_ERROR elf_error_quark()
/** elf_error_quark - the domain of enum elf_error. Return: it. */
GQuark elf_error_quark(void);

/**
 * elf_parse - read the headers of a program.
 * @bytes: any content
 * @len: how many bytes
 * @name: of the file, for messages
 * @image: set to what was found
 * @error: set, with file, offset and reason
 *
 * Return: false and @error if it is no program that can be run.
 */
bool elf_parse(const uint8_t *bytes, size_t len, const char *name,
               struct elf_image *image, GError **error);

#endif
