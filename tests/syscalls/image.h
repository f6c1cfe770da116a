/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF programs put together in memory: TEXT and DATA, and what running one
 * gave.  Code is written as assembly between GUEST(name) and END(name).
 */
#ifndef MMULATOR_TESTS_SYSCALLS_IMAGE_H
#define MMULATOR_TESTS_SYSCALLS_IMAGE_H

#include <check.h>
#include <elf.h>

#include "syscalls/exec.h"

#define TEXT       UINT64_C(0x400000)
#define DATA       UINT64_C(0x500000)
#define TEXT_BYTES 0x1000 /* of the file, headers included */
#define CODE_AT    0x200  /* in TEXT */
#define DATA_BYTES 0x100

/* Position-independent code that is copied to TEXT + CODE_AT. */
#define GUEST(name, body)                                                    \
	extern const uint8_t guest_##name[], guest_##name##_end[];           \
	__asm__(".pushsection .rodata\n.globl guest_" #name ", guest_" #name \
	        "_end\nguest_" #name ":\n" body "guest_" #name               \
	        "_end:\n.popsection\n")

/* A file image that the caller may spoil before it is used. */
struct image {
	uint8_t bytes[TEXT_BYTES + DATA_BYTES];
	size_t len;
};
void image_build(struct image *im, const uint8_t *code, size_t n);
static inline Elf64_Ehdr *image_ehdr(struct image *im)
{
	return (Elf64_Ehdr *)(void *)im->bytes;
}
static inline Elf64_Phdr *image_phdr(struct image *im, unsigned i)
{
	return (Elf64_Phdr *)(void *)(im->bytes + sizeof(Elf64_Ehdr)) + i;
}

/* What the last run gave. */
struct outcome {
	struct exec_result result;
	char out[4096];
	size_t out_len;
};
extern struct outcome outcome;
/* How it is run; reset by image_setup(). */
extern struct exec_config config;
void image_setup(void);
/** image_run - run code; fails the test if it cannot be started. */
void image_run(const uint8_t *code, const uint8_t *end);
/** image_run_arm64 - likewise, @n instructions of A64. */
void image_run_arm64(const uint32_t *code, size_t n);
#define RUN(name)       image_run(guest_##name, guest_##name##_end)
#define RUN_ARM64(name) image_run_arm64(name, ARRAY_SIZE(name))

/** expect_exit - the last run ended with this status. */
void expect_exit(int code);
/** expect_signal - a signal ended it, for an access or instruction at @addr. */
void expect_signal(int signal, uint64_t addr);

/** run_suite - for main(): run and free. */
int run_suite(Suite *suite);

#endif
