/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenario threads: both engines do the same, and what the architecture does.
 */
#include <stdlib.h>

#include "tests/emu/rig.h"

static const struct vcpu_ops *const engines[] = { &vcpu_ops_direct,
	                                          &vcpu_ops_unicorn };

static void setup_x86(void)
{
	rig_setup(ARCH_X86_64, 3);
}

static void setup_arm64(void)
{
	rig_setup(ARCH_ARM64, 3);
}

/* On arm64 atomics are to be aligned. */
static bool aligned_atomics(void)
{
	return rig.m->arch == ARCH_ARM64;
}

static void run_one(const struct vcpu_ops *engine, const struct program *p)
{
	rig_reset(engine);
	rig_thread(0, p);
	ck_assert_int_eq(rig_run(0), RUN_DONE);
}

static uint64_t reg(unsigned thread, unsigned n)
{
	return guest_thread_reg(rig.thread[thread], n);
}

/* Run @p under both engines and compare; the last one's state stays. */
static void run_both(const struct program *p)
{
	uint64_t hash, steps, cycles, insns;

	run_one(&vcpu_ops_direct, p);
	hash = rig.m->sched.hash;
	steps = rig.m->sched.nr_steps;
	cycles = rig.m->cpus[0].cycles;
	insns = rig.emu->vcpus[0].nr_insns;
	run_one(&vcpu_ops_unicorn, p);
	ck_assert_uint_eq(rig.m->sched.nr_steps, steps);
	ck_assert_uint_eq(rig.m->cpus[0].cycles, cycles);
	ck_assert_uint_eq(rig.emu->vcpus[0].nr_insns, insns);
	ck_assert_uint_eq(rig.m->sched.hash, hash);
}

START_TEST(load_zero_extends)
{
	static const unsigned sizes[] = { 1, 2, 4, 8 };
	const uint64_t expected[] = { 0x88, 0x7788, 0x55667788,
		                      0x1122334455667788 };
	struct op ops[] = {
		{ .kind = OP_STORE,
		  .size = 8,
		  .base = IMM(DATA + 8),
		  .value = IMM(0x1122334455667788) },
		{ .kind = OP_SET, .reg = 2, .value = IMM(-1) },
		{ .kind = OP_LOAD,
		  .reg = 2,
		  .size = (uint8_t)sizes[_i],
		  .base = IMM(DATA),
		  .disp = 8 },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 2), expected[_i]);
	ck_assert_uint_eq(rig_load(DATA + 8, 8), expected[3]);
}
END_TEST

START_TEST(store_writes_only_its_bytes)
{
	static const unsigned sizes[] = { 1, 2, 4, 8 };
	const uint64_t expected[] = { 0xffffffffffffff88, 0xffffffffffff7788,
		                      0xffffffff55667788, 0x1122334455667788 };
	struct op ops[] = {
		{ .kind = OP_STORE,
		  .size = 8,
		  .base = IMM(DATA),
		  .value = IMM(-1) },
		{ .kind = OP_SET, .reg = 5, .value = IMM(0x1122334455667788) },
		{ .kind = OP_STORE,
		  .size = (uint8_t)sizes[_i],
		  .base = IMM(DATA),
		  .value = REG(5) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(rig_load(DATA, 8), expected[_i]);
}
END_TEST

START_TEST(atomics_return_the_old_value_and_keep_r0)
{
	static const unsigned sizes[] = { 1, 2, 4, 8 };
	uint8_t size = (uint8_t)sizes[_i];
	uint64_t mask = ~UINT64_C(0) >> (64 - 8 * size);
	uint64_t first = 0x8182838485868788;
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 0, .value = IMM(0xabcdef0123456789) },
		{ .kind = OP_STORE,
		  .size = 8,
		  .base = IMM(DATA),
		  .value = IMM(first) },
		{ .kind = OP_XADD,
		  .reg = 1,
		  .size = size,
		  .base = IMM(DATA),
		  .value = IMM(0x91) },
		{ .kind = OP_CMPXCHG,
		  .reg = 2,
		  .size = size,
		  .base = IMM(DATA),
		  .expected = IMM(first + 0x91),
		  .value = IMM(7) },
		{ .kind = OP_CMPXCHG,
		  .reg = 3,
		  .size = size,
		  .base = IMM(DATA),
		  .expected = IMM(6),
		  .value = IMM(8) },
		{ .kind = OP_XCHG,
		  .reg = 4,
		  .size = size,
		  .base = IMM(DATA),
		  .value = REG(0) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 0), 0xabcdef0123456789);
	ck_assert_uint_eq(reg(0, 1), first & mask);
	ck_assert_uint_eq(reg(0, 2), (first + 0x91) & mask);
	ck_assert_uint_eq(reg(0, 3), 7);
	ck_assert_uint_eq(reg(0, 4), 7);
	ck_assert_uint_eq(rig_load(DATA, size), 0xabcdef0123456789 & mask);
	ck_assert_uint_eq(rig_load(DATA, 8) & ~mask, first & ~mask);
}
END_TEST

START_TEST(cmpxchg_works_with_r0_in_every_place)
{
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 0, .value = IMM(DATA + 0x10) },
		{ .kind = OP_STORE,
		  .size = 8,
		  .base = REG(0),
		  .value = REG(0) },
		{ .kind = OP_CMPXCHG,
		  .reg = 0,
		  .size = 8,
		  .base = REG(0),
		  .expected = REG(0),
		  .value = REG(0) },
		{ .kind = OP_CMPXCHG,
		  .reg = 1,
		  .size = 4,
		  .base = REG(0),
		  .expected = REG(0),
		  .value = IMM(3) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 0), DATA + 0x10);
	ck_assert_uint_eq(reg(0, 1), DATA + 0x10);
	ck_assert_uint_eq(rig_load(DATA + 0x10, 8), 3);
}
END_TEST

START_TEST(far_addresses_and_registers_reach_memory)
{
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 4, .value = IMM(0x40) },
		{ .kind = OP_STORE,
		  .size = 8,
		  .base = REG(4),
		  .disp = (int64_t)FAR,
		  .value = IMM(0x123456789abc) },
		{ .kind = OP_LOAD,
		  .reg = 6,
		  .size = 8,
		  .base = IMM(FAR + 0x40) },
		{ .kind = OP_SET, .reg = 3, .value = IMM(FAR + 0x100) },
		{ .kind = OP_LOAD,
		  .reg = 1,
		  .size = 4,
		  .base = REG(3),
		  .disp = -0xc0 },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 6), 0x123456789abc);
	ck_assert_uint_eq(reg(0, 1), 0x56789abc);
}
END_TEST

START_TEST(access_across_a_page_is_whole)
{
	vaddr_t at = DATA + PAGE_SIZE - 3;
	struct op ops[] = {
		{ .kind = OP_STORE,
		  .size = 8,
		  .base = IMM(at),
		  .value = IMM(0x0102030405060708) },
		{ .kind = OP_LOAD, .reg = 1, .size = 8, .base = IMM(at) },
		{ .kind = OP_STORE,
		  .size = 2,
		  .base = IMM(at + 2),
		  .value = IMM(0xaabb) },
		{ .kind = OP_LOAD, .reg = 4, .size = 4, .base = IMM(at + 1) },
		{ .kind = OP_LOAD, .reg = 5, .size = 2, .base = IMM(at + 2) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 1), 0x0102030405060708);
	ck_assert_uint_eq(reg(0, 4), 0x04aabb07);
	ck_assert_uint_eq(reg(0, 5), 0xaabb);
	ck_assert_uint_eq(rig_load(at, 3), 0xbb0708);
	ck_assert_uint_eq(rig.nr_faults, 2);
}
END_TEST

START_TEST(atomics_across_a_page_are_whole)
{
	vaddr_t at = DATA + PAGE_SIZE - 3;
	struct op ops[] = {
		{ .kind = OP_STORE,
		  .size = 8,
		  .base = IMM(at),
		  .value = IMM(0x0102030405060708) },
		{ .kind = OP_XADD,
		  .reg = 2,
		  .size = 8,
		  .base = IMM(at),
		  .value = IMM(0x1000000000000000) },
		{ .kind = OP_CMPXCHG,
		  .reg = 3,
		  .size = 4,
		  .base = IMM(at + 1),
		  .expected = IMM(0x04050607),
		  .value = IMM(0xaabbccdd) },
		{ .kind = OP_LOAD, .reg = 4, .size = 4, .base = IMM(at + 1) },
		{ .kind = OP_LOAD, .reg = 5, .size = 2, .base = IMM(at + 2) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 2), 0x0102030405060708);
	ck_assert_uint_eq(reg(0, 3), 0x04050607);
	ck_assert_uint_eq(reg(0, 4), 0xaabbccdd);
	ck_assert_uint_eq(reg(0, 5), 0xbbcc);
	ck_assert_uint_eq(rig_load(at, 3), 0xccdd08);
	ck_assert_uint_eq(rig.nr_faults, 2);
}
END_TEST

START_TEST(loop_counts_and_every_turn_is_a_step)
{
	struct op ops[] = {
		{ .kind = OP_ADD, .reg = 1, .value = IMM(3) },
		{ .kind = OP_BRANCH,
		  .reg = 1,
		  .cond = COND_LT,
		  .value = IMM(30),
		  .target = 0 },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 1), 30);
	ck_assert_uint_ge(rig.m->sched.nr_steps, 9);
}
END_TEST

START_TEST(branches_compare_unsigned)
{
	static const struct {
		uint64_t a, b;
		bool taken[6]; /* eq ne lt le gt ge */
	} cases[] = {
		{ 1, 1, { 1, 0, 0, 1, 0, 1 } },
		{ 1, 2, { 0, 1, 1, 1, 0, 0 } },
		{ 2, 1, { 0, 1, 0, 0, 1, 1 } },
		{ UINT64_MAX, 1, { 0, 1, 0, 0, 1, 1 } },
		{ 1, UINT64_MAX, { 0, 1, 1, 1, 0, 0 } },
		{ 1, 0xffffffff, { 0, 1, 1, 1, 0, 0 } },
		{ UINT64_MAX, 0x8000000000000000, { 0, 1, 0, 0, 1, 1 } },
	};
	unsigned c = (unsigned)_i / 6, cond = (unsigned)_i % 6;
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 3, .value = IMM(cases[c].a) },
		{ .kind = OP_BRANCH,
		  .reg = 3,
		  .cond = (enum op_cond)cond,
		  .value = IMM(cases[c].b),
		  .target = 3 },
		{ .kind = OP_SET, .reg = 1, .value = IMM(1) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 1), !cases[c].taken[cond]);
}
END_TEST

START_TEST(a_loop_without_memory_accesses_ends_at_the_step_cap)
{
	struct op ops[] = {
		{ .kind = OP_JUMP, .target = 0 },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	rig_reset(engines[_i]);
	rig.m->caps.steps = 1000;
	rig_thread(0, &p);
	ck_assert_int_eq(rig_run(0), RUN_STEP_CAP);
}
END_TEST

START_TEST(system_call_gets_six_arguments_and_returns_in_r0)
{
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 6, .value = IMM(40) },
		{ .kind = OP_SYSCALL,
		  .nr = NR(RIG_ADD),
		  .nr_args = 2,
		  .args = { REG(6), IMM(2) } },
		{ .kind = OP_SET, .reg = 1, .value = REG(0) },
		{ .kind = OP_SYSCALL, .nr = NR(999) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 1), 42);
	ck_assert_int_eq((int64_t)reg(0, 0), -38);
	ck_assert_uint_eq(reg(0, 6), 40);
	ck_assert_uint_eq(rig.nr_syscalls, 2);
}
END_TEST

/* FEAT_LSE2 is not there: alignment fault, SIGBUS. */
START_TEST(a_misaligned_atomic_kills)
{
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 1, .value = IMM(5) },
		{ .kind = _i == 0   ? OP_XCHG
		          : _i == 1 ? OP_XADD
		                    : OP_CMPXCHG,
		  .reg = 1,
		  .size = 4,
		  .base = IMM(DATA + 2),
		  .value = IMM(1) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 1), 5);
	ck_assert_int_eq(rig.thread[0]->exit_signal, 7);
	ck_assert_uint_eq(rig.thread[0]->fault_addr, DATA + 2);
}
END_TEST

/* TBI: another window of the engine, the same memory. */
START_TEST(the_top_byte_is_ignored)
{
	struct op ops[] = {
		{ .kind = OP_STORE,
		  .size = 8,
		  .base = IMM(DATA | 0x0b00000000000000),
		  .value = IMM(0x77) },
		{ .kind = OP_XADD,
		  .reg = 1,
		  .size = 8,
		  .base = IMM(DATA | 0xff00000000000000),
		  .value = IMM(1) },
		{ .kind = OP_LOAD, .reg = 2, .size = 4, .base = IMM(DATA) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 1), 0x77);
	ck_assert_uint_eq(reg(0, 2), 0x78);
}
END_TEST

START_TEST(a_tag_is_what_was_stored)
{
	struct op ops[] = {
		{ .kind = OP_STG, .base = IMM(DATA), .value = IMM(5) },
		{ .kind = OP_SET, .reg = 1, .value = IMM(DATA + 0x10) },
		{ .kind = OP_SET, .reg = 2, .value = IMM(0xf7) },
		{ .kind = OP_STG, .base = REG(1), .value = REG(2) },
		{ .kind = OP_LDG, .reg = 3, .base = IMM(DATA + 15) },
		{ .kind = OP_LDG, .reg = 4, .base = REG(1), .disp = 3 },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 3), 5);
	ck_assert_uint_eq(reg(0, 4), 7);
	ck_assert_int_eq(rig.thread[0]->exit_signal, 0);
}
END_TEST

/* Arm ARM C6.2 STG: the address is to be aligned, LDG's need not be. */
START_TEST(a_misaligned_stg_kills)
{
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 1, .value = IMM(DATA + 8) },
		{ .kind = OP_STG, .base = REG(1), .value = IMM(5) },
		{ .kind = OP_SET, .reg = 2, .value = IMM(1) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 2), 0);
	ck_assert_int_eq(rig.thread[0]->exit_signal, 7);
	ck_assert_uint_eq(rig.thread[0]->fault_addr, DATA + 8);
}
END_TEST

START_TEST(a_system_call_can_end_the_thread)
{
	struct op ops[] = {
		{ .kind = OP_SYSCALL, .nr = NR(RIG_EXIT) },
		{ .kind = OP_SET, .reg = 1, .value = IMM(1) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 1), 0);
}
END_TEST

START_TEST(a_bad_access_kills_with_registers_as_before)
{
	/* Not mapped, not canonical, last bytes of the address space. */
	static const uint64_t bad[] = { 0x1000, 0x0000900000000000,
		                        0xfffffffffffffff0,
		                        0xffff900000000000 };
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 1, .value = IMM(5) },
		{ .kind = OP_LOAD, .reg = 1, .size = 8, .base = IMM(bad[_i]) },
		{ .kind = OP_SET, .reg = 2, .value = IMM(1) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);

	run_both(&p);
	ck_assert_uint_eq(reg(0, 1), 5);
	ck_assert_uint_eq(reg(0, 2), 0);
	ck_assert_int_eq(rig.thread[0]->exit_signal, 11);
	ck_assert_uint_eq(rig.thread[0]->fault_addr, bad[_i]);
}
END_TEST

/* ---- several threads, random schedules, random programs ---- */

static struct operand random_operand(unsigned *seed)
{
	static const uint64_t values[] = { 0,          1,
		                           2,          0x7fffffff,
		                           0x80000000, 0xffffffff,
		                           UINT64_MAX, 0x123456789abcdef0 };

	if (rand_r(seed) % 2)
		return (struct operand)REG((uint8_t)(rand_r(seed) % 7));
	return (struct operand)IMM(
		values[(unsigned)rand_r(seed) % ARRAY_SIZE(values)]);
}

static void align(struct op *op)
{
	op->disp &= -(int64_t)op->size;
	op->base.is_reg = false;
	op->base.imm &= -(uint64_t)op->size;
}

/* Tags of 0 and 1, so that many checks pass. */
static void random_tags(struct op *op, unsigned *seed)
{
	bool tag = op->kind >= OP_STG && op->kind <= OP_ADDG;

	if (tag && rig.m->arch != ARCH_ARM64)
		op->kind = OP_PAUSE;
	op->own_tag = op->kind == OP_STG && rand_r(seed) % 4 == 0;
	op->tag = (uint8_t)(rand_r(seed) % 16);
	if (op->kind == OP_ADDG)
		op->value = (struct operand)IMM(
			(uint64_t)(rand_r(seed) % 127 - 63) * 16);
	if (rig.m->arch != ARCH_ARM64 || op->base.is_reg)
		return;
	op->base.imm |= (uint64_t)(rand_r(seed) % 2) << 56;
	if (tag && rand_r(seed) % 32)
		op->disp &= ~15;
	if (tag && op->kind != OP_ADDG && rand_r(seed) % 4)
		op->value = (struct operand)IMM((uint64_t)rand_r(seed) % 2);
}

static struct op random_op(unsigned *seed, unsigned i, unsigned n)
{
	static const vaddr_t regions[] = { DATA, DATA, FAR };
	/* Also across pages, and now and then outside of everything. */
	static const unsigned offsets[] = { 0, 8, 0xfff, 0xffd, 0x2004, 0x10 };
	struct op op = { .kind = (enum op_kind)(rand_r(seed) % OP_EXIT),
		         .reg = (uint8_t)(rand_r(seed) % 7),
		         .size = (uint8_t)(1 << rand_r(seed) % 4),
		         .cond = (enum op_cond)(rand_r(seed) % 6),
		         .disp = offsets[(unsigned)rand_r(seed) % 6],
		         .value = random_operand(seed),
		         .expected = random_operand(seed),
		         .nr_args = 2,
		         .line = i };
	unsigned nr;

	op.base = (struct operand)IMM(regions[rand_r(seed) % 3]);
	if (rand_r(seed) % 64 == 0)
		op.base = random_operand(seed);
	nr = 1 + (unsigned)rand_r(seed) % 5;
	if (nr == RIG_EXIT)
		nr = RIG_SHOOT;
	for (unsigned a = 0; a < ARCH_COUNT; a++)
		op.nr[a] = nr;
	op.args[0] = (struct operand)IMM(DATA + offsets[rand_r(seed) % 6]);
	if (nr == RIG_TIMER)
		op.args[0] = (struct operand)IMM(rand_r(seed) % 3);
	op.args[1] = random_operand(seed);
	if (aligned_atomics() && op.kind >= OP_XCHG && op.kind <= OP_CMPXCHG &&
	    rand_r(seed) % 32)
		align(&op);
	random_tags(&op, seed);
	/* Jumps backwards only by what makes progress likely. */
	op.target = i + 1 + (unsigned)rand_r(seed) % (n - i);
	if (op.kind == OP_BRANCH && rand_r(seed) % 4 == 0)
		op.target = i ? i - 1 : 0;
	return op;
}

#define RANDOM_OPS 24
static struct op random_ops[RIG_THREADS_MAX][RANDOM_OPS + 1];

static void random_programs(unsigned seed, struct program *p)
{
	for (unsigned t = 0; t < RIG_THREADS_MAX; t++) {
		unsigned n = 1 + (unsigned)rand_r(&seed) % RANDOM_OPS;

		for (unsigned i = 0; i < n; i++)
			random_ops[t][i] = random_op(&seed, i, n);
		random_ops[t][n] = (struct op){ .kind = OP_EXIT };
		p[t] = (struct program){ .ops = random_ops[t],
			                 .nr_ops = n + 1 };
	}
}

struct result {
	uint64_t hash, steps, cycles[3], regs[RIG_THREADS_MAX][7];
	int signal[RIG_THREADS_MAX];
	enum run_end end;
};

static struct result run_random(const struct vcpu_ops *engine,
                                const struct program *p, uint64_t seed)
{
	struct result r = { 0 };

	rig_reset(engine);
	rig.m->caps.steps = 4000;
	for (unsigned i = 0; i < rig.m->nr_cpus; i++) {
		rig.emu->vcpus[i].mte.exclude = (uint16_t)(seed * 0x9e37);
		mmu_write_tcf(&rig.emu->vcpus[i].mmu,
		              (enum mte_tcf)(seed / 10 % 4));
	}
	/* Two of them share a CPU. */
	for (unsigned t = 0; t < RIG_THREADS_MAX; t++)
		rig_thread(t % 3, &p[t]);
	r.end = rig_run(seed);
	r.hash = rig.m->sched.hash;
	r.steps = rig.m->sched.nr_steps;
	for (unsigned i = 0; i < 3; i++)
		r.cycles[i] = rig.m->cpus[i].cycles;
	for (unsigned t = 0; r.end == RUN_DONE && t < RIG_THREADS_MAX; t++) {
		r.signal[t] = rig.thread[t]->exit_signal;
		for (unsigned i = 0; i < 7; i++)
			r.regs[t][i] = reg(t, i);
	}
	return r;
}

START_TEST(random_programs_run_the_same_under_both_engines)
{
	struct program p[RIG_THREADS_MAX];
	unsigned done = 0;

	for (unsigned seed = 1; seed <= 40; seed++) {
		random_programs(seed, p);
		/* Another schedule of the same programs reuses engines. */
		for (unsigned again = 0; again < 3; again++) {
			uint64_t policy = seed * 10 + again;
			struct result a = run_random(engines[0], p, policy);
			struct result b = run_random(engines[1], p, policy);

			ck_assert_uint_eq(a.steps, b.steps);
			ck_assert_uint_eq(a.hash, b.hash);
			ck_assert_int_eq(a.end, b.end);
			for (unsigned i = 0; i < 3; i++)
				ck_assert_uint_eq(a.cycles[i], b.cycles[i]);
			ck_assert_mem_eq(a.signal, b.signal, sizeof(a.signal));
			ck_assert_mem_eq(a.regs, b.regs, sizeof(a.regs));
			done += a.end == RUN_DONE;
		}
	}
	ck_assert_uint_gt(done, 60);
}
END_TEST

START_TEST(interrupts_come_between_instructions_only)
{
	/* The handler and the faults check in_insn; here they do happen. */
	vaddr_t at = DATA + PAGE_SIZE - (aligned_atomics() ? 8 : 4);
	struct op touch[] = {
		{ .kind = OP_XADD,
		  .reg = 1,
		  .size = 8,
		  .base = IMM(at),
		  .value = IMM(1) },
		{ .kind = OP_ADD, .reg = 2, .value = IMM(1) },
		{ .kind = OP_BRANCH,
		  .reg = 2,
		  .cond = COND_LT,
		  .value = IMM(40),
		  .target = 0 },
		{ .kind = OP_EXIT },
	};
	struct op unmap[] = {
		{ .kind = OP_SYSCALL,
		  .nr = NR(RIG_SHOOT),
		  .nr_args = 1,
		  .args = { IMM(DATA) } },
		{ .kind = OP_SYSCALL,
		  .nr = NR(RIG_TIMER),
		  .nr_args = 1,
		  .args = { IMM(0) } },
		{ .kind = OP_ADD, .reg = 2, .value = IMM(1) },
		{ .kind = OP_BRANCH,
		  .reg = 2,
		  .cond = COND_LT,
		  .value = IMM(10),
		  .target = 0 },
		{ .kind = OP_EXIT },
	};
	struct program a = PROGRAM(touch), b = PROGRAM(unmap);

	for (uint64_t seed = 1; seed <= 20; seed++) {
		rig_reset(engines[_i]);
		rig_thread(0, &a);
		rig_thread(1, &b);
		rig_thread(0, &a);
		ck_assert_int_eq(rig_run(seed), RUN_DONE);
		ck_assert_uint_eq(rig_load(at, 8), 80);
		ck_assert_uint_ge(rig.nr_irqs, 20);
	}
}
END_TEST

START_TEST(a_run_can_be_abandoned_at_any_step)
{
	struct program p[RIG_THREADS_MAX];

	random_programs(7, p);
	for (uint64_t cap = 1; cap < 60; cap++) {
		rig_reset(engines[_i]);
		rig.m->caps.steps = cap;
		for (unsigned t = 0; t < RIG_THREADS_MAX; t++)
			rig_thread(t % 3, &p[t]);
		ck_assert_int_eq(rig_run(cap), RUN_STEP_CAP);
	}
}
END_TEST

static TCase *engine_cases(const char *name, void (*setup)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, rig_teardown);
	tcase_add_loop_test(tc, load_zero_extends, 0, 4);
	tcase_add_loop_test(tc, store_writes_only_its_bytes, 0, 4);
	tcase_add_loop_test(tc, atomics_return_the_old_value_and_keep_r0, 0, 4);
	tcase_add_test(tc, cmpxchg_works_with_r0_in_every_place);
	tcase_add_test(tc, far_addresses_and_registers_reach_memory);
	tcase_add_test(tc, access_across_a_page_is_whole);
	tcase_add_test(tc, loop_counts_and_every_turn_is_a_step);
	tcase_add_loop_test(tc, branches_compare_unsigned, 0, 42);
	tcase_add_loop_test(
		tc, a_loop_without_memory_accesses_ends_at_the_step_cap, 0, 2);
	tcase_add_test(tc, system_call_gets_six_arguments_and_returns_in_r0);
	tcase_add_test(tc, a_system_call_can_end_the_thread);
	tcase_add_loop_test(tc, a_bad_access_kills_with_registers_as_before, 0,
	                    4);
	tcase_add_test(tc, random_programs_run_the_same_under_both_engines);
	tcase_add_loop_test(tc, interrupts_come_between_instructions_only, 0,
	                    2);
	tcase_add_loop_test(tc, a_run_can_be_abandoned_at_any_step, 0, 2);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("emu/unicorn");
	TCase *x86 = engine_cases("x86", setup_x86);
	TCase *arm64 = engine_cases("arm64", setup_arm64);
	SRunner *sr;
	int failed;

	tcase_add_test(x86, atomics_across_a_page_are_whole);
	suite_add_tcase(s, x86);
	tcase_add_loop_test(arm64, a_misaligned_atomic_kills, 0, 3);
	tcase_add_test(arm64, the_top_byte_is_ignored);
	tcase_add_test(arm64, a_tag_is_what_was_stored);
	tcase_add_test(arm64, a_misaligned_stg_kills);
	suite_add_tcase(s, arm64);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
