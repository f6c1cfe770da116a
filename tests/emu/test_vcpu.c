/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hardware as the kernel uses it: machine_ops, user access, faults. */
#include "emu/vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "emu/uaccess.h"
#include "tests/emu/rig.h"

static unsigned nr_cr3, nr_faults;

static void count(struct observer *o, struct machine *m, const struct event *ev)
{
	(void)o;
	(void)m;
	nr_cr3 += ev->type == EV_CR3;
	nr_faults += ev->type == EV_FAULT;
}

static struct observer observer = { .name = "count",
	                            .types =
	                                    BIT_ULL(EV_CR3) | BIT_ULL(EV_FAULT),
	                            .event = count };

static void setup(void)
{
	nr_cr3 = nr_faults = 0;
	rig_setup(ARCH_X86_64, 2);
	observe(rig.m, &observer);
}

/* Run @fn as kernel code on CPU 0. */
static void in_kernel(void (*fn)(struct task *t))
{
	struct task *t =
		task_new(rig.m, &rig.m->cpus[0], AGENT_KTHREAD, "kernel", fn);

	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(rig_run(0), RUN_DONE);
}

static void use_cr3(struct task *t)
{
	const struct machine_ops *hw = t->agent->machine->hw;
	struct mmu *mmu = &this_vcpu()->mmu;

	hw->write_cr3(rig.m, 0x5000, 3, true);
	ck_assert_uint_eq(hw->read_cr3(rig.m, 0), 0x5003);
	ck_assert_uint_eq(hw->read_cr3(rig.m, 1), rig.root);
	ck_assert_uint_eq(mmu->root, 0x5000);
	hw->write_cr3(rig.m, rig.root, 0, false);
}

START_TEST(cr3_belongs_to_one_cpu_and_its_load_is_an_event)
{
	in_kernel(use_cr3);
	ck_assert_uint_eq(nr_cr3, 2);
}
END_TEST

static unsigned entries_held(void)
{
	return tlb_nr_valid(&this_vcpu()->mmu.tlb);
}

static void use_flushes(struct task *t)
{
	const struct machine_ops *hw = t->agent->machine->hw;
	uint8_t byte;

	for (unsigned turn = 0; turn < 4; turn++) {
		ck_assert_int_eq(copy_from_user(&byte, DATA, 1), 0);
		ck_assert_uint_gt(entries_held(), 0);
		if (turn == 0)
			hw->invlpg(rig.m, DATA);
		else if (turn == 1)
			hw->invpcid(rig.m, 1, 0, 0);
		else if (turn == 2)
			hw->flush_all(rig.m);
		else
			hw->write_cr3(rig.m, rig.root, 0, false);
		ck_assert_uint_eq(entries_held(), 0);
	}
}

START_TEST(every_flush_reaches_the_tlb)
{
	in_kernel(use_flushes);
}
END_TEST

static void use_ipi(struct task *t)
{
	struct machine *m = t->agent->machine;

	m->hw->send_ipi(m, 1);
	ck_assert_uint_eq(m->cpus[1].irq_pending, 1U << IRQ_CALL_FUNCTION);
	ck_assert_uint_eq(m->cpus[0].irq_pending, 0);
}

START_TEST(an_ipi_is_pending_on_its_target_only)
{
	in_kernel(use_ipi);
}
END_TEST

static void use_copies(struct task *t)
{
	char out[40] = "across the border of two pages", in[40] = "";
	vaddr_t at = DATA + PAGE_SIZE - 13;

	ck_assert_int_eq(copy_to_user(at, out, sizeof(out)), 0);
	ck_assert_int_eq(copy_from_user(in, at, sizeof(in)), 0);
	ck_assert_str_eq(in, out);
	ck_assert_int_eq(strncpy_from_user(in, at, sizeof(in)),
	                 (long)strlen(out));
	ck_assert_int_eq(strncpy_from_user(in, at, 5), -ENAMETOOLONG);
	ck_assert_int_eq(copy_to_user(0x1000, out, 8), -EFAULT);
	ck_assert_int_eq(copy_from_user(in, 0xffff800000000000, 8), -EFAULT);
	ck_assert_int_eq(copy_from_user(in, 0x1234000000000000, 8), -EFAULT);
	ck_assert_int_eq(strncpy_from_user(in, 0x1000, 8), -EFAULT);
	ck_assert_int_eq(t->exit_signal, 0);
	ck_assert(!t->cpu->in_insn);
}

START_TEST(user_copies_fault_pages_in_and_fail_with_efault)
{
	in_kernel(use_copies);
	ck_assert_uint_ge(rig.nr_faults, 2);
}
END_TEST

START_TEST(a_configuration_holds_from_the_next_reset_on)
{
	struct emu_config config;
	struct mmu *mmu = &rig.emu->vcpus[1].mmu;

	emu_config_default(&config);
	ck_assert_ptr_eq(config.engine, &vcpu_ops_unicorn);
	config.pcid = config.global = false;
	config.switches.dirty_recheck = false;
	config.size_mix = SIZE_MIX_MACHINE_CHECK;
	emu_set_config(rig.emu, &config);
	ck_assert(mmu->cr4_pcide);
	machine_reset(rig.m);
	emu_reset(rig.emu);
	ck_assert(!mmu->cr4_pcide);
	ck_assert(!mmu->cr4_pge);
	ck_assert(!mmu->switches.dirty_recheck);
	ck_assert(mmu->switches.ad_present_check);
	ck_assert_int_eq(mmu->size_mix, SIZE_MIX_MACHINE_CHECK);
	emu_config_default(&config);
	emu_set_config(rig.emu, &config);
	emu_reset(rig.emu);
	ck_assert(mmu->cr4_pcide);
	ck_assert_int_eq(mmu->size_mix, mmu->profile->size_mix);
}
END_TEST

START_TEST(a_store_to_nowhere_kills_at_once)
{
	struct op ops[] = {
		{ .kind = OP_STORE,
		  .size = 4,
		  .base = IMM(0xdead0000),
		  .value = IMM(1) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);
	const struct task *t;

	rig_reset(find_engine(_i ? "unicorn" : "direct"));
	t = rig_thread(0, &p);
	ck_assert_int_eq(rig_run(0), RUN_DONE);
	ck_assert_int_eq(t->exit_signal, SIGSEGV);
	ck_assert_uint_eq(t->fault_addr, 0xdead0000);
	ck_assert_uint_eq(nr_faults, 1);
	ck_assert(!t->cpu->user_mode);
	ck_assert(!t->cpu->in_insn);
}
END_TEST

START_TEST(engines_have_names)
{
	ck_assert_ptr_eq(find_engine("direct"), &vcpu_ops_direct);
	ck_assert_ptr_eq(find_engine("unicorn"), &vcpu_ops_unicorn);
	ck_assert_ptr_null(find_engine("bochs"));
}
END_TEST

START_TEST(walkers_need_agents_and_take_candidates)
{
	ck_assert_int_eq(emu_start_walkers(rig.emu, ~UINT64_C(0), true), 0);
	ck_assert_int_eq(emu_add_candidate(rig.emu, DATA), 0);
	ck_assert_uint_ne(rig.m->sched.walkers, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu/vcpu");
	TCase *tc = tcase_create("vcpu");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, rig_teardown);
	tcase_add_test(tc, cr3_belongs_to_one_cpu_and_its_load_is_an_event);
	tcase_add_test(tc, every_flush_reaches_the_tlb);
	tcase_add_test(tc, an_ipi_is_pending_on_its_target_only);
	tcase_add_test(tc, user_copies_fault_pages_in_and_fail_with_efault);
	tcase_add_test(tc, a_configuration_holds_from_the_next_reset_on);
	tcase_add_loop_test(tc, a_store_to_nowhere_kills_at_once, 0, 2);
	tcase_add_test(tc, engines_have_names);
	tcase_add_test(tc, walkers_need_agents_and_take_candidates);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
