// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exclusives, atomics and wide accesses of arm64 programs, on one CPU and two.
 * The words are what an assembler made of the text beside them.
 */
#include <signal.h>

#include "base/policy.h"
#include "tests/syscalls/image.h"

/* clang-format off */
static const uint32_t exclusives[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0xd2800034, /* mov x20, #1 */
	0xc8027c21, /* stxr w2, x1, [x1] */
	0x340007c2, /* cbz w2, 9f */
	0xd2800054, /* mov x20, #2 */
	0xc85f7c23, /* ldxr x3, [x1] */
	0x91000463, /* add x3, x3, #1 */
	0xc802fc23, /* stlxr w2, x3, [x1] */
	0x35000722, /* cbnz w2, 9f */
	0xd2800074, /* mov x20, #3 */
	0xf9400024, /* ldr x4, [x1] */
	0xeb03009f, /* cmp x4, x3 */
	0x540006a1, /* b.ne 9f */
	0xd2800094, /* mov x20, #4 */
	0xc8027c21, /* stxr w2, x1, [x1] */
	0x34000642, /* cbz w2, 9f */
	0xd28000b4, /* mov x20, #5 */
	0x885ffc23, /* ldaxr w3, [x1] */
	0xd5033f5f, /* clrex */
	0x88027c21, /* stxr w2, w1, [x1] */
	0x340005a2, /* cbz w2, 9f */
	0xd28000d4, /* mov x20, #6 */
	0xc85f7c23, /* ldxr x3, [x1] */
	0xd2801588, /* mov x8, #172 */
	0xd4000001, /* svc #0 */
	0xc8027c21, /* stxr w2, x1, [x1] */
	0x340004e2, /* cbz w2, 9f */
	0xd28000f4, /* mov x20, #7 */
	0x91010025, /* add x5, x1, #64 */
	0xc85f7c23, /* ldxr x3, [x1] */
	0xc8027ca1, /* stxr w2, x1, [x5] */
	0x34000442, /* cbz w2, 9f */
	0xd2800114, /* mov x20, #8 */
	0x085f7c23, /* ldxrb w3, [x1] */
	0x52803fe6, /* mov w6, #0x1ff */
	0x08027c26, /* stxrb w2, w6, [x1] */
	0x350003a2, /* cbnz w2, 9f */
	0x79400027, /* ldrh w7, [x1] */
	0x53087c84, /* lsr w4, w4, #8 */
	0x12001c84, /* and w4, w4, #0xff */
	0x53185c84, /* lsl w4, w4, #8 */
	0x32001c84, /* orr w4, w4, #0xff */
	0x6b0400ff, /* cmp w7, w4 */
	0x540002c1, /* b.ne 9f */
	0xd2800134, /* mov x20, #9 */
	0xc87f1023, /* ldxp x3, x4, [x1] */
	0xaa2303e3, /* mvn x3, x3 */
	0xc8229023, /* stlxp w2, x3, x4, [x1] */
	0x35000222, /* cbnz w2, 9f */
	0xa9401c26, /* ldp x6, x7, [x1] */
	0xeb0300df, /* cmp x6, x3 */
	0x540001c1, /* b.ne 9f */
	0xd2800154, /* mov x20, #10 */
	0x887fa829, /* ldaxp w9, w10, [x1] */
	0x6b06013f, /* cmp w9, w6 */
	0x54000141, /* b.ne 9f */
	0xd360fcc6, /* lsr x6, x6, #32 */
	0x6b06015f, /* cmp w10, w6 */
	0x540000e1, /* b.ne 9f */
	0x8822242a, /* stxp w2, w10, w9, [x1] */
	0x350000a2, /* cbnz w2, 9f */
	0xb9400423, /* ldr w3, [x1, #4] */
	0x6b09007f, /* cmp w3, w9 */
	0x54000041, /* b.ne 9f */
	0xd2800014, /* mov x20, #0 */
	0xaa1403e0, /* 9: mov x0, x20 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t exclusive_misaligned[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0x91001021, /* add x1, x1, #4 */
	0xc85f7c20, /* ldxr x0, [x1] */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t count_exclusive[] = {
	0xd2a00a13, /* movz x19, #0x50, lsl #16 */
	0x91080273, /* add x19, x19, #0x200 */
	0xd281e000, /* mov x0, #0xf00 */
	0xf2a000a0, /* movk x0, #0x5, lsl #16 */
	0x91400661, /* add x1, x19, #0x1000 */
	0xd2800002, /* mov x2, #0 */
	0xd2800003, /* mov x3, #0 */
	0xd2800004, /* mov x4, #0 */
	0xd2801b88, /* mov x8, #220 */
	0xd4000001, /* svc #0 */
	0xaa0003f6, /* mov x22, x0 */
	0xd2800c94, /* mov x20, #100 */
	0xc85f7e63, /* 1: ldxr x3, [x19] */
	0x91000463, /* add x3, x3, #1 */
	0xc8047e63, /* stxr w4, x3, [x19] */
	0x35ffffa4, /* cbnz w4, 1b */
	0xf1000694, /* subs x20, x20, #1 */
	0x54ffff61, /* b.ne 1b */
	0xb4000136, /* cbz x22, 8f */
	0xd2800f88, /* 2: mov x8, #124 */
	0xd4000001, /* svc #0 */
	0xc8dffe63, /* ldar x3, [x19] */
	0xf103207f, /* cmp x3, #200 */
	0x54ffff83, /* b.lo 2b */
	0xd2800420, /* mov x0, #33 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
	0xd2800000, /* 8: mov x0, #0 */
	0xd2800ba8, /* mov x8, #93 */
	0xd4000001, /* svc #0 */
};

static const uint32_t count_lse[] = {
	0xd2a00a13, /* movz x19, #0x50, lsl #16 */
	0x91080273, /* add x19, x19, #0x200 */
	0xd281e000, /* mov x0, #0xf00 */
	0xf2a000a0, /* movk x0, #0x5, lsl #16 */
	0x91400661, /* add x1, x19, #0x1000 */
	0xd2800002, /* mov x2, #0 */
	0xd2800003, /* mov x3, #0 */
	0xd2800004, /* mov x4, #0 */
	0xd2801b88, /* mov x8, #220 */
	0xd4000001, /* svc #0 */
	0xaa0003f6, /* mov x22, x0 */
	0xd2800794, /* mov x20, #60 */
	0xd2800025, /* mov x5, #1 */
	0xf8e50266, /* 1: ldaddal x5, x6, [x19] */
	0xf825027f, /* stadd x5, [x19] */
	0xf9400266, /* ldr x6, [x19] */
	0xaa0603e7, /* 3: mov x7, x6 */
	0x910004c9, /* add x9, x6, #1 */
	0xc8e7fe69, /* casal x7, x9, [x19] */
	0xeb0600ff, /* cmp x7, x6 */
	0xaa0703e6, /* mov x6, x7 */
	0x54ffff61, /* b.ne 3b */
	0xf1000694, /* subs x20, x20, #1 */
	0x54fffec1, /* b.ne 1b */
	0xb4000136, /* cbz x22, 8f */
	0xd2800f88, /* 2: mov x8, #124 */
	0xd4000001, /* svc #0 */
	0xc8dffe63, /* ldar x3, [x19] */
	0xf105a07f, /* cmp x3, #360 */
	0x54ffff83, /* b.lo 2b */
	0xd2800420, /* mov x0, #33 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
	0xd2800000, /* 8: mov x0, #0 */
	0xd2800ba8, /* mov x8, #93 */
	0xd4000001, /* svc #0 */
};

static const uint32_t aba[] = {
	0xd2a00a13, /* movz x19, #0x50, lsl #16 */
	0x91080273, /* add x19, x19, #0x200 */
	0x91020277, /* add x23, x19, #0x80 */
	0xd281e000, /* mov x0, #0xf00 */
	0xf2a000a0, /* movk x0, #0x5, lsl #16 */
	0x91400661, /* add x1, x19, #0x1000 */
	0xd2800002, /* mov x2, #0 */
	0xd2800003, /* mov x3, #0 */
	0xd2800004, /* mov x4, #0 */
	0xd2801b88, /* mov x8, #220 */
	0xd4000001, /* svc #0 */
	0xb4000160, /* cbz x0, 4f */
	0xc85f7e63, /* ldxr x3, [x19] */
	0xd2800024, /* mov x4, #1 */
	0xc89ffee4, /* stlr x4, [x23] */
	0xc8dffee4, /* 2: ldar x4, [x23] */
	0xf100089f, /* cmp x4, #2 */
	0x54ffffc1, /* b.ne 2b */
	0xc8057e63, /* stxr w5, x3, [x19] */
	0xaa0503e0, /* mov x0, x5 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
	0xc8dffee4, /* 4: ldar x4, [x23] */
	0xb4ffffe4, /* cbz x4, 4b */
	0xf9401e63, /* ldr x3, [x19, #56] */
	0xf9001e63, /* str x3, [x19, #56] */
	0xd2800044, /* mov x4, #2 */
	0xc89ffee4, /* stlr x4, [x23] */
	0xd2800000, /* mov x0, #0 */
	0xd2800ba8, /* mov x8, #93 */
	0xd4000001, /* svc #0 */
};

static const uint32_t bystander[] = {
	0xd2a00a13, /* movz x19, #0x50, lsl #16 */
	0x91080273, /* add x19, x19, #0x200 */
	0x91020277, /* add x23, x19, #0x80 */
	0xd281e000, /* mov x0, #0xf00 */
	0xf2a000a0, /* movk x0, #0x5, lsl #16 */
	0x91400661, /* add x1, x19, #0x1000 */
	0xd2800002, /* mov x2, #0 */
	0xd2800003, /* mov x3, #0 */
	0xd2800004, /* mov x4, #0 */
	0xd2801b88, /* mov x8, #220 */
	0xd4000001, /* svc #0 */
	0xb4000160, /* cbz x0, 4f */
	0xc85f7e63, /* ldxr x3, [x19] */
	0xd2800024, /* mov x4, #1 */
	0xc89ffee4, /* stlr x4, [x23] */
	0xc8dffee4, /* 2: ldar x4, [x23] */
	0xf100089f, /* cmp x4, #2 */
	0x54ffffc1, /* b.ne 2b */
	0xc8057e63, /* stxr w5, x3, [x19] */
	0xaa0503e0, /* mov x0, x5 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
	0xc8dffee4, /* 4: ldar x4, [x23] */
	0xb4ffffe4, /* cbz x4, 4b */
	0xf9402263, /* ldr x3, [x19, #64] */
	0xf9002263, /* str x3, [x19, #64] */
	0xd2800044, /* mov x4, #2 */
	0xc89ffee4, /* stlr x4, [x23] */
	0xd2800000, /* mov x0, #0 */
	0xd2800ba8, /* mov x8, #93 */
	0xd4000001, /* svc #0 */
};

static const uint32_t atomics[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0xd2800034, /* mov x20, #1 */
	0xd2801e02, /* mov x2, #0xf0 */
	0xf9000022, /* str x2, [x1] */
	0xd2800783, /* mov x3, #0x3c */
	0xf8231024, /* ldclr x3, x4, [x1] */
	0xf8233025, /* ldset x3, x5, [x1] */
	0xf8232026, /* ldeor x3, x6, [x1] */
	0xf8238027, /* swp x3, x7, [x1] */
	0xf103c09f, /* cmp x4, #0xf0 */
	0x54000581, /* b.ne 9f */
	0xf10300bf, /* cmp x5, #0xc0 */
	0x54000541, /* b.ne 9f */
	0xf103f0df, /* cmp x6, #0xfc */
	0x54000501, /* b.ne 9f */
	0xf10300ff, /* cmp x7, #0xc0 */
	0x540004c1, /* b.ne 9f */
	0xd2800054, /* mov x20, #2 */
	0xaa3f03e8, /* mvn x8, xzr */
	0xf8284024, /* ldsmax x8, x4, [x1] */
	0xf8286025, /* ldumax x8, x5, [x1] */
	0xf8237026, /* ldumin x3, x6, [x1] */
	0x38285027, /* ldsminb w8, w7, [x1] */
	0xf100f09f, /* cmp x4, #0x3c */
	0x540003c1, /* b.ne 9f */
	0xf100f0bf, /* cmp x5, #0x3c */
	0x54000381, /* b.ne 9f */
	0xb10004df, /* cmn x6, #1 */
	0x54000341, /* b.ne 9f */
	0xf100f0ff, /* cmp x7, #0x3c */
	0x54000301, /* b.ne 9f */
	0xf9400024, /* ldr x4, [x1] */
	0xf103fc9f, /* cmp x4, #0xff */
	0x540002a1, /* b.ne 9f */
	0xd2800074, /* mov x20, #3 */
	0x91004021, /* add x1, x1, #16 */
	0xd28000a4, /* mov x4, #5 */
	0xd28000c5, /* mov x5, #6 */
	0xa9001424, /* stp x4, x5, [x1] */
	0xd28000e6, /* mov x6, #7 */
	0xd2800107, /* mov x7, #8 */
	0x48247c26, /* casp x4, x5, x6, x7, [x1] */
	0xa9402428, /* ldp x8, x9, [x1] */
	0xf1001d1f, /* cmp x8, #7 */
	0x54000141, /* b.ne 9f */
	0xf100213f, /* cmp x9, #8 */
	0x54000101, /* b.ne 9f */
	0x08267c24, /* casp w6, w7, w4, w5, [x1] */
	0xf9400028, /* ldr x8, [x1] */
	0xf1001d1f, /* cmp x8, #7 */
	0x54000081, /* b.ne 9f */
	0xf10000ff, /* cmp x7, #0 */
	0x54000041, /* b.ne 9f */
	0xd2800014, /* mov x20, #0 */
	0xaa1403e0, /* 9: mov x0, x20 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t atomic_misaligned[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0x91001021, /* add x1, x1, #4 */
	0xf8210020, /* ldadd x1, x0, [x1] */
	0xd28000e0, /* mov x0, #7 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t pairs[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0x913fe021, /* add x1, x1, #0xff8 */
	0xd2800034, /* mov x20, #1 */
	0xd2800062, /* mov x2, #3 */
	0xd2800083, /* mov x3, #4 */
	0xa9000c22, /* stp x2, x3, [x1] */
	0xa9401424, /* ldp x4, x5, [x1] */
	0xf1000c9f, /* cmp x4, #3 */
	0xfa4408a0, /* ccmp x5, #4, #0, eq */
	0x540003e1, /* b.ne 9f */
	0xd2800054, /* mov x20, #2 */
	0xa9bf0c22, /* stp x2, x3, [x1, #-16]! */
	0xa8c11424, /* ldp x4, x5, [x1], #16 */
	0xf1000c9f, /* cmp x4, #3 */
	0xfa4408a0, /* ccmp x5, #4, #0, eq */
	0x54000321, /* b.ne 9f */
	0xd2800074, /* mov x20, #3 */
	0x4f02e740, /* movi v0.16b, #0x5a */
	0xd1001421, /* sub x1, x1, #5 */
	0x3d800020, /* str q0, [x1] */
	0x3dc00021, /* ldr q1, [x1] */
	0xa9401424, /* ldp x4, x5, [x1] */
	0x9e660026, /* fmov x6, d1 */
	0x4e183c27, /* mov x7, v1.d[1] */
	0xeb06009f, /* cmp x4, x6 */
	0xfa4700a0, /* ccmp x5, x7, #0, eq */
	0x540001c1, /* b.ne 9f */
	0xeb05009f, /* cmp x4, x5 */
	0x54000181, /* b.ne 9f */
	0xd2800094, /* mov x20, #4 */
	0x92401c84, /* and x4, x4, #0xff */
	0xf101689f, /* cmp x4, #0x5a */
	0x54000101, /* b.ne 9f */
	0xd28000b4, /* mov x20, #5 */
	0xf85fd024, /* ldur x4, [x1, #-3] */
	0xd358fc84, /* lsr x4, x4, #24 */
	0xd358fca5, /* lsr x5, x5, #24 */
	0xeb05009f, /* cmp x4, x5 */
	0x54000041, /* b.ne 9f */
	0xd2800014, /* mov x20, #0 */
	0xaa1403e0, /* 9: mov x0, x20 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t zeroes[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0xd2800034, /* mov x20, #1 */
	0xd53b00e2, /* mrs x2, dczid_el0 */
	0xf100105f, /* cmp x2, #4 */
	0x540002c1, /* b.ne 9f */
	0xd2800054, /* mov x20, #2 */
	0xaa3f03e3, /* mvn x3, xzr */
	0xf9081c23, /* str x3, [x1, #0x1038] */
	0xf9082023, /* str x3, [x1, #0x1040] */
	0xf9083c23, /* str x3, [x1, #0x1078] */
	0xf9084023, /* str x3, [x1, #0x1080] */
	0x91400424, /* add x4, x1, #1, lsl #12 */
	0x91019484, /* add x4, x4, #0x65 */
	0xd50b7424, /* dc zva, x4 */
	0xf9482025, /* ldr x5, [x1, #0x1040] */
	0xb5000165, /* cbnz x5, 9f */
	0xf9483c25, /* ldr x5, [x1, #0x1078] */
	0xb5000125, /* cbnz x5, 9f */
	0xd2800074, /* mov x20, #3 */
	0xf9481c25, /* ldr x5, [x1, #0x1038] */
	0xb10004bf, /* cmn x5, #1 */
	0x540000a1, /* b.ne 9f */
	0xf9484025, /* ldr x5, [x1, #0x1080] */
	0xb10004bf, /* cmn x5, #1 */
	0x54000041, /* b.ne 9f */
	0xd2800014, /* mov x20, #0 */
	0xaa1403e0, /* 9: mov x0, x20 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};
/* clang-format on */

static void run_random(uint64_t seed, const uint32_t *code, size_t n)
{
	config.nr_cpus = 2;
	config.policy = policy_random_new(seed);
	image_run_arm64(code, n);
	policy_free(config.policy);
}

START_TEST(store_exclusive_needs_a_load_exclusive_of_its_granule)
{
	RUN_ARM64(exclusives);
	expect_exit(0);
}
END_TEST

START_TEST(misaligned_exclusives_and_atomics_are_sigbus)
{
	RUN_ARM64(exclusive_misaligned);
	expect_signal(SIGBUS, DATA + 4);
	RUN_ARM64(atomic_misaligned);
	expect_signal(SIGBUS, DATA + 4);
}
END_TEST

START_TEST(two_cpus_count_with_exclusives)
{
	run_random((uint64_t)_i, count_exclusive, ARRAY_SIZE(count_exclusive));
	expect_exit(33);
}
END_TEST

START_TEST(two_cpus_count_with_atomics)
{
	run_random((uint64_t)_i, count_lse, ARRAY_SIZE(count_lse));
	expect_exit(33);
}
END_TEST

/* The other CPU stores the value that was there: to another word of the
 * granule, or to the next granule. */
START_TEST(a_store_of_another_cpu_makes_store_exclusive_fail)
{
	run_random((uint64_t)_i, aba, ARRAY_SIZE(aba));
	expect_exit(1);
	run_random((uint64_t)_i, bystander, ARRAY_SIZE(bystander));
	expect_exit(0);
}
END_TEST

START_TEST(atomics_do_what_they_are_called)
{
	RUN_ARM64(atomics);
	expect_exit(0);
}
END_TEST

START_TEST(pairs_and_vectors_cross_pages)
{
	RUN_ARM64(pairs);
	expect_exit(0);
}
END_TEST

/* Unicorn's pages are of 1 KiB: a load across the border of two is one. */
START_TEST(a_load_within_a_page_is_one_access)
{
	uint32_t code[] = {
		0xd2a00a01, /* movz x1, #0x50, lsl #16 */
		0x910fe021, /* add x1, x1, #0x3f8 */
		0xf9400022, /* ldr x2, [x1] */
		0xd2800000, /* mov x0, #0 */
		0xd2800ba8, /* mov x8, #93 */
		0xd4000001, /* svc #0 */
	};
	uint64_t steps;

	RUN_ARM64(code);
	expect_exit(0);
	steps = outcome.result.steps;
	code[1] = 0x910ff021; /* add x1, x1, #0x3fc */
	RUN_ARM64(code);
	ck_assert_uint_eq(outcome.result.steps, steps);
}
END_TEST

START_TEST(dc_zva_zeroes_64_bytes)
{
	RUN_ARM64(zeroes);
	expect_exit(0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("syscalls/arm64_atomics");
	TCase *tc = tcase_create("arm64");

	tcase_add_checked_fixture(tc, image_setup, NULL);
	tcase_add_test(tc,
	               store_exclusive_needs_a_load_exclusive_of_its_granule);
	tcase_add_test(tc, misaligned_exclusives_and_atomics_are_sigbus);
	tcase_add_loop_test(tc, two_cpus_count_with_exclusives, 1, 4);
	tcase_add_loop_test(tc, two_cpus_count_with_atomics, 1, 4);
	tcase_add_loop_test(
		tc, a_store_of_another_cpu_makes_store_exclusive_fail, 1, 11);
	tcase_add_test(tc, atomics_do_what_they_are_called);
	tcase_add_test(tc, pairs_and_vectors_cross_pages);
	tcase_add_test(tc, a_load_within_a_page_is_one_access);
	tcase_add_test(tc, dc_zva_zeroes_64_bytes);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
