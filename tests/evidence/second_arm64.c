/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How it is done.  For each set of tables the engine executes what a kernel
 * does at EL1 to switch to them, and the states from which accesses begin are
 * saved: EL0, EL1, EL1 with PAN.  An access restores one and executes one
 * instruction and a BRK.  BRK and aborts arrive in the interrupt hook.
 *
 * Unicorn takes no exception to EL1, so that ESR_EL1 and FAR_EL1 do not change:
 * what would be in them lies in the state that uc_context_save() copies; where
 * is found out by trying, when the engine is made.
 */
#include "tests/evidence/second_arm64.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>

/* Its own pages: code of the kernel, code of the user, four tables. */
#define KERNEL_PAGE SECOND_ARM_OWN
#define USER_PAGE   (SECOND_ARM_OWN + 0x1000)
#define OWN_L3      (SECOND_ARM_OWN + 0x2000)
#define OWN_L2      (SECOND_ARM_OWN + 0x3000)
#define OWN_L1      (SECOND_ARM_OWN + 0x4000)
#define OWN_L0      (SECOND_ARM_OWN + 0x5000)
#define TRY_L0      (SECOND_ARM_OWN + 0x6000)
/* 47:39 of its virtual addresses. */
#define OWN_SLOT    7

/* In both pages of code. */
#define AT_STOP   0x000
#define AT_FLUSH  0x010
#define AT_SETUP  0x020
#define AT_ERET   0x050
#define AT_PAN    0x070
#define AT_ACCESS 0x100 /* 16 bytes for each operation, size and privilege */

#define BRK   0xd4200000u
#define ISB   0xd5033fdfu
#define FLUSH 0xd508871fu /* tlbi vmalle1 */

/* Of exceptions, in Unicorn. */
#define PREFETCH_ABORT 3
#define DATA_ABORT     4
#define BREAKPOINT     7

#define OWN_TCR0 (UINT64_C(16) << 0)
#define OWN_TCR1 (UINT64_C(16) << 16 | UINT64_C(2) << 30)
#define TCR_IPS  (UINT64_C(4) << 32) /* 44 bits: more than RAM has */

enum state {
	STATE_EL1,
	STATE_EL1_PAN,
	STATE_EL0,
	NR_STATES
};

struct second_arm {
	uc_engine *uc;
	uint8_t *ram;
	uint8_t *decoy; /* never touched, but mapped */
	int exception;  /* the last one, or -1 */
	uint64_t windows[900];
	unsigned nr_windows;
	uc_context *reset, *state[NR_STATES], *scratch;
	size_t esr_at, far_at; /* in a saved state */
	uint64_t own_va;       /* of the kernel page */
};

static void on_exception(uc_engine *uc, uint32_t number, void *data)
{
	struct second_arm *s = data;

	s->exception = (int)number;
	uc_emu_stop(uc);
}

uint8_t *second_arm_ram(struct second_arm *s)
{
	return s->ram;
}

uint64_t second_arm_code(unsigned number)
{
	/* mov w0, #number; brk #0 */
	return 0x52800000u | number << 5 | (uint64_t)BRK << 32;
}

#define WINDOW (UINT64_C(2) << 20)

bool second_arm_window(struct second_arm *s, uint64_t va)
{
	va &= ~(WINDOW - 1);
	if (va < SECOND_ARM_RAM)
		return true;
	for (unsigned i = 0; i < s->nr_windows; i++) {
		if (s->windows[i] == va)
			return true;
	}
	if (s->nr_windows == sizeof(s->windows) / sizeof(s->windows[0]))
		return false;
	s->windows[s->nr_windows++] = va;
	return !uc_mem_map_ptr(s->uc, va, WINDOW, UC_PROT_ALL, s->decoy);
}

/* ---- the guest program ---- */

static void put_code(struct second_arm *s, unsigned at, unsigned n,
                     const uint32_t *code)
{
	memcpy(s->ram + KERNEL_PAGE + at, code, n * sizeof(*code));
	memcpy(s->ram + USER_PAGE + at, code, n * sizeof(*code));
}

#define PUT(at, ...)                                               \
	put_code(s, (at), sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, \
	         (const uint32_t[]){ __VA_ARGS__ })

static unsigned access_at(const struct second_arm_access *acc)
{
	unsigned size = acc->size == 8   ? 3
	                : acc->size == 4 ? 2
	                                 : acc->size - 1u;

	return AT_ACCESS +
	       (((unsigned)acc->op * 2 + acc->unprivileged) * 4 + size) * 16;
}

/* X0 is the address, X1 the value, X2 what is loaded. */
static void write_program(struct second_arm *s)
{
	/* LDR, STR, LDTR, STTR of a byte; size is in bits 31:30. */
	static const uint32_t ldr = 0x39400002, str = 0x39000001,
			      ldtr = 0x38400802, sttr = 0x38000801;

	PUT(AT_STOP, BRK);
	PUT(AT_FLUSH, FLUSH, ISB, BRK);
	PUT(AT_SETUP, 0xd5182000,        /* msr ttbr0_el1, x0 */
	    0xd5182021,                  /* msr ttbr1_el1, x1 */
	    0xd5182042,                  /* msr tcr_el1, x2 */
	    0xd518a203,                  /* msr mair_el1, x3 */
	    ISB, FLUSH, ISB, 0xd5181004, /* msr sctlr_el1, x4 */
	    ISB, BRK);
	PUT(AT_ERET, 0xd5184000,      /* msr spsr_el1, x0 */
	    0xd5184021,               /* msr elr_el1, x1 */
	    0xd69f03e0);              /* eret */
	PUT(AT_PAN, 0xd500419f, BRK); /* msr pan, #1 */
	for (uint32_t i = 0; i < 4; i++) {
		struct second_arm_access a = { .size = (uint8_t)(1u << i) };

		PUT(access_at(&a), ldr | i << 30, BRK);
		a.unprivileged = true;
		PUT(access_at(&a), ldtr | i << 30, BRK);
		a.op = SECOND_ARM_WRITE;
		PUT(access_at(&a), sttr | i << 30, BRK);
		a.unprivileged = false;
		PUT(access_at(&a), str | i << 30, BRK);
	}
	PUT(access_at(&(struct second_arm_access){ .op = SECOND_ARM_ATOMIC,
	                                           .size = 8 }),
	    0xf8210002, BRK); /* ldadd x1, x2, [x0] */
	PUT(access_at(&(struct second_arm_access){ .op = SECOND_ARM_FETCH,
	                                           .size = 8 }),
	    0xd61f0000); /* br x0 */
}

static void put_word(struct second_arm *s, uint64_t pa, uint64_t value)
{
	memcpy(s->ram + pa, &value, sizeof(value));
}

static void write_tables(struct second_arm *s)
{
	/* Valid, AF; AP: kernel only, user too (but not to write). */
	put_word(s, OWN_L3, KERNEL_PAGE | 0x403);
	put_word(s, OWN_L3 + 8, USER_PAGE | 0x4c3);
	put_word(s, OWN_L2, OWN_L3 | 3);
	put_word(s, OWN_L1, OWN_L2 | 3);
	put_word(s, OWN_L0 + 8 * OWN_SLOT, OWN_L1 | 3);
}

/* ---- executing ---- */

static void set_reg(struct second_arm *s, int reg, uint64_t value)
{
	(void)uc_reg_write(s->uc, reg, &value);
}

static uint64_t get_reg(struct second_arm *s, int reg)
{
	uint64_t value = 0;

	(void)uc_reg_read(s->uc, reg, &value);
	return value;
}

/* op0 op1 CRn CRm op2, as one number in octal but for CRn and CRm. */
struct sysreg {
	uint8_t op0, op1, crn, crm, op2;
};
static const struct sysreg sctlr_el1 = { 3, 0, 1, 0, 0 },
			   tcr_el1 = { 3, 0, 2, 0, 2 },
			   hcr_el2 = { 3, 4, 1, 1, 0 },
			   scr_el3 = { 3, 6, 1, 1, 0 };

static uc_arm64_cp_reg cp_reg(struct sysreg r, uint64_t value)
{
	return (uc_arm64_cp_reg){ .op0 = r.op0,
		                  .op1 = r.op1,
		                  .crn = r.crn,
		                  .crm = r.crm,
		                  .op2 = r.op2,
		                  .val = value };
}

static uint64_t read_sys(struct second_arm *s, struct sysreg r)
{
	uc_arm64_cp_reg reg = cp_reg(r, 0);

	(void)uc_reg_read(s->uc, UC_ARM64_REG_CP_REG, &reg);
	return reg.val;
}

static void write_sys(struct second_arm *s, struct sysreg r, uint64_t value)
{
	uc_arm64_cp_reg reg = cp_reg(r, value);

	(void)uc_reg_write(s->uc, UC_ARM64_REG_CP_REG, &reg);
}

/* From @va up to an exception. Unicorn goes on from the address where it was to
 * stop, which therefore is 0: it stops there at once. Return: its number, or -1
 * - uc_err. */
static int execute(struct second_arm *s, uint64_t va)
{
	uc_err err;

	s->exception = -1;
	err = uc_emu_start(s->uc, va, 0, 0, 0);
	return err ? -1 - (int)err : s->exception;
}

/* ---- switching to tables ---- */

static bool save(struct second_arm *s, enum state state)
{
	return !uc_context_save(s->uc, s->state[state]);
}

static bool save_states(struct second_arm *s)
{
	if (!save(s, STATE_EL1) ||
	    execute(s, s->own_va + AT_PAN) != BREAKPOINT ||
	    !save(s, STATE_EL1_PAN))
		return false;
	set_reg(s, UC_ARM64_REG_X0, 0); /* EL0 */
	set_reg(s, UC_ARM64_REG_X1, s->own_va + 0x1000 + AT_STOP);
	return execute(s, s->own_va + AT_ERET) == BREAKPOINT &&
	       !(get_reg(s, UC_ARM64_REG_PSTATE) & 0xf) && save(s, STATE_EL0);
}

uint64_t second_arm_setup(struct second_arm *s, bool high, uint64_t table,
                          uint64_t tcr)
{
	uint64_t low_table = high ? OWN_L0 : table;

	tcr |= (high ? OWN_TCR0 : OWN_TCR1) | TCR_IPS;
	s->own_va = (uint64_t)OWN_SLOT << 39;
	if (!high)
		s->own_va |= UINT64_C(0xffff) << 48;
	/* With the MMU off addresses are physical ones. */
	(void)uc_context_restore(s->uc, s->reset);
	set_reg(s, UC_ARM64_REG_X0, low_table);
	set_reg(s, UC_ARM64_REG_X1, high ? table : OWN_L0);
	set_reg(s, UC_ARM64_REG_X2, tcr);
	set_reg(s, UC_ARM64_REG_X3, 0xff); /* AttrIndx 0: Normal */
	set_reg(s, UC_ARM64_REG_X4, read_sys(s, sctlr_el1) | 1);
	/* The instruction after the MSR is fetched where no table leads: an
	 * abort, and the MMU is on. */
	(void)execute(s, KERNEL_PAGE + AT_SETUP);
	if (!(read_sys(s, sctlr_el1) & 1) || read_sys(s, tcr_el1) != tcr ||
	    execute(s, s->own_va + AT_FLUSH) != BREAKPOINT || !save_states(s))
		return 0;
	return tcr;
}

/* ---- what Unicorn does not show ---- */

/* Words of the state that are the address of each of several faults; the
 * syndrome is one whose class, direction and status are known. */
static bool find_fault(struct second_arm *s)
{
	static const struct {
		uint64_t va;
		enum second_arm_op op;
		bool el0;
		uint32_t esr;
	} known[] = {
		{ 0x123450008, SECOND_ARM_READ, false, 0x96000004 },
		{ 0x12345001230, SECOND_ARM_WRITE, false, 0x96000044 },
		{ 0x7123450a008, SECOND_ARM_READ, true, 0x92000004 },
		{ 0x71234510048, SECOND_ARM_WRITE, true, 0x92000044 },
		{ 0x7123f510100, SECOND_ARM_FETCH, true, 0x82000004 },
	};
	const size_t size = uc_context_size(s->uc);
	bool *far = calloc(2, size + 16), *esr = far + size + 16;
	size_t nr = 0;
	bool found;

	if (!far)
		return false;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct second_arm_access a = { .va = known[i].va,
			                             .op = known[i].op,
			                             .size = 8,
			                             .el0 = known[i].el0 };

		if (!second_arm_window(s, a.va) ||
		    second_arm_access(s, &a).end != SECOND_ARM_ABORT)
			break;
		(void)uc_context_save(s->uc, s->scratch);
		nr = 0;
		for (size_t at = 0; at + 8 <= size; at += 4) {
			const uint8_t *p = (uint8_t *)s->scratch + at;

			far[at] = (!i || far[at]) && !memcmp(p, &a.va, 8);
			esr[at] =
				(!i || esr[at]) && !memcmp(p, &known[i].esr, 4);
			nr += esr[at];
			if (esr[at])
				s->esr_at = at;
		}
	}
	/* X0 is the address, too: the one that lies with the syndrome. */
	s->far_at = s->esr_at + 8;
	found = nr == 1 && far[s->far_at];
	free(far);
	return found;
}

static const char *set_up(struct second_arm *s)
{
	uc_hook hook;

	if (uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &s->uc) ||
	    uc_ctl_set_cpu_model(s->uc, UC_CPU_ARM64_MAX))
		return "Unicorn does not open";
	s->ram = mmap(NULL, SECOND_ARM_RAM, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	s->decoy = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->ram == MAP_FAILED || s->decoy == MAP_FAILED)
		return "no address space";
	if (uc_mem_map_ptr(s->uc, 0, SECOND_ARM_RAM, UC_PROT_ALL, s->ram) ||
	    !second_arm_window(s, (uint64_t)OWN_SLOT << 39) ||
	    !second_arm_window(s, UINT64_C(0xffff) << 48 | (uint64_t)OWN_SLOT
	                                                           << 39))
		return "Unicorn does not map memory";
	/* A function pointer as void *: Unicorn's interface. */
	if (uc_hook_add(s->uc, &hook, UC_HOOK_INTR,
	                (void *)(uintptr_t)on_exception, s, 1, 0))
		return "Unicorn takes no hook";
	/* EL1 is AArch64 and not secure: SCR_EL3.RW and NS, HCR_EL2.RW. */
	write_sys(s, scr_el3, 0x401);
	write_sys(s, hcr_el2, UINT64_C(1) << 31);
	write_program(s);
	write_tables(s);
	for (unsigned i = 0; i < NR_STATES; i++) {
		if (uc_context_alloc(s->uc, &s->state[i]))
			return "Unicorn saves no state";
	}
	if (uc_context_alloc(s->uc, &s->scratch) ||
	    uc_context_alloc(s->uc, &s->reset) ||
	    uc_context_save(s->uc, s->reset))
		return "Unicorn saves no state";
	if (!second_arm_setup(s, false, TRY_L0, 16))
		return "Unicorn does not switch its MMU on";
	if (!find_fault(s))
		return "Unicorn hides the syndrome";
	return NULL;
}

struct second_arm *second_arm_new(const char **why)
{
	struct second_arm *s = calloc(1, sizeof(*s));

	*why = s ? set_up(s) : "no memory";
	if (!*why)
		return s;
	second_arm_free(s);
	return NULL;
}

void second_arm_free(struct second_arm *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < NR_STATES; i++) {
		if (s->state[i])
			(void)uc_context_free(s->state[i]);
	}
	if (s->scratch)
		(void)uc_context_free(s->scratch);
	if (s->reset)
		(void)uc_context_free(s->reset);
	if (s->uc)
		(void)uc_close(s->uc);
	if (s->ram && s->ram != MAP_FAILED)
		(void)munmap(s->ram, SECOND_ARM_RAM);
	if (s->decoy && s->decoy != MAP_FAILED)
		(void)munmap(s->decoy, WINDOW);
	free(s);
}

/* ---- an access ---- */

static void read_fault(struct second_arm *s, struct second_arm_result *r)
{
	uint32_t esr;

	(void)uc_context_save(s->uc, s->scratch);
	memcpy(&esr, (uint8_t *)s->scratch + s->esr_at, sizeof(esr));
	memcpy(&r->far, (uint8_t *)s->scratch + s->far_at, sizeof(r->far));
	r->esr = esr;
}

struct second_arm_result second_arm_access(struct second_arm *s,
                                           const struct second_arm_access *acc)
{
	const enum state state = acc->el0   ? STATE_EL0
	                         : acc->pan ? STATE_EL1_PAN
	                                    : STATE_EL1;
	struct second_arm_result r = { .end = SECOND_ARM_OTHER };

	if (!acc->keep_tlb) {
		(void)uc_context_restore(s->uc, s->state[STATE_EL1]);
		if (execute(s, s->own_va + AT_FLUSH) != BREAKPOINT)
			abort();
	}
	(void)uc_context_restore(s->uc, s->state[state]);
	set_reg(s, UC_ARM64_REG_X0, acc->va);
	set_reg(s, UC_ARM64_REG_X1, acc->value);
	r.number = execute(s, s->own_va + (acc->el0 ? 0x1000 : 0) +
	                              access_at(acc));
	if (r.number == BREAKPOINT) {
		r.end = SECOND_ARM_DONE;
		r.value = get_reg(s, acc->op == SECOND_ARM_FETCH
		                             ? UC_ARM64_REG_X0
		                             : UC_ARM64_REG_X2);
	} else if (r.number == DATA_ABORT || r.number == PREFETCH_ABORT) {
		r.end = SECOND_ARM_ABORT;
		read_fault(s, &r);
	}
	return r;
}
