/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What user space passes to the memory system calls and gets back: Linux's
 * numbers (include/uapi/asm-generic/mman*.h, errno*.h, arch/x86).  They are
 * the guest's, so they are spelled out here instead of taken from the host.
 */
#ifndef MMULATOR_MM_UAPI_H
#define MMULATOR_MM_UAPI_H

#include <errno.h>

#include "base/types.h"

/* The host is Linux, but the guest's errno values must not depend on it. */
_Static_assert(EPERM == 1 && ENOENT == 2 && EINTR == 4 && EBADF == 9 &&
                       EAGAIN == 11 && ENOMEM == 12 && EACCES == 13 &&
                       EFAULT == 14 && EBUSY == 16 && EEXIST == 17 &&
                       EINVAL == 22 && EOVERFLOW == 75 && EOPNOTSUPP == 95,
               "errno values are those of Linux on x86");

#ifndef PROT_NONE
#	define PROT_NONE      0x0
#	define PROT_READ      0x1
#	define PROT_WRITE     0x2
#	define PROT_EXEC      0x4
#	define PROT_SEM       0x8
#	define PROT_MTE       0x20 /* arm64 */
#	define PROT_GROWSDOWN 0x01000000
#	define PROT_GROWSUP   0x02000000

#	define MAP_SHARED    0x01
#	define MAP_PRIVATE   0x02
#	define MAP_FIXED     0x10
#	define MAP_ANONYMOUS 0x20
#	define MAP_GROWSDOWN 0x0100
#	define MAP_LOCKED    0x2000
#	define MAP_NORESERVE 0x4000
#	define MAP_POPULATE  0x8000
#	define MAP_NONBLOCK  0x10000
#	define MAP_STACK     0x20000
#	define MAP_HUGETLB   0x40000
#endif

/* linux/prctl.h */
#define PR_SET_TAGGED_ADDR_CTRL 55
#define PR_GET_TAGGED_ADDR_CTRL 56
#define PR_TAGGED_ADDR_ENABLE   0x1UL
#define PR_MTE_TCF_SYNC         0x2UL
#define PR_MTE_TCF_ASYNC        0x4UL
#define PR_MTE_TAG_SHIFT        3
#define PR_MTE_TAG_MASK         (0xffffUL << PR_MTE_TAG_SHIFT)

#ifndef MREMAP_MAYMOVE
#	define MREMAP_MAYMOVE 1
#	define MREMAP_FIXED   2
#endif

#ifndef MADV_NORMAL
#	define MADV_NORMAL     0
#	define MADV_RANDOM     1
#	define MADV_SEQUENTIAL 2
#	define MADV_WILLNEED   3
#	define MADV_DONTNEED   4
#	define MADV_FREE       8
#	define MADV_REMOVE     9
#	define MADV_DONTFORK   10
#	define MADV_DOFORK     11
#	define MADV_HUGEPAGE   14
#	define MADV_NOHUGEPAGE 15
#	define MADV_DONTDUMP   16
#	define MADV_DODUMP     17
#	define MADV_WIPEONFORK 18
#	define MADV_KEEPONFORK 19
#endif

/* Newer than some C libraries that tests may include first. */
#ifndef MAP_SHARED_VALIDATE
#	define MAP_SHARED_VALIDATE 0x03
#endif
#ifndef MAP_FIXED_NOREPLACE
#	define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MAP_TYPE
#	define MAP_TYPE 0x0f
#endif
#ifndef MREMAP_DONTUNMAP
#	define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_COLD
#	define MADV_COLD    20
#	define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#	define MADV_POPULATE_READ  22
#	define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#	define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#	define MADV_COLLAPSE 25
#endif

/* vm.mmap_min_addr and vm.max_map_count as Linux sets them. */
#define MMAP_MIN_ADDR         UINT64_C(65536)
#define DEFAULT_MAX_MAP_COUNT 65530

/* A page's worth of negative values is an error, everything else a result. */
#define MAX_ERRNO       4095
#define IS_ERR_VALUE(x) ((uint64_t)(x) >= (uint64_t)-MAX_ERRNO)

#endif
