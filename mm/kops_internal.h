/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel operations that are not wrappers: bodies in mm/kops_walk.c and
 * mm/kops_lock.c.
 */
#ifndef MMULATOR_MM_KOPS_INTERNAL_H
#define MMULATOR_MM_KOPS_INTERNAL_H

#include "mm/kops.h"

#define KOP_BODY(name)                                    \
	long name(struct kernel *k, struct mm_struct *mm, \
	          const uint64_t args[KOP_ARGS_MAX])

/* kops_walk.c */
KOP_BODY(kop_walk);
KOP_BODY(kop_gup_fast);
KOP_BODY(kop_move_dst);

/* kops_pin.c */
KOP_BODY(kop_pin);
KOP_BODY(kop_pin_fast);
KOP_BODY(kop_pin_read);
KOP_BODY(kop_unpin);
KOP_BODY(kop_dma_write);
KOP_BODY(kop_dma_read);

/* kops_vmalloc.c */
KOP_BODY(kop_vmap);
KOP_BODY(kop_vmap_huge);
KOP_BODY(kop_vunmap);
KOP_BODY(kop_kernel_load);
KOP_BODY(kop_kernel_store);

/* kops_lock.c */
KOP_BODY(kop_lock);
KOP_BODY(kop_unlock);
KOP_BODY(kop_lock_irqsave);
KOP_BODY(kop_unlock_irqrestore);
KOP_BODY(kop_down_read);
KOP_BODY(kop_up_read);
KOP_BODY(kop_down_write);
KOP_BODY(kop_up_write);
KOP_BODY(kop_irq_off);
KOP_BODY(kop_irq_on);
KOP_BODY(kop_rcu_read_lock);
KOP_BODY(kop_rcu_read_unlock);
KOP_BODY(kop_synchronize_rcu);
KOP_BODY(kop_pause);

#endif
