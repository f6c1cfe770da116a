/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks, interrupts and RCU at a scenario's command. */
#include "base/bug.h"
#include "base/rcu.h"
#include "mm/kops_internal.h"

struct kop_lock {
	spinlock_t spin;
	struct rw_semaphore sem;
	bool flags; /* lock_irqsave: interrupts were on */
};

struct kop_locks {
	struct kop_lock lock[KOP_NR_LOCKS];
};

G_STATIC_ASSERT(LOCK_TEST_A + KOP_NR_LOCKS - 1 == LOCK_TEST_H);

static enum lock_class class_of(unsigned i)
{
	return (enum lock_class)(LOCK_TEST_A + i);
}

static struct kop_lock *kop_lock_at(struct kernel *k, uint64_t number)
{
	if (!k->kop_locks) {
		k->kop_locks = kzalloc(k->machine, sizeof(*k->kop_locks),
		                       "scenario locks");
		BUG_ON(!k->kop_locks);
		for (unsigned i = 0; i < KOP_NR_LOCKS; i++) {
			struct kop_lock *l = &k->kop_locks->lock[i];

			spin_lock_init(&l->spin, class_of(i));
			init_rwsem(&l->sem, class_of(i));
			l->spin.number = l->sem.number = (uint8_t)(i + 1);
		}
	}
	return &k->kop_locks->lock[number];
}

long kop_lock(struct kernel *k, struct mm_struct *mm,
              const uint64_t args[KOP_ARGS_MAX])
{
	(void)mm;
	spin_lock(&kop_lock_at(k, args[0])->spin);
	return 0;
}

/* Labels of the rwsem's steps where the scenario gives it no name. */
static const struct lock_labels no_name = { .down_read = "down_read",
	                                    .up_read = "up_read",
	                                    .down_write = "down_write",
	                                    .up_write = "up_write" };

static const struct lock_labels *labels_of(const struct kernel *k,
                                           uint64_t number)
{
	const struct lock_labels *labels = k->machine->lock_labels;

	return labels ? &labels[number] : &no_name;
}

/* Releasing what is not held would be the scenario's mistake, not ours. */
static bool held(struct kernel *k, const void *lock)
{
	if (lockdep_holds(lock))
		return true;
	emit(k->machine, EV_RULE, .text = "lock released but not held");
	return false;
}

long kop_unlock(struct kernel *k, struct mm_struct *mm,
                const uint64_t args[KOP_ARGS_MAX])
{
	spinlock_t *lock = &kop_lock_at(k, args[0])->spin;

	(void)mm;
	if (held(k, lock))
		spin_unlock(lock);
	return 0;
}

/*
 * Option irqsave_spin. Linux spins with interrupts off. The architectures that
 * let them in meanwhile did it in arch_spin_lock_flags(), which went in v5.18.
 */
long kop_lock_irqsave(struct kernel *k, struct mm_struct *mm,
                      const uint64_t args[KOP_ARGS_MAX])
{
	struct kop_lock *l = kop_lock_at(k, args[0]);
	bool flags = local_irq_save();

	(void)mm;
	if (k->options->irqsave_spin == IRQSAVE_SPIN_IRQS_ON)
		spin_lock_flags(&l->spin, flags);
	else
		spin_lock(&l->spin);
	l->flags = flags;
	return 0;
}

long kop_unlock_irqrestore(struct kernel *k, struct mm_struct *mm,
                           const uint64_t args[KOP_ARGS_MAX])
{
	struct kop_lock *l = kop_lock_at(k, args[0]);

	(void)mm;
	if (held(k, &l->spin))
		spin_unlock_irqrestore(&l->spin, l->flags);
	return 0;
}

long kop_down_read(struct kernel *k, struct mm_struct *mm,
                   const uint64_t args[KOP_ARGS_MAX])
{
	(void)mm;
	down_read_label(&kop_lock_at(k, args[0])->sem,
	                labels_of(k, args[0])->down_read);
	return 0;
}

long kop_up_read(struct kernel *k, struct mm_struct *mm,
                 const uint64_t args[KOP_ARGS_MAX])
{
	struct rw_semaphore *sem = &kop_lock_at(k, args[0])->sem;

	(void)mm;
	if (held(k, sem))
		up_read_label(sem, labels_of(k, args[0])->up_read);
	return 0;
}

long kop_down_write(struct kernel *k, struct mm_struct *mm,
                    const uint64_t args[KOP_ARGS_MAX])
{
	(void)mm;
	down_write_label(&kop_lock_at(k, args[0])->sem,
	                 labels_of(k, args[0])->down_write);
	return 0;
}

long kop_up_write(struct kernel *k, struct mm_struct *mm,
                  const uint64_t args[KOP_ARGS_MAX])
{
	struct rw_semaphore *sem = &kop_lock_at(k, args[0])->sem;

	(void)mm;
	if (held(k, sem))
		up_write_label(sem, labels_of(k, args[0])->up_write);
	return 0;
}

long kop_irq_off(struct kernel *k, struct mm_struct *mm,
                 const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	(void)mm;
	(void)args;
	local_irq_disable();
	return 0;
}

long kop_irq_on(struct kernel *k, struct mm_struct *mm,
                const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	(void)mm;
	(void)args;
	local_irq_enable();
	return 0;
}

long kop_rcu_read_lock(struct kernel *k, struct mm_struct *mm,
                       const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	(void)mm;
	(void)args;
	rcu_read_lock();
	return 0;
}

long kop_rcu_read_unlock(struct kernel *k, struct mm_struct *mm,
                         const uint64_t args[KOP_ARGS_MAX])
{
	(void)mm;
	(void)args;
	if (rcu_read_lock_held())
		rcu_read_unlock();
	else
		emit(k->machine, EV_RULE,
		     .text = "rcu_read_unlock() outside of a read section");
	return 0;
}

long kop_synchronize_rcu(struct kernel *k, struct mm_struct *mm,
                         const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	(void)mm;
	(void)args;
	synchronize_rcu();
	return 0;
}

/* kop_run()'s own step is all there is to it. */
long kop_pause(struct kernel *k, struct mm_struct *mm,
               const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	(void)mm;
	(void)args;
	return 0;
}
