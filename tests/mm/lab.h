/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel on CPUs whose hardware only writes down what it is told: for tests
 * of what the mm does, without an MMU.
 */
#ifndef MMULATOR_TESTS_MM_LAB_H
#define MMULATOR_TESTS_MM_LAB_H

#include <check.h>

#include "base/machine.h"
#include "mm/mm_types.h"

enum hw_op {
	HW_INVLPG,
	HW_WRITE_CR3,
	HW_FLUSH_ALL,
	HW_TLBI,
	HW_WRITE_TTBR0,
	HW_DSB_ISH,
	HW_DSB_NSH,
	HW_ISB,
	HW_OP_COUNT
};

struct hw_call {
	enum hw_op op;
	unsigned cpu;
	vaddr_t addr;
	paddr_t root;
	unsigned pcid; /* or ASID */
	bool noflush;
	struct tlbi tlbi;
};

#define LAB_CALLS_MAX 4096

struct lab {
	struct machine *m;
	struct kernel *k;
	struct mm_options options;
	struct policy *policy;
	struct hw_call calls[LAB_CALLS_MAX];
	unsigned nr_calls;
	/* What observers saw. */
	struct observer observer;
	unsigned nr_rules; /* EV_RULE */
	char rule[128];    /* the last one's text */
	unsigned nr_uaf;   /* freed objects or frames touched, bad frees */
	const char *watch; /* count steps with this label */
	unsigned nr_watched;
	unsigned watched_cpu; /* of the last one */
	bool flag;            /* bodies wait for it with lab_wait() */
};

/** lab_new - @nr_cpus CPUs of test_arch(), default options, kernel not yet
 * booted. */
struct lab *lab_new(unsigned nr_cpus);
/** lab_new_arch - likewise of @arch. */
struct lab *lab_new_arch(enum arch_id arch, unsigned nr_cpus);
/** lab_boot - with lab->options as they are now. */
void lab_boot(struct lab *lab);
/** lab_start - lab_new() and lab_boot(). */
struct lab *lab_start(unsigned nr_cpus);
/** lab_free - everything; the full scan must have nothing to say unless
 * @check is false. */
void lab_free(struct lab *lab, bool check);

/** lab_check - the full scan and the rules have nothing to say. */
void lab_check(struct lab *lab);

/** lab_mm - a new address space; its mm_users belongs to the first task. */
struct mm_struct *lab_mm(struct lab *lab, const char *name);
/** lab_task - a task on @cpu that runs @fn. @mm NULL: a kernel thread. */
struct task *lab_task(struct lab *lab, unsigned cpu, struct mm_struct *mm,
                      const char *name, void (*fn)(struct task *t));
/** lab_run - until every task is done; it must end so. */
void lab_run(struct lab *lab);
/** lab_of - from a body. */
struct lab *lab_of(const struct task *t);
/** lab_wait - let others move until lab->flag is set. */
void lab_wait(struct lab *lab);

/** lab_count - calls of @op on @cpu so far. */
unsigned lab_count(const struct lab *lab, enum hw_op op, unsigned cpu);
/** lab_last - the last call on @cpu of @op; must exist. */
const struct hw_call *lab_last(const struct lab *lab, enum hw_op op,
                               unsigned cpu);

/** lab_map - mmap() from a body; private anonymous memory at @addr. */
void lab_map(struct task *t, vaddr_t addr, uint64_t len);
/** lab_map_file - likewise, shared, from the file's page @pgoff. */
void lab_map_file(struct task *t, vaddr_t addr, uint64_t len,
                  struct address_space *file, uint64_t pgoff);
/** lab_touch - fault @addr in. */
void lab_touch(struct task *t, vaddr_t addr, bool write);
/** lab_pte - the entry for @addr as it is now; 0 if there is no table. */
uint64_t lab_pte(struct mm_struct *mm, vaddr_t addr);
/** lab_page - the page @addr maps, or NULL. */
struct page *lab_page(struct mm_struct *mm, vaddr_t addr);

int lab_main(const char *name, void (*add)(TCase *tc));

#endif
