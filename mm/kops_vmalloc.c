/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel memory that is mapped, used and unmapped by kernel threads. */
#include "mm/kops_internal.h"
#include "mm/vmalloc.h"

long kop_vmap(struct kernel *k, struct mm_struct *mm,
              const uint64_t args[KOP_ARGS_MAX])
{
	(void)mm;
	return vmap(k, (unsigned)args[0], (unsigned)args[1]);
}

long kop_vmap_huge(struct kernel *k, struct mm_struct *mm,
                   const uint64_t args[KOP_ARGS_MAX])
{
	(void)mm;
	return vmap_huge(k, (unsigned)args[0]);
}

long kop_vunmap(struct kernel *k, struct mm_struct *mm,
                const uint64_t args[KOP_ARGS_MAX])
{
	(void)mm;
	return vunmap(k, (unsigned)args[0]);
}

long kop_kernel_load(struct kernel *k, struct mm_struct *mm,
                     const uint64_t args[KOP_ARGS_MAX])
{
	uint64_t value = 0;

	(void)mm;
	return vmalloc_access(k, (unsigned)args[0], args[1], false, &value);
}

long kop_kernel_store(struct kernel *k, struct mm_struct *mm,
                      const uint64_t args[KOP_ARGS_MAX])
{
	uint64_t value = args[2];

	(void)mm;
	return vmalloc_access(k, (unsigned)args[0], args[1], true, &value);
}
