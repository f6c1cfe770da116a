/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How it is done.  The engine boots once for each set of control registers,
 * privilege and EFLAGS.AC; its state there is saved.  An access restores that
 * state and executes one instruction and an INT3.  INT3 and faults arrive in
 * the interrupt hook.
 *
 * Unicorn has no register for the error code of a page fault, and lets nobody
 * set EFER.NXE and EFER.SCE.  Both lie in the state that uc_context_save()
 * copies; where is found out by trying, and checked, when the engine is made.
 */
#include "tests/evidence/second_x86.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>

#define NR_STATES 128

/* Its own pages: code of the kernel, code of the user, tables. */
#define KERNEL_PAGE WORLD_OWN
#define USER_PAGE   (WORLD_OWN + 0x1000)
#define OWN_PT      (WORLD_OWN + 0x2000)
#define OWN_PD      (WORLD_OWN + 0x3000)
#define OWN_PDPT    (WORLD_OWN + 0x4000)
#define OWN_PML4    (WORLD_OWN + 0x5000)
#define BOOT_PDPT   (WORLD_OWN + 0x6000)
#define BOOT_PML4   (WORLD_OWN + 0x7000)

/* In both pages of code. */
#define AT_STOP    0x000
#define AT_FLUSH   0x010
#define AT_CONTROL 0x020
#define AT_SYSRET  0x030
#define AT_ACCESS  0x100 /* 16 bytes for each operation and size */

#define PRESENT    0x01
#define WRITABLE   0x02
#define USER       0x04
#define LARGE      0x80
#define CR0        UINT64_C(0x80000033)
#define CR0_WP     (UINT64_C(1) << 16)
#define CR4        UINT64_C(0x2a0) /* PAE PGE OSFXSR */
#define CR4_LA57   (UINT64_C(1) << 12)
#define CR4_SMEP   (UINT64_C(1) << 20)
#define CR4_SMAP   (UINT64_C(1) << 21)
#define EFER       0xc0000080
#define EFER_PLAIN UINT64_C(0x500) /* LME LMA: as Unicorn begins */
#define EFER_SCE   UINT64_C(0x001)
#define EFER_NXE   UINT64_C(0x800)
#define MSR_STAR   0xc0000081
#define EFLAGS_AC  (UINT64_C(1) << 18)

struct second {
	uc_engine *uc;
	uint8_t *ram;
	int exception; /* the last one, or -1 */
	/* What lies behind the virtual addresses of an engine that translates
	 * but then goes by these. */
	uint8_t *decoy;
	uint64_t windows[512];
	unsigned nr_windows;
	bool physical; /* it goes by physical addresses */
	uc_context *state[NR_STATES];
	uc_context *scratch;
	size_t efer_at, code_at; /* in a saved state */
};

static void on_exception(uc_engine *uc, uint32_t number, void *data)
{
	struct second *s = data;

	s->exception = (int)number;
	uc_emu_stop(uc);
}

static uint64_t *ram_word(struct second *s, uint64_t pa)
{
	return (uint64_t *)(void *)(s->ram + pa);
}

uint8_t *second_ram(struct second *s)
{
	return s->ram;
}

#define WINDOW (UINT64_C(2) << 20)

bool second_window(struct second *s, uint64_t va)
{
	va &= ~(WINDOW - 1);
	for (unsigned i = 0; i < s->nr_windows; i++) {
		if (s->windows[i] == va)
			return true;
	}
	if (s->nr_windows == sizeof(s->windows) / sizeof(s->windows[0]))
		return false;
	s->windows[s->nr_windows++] = va;
	return !uc_mem_map_ptr(s->uc, va, WINDOW, UC_PROT_ALL, s->decoy);
}

bool second_is_physical(const struct second *s)
{
	return s->physical;
}

/* Its own code is at its own virtual addresses either way. */
static bool own_window(struct second *s, uint64_t va)
{
	return !uc_mem_map_ptr(s->uc, va, WINDOW, UC_PROT_ALL,
	                       s->ram + WORLD_OWN);
}

/* ---- the guest program ---- */

static unsigned access_at(enum world_op op, unsigned size)
{
	unsigned log = size == 8 ? 3 : size == 4 ? 2 : size - 1;

	return AT_ACCESS + ((unsigned)op * 4 + log) * 16;
}

static void put_code(struct second *s, unsigned at, const char *code,
                     unsigned size)
{
	memcpy(s->ram + KERNEL_PAGE + at, code, size);
	memcpy(s->ram + USER_PAGE + at, code, size);
}

#define PUT(at, code) put_code(s, (at), (code), sizeof(code) - 1)

static void write_program(struct second *s)
{
	/* RDI is the address, RSI and RAX the value. */
	PUT(AT_STOP, "\xcc");
	PUT(AT_FLUSH, "\x0f\x22\xd8\xcc");   /* mov cr3, rax */
	PUT(AT_CONTROL, "\x0f\x22\xe3"       /* mov cr4, rbx */
	                "\x0f\x22\xc6\xcc"); /* mov cr0, rsi */
	PUT(AT_SYSRET, "\x48\x0f\x07");      /* sysretq */
	PUT(access_at(WORLD_READ, 8), "\x48\x8b\x07\xcc");
	PUT(access_at(WORLD_READ, 4), "\x8b\x07\xcc");
	PUT(access_at(WORLD_READ, 2), "\x0f\xb7\x07\xcc");
	PUT(access_at(WORLD_READ, 1), "\x0f\xb6\x07\xcc");
	PUT(access_at(WORLD_WRITE, 8), "\x48\x89\x37\xcc");
	PUT(access_at(WORLD_WRITE, 4), "\x89\x37\xcc");
	PUT(access_at(WORLD_WRITE, 2), "\x66\x89\x37\xcc");
	PUT(access_at(WORLD_WRITE, 1), "\x40\x88\x37\xcc");
	PUT(access_at(WORLD_XADD, 8), "\xf0\x48\x0f\xc1\x37\x48\x89\xf0\xcc");
	PUT(access_at(WORLD_FETCH, 8), "\xff\xe7"); /* jmp rdi */
}

static uint64_t own_va(bool la57)
{
	return (uint64_t)WORLD_OWN_SLOT << (la57 ? 48 : 39);
}

static void write_tables(struct second *s)
{
	const uint64_t all = PRESENT | WRITABLE | USER;

	*ram_word(s, OWN_PT) = KERNEL_PAGE | PRESENT | WRITABLE;
	*ram_word(s, OWN_PT + 8) = USER_PAGE | all;
	*ram_word(s, OWN_PD) = OWN_PT | all;
	*ram_word(s, OWN_PDPT) = OWN_PD | all;
	*ram_word(s, OWN_PML4) = OWN_PDPT | all;
	*ram_word(s, WORLD_ROOT4 + 8 * WORLD_OWN_SLOT) = OWN_PDPT | all;
	*ram_word(s, WORLD_ROOT5 + 8 * WORLD_OWN_SLOT) = OWN_PML4 | all;
	/* Where it is when paging comes on: addresses are physical ones. */
	*ram_word(s, BOOT_PDPT) = PRESENT | WRITABLE | LARGE;
	*ram_word(s, BOOT_PML4) = BOOT_PDPT | PRESENT | WRITABLE;
	*ram_word(s, WORLD_ROOT4) = BOOT_PDPT | PRESENT | WRITABLE;
	*ram_word(s, WORLD_ROOT5) = BOOT_PML4 | PRESENT | WRITABLE;
}

static void forget_boot(struct second *s)
{
	*ram_word(s, WORLD_ROOT4) = 0;
	*ram_word(s, WORLD_ROOT5) = 0;
}

/* ---- executing ---- */

static void set_reg(struct second *s, int reg, uint64_t value)
{
	(void)uc_reg_write(s->uc, reg, &value);
}

static uint64_t get_reg(struct second *s, int reg)
{
	uint64_t value = 0;

	(void)uc_reg_read(s->uc, reg, &value);
	return value;
}

/* From @va up to an exception. Return: its number, or -1 - uc_err. */
static int execute(struct second *s, uint64_t va)
{
	uc_err err;

	s->exception = -1;
	err = uc_emu_start(s->uc, va, 0, 0, 0);
	return err ? -1 - (int)err : s->exception;
}

#define BREAKPOINT 3
#define GP_FAULT   13
#define PAGE_FAULT 14

static uint8_t *bytes_of(uc_context *state)
{
	return (uint8_t *)state;
}

/* ---- what Unicorn does not show ---- */

static uint64_t efer(struct second *s)
{
	uc_x86_msr msr = { .rid = EFER };

	(void)uc_reg_read(s->uc, UC_X86_REG_MSR, &msr);
	return msr.value;
}

static void set_efer(struct second *s, uint64_t value)
{
	(void)uc_context_save(s->uc, s->scratch);
	memcpy(bytes_of(s->scratch) + s->efer_at, &value, sizeof(value));
	(void)uc_context_restore(s->uc, s->scratch);
}

/* Which word of the state is EFER: the one that changes it. */
static bool find_efer(struct second *s)
{
	const size_t size = uc_context_size(s->uc);
	const uint64_t other = EFER_PLAIN | EFER_SCE | EFER_NXE;

	if (efer(s) != EFER_PLAIN)
		return false;
	(void)uc_context_save(s->uc, s->scratch);
	for (size_t at = 0; at + 8 <= size; at += 8) {
		uint64_t word;

		memcpy(&word, bytes_of(s->scratch) + at, sizeof(word));
		if (word != EFER_PLAIN)
			continue;
		memcpy(bytes_of(s->scratch) + at, &other, sizeof(other));
		(void)uc_context_restore(s->uc, s->scratch);
		memcpy(bytes_of(s->scratch) + at, &word, sizeof(word));
		if (efer(s) != other) {
			(void)uc_context_restore(s->uc, s->scratch);
			continue;
		}
		(void)uc_context_restore(s->uc, s->scratch);
		s->efer_at = at;
		return true;
	}
	return false;
}

static unsigned state_number(const struct world_access *acc)
{
	return (unsigned)acc->la57 | (unsigned)acc->wp << 1 |
	       (unsigned)acc->smep << 2 | (unsigned)acc->smap << 3 |
	       (unsigned)acc->nxe << 4 | (unsigned)acc->user << 5 |
	       (unsigned)acc->ac << 6;
}

/* Faults whose error code nobody disputes, at an address that is not mapped. */
static const struct {
	enum world_op op;
	bool user, nxe;
	unsigned code;
} known[] = {
	{ WORLD_READ, false, false, 0x00 }, { WORLD_WRITE, false, false, 0x02 },
	{ WORLD_READ, true, false, 0x04 },  { WORLD_WRITE, true, false, 0x06 },
	{ WORLD_FETCH, true, true, 0x14 },  { WORLD_FETCH, false, true, 0x10 },
	{ WORLD_WRITE, true, true, 0x06 },  { WORLD_FETCH, true, false, 0x04 },
};

static bool find_code(struct second *s)
{
	const size_t size = uc_context_size(s->uc);
	bool *possible = calloc(size, sizeof(*possible));
	size_t nr = 0;

	if (!possible)
		return false;
	memset(possible, 1, size);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct world_access acc = { .va = UINT64_C(1) << 39,
			                    .size = 8,
			                    .op = known[i].op,
			                    .user = known[i].user,
			                    .nxe = known[i].nxe };

		if (second_access(s, &acc).end != WORLD_PF)
			break;
		(void)uc_context_save(s->uc, s->scratch);
		nr = 0;
		for (size_t at = 0; at + 4 <= size; at += 4) {
			uint32_t word;

			memcpy(&word, bytes_of(s->scratch) + at, sizeof(word));
			possible[at] &= word == known[i].code;
			nr += possible[at];
			if (possible[at])
				s->code_at = at;
		}
	}
	free(possible);
	return nr == 1;
}

/* ---- booting ---- */

static bool boot_paging(struct second *s, bool la57)
{
	set_reg(s, UC_X86_REG_RAX, la57 ? WORLD_ROOT5 : WORLD_ROOT4);
	set_reg(s, UC_X86_REG_RBX, CR4 | (la57 ? CR4_LA57 : 0));
	set_reg(s, UC_X86_REG_RSI, CR0);
	return execute(s, KERNEL_PAGE + AT_FLUSH) == BREAKPOINT &&
	       execute(s, KERNEL_PAGE + AT_CONTROL) == BREAKPOINT;
}

static bool enter_user(struct second *s, const struct world_access *acc)
{
	/* CS is this + 16, SS this + 8. */
	uc_x86_msr star = { .rid = MSR_STAR, .value = UINT64_C(0x13) << 48 };

	(void)uc_reg_write(s->uc, UC_X86_REG_MSR, &star);
	set_reg(s, UC_X86_REG_RCX, own_va(acc->la57) + 0x1000 + AT_STOP);
	set_reg(s, UC_X86_REG_R11, 2 | (acc->ac ? EFLAGS_AC : 0));
	return execute(s, own_va(acc->la57) + AT_SYSRET) == BREAKPOINT &&
	       (get_reg(s, UC_X86_REG_CS) & 3) == 3;
}

static bool boot_state(struct second *s, const struct world_access *acc)
{
	const uint64_t cr4 = CR4 | (acc->la57 ? CR4_LA57 : 0) |
	                     (acc->smep ? CR4_SMEP : 0) |
	                     (acc->smap ? CR4_SMAP : 0);
	const uint64_t cr0 = CR0 | (acc->wp ? CR0_WP : 0);
	const uint64_t wanted =
		EFER_PLAIN | EFER_SCE | (acc->nxe ? EFER_NXE : 0);
	uc_context **state = &s->state[state_number(acc)];

	if (!boot_paging(s, acc->la57))
		return false;
	set_efer(s, wanted);
	set_reg(s, UC_X86_REG_RBX, cr4);
	set_reg(s, UC_X86_REG_RSI, cr0);
	if (execute(s, own_va(acc->la57) + AT_CONTROL) != BREAKPOINT)
		return false;
	if (acc->user && !enter_user(s, acc))
		return false;
	if (!acc->user)
		set_reg(s, UC_X86_REG_EFLAGS, 2 | (acc->ac ? EFLAGS_AC : 0));
	if (efer(s) != wanted || get_reg(s, UC_X86_REG_CR4) != cr4 ||
	    get_reg(s, UC_X86_REG_CR0) != cr0 ||
	    !(get_reg(s, UC_X86_REG_EFLAGS) & EFLAGS_AC) == acc->ac)
		return false;
	return !uc_context_alloc(s->uc, state) &&
	       !uc_context_save(s->uc, *state);
}

static bool boot_all(struct second *s)
{
	uc_context *reset;
	bool ok = !uc_context_alloc(s->uc, &reset) &&
	          !uc_context_save(s->uc, reset);

	for (unsigned i = 0; ok && i < NR_STATES; i++) {
		struct world_access acc = {
			.la57 = i & 1,
			.wp = i & 2,
			.smep = i & 4,
			.smap = i & 8,
			.nxe = i & 16,
			.user = i & 32,
			.ac = i & 64,
		};

		(void)uc_context_restore(s->uc, reset);
		ok = boot_state(s, &acc);
	}
	(void)uc_context_free(reset);
	return ok;
}

/* A page of its own by another address, which is a window: whose bytes are
 * read there? */
static bool find_physical(struct second *s)
{
	struct world_access acc = { .va = UINT64_C(1) << 39, .size = 8 };
	const uint64_t number = UINT64_C(0x1234567812345678);
	struct world_result r;

	if (!second_window(s, acc.va))
		return false;
	*ram_word(s, WORLD_ROOT4 + 8) = OWN_PDPT | PRESENT;
	*ram_word(s, KERNEL_PAGE + 0xff8) = number;
	acc.va += 0xff8;
	r = second_access(s, &acc);
	*ram_word(s, WORLD_ROOT4 + 8) = 0;
	s->physical = r.value == number;
	return r.end == WORLD_DONE;
}

static const char *set_up(struct second *s)
{
	uc_hook hook;

	if (uc_open(UC_ARCH_X86, UC_MODE_64, &s->uc))
		return "Unicorn does not open";
	s->ram = mmap(NULL, WORLD_RAM, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	s->decoy = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->ram == MAP_FAILED || s->decoy == MAP_FAILED)
		return "no address space";
	if (uc_mem_map_ptr(s->uc, 0, WORLD_RAM, UC_PROT_ALL, s->ram) ||
	    !own_window(s, own_va(false)) || !own_window(s, own_va(true)))
		return "Unicorn does not map memory";
	/* A function pointer as void *: Unicorn's interface. */
	if (uc_hook_add(s->uc, &hook, UC_HOOK_INTR,
	                (void *)(uintptr_t)on_exception, s, 1, 0) ||
	    uc_context_alloc(s->uc, &s->scratch))
		return "Unicorn takes no hook";
	write_program(s);
	write_tables(s);
	if (!find_efer(s))
		return "Unicorn hides EFER";
	if (!boot_all(s))
		return "Unicorn does not switch paging on";
	forget_boot(s);
	if (!find_physical(s))
		return "Unicorn does not walk tables";
	if (!find_code(s))
		return "Unicorn hides the error code";
	return NULL;
}

struct second *second_new(const char **why)
{
	struct second *s = calloc(1, sizeof(*s));

	*why = s ? set_up(s) : "no memory";
	if (!*why)
		return s;
	second_free(s);
	return NULL;
}

void second_free(struct second *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < NR_STATES; i++) {
		if (s->state[i])
			(void)uc_context_free(s->state[i]);
	}
	if (s->scratch)
		(void)uc_context_free(s->scratch);
	if (s->uc)
		(void)uc_close(s->uc);
	if (s->ram && s->ram != MAP_FAILED)
		(void)munmap(s->ram, WORLD_RAM);
	if (s->decoy && s->decoy != MAP_FAILED)
		(void)munmap(s->decoy, WINDOW);
	free(s);
}

/* ---- an access ---- */

static void flush(struct second *s, bool la57)
{
	const struct world_access kernel = { .la57 = la57 };

	(void)uc_context_restore(s->uc, s->state[state_number(&kernel)]);
	set_reg(s, UC_X86_REG_RAX, la57 ? WORLD_ROOT5 : WORLD_ROOT4);
	if (execute(s, own_va(la57) + AT_FLUSH) != BREAKPOINT)
		abort();
}

static unsigned error_code(struct second *s)
{
	uint32_t code;

	(void)uc_context_save(s->uc, s->scratch);
	memcpy(&code, bytes_of(s->scratch) + s->code_at, sizeof(code));
	return code;
}

struct world_result second_access(struct second *s,
                                  const struct world_access *acc)
{
	struct world_result r = { .end = WORLD_OTHER };
	const uint64_t base = own_va(acc->la57) + (acc->user ? 0x1000 : 0);

	if (!acc->keep_tlb)
		flush(s, acc->la57);
	(void)uc_context_restore(s->uc, s->state[state_number(acc)]);
	set_reg(s, UC_X86_REG_RDI, acc->va);
	set_reg(s, UC_X86_REG_RSI, acc->value);
	if (acc->op == WORLD_FETCH)
		*(uint64_t *)(void *)(s->decoy + (acc->va & (WINDOW - 1))) =
			world_code(0);
	r.number = execute(s, base + access_at(acc->op, acc->size));
	if (r.number == BREAKPOINT) {
		r.end = WORLD_DONE;
		r.value = get_reg(s, UC_X86_REG_RAX);
	} else if (r.number == GP_FAULT) {
		r.end = WORLD_GP;
	} else if (r.number == PAGE_FAULT) {
		r.end = WORLD_PF;
		r.cr2 = get_reg(s, UC_X86_REG_CR2);
		r.code = error_code(s);
	}
	return r;
}
