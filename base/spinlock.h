/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks with Linux's names: spinlock_t, struct rw_semaphore, seqcount_t,
 * struct completion.  They live in arena objects or page structs; zero is
 * not an initialised lock, call the _init function.
 *
 * Spinning keeps the CPU (interrupts may be taken if on); rw_semaphore and
 * completion sleep: the CPU runs something else, or idles lazily.
 */
#ifndef MMULATOR_BASE_SPINLOCK_H
#define MMULATOR_BASE_SPINLOCK_H

#include "base/lockdep.h"
#include "base/machine.h"

typedef struct {
	struct gate gate; /* class 0 open = free */
	struct agent *owner;
	uint8_t class; /* enum lock_class */
	bool initialised;
	uint8_t number; /* of the scenario's locks, 1 ...; 0: none of them */
} spinlock_t;

/**
 * spin_lock_init - make @l an unlocked lock.
 * @l: the lock, whatever it was
 * @class: what lockdep knows it as, and what its steps are called after
 */
void spin_lock_init(spinlock_t *l, enum lock_class class);
/**
 * spin_lock - take @l; a step (STEP_LOCK), enabled when the lock is free.
 *
 * Context: not held by this agent (a deadlock); disables preemption.
 */
void spin_lock(spinlock_t *l);
/**
 * spin_lock_nested - take @l, a second lock of the same class: their order is
 * the caller's business (SINGLE_DEPTH_NESTING).
 */
void spin_lock_nested(spinlock_t *l);
/** spin_trylock - take @l if it is free; a step that always proceeds. Return:
 * got it. */
bool must_check spin_trylock(spinlock_t *l);
/** spin_unlock - let @l go; a step (STEP_UNLOCK). */
void spin_unlock(spinlock_t *l);
/** spin_is_locked - does anybody hold @l? No step. Return: somebody does. */
bool spin_is_locked(const spinlock_t *l);
/** spin_unlock_wait - go on when nobody holds @l; a step. For loops that read
 * until what its holder does is done. */
void spin_unlock_wait(spinlock_t *l);
/** spin_lock_irqsave - local_irq_save() and take @l. Return: whether interrupts
 * were on. */
bool spin_lock_irqsave(spinlock_t *l);
/**
 * spin_lock_flags - take @l with interrupts off, but let them in while it
 * waits.
 * @flags: whether they were on, what local_irq_save() returned
 *
 * Context: interrupts off. A step each: try, and on, wait, off if it is taken.
 */
void spin_lock_flags(spinlock_t *l, bool flags);
/** spin_unlock_irqrestore - let @l go, then local_irq_restore(@flags). */
void spin_unlock_irqrestore(spinlock_t *l, bool flags);

struct rw_semaphore {
	struct gate gate; /* class 0 open: readers may; 1: a writer may */
	unsigned readers;
	struct agent *writer;
	uint8_t class;
	uint8_t number; /* as in spinlock_t */
};

/** init_rwsem - make @sem an rwsem nobody holds, known to lockdep as @class. */
void init_rwsem(struct rw_semaphore *sem, enum lock_class class);
/**
 * down_read_label - take @sem with others. A step called @label each time it
 * looks; sleeps while a writer has it.
 *
 * Context: no spinlock held (EV_RULE).
 */
void down_read_label(struct rw_semaphore *sem, const char *label);
/**
 * down_write_label - take @sem alone. A step called @label each time it looks;
 * sleeps while anybody has it.
 *
 * Context: no spinlock held (EV_RULE).
 */
void down_write_label(struct rw_semaphore *sem, const char *label);
/** down_read_trylock_label - take @sem with others unless a writer has it. A
 * step called @label. Return: got it. */
bool must_check down_read_trylock_label(struct rw_semaphore *sem,
                                        const char *label);
/** down_write_trylock_label - take @sem alone unless anybody has it. A step
 * called @label. Return: got it. */
bool must_check down_write_trylock_label(struct rw_semaphore *sem,
                                         const char *label);
/** up_read_label - let @sem go. A step called @label. */
void up_read_label(struct rw_semaphore *sem, const char *label);
/** up_write_label - let @sem go. A step called @label. */
void up_write_label(struct rw_semaphore *sem, const char *label);
/**
 * downgrade_write_label - the writer of @sem becomes a reader without letting
 * another writer in. A step called @label.
 */
void downgrade_write_label(struct rw_semaphore *sem, const char *label);
#define down_read(s)         down_read_label(s, "down_read " #s)
#define down_write(s)        down_write_label(s, "down_write " #s)
#define down_read_trylock(s) down_read_trylock_label(s, "down_read_trylock " #s)
#define down_write_trylock(s) \
	down_write_trylock_label(s, "down_write_trylock " #s)
#define up_read(s)         up_read_label(s, "up_read " #s)
#define up_write(s)        up_write_label(s, "up_write " #s)
#define downgrade_write(s) downgrade_write_label(s, "downgrade_write " #s)
/** rwsem_is_locked - does anybody hold @sem? No step. Return: somebody does. */
bool rwsem_is_locked(const struct rw_semaphore *sem);

/* seqcount_t: even = stable. */
typedef struct {
	unsigned sequence;
	struct gate gate; /* class 0 open = even; readers spin there */
} seqcount_t;
/** seqcount_init - make @s even. */
void seqcount_init(seqcount_t *s);
/** read_seqcount_begin - wait (spin) while @s is odd. A step. Return: its
 * value, for read_seqcount_retry(). */
unsigned read_seqcount_begin(seqcount_t *s);
/** read_seqcount_retry - has @s changed since it was @start? A step. Return: it
 * has, read again. */
bool read_seqcount_retry(seqcount_t *s, unsigned start);
/**
 * write_seqcount_begin - make @s odd. A step.
 *
 * Context: one writer at a time.
 */
void write_seqcount_begin(seqcount_t *s);
/** write_seqcount_end - make @s even again. A step. */
void write_seqcount_end(seqcount_t *s);

struct completion {
	struct gate gate;
	unsigned done;
};
/** init_completion - make @c one that is not complete. */
void init_completion(struct completion *c);
/** complete - a step. */
void complete(struct completion *c);
/** wait_for_completion - a step; sleeps. */
void wait_for_completion(struct completion *c);

#endif
