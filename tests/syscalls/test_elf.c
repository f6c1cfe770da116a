/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Good programs are read as they are, bad ones are refused with a reason. */
#include "syscalls/elf.h"

#include <stdlib.h>
#include <string.h>

#include "tests/syscalls/image.h"

static const uint8_t code[] = { 0x0f, 0x05 };

static void expect_error(const struct image *im, enum elf_error expected,
                         const char *what)
{
	struct elf_image out;
	GError *error = NULL;

	ck_assert(!elf_parse(im->bytes, im->len, "prog", &out, &error));
	ck_assert_ptr_nonnull(error);
	ck_assert(error->domain == ELF_ERROR);
	ck_assert_int_eq(error->code, (int)expected);
	ck_assert_msg(g_str_has_prefix(error->message, "prog: offset "), "%s",
	              error->message);
	ck_assert_msg(strstr(error->message, what) != NULL, "%s is not in %s",
	              what, error->message);
	g_error_free(error);
}

START_TEST(segments_are_as_in_the_headers)
{
	struct elf_image out;
	static struct image im;

	image_build(&im, code, sizeof(code));
	ck_assert(elf_parse(im.bytes, im.len, "prog", &out, NULL));
	ck_assert_uint_eq(out.entry, TEXT + CODE_AT);
	ck_assert_uint_eq(out.phdr, TEXT + sizeof(Elf64_Ehdr));
	ck_assert_uint_eq(out.nr_phdrs, 2);
	ck_assert_uint_eq(out.nr_segments, 2);
	ck_assert_uint_eq(out.end, DATA + 0x3000);
	ck_assert_uint_eq(out.segment[0].prot, 5);
	ck_assert_uint_eq(out.segment[1].prot, 3);
	ck_assert_uint_eq(out.segment[1].va, DATA);
	ck_assert_uint_eq(out.segment[1].offset, TEXT_BYTES);
	ck_assert_uint_eq(out.segment[1].file_bytes, DATA_BYTES);
	ck_assert_uint_eq(out.segment[1].mem_bytes, 0x3000);
}
END_TEST

START_TEST(wrong_headers_are_refused)
{
	static const struct {
		size_t offset;
		uint8_t size;
		uint64_t value;
		enum elf_error error;
		const char *what;
	} cases[] = {
#define FIELD(f) offsetof(Elf64_Ehdr, f), sizeof(((Elf64_Ehdr *)0)->f)
#define PHDR(i, f)                                      \
	sizeof(Elf64_Ehdr) + (i) * sizeof(Elf64_Phdr) + \
		offsetof(Elf64_Phdr, f),                \
		sizeof(((Elf64_Phdr *)0)->f)
		{ 0, 1, 0, ELF_ERROR_FORMAT, "not an ELF file" },
		{ 4, 1, ELFCLASS32, ELF_ERROR_UNSUPPORTED, "64-bit" },
		{ 5, 1, ELFDATA2MSB, ELF_ERROR_UNSUPPORTED, "endian" },
		{ 6, 1, 9, ELF_ERROR_FORMAT, "version" },
		{ FIELD(e_machine), EM_386, ELF_ERROR_UNSUPPORTED,
		  "x86_64 or arm64" },
		{ FIELD(e_type), ET_DYN, ELF_ERROR_UNSUPPORTED, "-no-pie" },
		{ FIELD(e_type), ET_REL, ELF_ERROR_UNSUPPORTED, "executable" },
		{ FIELD(e_phentsize), 32, ELF_ERROR_FORMAT, "size of" },
		{ FIELD(e_phnum), 0, ELF_ERROR_FORMAT, "no program headers" },
		{ FIELD(e_phnum), 0xffff, ELF_ERROR_FORMAT, "outside" },
		{ FIELD(e_phoff), UINT64_MAX, ELF_ERROR_FORMAT, "outside" },
		{ FIELD(e_entry), DATA, ELF_ERROR_FORMAT, "entry point" },
		{ FIELD(e_entry), 0, ELF_ERROR_FORMAT, "entry point" },
		{ PHDR(0, p_type), PT_INTERP, ELF_ERROR_UNSUPPORTED,
		  "-static" },
		{ PHDR(1, p_filesz), 0x4000, ELF_ERROR_FORMAT, "larger" },
		{ PHDR(1, p_filesz), UINT64_MAX, ELF_ERROR_FORMAT, "larger" },
		{ PHDR(1, p_offset), 0x10000, ELF_ERROR_FORMAT, "outside" },
		{ PHDR(1, p_offset), UINT64_MAX & ~0xfffULL, ELF_ERROR_FORMAT,
		  "outside" },
		{ PHDR(1, p_vaddr), DATA + 8, ELF_ERROR_FORMAT, "modulo" },
		{ PHDR(1, p_vaddr), 0x1000, ELF_ERROR_UNSUPPORTED, "user" },
		{ PHDR(1, p_vaddr), 0xffff800000000000, ELF_ERROR_UNSUPPORTED,
		  "user" },
		{ PHDR(1, p_memsz), UINT64_MAX, ELF_ERROR_UNSUPPORTED, "user" },
		{ PHDR(1, p_vaddr), TEXT, ELF_ERROR_UNSUPPORTED, "overlap" },
		{ PHDR(1, p_vaddr), 0x300000, ELF_ERROR_UNSUPPORTED,
		  "ascending" },
	};
	static struct image im;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		image_build(&im, code, sizeof(code));
		memcpy(im.bytes + cases[i].offset, &cases[i].value,
		       cases[i].size);
		expect_error(&im, cases[i].error, cases[i].what);
	}
}
END_TEST

START_TEST(too_many_segments_are_refused)
{
	static struct image im;

	image_build(&im, code, sizeof(code));
	/* They would overwrite the code: the entry is not reached. */
	for (unsigned i = 1; i <= ELF_SEGMENTS_MAX; i++) {
		*image_phdr(&im, i) = *image_phdr(&im, 0);
		image_phdr(&im, i)->p_vaddr = TEXT + i * 0x1000;
	}
	image_ehdr(&im)->e_phnum = ELF_SEGMENTS_MAX + 1;
	expect_error(&im, ELF_ERROR_UNSUPPORTED, "too many");
}
END_TEST

START_TEST(every_shorter_file_is_refused)
{
	struct elf_image out;
	static struct image im;

	image_build(&im, code, sizeof(code));
	for (size_t len = 0; len < im.len; len++) {
		GError *error = NULL;

		ck_assert(!elf_parse(im.bytes, len, "prog", &out, &error));
		ck_assert_ptr_nonnull(error);
		g_error_free(error);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("syscalls/elf");
	TCase *tc = tcase_create("elf");

	tcase_add_test(tc, segments_are_as_in_the_headers);
	tcase_add_test(tc, wrong_headers_are_refused);
	tcase_add_test(tc, too_many_segments_are_refused);
	tcase_add_test(tc, every_shorter_file_is_refused);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
