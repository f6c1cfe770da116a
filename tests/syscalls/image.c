/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/syscalls/image.h"

#include <stdlib.h>
#include <string.h>

struct outcome outcome;
struct exec_config config;

void image_build(struct image *im, const uint8_t *code, size_t n)
{
	Elf64_Ehdr *h = image_ehdr(im);

	memset(im, 0, sizeof(*im));
	im->len = sizeof(im->bytes);
	memcpy(h->e_ident, ELFMAG, SELFMAG);
	h->e_ident[EI_CLASS] = ELFCLASS64;
	h->e_ident[EI_DATA] = ELFDATA2LSB;
	h->e_ident[EI_VERSION] = EV_CURRENT;
	h->e_type = ET_EXEC;
	h->e_machine = EM_X86_64;
	h->e_entry = TEXT + CODE_AT;
	h->e_phoff = sizeof(*h);
	h->e_phentsize = sizeof(Elf64_Phdr);
	h->e_phnum = 2;
	*image_phdr(im, 0) = (Elf64_Phdr){ .p_type = PT_LOAD,
		                           .p_flags = PF_R | PF_X,
		                           .p_vaddr = TEXT,
		                           .p_filesz = TEXT_BYTES,
		                           .p_memsz = TEXT_BYTES };
	*image_phdr(im, 1) = (Elf64_Phdr){ .p_type = PT_LOAD,
		                           .p_flags = PF_R | PF_W,
		                           .p_offset = TEXT_BYTES,
		                           .p_vaddr = DATA,
		                           .p_filesz = DATA_BYTES,
		                           .p_memsz = 0x3000 };
	ck_assert_uint_le(n, TEXT_BYTES - CODE_AT);
	memcpy(im->bytes + CODE_AT, code, n);
	memcpy(im->bytes + TEXT_BYTES, "data of the file", 16);
}

static void write_out(void *data, int fd, const uint8_t *bytes, size_t n)
{
	(void)data;
	ck_assert(fd == 1 || fd == 2);
	ck_assert_uint_lt(outcome.out_len + n, sizeof(outcome.out));
	memcpy(outcome.out + outcome.out_len, bytes, n);
	outcome.out_len += n;
}

void image_setup(void)
{
	static const char *const argv[] = { "guest", "one", "two", NULL };

	memset(&outcome, 0, sizeof(outcome));
	config = (struct exec_config){ .name = "guest",
		                       .argv = argv,
		                       .host.write = write_out,
		                       .step_cap = 3000000 };
}

static void run(const uint8_t *code, size_t n, uint16_t e_machine)
{
	static struct image im;
	GError *error = NULL;
	int err;

	image_build(&im, code, n);
	image_ehdr(&im)->e_machine = e_machine;
	config.image = im.bytes;
	config.image_len = im.len;
	memset(&outcome, 0, sizeof(outcome));
	err = exec_program(&config, &outcome.result, &error);
	ck_assert_msg(!err, "%s", error ? error->message : "no message");
}

void image_run(const uint8_t *code, const uint8_t *end)
{
	run(code, (size_t)(end - code), EM_X86_64);
}

void image_run_arm64(const uint32_t *code, size_t n)
{
	run((const uint8_t *)code, n * sizeof(*code), EM_AARCH64);
}

void expect_exit(int code)
{
	ck_assert_int_eq(outcome.result.end, RUN_DONE);
	ck_assert_int_eq(outcome.result.signal, 0);
	ck_assert(outcome.result.exited);
	ck_assert_int_eq(outcome.result.exit_code, code);
}

void expect_signal(int signal, uint64_t addr)
{
	ck_assert_int_eq(outcome.result.end, RUN_DONE);
	ck_assert_int_eq(outcome.result.signal, signal);
	ck_assert_uint_eq(outcome.result.fault_addr, addr);
}

int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
