/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All oracles.  To add one: its id in oracle/oracle.h, a line in each of these
 * tables, its functions in a file of its own.
 */
#include "oracle/set_internal.h"

#define TYPES2(a, b)       (EV_BIT(a) | EV_BIT(b))
#define TYPES4(a, b, c, d) (TYPES2(a, b) | TYPES2(c, d))

const struct oracle_info oracle_infos[ORACLE_COUNT] = {
	[ORACLE_STALE_USE] = { "stale-use",
	                       "an access went through a cached translation that the kernel "
	                       "had declared flushed" },
	[ORACLE_FRAME_UAF] = { "frame-uaf",
	                       "an access reached a frame that was freed after its "
	                       "translation was made" },
	[ORACLE_TABLE_UAF] = { "table-uaf",
	                       "a hardware or software walk used a page table after it was "
	                       "freed" },
	[ORACLE_LOST_WRITE] = { "lost-write",
	                        "a load returned neither the last value stored nor an allowed "
	                        "one" },
	[ORACLE_LOST_DIRTY] = { "lost-dirty",
	                        "a frame was freed as clean with stored bytes in it" },
	[ORACLE_COW_LEAK] = { "cow-leak",
	                      "a private write reached another process or a file, or a "
	                      "pin lost its page" },
	[ORACLE_POSTCONDITION] = { "postcondition",
	                           "the promise of a system call was broken after it returned" },
	[ORACLE_SIZE_MIX] = { "size-mix",
	                      "one CPU held translations of different size for one address" },
	[ORACLE_SPLIT_VIEW] = { "split-view",
	                        "two CPUs used different frames for one address (strict "
	                        "machines only)" },
	[ORACLE_BAD_TABLE] = { "bad-table",
	                       "a page-table entry or a counter that cannot be right" },
	[ORACLE_LEAK] = { "leak",
	                  "frames, tables or objects that nobody owns at the end" },
	[ORACLE_LOCK_RULE] = { "lock-rule",
	                       "a rule about locks, interrupts or sleeping was broken" },
	[ORACLE_RCU_UAF] = { "rcu-uaf",
	                     "a kernel object was used after it was freed" },
	[ORACLE_DEADLOCK] = { "deadlock", "nobody can move any more" },
	[ORACLE_TAG_CHECK] = { "tag-check",
	                       "memory did not have the allocation tag that the "
	                       "program had given it" },
	[ORACLE_BBM] = { "bbm", "a live arm64 entry was changed without "
	                        "break-before-make" },
	[ORACLE_KERNEL_FAULT] = { "kernel-fault",
	                          "the kernel faulted on an address of its own" },
};

const struct oracle_ops oracle_table[ORACLE_COUNT] = {
	[ORACLE_STALE_USE] = { EV_BIT(EV_ACCESS), stale_event, NULL },
	[ORACLE_FRAME_UAF] = { EV_BIT(EV_ACCESS), frame_uaf_event, NULL },
	[ORACLE_TABLE_UAF] = { TYPES4(EV_WALK_READ, EV_WALK_WRITE, EV_PT_WRITE,
	                              EV_FRAME_UAF) |
	                               EV_BIT(EV_TLB_FILL),
	                       table_uaf_event, NULL },
	/* These live on the ghost (oracle/ghost.h), which reports as any. */
	[ORACLE_LOST_WRITE] = { 0, NULL, NULL },
	[ORACLE_LOST_DIRTY] = { 0, NULL, NULL },
	[ORACLE_TAG_CHECK] = { 0, NULL, NULL },
	[ORACLE_COW_LEAK] = { 0, NULL, NULL },
	[ORACLE_POSTCONDITION] = { 0, NULL, NULL },
	[ORACLE_SIZE_MIX] = { TYPES2(EV_TLB_FILL, EV_NOTE), size_mix_event,
	                      NULL },
	[ORACLE_SPLIT_VIEW] = { EV_BIT(EV_ACCESS), split_view_event, NULL },
	[ORACLE_BAD_TABLE] = { TYPES2(EV_PT_WRITE, EV_FRAME_BAD_FREE) |
	                               EV_BIT(EV_FRAME_FREE),
	                       bad_table_event, NULL },
	[ORACLE_LEAK] = { 0, NULL, leak_finish },
	[ORACLE_LOCK_RULE] = { EV_BIT(EV_RULE), lock_rule_event, NULL },
	[ORACLE_RCU_UAF] = { TYPES2(EV_OBJ_UAF, EV_OBJ_BAD_FREE), rcu_uaf_event,
	                     NULL },
	[ORACLE_BBM] = { TYPES4(EV_PT_WRITE, EV_TLB_FLUSH, EV_CR3,
	                        EV_FRAME_FREE),
	                 bbm_event, NULL },
	[ORACLE_KERNEL_FAULT] = { EV_BIT(EV_FAULT), kernel_fault_event, NULL },
	[ORACLE_DEADLOCK] = { EV_BIT(EV_DEADLOCK), deadlock_event, NULL },
};

enum oracle_id oracle_by_name(const char *name)
{
	unsigned id = 0;

	while (id < ORACLE_COUNT && strcmp(oracle_infos[id].name, name) != 0)
		id++;
	return (enum oracle_id)id;
}
