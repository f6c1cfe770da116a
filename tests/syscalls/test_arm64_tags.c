// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tagged addresses and allocation tags of arm64 programs.  The words are
 * what an assembler made of the text beside them.
 */
#include <signal.h>

#include "tests/syscalls/image.h"

/* clang-format off */
static const uint32_t tagged[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0xb2480c22, /* orr x2, x1, #0x0f00000000000000 */
	0xb2440c23, /* orr x3, x1, #0xf000000000000000 */
	0xd28009a4, /* mov x4, #77 */
	0xf9000044, /* str x4, [x2] */
	0xf9400025, /* ldr x5, [x1] */
	0xf9400066, /* ldr x6, [x3] */
	0x8b0600a0, /* add x0, x5, x6 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t tagged_memory[] = {
	0xd2800034, /* mov x20, #1 */
	0xd2800000, /* mov x0, #0 */
	0xd2820001, /* mov x1, #0x1000 */
	0xd2800462, /* mov x2, #0x23 */
	0xd2800443, /* mov x3, #0x22 */
	0x92800004, /* mov x4, #-1 */
	0xd2800005, /* mov x5, #0 */
	0xd2801bc8, /* mov x8, #222 */
	0xd4000001, /* svc #0 */
	0xb7f80ae0, /* tbnz x0, #63, 9f */
	0xaa0003f3, /* mov x19, x0 */
	0xd9600260, /* ldg x0, [x19] */
	0xeb13001f, /* cmp x0, x19 */
	0x54000a61, /* b.ne 9f */
	0xd2800054, /* mov x20, #2 */
	0x91810261, /* addg x1, x19, #16, #0 */
	0x91004261, /* add x1, x19, #16 */
	0xb2480821, /* orr x1, x1, #0x0700000000000000 */
	0x92800002, /* mov x2, #-1 */
	0xf9000a62, /* str x2, [x19, #16] */
	0xd9200821, /* stg x1, [x1] */
	0x91006263, /* add x3, x19, #24 */
	0xd9600063, /* ldg x3, [x3] */
	0xd378fc64, /* lsr x4, x3, #56 */
	0xf1001c9f, /* cmp x4, #7 */
	0x540008e1, /* b.ne 9f */
	0xf9400a65, /* ldr x5, [x19, #16] */
	0xb10004bf, /* cmn x5, #1 */
	0x54000881, /* b.ne 9f */
	0xd2800074, /* mov x20, #3 */
	0xd9e02421, /* stz2g x1, [x1], #32 */
	0xcb130026, /* sub x6, x1, x19 */
	0xd2800607, /* mov x7, #0x30 */
	0xf2e0e007, /* movk x7, #0x700, lsl #48 */
	0xeb0700df, /* cmp x6, x7 */
	0x540007a1, /* b.ne 9f */
	0xf9400a65, /* ldr x5, [x19, #16] */
	0xb5000765, /* cbnz x5, 9f */
	0x91008263, /* add x3, x19, #32 */
	0xd9600063, /* ldg x3, [x3] */
	0xd378fc64, /* lsr x4, x3, #56 */
	0xf1001c9f, /* cmp x4, #7 */
	0x540006c1, /* b.ne 9f */
	0xd2800094, /* mov x20, #4 */
	0xaa1303e1, /* mov x1, x19 */
	0xb2480421, /* orr x1, x1, #0x0300000000000000 */
	0x69844c34, /* stgp x20, x19, [x1, #128]! */
	0xa9481a65, /* ldp x5, x6, [x19, #128] */
	0xf10010bf, /* cmp x5, #4 */
	0xfa5300c0, /* ccmp x6, x19, #0, eq */
	0x540005c1, /* b.ne 9f */
	0x91020263, /* add x3, x19, #128 */
	0xd9600063, /* ldg x3, [x3] */
	0xeb01007f, /* cmp x3, x1 */
	0x54000541, /* b.ne 9f */
	0xd28000b4, /* mov x20, #5 */
	0x92800002, /* mov x2, #-1 */
	0xf9008262, /* str x2, [x19, #256] */
	0xf9009e62, /* str x2, [x19, #312] */
	0x91048e61, /* add x1, x19, #0x123 */
	0xb2480c21, /* orr x1, x1, #0x0f00000000000000 */
	0xd50b7481, /* dc gzva, x1 */
	0xf9408265, /* ldr x5, [x19, #256] */
	0xf9409e66, /* ldr x6, [x19, #312] */
	0xaa0600a5, /* orr x5, x5, x6 */
	0xb50003e5, /* cbnz x5, 9f */
	0x9104c263, /* add x3, x19, #304 */
	0xd9600063, /* ldg x3, [x3] */
	0xd378fc64, /* lsr x4, x3, #56 */
	0xf1003c9f, /* cmp x4, #15 */
	0x54000341, /* b.ne 9f */
	0x91050263, /* add x3, x19, #320 */
	0xd9600063, /* ldg x3, [x3] */
	0xd378fc64, /* lsr x4, x3, #56 */
	0xb50002c4, /* cbnz x4, 9f */
	0xd28000d4, /* mov x20, #6 */
	0x9adf1061, /* irg x1, x3 */
	0xeb03003f, /* cmp x1, x3 */
	0x54000241, /* b.ne 9f */
	0xd28000f4, /* mov x20, #7 */
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0xb2480421, /* orr x1, x1, #0x0300000000000000 */
	0xd9200821, /* stg x1, [x1] */
	0xd2800002, /* mov x2, #0 */
	0xd9600022, /* ldg x2, [x1] */
	0xb5000162, /* cbnz x2, 9f */
	0xd2800114, /* mov x20, #8 */
	0x9adf1422, /* gmi x2, x1, xzr */
	0xf100205f, /* cmp x2, #8 */
	0x540000e1, /* b.ne 9f */
	0xbad30022, /* subps x2, x1, x19 */
	0x9a9f37e3, /* cset x3, hs */
	0xb2480e64, /* orr x4, x19, #0x0f00000000000000 */
	0xbad3009f, /* cmpp x4, x19 */
	0x54000041, /* b.ne 9f */
	0xd2800014, /* mov x20, #0 */
	0xaa1403e0, /* 9: mov x0, x20 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t tag_misaligned[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0x91002021, /* add x1, x1, #8 */
	0xd9200821, /* stg x1, [x1] */
};

static const uint32_t tag_of_nothing[] = {
	0xd2a00e01, /* movz x1, #0x70, lsl #16 */
	0xd9600021, /* ldg x1, [x1] */
};

static const uint32_t tags_at_el1[] = {
	0xd2a00a01, /* movz x1, #0x50, lsl #16 */
	0xd9e00021, /* ldgm x1, [x1] */
};
static const uint32_t wrong_tag_sync[] = {
	0xd2800034, /* mov x20, #0x1 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd2800061, /* mov x1, #0x3 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb5000280, /* cbnz x0, 9f */
	0xd2800000, /* mov x0, #0x0 */
	0xd2820001, /* mov x1, #0x1000 */
	0xd2800462, /* mov x2, #0x23 */
	0xd2800443, /* mov x3, #0x22 */
	0x92800004, /* mov x4, #-0x1 */
	0xd2800005, /* mov x5, #0x0 */
	0xd2801bc8, /* mov x8, #0xde */
	0xd4000001, /* svc #0 */
	0xb7f80160, /* tbnz x0, #0x3f, 9f */
	0xaa0003f3, /* mov x19, x0 */
	0xaa1303e1, /* mov x1, x19 */
	0xb2480421, /* orr x1, x1, #0x300000000000000 */
	0xd9200821, /* stg x1, [x1] */
	0xd2800054, /* mov x20, #0x2 */
	0xf9000034, /* str x20, [x1] */
	0xf9400422, /* ldr x2, [x1, #0x8] */
	0xb5000062, /* cbnz x2, 9f */
	0xb2480a62, /* orr x2, x19, #0x700000000000000 */
	0xf9400443, /* ldr x3, [x2, #0x8] */
	0xaa1403e0, /* mov x0, x20 */
	0xd2800bc8, /* mov x8, #0x5e */
	0xd4000001, /* svc #0 */
};

static const uint32_t wrong_tag_async[] = {
	0xd2800034, /* mov x20, #0x1 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd28000a1, /* mov x1, #0x5 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb50002c0, /* cbnz x0, 9f */
	0xd2800000, /* mov x0, #0x0 */
	0xd2820001, /* mov x1, #0x1000 */
	0xd2800462, /* mov x2, #0x23 */
	0xd2800443, /* mov x3, #0x22 */
	0x92800004, /* mov x4, #-0x1 */
	0xd2800005, /* mov x5, #0x0 */
	0xd2801bc8, /* mov x8, #0xde */
	0xd4000001, /* svc #0 */
	0xb7f801a0, /* tbnz x0, #0x3f, 9f */
	0xaa0003f3, /* mov x19, x0 */
	0xaa1303e1, /* mov x1, x19 */
	0xb2480421, /* orr x1, x1, #0x300000000000000 */
	0xd9200821, /* stg x1, [x1] */
	0xb2480a62, /* orr x2, x19, #0x700000000000000 */
	0xf9000442, /* str x2, [x2, #0x8] */
	0xf9400423, /* ldr x3, [x1, #0x8] */
	0xeb03005f, /* cmp x2, x3 */
	0x54000081, /* b.ne 9f */
	0xd2800014, /* mov x20, #0x0 */
	0xd2801588, /* mov x8, #0xac */
	0xd4000001, /* svc #0 */
	0xaa1403e0, /* mov x0, x20 */
	0xd2800bc8, /* mov x8, #0x5e */
	0xd4000001, /* svc #0 */
};

static const uint32_t wrong_tag_and_exit[] = {
	0xd2800034, /* mov x20, #0x1 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd28000a1, /* mov x1, #0x5 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb5000220, /* cbnz x0, 9f */
	0xd2800000, /* mov x0, #0x0 */
	0xd2820001, /* mov x1, #0x1000 */
	0xd2800462, /* mov x2, #0x23 */
	0xd2800443, /* mov x3, #0x22 */
	0x92800004, /* mov x4, #-0x1 */
	0xd2800005, /* mov x5, #0x0 */
	0xd2801bc8, /* mov x8, #0xde */
	0xd4000001, /* svc #0 */
	0xb7f80100, /* tbnz x0, #0x3f, 9f */
	0xaa0003f3, /* mov x19, x0 */
	0xaa1303e1, /* mov x1, x19 */
	0xb2480421, /* orr x1, x1, #0x300000000000000 */
	0xd9200821, /* stg x1, [x1] */
	0xd2800014, /* mov x20, #0x0 */
	0xb2480a62, /* orr x2, x19, #0x700000000000000 */
	0xf9000442, /* str x2, [x2, #0x8] */
	0xaa1403e0, /* mov x0, x20 */
	0xd2800bc8, /* mov x8, #0x5e */
	0xd4000001, /* svc #0 */
};

static const uint32_t tag_controls[] = {
	0xd2800034, /* mov x20, #0x1 */
	0xd2800700, /* mov x0, #0x38 */
	0xd2800001, /* mov x1, #0x0 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb5000ca0, /* cbnz x0, 9f */
	0xd2800054, /* mov x20, #0x2 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd2800061, /* mov x1, #0x3 */
	0xf2a00201, /* movk x1, #0x10, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb100581f, /* cmn x0, #0x16 */
	0x54000b41, /* b.ne 9f */
	0xd2800074, /* mov x20, #0x3 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd2800021, /* mov x1, #0x1 */
	0xd2800022, /* mov x2, #0x1 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb100581f, /* cmn x0, #0x16 */
	0x54000a41, /* b.ne 9f */
	0xd2800094, /* mov x20, #0x4 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd28020e1, /* mov x1, #0x107 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb5000900, /* cbnz x0, 9f */
	0xd2800700, /* mov x0, #0x38 */
	0xd2800001, /* mov x1, #0x0 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xd28020e1, /* mov x1, #0x107 */
	0xeb01001f, /* cmp x0, x1 */
	0x540007c1, /* b.ne 9f */
	0xd28000b4, /* mov x20, #0x5 */
	0xd2800003, /* mov x3, #0x0 */
	0x9adf1061, /* irg x1, x3 */
	0xd2e0a002, /* mov x2, #0x500000000000000 */
	0xeb02003f, /* cmp x1, x2 */
	0x54000701, /* b.ne 9f */
	0xd28000d4, /* mov x20, #0x6 */
	0xd2800220, /* mov x0, #0x11 */
	0xd2800001, /* mov x1, #0x0 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd2801b88, /* mov x8, #0xdc */
	0xd4000001, /* svc #0 */
	0xb5000240, /* cbnz x0, 9f */
	0xd2800700, /* mov x0, #0x38 */
	0xd2800001, /* mov x1, #0x0 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xd1040014, /* sub x20, x0, #0x100 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd2800001, /* mov x1, #0x0 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0x1400001e, /* b 9f */
	0x92800000, /* mov x0, #-0x1 */
	0x910003e1, /* mov x1, sp */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2802088, /* mov x8, #0x104 */
	0xd4000001, /* svc #0 */
	0xb94003e1, /* ldr w1, [sp] */
	0x711c003f, /* cmp w1, #0x700 */
	0x540002a1, /* b.ne 9f */
	0xd28000f4, /* mov x20, #0x7 */
	0xd2800003, /* mov x3, #0x0 */
	0x9adf1061, /* irg x1, x3 */
	0xd2e0a002, /* mov x2, #0x500000000000000 */
	0xeb02003f, /* cmp x1, x2 */
	0x540001e1, /* b.ne 9f */
	0xd2800114, /* mov x20, #0x8 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd2800001, /* mov x1, #0x0 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb50000a0, /* cbnz x0, 9f */
	0xd2800003, /* mov x3, #0x0 */
	0x9adf1061, /* irg x1, x3 */
	0xb5000041, /* cbnz x1, 9f */
	0xd2800014, /* mov x20, #0x0 */
	0xaa1403e0, /* mov x0, x20 */
	0xd2800bc8, /* mov x8, #0x5e */
	0xd4000001, /* svc #0 */
};

static const uint32_t controls_without_mte[] = {
	0xd2800034, /* mov x20, #0x1 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd2800061, /* mov x1, #0x3 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb100581f, /* cmn x0, #0x16 */
	0x54000181, /* b.ne 9f */
	0xd2800054, /* mov x20, #0x2 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd2800021, /* mov x1, #0x1 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb5000040, /* cbnz x0, 9f */
	0xd2800014, /* mov x20, #0x0 */
	0xaa1403e0, /* mov x0, x20 */
	0xd2800bc8, /* mov x8, #0x5e */
	0xd4000001, /* svc #0 */
};

static const uint32_t tags_and_the_kernel[] = {
	0xd2800000, /* mov x0, #0x0 */
	0xd2820001, /* mov x1, #0x1000 */
	0xd2800462, /* mov x2, #0x23 */
	0xd2800443, /* mov x3, #0x22 */
	0x92800004, /* mov x4, #-0x1 */
	0xd2800005, /* mov x5, #0x0 */
	0xd2801bc8, /* mov x8, #0xde */
	0xd4000001, /* svc #0 */
	0xb7f808a0, /* tbnz x0, #0x3f, 9f */
	0xaa0003f3, /* mov x19, x0 */
	0xaa1303e1, /* mov x1, x19 */
	0xb2480421, /* orr x1, x1, #0x300000000000000 */
	0xd9200821, /* stg x1, [x1] */
	0xb2480675, /* orr x21, x19, #0x300000000000000 */
	0xb2480a76, /* orr x22, x19, #0x700000000000000 */
	0xd2800034, /* mov x20, #0x1 */
	0xd2800020, /* mov x0, #0x1 */
	0xaa1503e1, /* mov x1, x21 */
	0xd2800102, /* mov x2, #0x8 */
	0xd2800808, /* mov x8, #0x40 */
	0xd4000001, /* svc #0 */
	0xb100381f, /* cmn x0, #0xe */
	0x540006e1, /* b.ne 9f */
	0xd2800054, /* mov x20, #0x2 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd2800061, /* mov x1, #0x3 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb50005a0, /* cbnz x0, 9f */
	0xd2800020, /* mov x0, #0x1 */
	0xaa1503e1, /* mov x1, x21 */
	0xd2800102, /* mov x2, #0x8 */
	0xd2800808, /* mov x8, #0x40 */
	0xd4000001, /* svc #0 */
	0xf100201f, /* cmp x0, #0x8 */
	0x540004c1, /* b.ne 9f */
	0xd2800020, /* mov x0, #0x1 */
	0xaa1603e1, /* mov x1, x22 */
	0xd2800102, /* mov x2, #0x8 */
	0xd2800808, /* mov x8, #0x40 */
	0xd4000001, /* svc #0 */
	0xb100381f, /* cmn x0, #0xe */
	0x540003e1, /* b.ne 9f */
	0xd2800074, /* mov x20, #0x3 */
	0xd28006e0, /* mov x0, #0x37 */
	0xd28000a1, /* mov x1, #0x5 */
	0xf2a00001, /* movk x1, #0x0, lsl #16 */
	0xd2800002, /* mov x2, #0x0 */
	0xd2800003, /* mov x3, #0x0 */
	0xd2800004, /* mov x4, #0x0 */
	0xd28014e8, /* mov x8, #0xa7 */
	0xd4000001, /* svc #0 */
	0xb50002a0, /* cbnz x0, 9f */
	0xd2800020, /* mov x0, #0x1 */
	0xaa1603e1, /* mov x1, x22 */
	0xd2800102, /* mov x2, #0x8 */
	0xd2800808, /* mov x8, #0x40 */
	0xd4000001, /* svc #0 */
	0xf100201f, /* cmp x0, #0x8 */
	0x540001c1, /* b.ne 9f */
	0xd2800094, /* mov x20, #0x4 */
	0xaa1603e0, /* mov x0, x22 */
	0xd2820001, /* mov x1, #0x1000 */
	0xd2800422, /* mov x2, #0x21 */
	0xd2801c48, /* mov x8, #0xe2 */
	0xd4000001, /* svc #0 */
	0xb50000e0, /* cbnz x0, 9f */
	0xaa1603e0, /* mov x0, x22 */
	0xd2820001, /* mov x1, #0x1000 */
	0xd2801ae8, /* mov x8, #0xd7 */
	0xd4000001, /* svc #0 */
	0xb5000040, /* cbnz x0, 9f */
	0xd2800014, /* mov x20, #0x0 */
	0xaa1403e0, /* mov x0, x20 */
	0xd2800bc8, /* mov x8, #0x5e */
	0xd4000001, /* svc #0 */
};

static const uint32_t says_it_has_mte[] = {
	0xd2800000, /* mov x0, #0 */
	0xf94003e1, /* ldr x1, [sp] */
	0x910043e2, /* add x2, sp, #16 */
	0x8b010c42, /* add x2, x2, x1, lsl #3 */
	0xf8408443, /* ldr x3, [x2], #8 */
	0xb5ffffe3, /* cbnz x3, .-4 */
	0xa8c11043, /* 2: ldp x3, x4, [x2], #16 */
	0xb4000083, /* cbz x3, 9f */
	0xf100687f, /* cmp x3, #26 */
	0x54ffffa1, /* b.ne 2b */
	0xd352fc80, /* lsr x0, x4, #18 */
	0xd2800bc8, /* 9: mov x8, #94 */
	0xd4000001, /* svc #0 */
};
/* clang-format on */

static struct mm_options options;

static void with_mte(void)
{
	mm_options_default(&options);
	options.mte = true;
	config.options = &options;
}

START_TEST(the_top_byte_of_an_address_is_ignored)
{
	RUN_ARM64(tagged);
	expect_exit(154);
}
END_TEST

/* LDG, STG and the others on memory with PROT_MTE, and on memory without. */
START_TEST(tags_are_kept_for_tagged_memory)
{
	with_mte();
	RUN_ARM64(tagged_memory);
	expect_exit(0);
}
END_TEST

START_TEST(instructions_on_tags_fault)
{
	RUN_ARM64(tag_misaligned);
	expect_signal(SIGBUS, DATA + 8);
	RUN_ARM64(tag_of_nothing);
	expect_signal(SIGSEGV, 0x700000);
	RUN_ARM64(tags_at_el1);
	expect_signal(SIGILL, TEXT + CODE_AT + 4);
}
END_TEST

/* Linux v6.12 Documentation/arch/arm64/memory-tagging-extension.rst */

START_TEST(a_synchronous_fault_names_the_address)
{
	with_mte();
	RUN_ARM64(wrong_tag_sync);
	ck_assert_int_eq(outcome.result.signal, SIGSEGV);
	ck_assert_int_eq(outcome.result.si_code, 9); /* SEGV_MTESERR */
	/* si_addr has no tag without SA_EXPOSE_TAGBITS. */
	ck_assert_uint_eq(outcome.result.fault_addr & 0xff00000000000fff, 8);
	ck_assert_uint_ne(outcome.result.fault_addr, 8);
}
END_TEST

START_TEST(an_asynchronous_fault_has_no_address)
{
	with_mte();
	RUN_ARM64(wrong_tag_async);
	expect_signal(SIGSEGV, 0);
	ck_assert_int_eq(outcome.result.si_code, 8); /* SEGV_MTEAERR */
	/* Who never comes back to user mode is not told. */
	RUN_ARM64(wrong_tag_and_exit);
	expect_exit(0);
}
END_TEST

START_TEST(prctl_controls_tags)
{
	with_mte();
	RUN_ARM64(tag_controls);
	expect_exit(0);
	options.mte = false;
	RUN_ARM64(controls_without_mte);
	expect_exit(0);
}
END_TEST

/* AT_HWCAP2: HWCAP2_MTE. */
START_TEST(programs_are_told)
{
	with_mte();
	RUN_ARM64(says_it_has_mte);
	expect_exit(1);
	options.mte = false;
	RUN_ARM64(says_it_has_mte);
	expect_exit(0);
}
END_TEST

START_TEST(the_kernel_looks_at_tags_as_its_user_does)
{
	with_mte();
	RUN_ARM64(tags_and_the_kernel);
	expect_exit(0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("syscalls/arm64_tags");
	TCase *tc = tcase_create("arm64");

	tcase_add_checked_fixture(tc, image_setup, NULL);
	tcase_add_test(tc, the_top_byte_of_an_address_is_ignored);
	tcase_add_test(tc, tags_are_kept_for_tagged_memory);
	tcase_add_test(tc, instructions_on_tags_fault);
	tcase_add_test(tc, a_synchronous_fault_names_the_address);
	tcase_add_test(tc, an_asynchronous_fault_has_no_address);
	tcase_add_test(tc, prctl_controls_tags);
	tcase_add_test(tc, programs_are_told);
	tcase_add_test(tc, the_kernel_looks_at_tags_as_its_user_does);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
