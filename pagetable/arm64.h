/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors of VMSAv8-64 stage 1 with 48-bit addresses, Arm ARM (DDI 0487)
 * D8.3, and the bits Linux uses in them (v6.12 arch/arm64/include/asm/
 * pgtable-hwdef.h, pgtable-prot.h).  For the hardware walker and this module;
 * the kernel uses pagetable/pgtable.h.
 *
 * Levels are counted as in pagetable/pgtable.h, from the leaves: 1 is the
 * manual's level 3.
 */
#ifndef MMULATOR_PAGETABLE_ARM64_H
#define MMULATOR_PAGETABLE_ARM64_H

#include "base/types.h"

/* Bits 1:0: 00, 10 nothing; 01 a block; 11 a table or, at level 1, a page. */
#define ARM64_VALID BIT_ULL(0)
#define ARM64_TYPE  BIT_ULL(1)

/* Lower attributes of a block or page. */
#define ARM64_ATTRINDX_SHIFT 2
#define ARM64_ATTRINDX       (UINT64_C(7) << ARM64_ATTRINDX_SHIFT)
#define ARM64_NS             BIT_ULL(5)
#define ARM64_AP1            BIT_ULL(6) /* EL0 may access */
#define ARM64_AP2            BIT_ULL(7) /* read-only */
#define ARM64_SH             (UINT64_C(3) << 8)
#define ARM64_SH_INNER       (UINT64_C(3) << 8)
#define ARM64_AF             BIT_ULL(10)
#define ARM64_NG             BIT_ULL(11)
/* Upper attributes of a block or page. */
#define ARM64_GP             BIT_ULL(50)
#define ARM64_DBM            BIT_ULL(51)
#define ARM64_CONT           BIT_ULL(52)
#define ARM64_PXN            BIT_ULL(53)
#define ARM64_UXN            BIT_ULL(54)
/* Attributes of a table, for everything below. */
#define ARM64_PXNTABLE       BIT_ULL(59)
#define ARM64_UXNTABLE       BIT_ULL(60)
#define ARM64_APTABLE0       BIT_ULL(61) /* no access from EL0 */
#define ARM64_APTABLE1       BIT_ULL(62) /* no write */
#define ARM64_NSTABLE        BIT_ULL(63)

/* Linux's, in bits 58:55, which hardware ignores. */
#define ARM64_SW_DIRTY        BIT_ULL(55)
#define ARM64_SW_SPECIAL      BIT_ULL(56)
#define ARM64_SW_DEVMAP       BIT_ULL(57)
/* Linux, in an entry that is not valid: the fields are those of a page. */
#define ARM64_PRESENT_INVALID ARM64_NG

/* What AttrIndx selects in Linux's MAIR_EL1, arch/arm64/include/asm/memory.h */
#define ARM64_MT_NORMAL        0
#define ARM64_MT_NORMAL_TAGGED 1
#define ARM64_MT_NORMAL_NC     2
#define ARM64_MT_DEVICE_nGnRnE 3
#define ARM64_MT_DEVICE_nGnRE  4

/* Linux's VM_MTE (VM_HIGH_ARCH_4): a VMA with it is mapped as tagged. */
#define ARM64_VM_MTE BIT_ULL(36)

/* Output address bits 47:12. */
#define ARM64_ADDR_MASK UINT64_C(0x0000fffffffff000)

/** arm64_addr_mask - output address bits of a descriptor that maps, or of a
 * table of, 1 << @shift bytes; @shift from 12. */
static inline uint64_t arm64_addr_mask(unsigned shift)
{
	return ARM64_ADDR_MASK & ~(BIT_ULL(shift) - 1);
}

#endif
