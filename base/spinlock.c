/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/spinlock.h"

#include "base/bug.h"
#include "base/cacheline.h"
#include "base/once.h"

/* Touch the lock word: alive? whose cache line? */
static void touch(const void *lock)
{
	struct agent *a = current_agent;
	struct machine *m = a->machine;
	struct cacheline *line;

	charge(m->costs->atomic);
	if (!arena_contains(m->arena, lock))
		return;
	line = arena_check(m, lock);
	if (a->cpu)
		charge(cacheline_access(line, a->cpu, true));
}

static struct step lock_step(enum step_kind kind, const void *lock,
                             const char *label)
{
	return (struct step){ .kind = kind,
		              .object = mem_obj(this_machine(), lock),
		              .label = label };
}

/* ---- spinlock_t ---- */

void spin_lock_init(spinlock_t *l, enum lock_class class)
{
	*l = (spinlock_t){ .class = (uint8_t) class, .initialised = true };
	l->gate.open[0] = l->gate.exclusive = true;
}

static const char *const lock_labels[LOCK_CLASS_COUNT][3] = {
#define NAMES(c, n) [c] = { "lock " n, "trylock " n, "unlock " n }
	NAMES(LOCK_CLASS_NONE, "spinlock"),
	NAMES(LOCK_MMAP, "mmap_lock"),
	NAMES(LOCK_I_MMAP, "i_mmap"),
	NAMES(LOCK_ANON_VMA, "anon_vma"),
	NAMES(LOCK_PAGE_TABLE, "page_table_lock"),
	NAMES(LOCK_PMD, "pml"),
	NAMES(LOCK_PTE, "ptl"),
	NAMES(LOCK_FOLIO, "folio"),
	NAMES(LOCK_LRU, "lru"),
	NAMES(LOCK_ASID, "asid"),
	NAMES(LOCK_TEST_A, "A"),
	NAMES(LOCK_TEST_B, "B"),
	NAMES(LOCK_TEST_B + 1, "C"),
	NAMES(LOCK_TEST_B + 2, "D"),
	NAMES(LOCK_TEST_B + 3, "E"),
	NAMES(LOCK_TEST_B + 4, "F"),
	NAMES(LOCK_TEST_B + 5, "G"),
	NAMES(LOCK_TEST_H, "H"),
#undef NAMES
};

enum lock_op {
	OP_LOCK,
	OP_TRYLOCK,
	OP_UNLOCK
};

/* What a scenario calls its @number-th lock; NULL if it has no say. */
static const struct lock_labels *scenario_labels(unsigned number)
{
	const struct lock_labels *labels = this_machine()->lock_labels;

	return number && labels ? &labels[number - 1] : NULL;
}

static const char *spin_label(const spinlock_t *l, enum lock_op op)
{
	const struct lock_labels *labels;

	if (likely(!l->number))
		return lock_labels[l->class][op];
	labels = scenario_labels(l->number);
	if (!labels)
		return lock_labels[l->class][op];
	return op == OP_LOCK      ? labels->lock
	       : op == OP_TRYLOCK ? labels->trylock
	                          : labels->unlock;
}

/* What reports call a lock. */
static const char *lock_name(unsigned number, unsigned class)
{
	const struct lock_labels *labels = scenario_labels(number);

	return labels ? labels->lock : lock_class_name(class);
}

static void spin_got(spinlock_t *l)
{
	BUG_ON(!l->initialised);
	l->owner = current_agent;
	gate_set(this_machine(), &l->gate, 0, false);
	lockdep_acquire(l, l->class, LOCK_EXCLUSIVE,
	                lock_name(l->number, l->class));
}

static void spin_lock_common(spinlock_t *l, bool nested)
{
	struct step st;

	/* Dead already? Then its gate must not be waited at. */
	if (arena_contains(this_machine()->arena, l))
		arena_check(this_machine(), l);
	st = lock_step(STEP_LOCK, l, spin_label(l, OP_LOCK));
	lockdep_order(l->class, nested);
	preempt_disable();
	smp_mb();
	gate_step(&l->gate, 0, &st);
	touch(l);
	spin_got(l);
}

void spin_lock(spinlock_t *l)
{
	spin_lock_common(l, false);
}

void spin_lock_nested(spinlock_t *l)
{
	spin_lock_common(l, true);
}

bool spin_trylock(spinlock_t *l)
{
	preempt_disable();
	smp_mb();
	step(STEP_LOCK, mem_obj(this_machine(), l), 0,
	     spin_label(l, OP_TRYLOCK), 0);
	touch(l);
	trace_mix(current_agent, l->owner != NULL);
	if (l->owner) {
		preempt_enable();
		return false;
	}
	spin_got(l);
	return true;
}

static void spin_free(struct machine *m, spinlock_t *l)
{
	l->owner = NULL;
	gate_set(m, &l->gate, 0, true);
}

/* Linux v6.12 include/asm-generic/qspinlock.h: the unlock is a plain store,
 * and waits in the store buffer like others. */
static void drain_unlock(struct machine *m, const struct pending_store *st)
{
	struct arena_object o;

	if (!arena_contains(m->arena, st->p) ||
	    (arena_lookup(m->arena, st->p, &o) && o.live))
		spin_free(m, st->p);
}

static void unlock_by_store(struct store_buffer *sb, spinlock_t *l)
{
	const struct pending_store st = { .object = mem_obj(this_machine(), l),
		                          .size = 1,
		                          .p = l,
		                          .release = true,
		                          .drain = drain_unlock };

	storebuf_put(sb, &st, spin_label(l, OP_UNLOCK));
}

void spin_unlock(spinlock_t *l)
{
	struct store_buffer *sb = storebuf_of_current();

	if (unlikely(sb))
		unlock_by_store(sb, l);
	else
		step(STEP_UNLOCK, mem_obj(this_machine(), l), 0,
		     spin_label(l, OP_UNLOCK), 0);
	touch(l);
	lockdep_release(l, l->class);
	if (likely(!sb))
		spin_free(this_machine(), l);
	preempt_enable();
}

bool spin_is_locked(const spinlock_t *l)
{
	return l->owner != NULL;
}

bool spin_lock_irqsave(spinlock_t *l)
{
	bool flags = local_irq_save();

	spin_lock(l);
	return flags;
}

void spin_unlock_wait(spinlock_t *l)
{
	struct step st = lock_step(STEP_READ, l, "spin");

	gate_step(&l->gate, 0, &st);
}

void spin_lock_flags(spinlock_t *l, bool flags)
{
	preempt_disable();
	while (!spin_trylock(l)) {
		local_irq_restore(flags);
		spin_unlock_wait(l);
		if (flags)
			local_irq_disable();
	}
	preempt_enable(); /* one is left: that of the lock */
}

void spin_unlock_irqrestore(spinlock_t *l, bool flags)
{
	spin_unlock(l);
	local_irq_restore(flags);
}

/* ---- struct rw_semaphore ---- */

enum {
	RW_READ,
	RW_WRITE
};

static void rw_update(struct rw_semaphore *sem)
{
	struct machine *m = this_machine();

	gate_set(m, &sem->gate, RW_READ, !sem->writer);
	gate_set(m, &sem->gate, RW_WRITE, !sem->writer && !sem->readers);
}

void init_rwsem(struct rw_semaphore *sem, enum lock_class class)
{
	*sem = (struct rw_semaphore){ .class = (uint8_t) class };
	sem->gate.open[RW_READ] = sem->gate.open[RW_WRITE] = true;
}

static void rw_got(struct rw_semaphore *sem, unsigned mode)
{
	if (mode == RW_WRITE)
		sem->writer = current_agent;
	else
		sem->readers++;
	rw_update(sem);
	lockdep_acquire(sem, sem->class,
	                mode == RW_WRITE ? LOCK_EXCLUSIVE : LOCK_SHARED,
	                lock_name(sem->number, sem->class));
}

static void rw_down(struct rw_semaphore *sem, unsigned mode, const char *label)
{
	struct step st = lock_step(STEP_LOCK, sem, label);

	if (mode == RW_READ)
		st.commutes = COMMUTES_READER_COMES;
	if (current_agent->cpu && current_agent->cpu->preempt_count)
		emit(this_machine(), EV_RULE,
		     .text = "sleeping lock taken under a spinlock");
	lockdep_order(sem->class, false);
	smp_mb();
	gate_sleep(&sem->gate, mode, &st);
	touch(sem);
	rw_got(sem, mode);
}

static bool rw_try(struct rw_semaphore *sem, unsigned mode, const char *label)
{
	smp_mb();
	step_commuting(STEP_LOCK,
	               mode == RW_READ ? COMMUTES_READER_COMES : COMMUTES_NOT,
	               mem_obj(this_machine(), sem), 0, label, 0);
	touch(sem);
	trace_mix(current_agent, sem->gate.open[mode]);
	if (!sem->gate.open[mode])
		return false;
	rw_got(sem, mode);
	return true;
}

void down_read_label(struct rw_semaphore *sem, const char *label)
{
	rw_down(sem, RW_READ, label);
}

void down_write_label(struct rw_semaphore *sem, const char *label)
{
	rw_down(sem, RW_WRITE, label);
}

bool down_read_trylock_label(struct rw_semaphore *sem, const char *label)
{
	return rw_try(sem, RW_READ, label);
}

bool down_write_trylock_label(struct rw_semaphore *sem, const char *label)
{
	return rw_try(sem, RW_WRITE, label);
}

static void rw_release_step(struct rw_semaphore *sem, unsigned commutes,
                            const char *label)
{
	smp_mb();
	step_commuting(STEP_UNLOCK, commutes, mem_obj(this_machine(), sem), 0,
	               label, 0);
	touch(sem);
}

void up_read_label(struct rw_semaphore *sem, const char *label)
{
	rw_release_step(sem, COMMUTES_READER_GOES, label);
	lockdep_release(sem, sem->class);
	if (sem->readers)
		sem->readers--;
	rw_update(sem);
}

void up_write_label(struct rw_semaphore *sem, const char *label)
{
	rw_release_step(sem, COMMUTES_NOT, label);
	lockdep_release(sem, sem->class);
	sem->writer = NULL;
	rw_update(sem);
}

void downgrade_write_label(struct rw_semaphore *sem, const char *label)
{
	struct agent *a = current_agent;

	rw_release_step(sem, COMMUTES_NOT, label);
	lockdep_assert_held_write(sem, "downgrade_write: not held for write");
	for (unsigned i = 0; i < a->nr_held; i++)
		if (a->held[i].lock == sem)
			a->held[i].mode = LOCK_SHARED;
	sem->writer = NULL;
	sem->readers++;
	emit(a->machine, EV_LOCK, .a = LOCK_DOWNGRADED,
	     .addr = mem_obj(a->machine, sem),
	     .text = lock_name(sem->number, sem->class));
	rw_update(sem);
}

bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return sem->writer || sem->readers;
}

/* ---- seqcount_t ---- */

void seqcount_init(seqcount_t *s)
{
	*s = (seqcount_t){ 0 };
	s->gate.open[0] = true;
}

unsigned read_seqcount_begin(seqcount_t *s)
{
	struct step st = lock_step(STEP_READ, s, "read_seqcount_begin");

	gate_step(&s->gate, 0, &st);
	touch(s);
	trace_mix(current_agent, s->sequence);
	return s->sequence;
}

bool read_seqcount_retry(seqcount_t *s, unsigned start)
{
	return READ_ONCE_AT(s->sequence, "read_seqcount_retry", 0) != start;
}

void write_seqcount_begin(seqcount_t *s)
{
	WRITE_ONCE_AT(s->sequence, s->sequence + 1, "write_seqcount_begin", 0);
	smp_mb(); /* DIVERGES: the gate is part of it */
	gate_set(this_machine(), &s->gate, 0, false);
}

void write_seqcount_end(seqcount_t *s)
{
	WRITE_ONCE_AT(s->sequence, s->sequence + 1, "write_seqcount_end", 0);
	smp_mb();
	gate_set(this_machine(), &s->gate, 0, true);
}

/* ---- struct completion ---- */

void init_completion(struct completion *c)
{
	*c = (struct completion){ 0 };
}

void complete(struct completion *c)
{
	smp_mb();
	step(STEP_SIGNAL, mem_obj(this_machine(), c), 0, "complete", 0);
	touch(c);
	c->done++;
	gate_set(this_machine(), &c->gate, 0, true);
}

void wait_for_completion(struct completion *c)
{
	struct step st = lock_step(STEP_WAIT, c, "wait_for_completion");

	gate_sleep(&c->gate, 0, &st);
	touch(c);
	c->done--;
	gate_set(this_machine(), &c->gate, 0, c->done > 0);
}
