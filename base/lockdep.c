/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lockdep.h"

#include "base/bug.h"
#include "base/machine.h"

const char *lock_class_name(enum lock_class class)
{
	static const char *const names[LOCK_CLASS_COUNT] = {
		[LOCK_CLASS_NONE] = "lock",
		[LOCK_MMAP] = "mmap_lock",
		[LOCK_VMA] = "vma lock",
		[LOCK_I_MMAP] = "i_mmap_rwsem",
		[LOCK_ANON_VMA] = "anon_vma",
		[LOCK_PAGE_TABLE] = "page_table_lock",
		[LOCK_PMD] = "pmd lock",
		[LOCK_PTE] = "pte lock",
		[LOCK_FOLIO] = "folio lock",
		[LOCK_LRU] = "lru_lock",
		[LOCK_ASID] = "cpu_asid_lock",
		[LOCK_TEST_A] = "lock A",
		[LOCK_TEST_B] = "lock B",
		"lock C",
		"lock D",
		"lock E",
		"lock F",
		"lock G",
		[LOCK_TEST_H] = "lock H",
	};

	return class < LOCK_CLASS_COUNT ? names[class] : "?";
}

/* Is @to reachable from @from over remembered orders? */
static bool ordered_before(const struct lockdep *ld, unsigned from, unsigned to)
{
	uint32_t seen = 0, front = 1U << from;

	while (front & ~seen) {
		unsigned c = (unsigned)__builtin_ctz(front & ~seen);

		seen |= 1U << c;
		front |= ld->after[c];
	}
	return front >> to & 1;
}

/* Remember that @class comes after @held; report what closes a cycle. */
static void add_order(struct machine *m, const struct lockdep_held *held,
                      enum lock_class class)
{
	struct lockdep *ld = &m->lockdep;
	uint32_t bit = 1U << class;

	if (ld->after[held->class] & bit)
		return;
	if (ordered_before(ld, class, held->class) &&
	    !(ld->reported[held->class] & bit)) {
		ld->reported[held->class] |= bit;
		emit(m, EV_RULE, .a = held->class, .b = class,
		     .text = "lock order inversion");
	}
	ld->after[held->class] |= bit;
}

void lockdep_order(enum lock_class class, bool nested)
{
	struct agent *a = current_agent;
	struct machine *m = a->machine;

	for (unsigned i = 0; i < a->nr_held; i++) {
		const struct lockdep_held *h = &a->held[i];

		if (h->class != class)
			add_order(m, h, class);
		else if (class != LOCK_CLASS_NONE && !nested)
			emit(m, EV_RULE, .a = class, .b = class,
			     .text = "second lock of one class not nested");
	}
}

void lockdep_acquire(const void *lock, enum lock_class class,
                     enum lock_mode mode, const char *name)
{
	struct agent *a = current_agent;
	struct machine *m = a->machine;

	if (a->nr_held == LOCKDEP_HELD_MAX)
		emit(m, EV_RULE, .text = "holds too many locks");
	else
		a->held[a->nr_held++] =
			(struct lockdep_held){ lock, name, class, mode };
	emit(m, EV_LOCK, .a = LOCK_ACQUIRED, .b = mode,
	     .addr = mem_obj(m, lock), .text = name);
}

void lockdep_release(const void *lock, enum lock_class class)
{
	struct agent *a = current_agent;
	struct machine *m = a->machine;
	unsigned i = a->nr_held;
	const char *name;

	while (i > 0 && a->held[i - 1].lock != lock)
		i--;
	if (i == 0) {
		emit(m, EV_RULE, .a = class,
		     .text = "releases a lock it does not hold");
		return;
	}
	name = a->held[i - 1].name;
	for (; i < a->nr_held; i++)
		a->held[i - 1] = a->held[i];
	a->nr_held--;
	emit(m, EV_LOCK, .a = LOCK_RELEASED, .addr = mem_obj(m, lock),
	     .text = name);
}

static const struct lockdep_held *find_held(const void *lock)
{
	const struct agent *a = current_agent;

	for (unsigned i = 0; a && i < a->nr_held; i++)
		if (a->held[i].lock == lock)
			return &a->held[i];
	return NULL;
}

bool lockdep_holds(const void *lock)
{
	return find_held(lock) != NULL;
}

void lockdep_assert_held(const void *lock, const char *rule)
{
	if (unlikely(!find_held(lock)))
		emit(this_machine(), EV_RULE, .text = rule);
}

void lockdep_assert_held_write(const void *lock, const char *rule)
{
	const struct lockdep_held *h = find_held(lock);

	if (unlikely(!h || h->mode != LOCK_EXCLUSIVE))
		emit(this_machine(), EV_RULE, .text = rule);
}

void lockdep_exit_check(enum lockdep_exit when)
{
	static const char *const texts[][4] = {
		[LOCKDEP_SYS_EXIT] = {
			"returns to user mode with interrupts off",
			"returns to user mode in an RCU read section",
			"returns to user mode with preemption disabled",
			"returns to user mode while it holds a lock",
		},
		[LOCKDEP_TASK_EXIT] = {
			"ends with interrupts off",
			"ends in an RCU read section",
			"ends with preemption disabled",
			"ends while it holds a lock",
		},
	};
	struct agent *a = current_agent;
	struct cpu *cpu = a->cpu;

	if (likely(cpu->irq_enabled && !cpu->preempt_count &&
	           !cpu->rcu_readers && !a->nr_held))
		return;
	if (!cpu->irq_enabled)
		emit(a->machine, EV_RULE, .text = texts[when][0]);
	if (cpu->rcu_readers)
		emit(a->machine, EV_RULE, .text = texts[when][1]);
	/* A spinlock disables preemption: that is one mistake, not two. */
	if (cpu->preempt_count && !a->nr_held)
		emit(a->machine, EV_RULE, .text = texts[when][2]);
	for (unsigned i = 0; i < a->nr_held; i++)
		emit(a->machine, EV_RULE, .text = texts[when][3],
		     .data = a->held[i].name);
	cpu->irq_enabled = true;
	cpu->rcu_readers = 0;
	a->rcu_nesting = 0;
	cpu->preempt_count = 0;
	cpu_update_gates(cpu);
}
