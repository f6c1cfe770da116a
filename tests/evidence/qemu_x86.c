/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/evidence/qemu_x86.h"

#include <glib.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define QEMU    "qemu-system-x86_64"
#define SECONDS "50" /* then it is stopped: nothing takes so long */

/* RAM as the machine "pc" has it: the hole is not in the file. */
#define RAM_BYTES (4 * WORLD_GIB)

/* Physical addresses that are the guest's: below WORLD_RAM_BEGIN, and records
 * from WORLD_OWN on, after the tables of its own. */
#define IDT       0x2000
#define GDT       0x3000
#define TSS       0x3100
#define STACK_TOP 0x9000
#define OWN_PT    WORLD_OWN
#define OWN_PD    (WORLD_OWN + 0x1000)
#define OWN_PDPT  (WORLD_OWN + 0x2000)
#define OWN_PML4  (WORLD_OWN + 0x3000)
#define BOOT_ROOT (WORLD_OWN + 0x4000)
#define RECORDS   (WORLD_OWN + 0x10000)

#define PRESENT  UINT64_C(0x01)
#define WRITABLE UINT64_C(0x02)
#define USER     UINT64_C(0x04)
#define USED     UINT64_C(0x60) /* A and D: nothing to set */
#define LARGE    UINT64_C(0x80)

#define BIT_OF(n)  (UINT64_C(1) << (n))
#define CR0        UINT64_C(0x80000033)
#define CR0_WP     BIT_OF(16)
#define CR4        UINT64_C(0xa0) /* PAE PGE */
#define CR4_LA57   BIT_OF(12)
#define CR4_SMEP   BIT_OF(20)
#define CR4_SMAP   BIT_OF(21)
#define EFER       UINT64_C(0x500) /* LME LMA */
#define EFER_NXE   BIT_OF(11)
#define RFLAGS     UINT64_C(0x002)
#define RFLAGS_AC  BIT_OF(18)
#define BREAKPOINT 3
#define GP_FAULT   13
#define PAGE_FAULT 14

struct record {
	uint64_t kind, nr_pokes, nr_watches;
	uint64_t efer, cr0, cr3, cr4;
	uint64_t va, value;
	uint64_t rip, cs, rflags, rsp, ss;
	uint64_t vector, code, cr2, result;
};
struct place {
	uint64_t pa, value;
};

_Static_assert(sizeof(struct record) == QEMU_R_SIZE &&
                       offsetof(struct record, rip) == QEMU_R_FRAME &&
                       offsetof(struct record, vector) == QEMU_R_VECTOR,
               "records as the assembler knows them");

struct qemu {
	char *path;
	int ram_fd, rom_fd;
	uint8_t *ram;
	bool la57;
	uint64_t at;             /* the record that is being filled, or read */
	struct record now;       /* it */
	const struct place *saw; /* its next watch */
};

/* ---- memory ---- */

static void *bytes(const struct qemu *q, uint64_t pa)
{
	return q->ram +
	       (pa < WORLD_HOLE ? pa : pa - WORLD_HOLE_END + WORLD_HOLE);
}

static uint64_t *word(const struct qemu *q, uint64_t pa)
{
	return bytes(q, pa);
}

static uint64_t *param(const struct qemu *q, unsigned at)
{
	return word(q, QEMU_PARAMS + at);
}

uint64_t qemu_read(const struct qemu *q, uint64_t pa)
{
	uint64_t value;

	memcpy(&value, bytes(q, pa), sizeof(value));
	return value;
}

/* ---- the guest ---- */

#ifdef __x86_64__
extern const uint8_t qemu_x86_rom[QEMU_ROM_BYTES], qemu_x86_vectors[],
	qemu_x86_accesses[], qemu_x86_start64[];
#else
static const uint8_t qemu_x86_rom[1];
#	define qemu_x86_vectors  qemu_x86_rom
#	define qemu_x86_accesses qemu_x86_rom
#	define qemu_x86_start64  qemu_x86_rom
#endif

static uint64_t rom_pa(const uint8_t *label)
{
	return QEMU_ROM + ((uintptr_t)label - (uintptr_t)qemu_x86_rom);
}

/* Where its own slot begins: physical address 0. */
static uint64_t own_va(const struct qemu *q)
{
	return (uint64_t)WORLD_OWN_SLOT << (q->la57 ? 48 : 39);
}

#define USER_SLOT 511 /* of the third level */

static void write_tables(struct qemu *q)
{
	const uint64_t all = PRESENT | WRITABLE | USER | USED;
	const uint64_t below = (q->la57 ? OWN_PML4 : OWN_PDPT) | all;

	for (unsigned i = 0; i < 5; i++)
		word(q, OWN_PDPT)[i] =
			i * WORLD_GIB | PRESENT | WRITABLE | USED | LARGE;
	word(q, OWN_PDPT)[USER_SLOT] = OWN_PD | all;
	word(q, OWN_PD)[0] = OWN_PT | all;
	word(q, OWN_PT)[0] = rom_pa(qemu_x86_accesses) | PRESENT | USER | USED;
	word(q, OWN_PML4)[0] = OWN_PDPT | all;
	word(q, BOOT_ROOT)[0] = below;
	word(q, BOOT_ROOT)[WORLD_OWN_SLOT] = below;
	word(q, q->la57 ? WORLD_ROOT5 : WORLD_ROOT4)[WORLD_OWN_SLOT] = below;
}

/* SDM 3A 3.4.5, 6.14.1, 7.2.3, 7.7. */
static void write_descriptors(struct qemu *q)
{
	static const uint64_t gdt[] = {
		0,
		0x00af9b000000ffff, /* code */
		0x00cf93000000ffff, /* data */
		0x00cff3000000ffff, /* data of the user */
		0x00affb000000ffff, /* code of the user */
	};
	const uint64_t tss = own_va(q) + TSS, rsp0 = own_va(q) + STACK_TOP;
	const uint64_t gdt_va = own_va(q) + GDT, idt_va = own_va(q) + IDT;
	uint64_t *d = word(q, GDT);

	memcpy(d, gdt, sizeof(gdt));
	d[QEMU_SEL_TSS / 8] = 0x67 | (tss & 0xffffff) << 16 |
	                      UINT64_C(0x89) << 40 | (tss >> 24 & 0xff) << 56;
	d[QEMU_SEL_TSS / 8 + 1] = tss >> 32;
	memset(bytes(q, TSS), 0, 0x68);
	memcpy((uint8_t *)bytes(q, TSS) + 4, &rsp0, sizeof(rsp0));
	for (unsigned i = 0; i < QEMU_VECTORS; i++) {
		uint64_t va = own_va(q) + rom_pa(qemu_x86_vectors) + 16ull * i;
		uint64_t *gate = word(q, IDT) + 2ull * i;

		/* An interrupt gate that INT3 of the user may use. */
		gate[0] = (va & 0xffff) | 8 << 16 | UINT64_C(0xee) << 40 |
		          (va >> 16 & 0xffff) << 48;
		gate[1] = va >> 32;
	}
	param(q, QEMU_GDTR)[0] = 0x37 | gdt_va << 16;
	param(q, QEMU_GDTR)[1] = gdt_va >> 48;
	param(q, QEMU_IDTR)[0] = (16 * QEMU_VECTORS - 1) | idt_va << 16;
	param(q, QEMU_IDTR)[1] = idt_va >> 48;
}

static void write_params(struct qemu *q)
{
	*param(q, QEMU_BOOT_CR4) = CR4 | (q->la57 ? CR4_LA57 : 0);
	*param(q, QEMU_BOOT_CR3) = BOOT_ROOT;
	*param(q, QEMU_ENTRY) = own_va(q) + rom_pa(qemu_x86_start64);
	*param(q, QEMU_FIRST) = own_va(q) + RECORDS;
	*param(q, QEMU_ARMED) = 0;
}

/* ---- records ---- */

void qemu_begin(struct qemu *q, bool la57)
{
	q->la57 = la57;
	q->at = RECORDS;
	q->now = (struct record){ 0 };
}

static uint64_t next_at(const struct qemu *q)
{
	return q->at + sizeof(struct record) +
	       (q->now.nr_pokes + q->now.nr_watches) * sizeof(struct place);
}

static void add_place(struct qemu *q, uint64_t pa, uint64_t value)
{
	/* The last record has no places. */
	g_assert(next_at(q) + 2 * sizeof(struct record) < WORLD_OWN_END);
	*(struct place *)bytes(q, next_at(q)) = (struct place){ pa, value };
}

void qemu_put(struct qemu *q, uint64_t pa, uint64_t value)
{
	g_assert(!q->now.nr_watches);
	add_place(q, pa, value);
	q->now.nr_pokes++;
}

void qemu_watch(struct qemu *q, uint64_t pa, uint64_t value)
{
	add_place(q, pa, value);
	q->now.nr_watches++;
}

/* Where the instruction is. */
static uint64_t rip_of(const struct qemu *q, const struct world_access *acc)
{
	const unsigned log = (unsigned)__builtin_ctz(acc->size);
	const unsigned nr = acc->op == WORLD_READ    ? log
	                    : acc->op == WORLD_WRITE ? 4 + log
	                    : acc->op == WORLD_XADD  ? 8
	                                             : 9;

	return own_va(q) + 16ull * nr +
	       (acc->user ? USER_SLOT * WORLD_GIB : rom_pa(qemu_x86_accesses));
}

void qemu_access(struct qemu *q, const struct world_access *acc)
{
	struct record *r = &q->now;

	r->kind = acc->keep_tlb ? QEMU_KEEP : QEMU_FLUSH;
	r->efer = EFER | (acc->nxe ? EFER_NXE : 0);
	r->cr0 = CR0 | (acc->wp ? CR0_WP : 0);
	r->cr3 = q->la57 ? WORLD_ROOT5 : WORLD_ROOT4;
	r->cr4 = CR4 | (q->la57 ? CR4_LA57 : 0) | (acc->smep ? CR4_SMEP : 0) |
	         (acc->smap ? CR4_SMAP : 0);
	r->va = acc->va;
	r->value = acc->value;
	r->rip = rip_of(q, acc);
	r->cs = acc->user ? 0x23 : 0x08;
	r->ss = acc->user ? 0x1b : 0x10;
	r->rflags = RFLAGS | (acc->ac ? RFLAGS_AC : 0);
	r->rsp = own_va(q) + STACK_TOP;
	r->vector = ~UINT64_C(0);
	memcpy(bytes(q, q->at), r, sizeof(*r));
	q->at = next_at(q);
	q->now = (struct record){ 0 };
}

struct world_result qemu_next(struct qemu *q)
{
	struct world_result res = { .end = WORLD_OTHER };
	struct record *r = &q->now;

	memcpy(r, bytes(q, q->at), sizeof(*r));
	q->saw = (const struct place *)bytes(q, q->at + sizeof(*r)) +
	         r->nr_pokes;
	q->at = next_at(q);
	res.number = (int)r->vector;
	res.value = r->result;
	if (r->vector == BREAKPOINT)
		res.end = WORLD_DONE;
	if (r->vector == GP_FAULT)
		res.end = WORLD_GP;
	if (r->vector == PAGE_FAULT) {
		res.end = WORLD_PF;
		res.code = (unsigned)r->code;
		res.cr2 = r->cr2;
	}
	return res;
}

uint64_t qemu_watched(struct qemu *q, uint64_t pa)
{
	g_assert(q->saw->pa == pa);
	return q->saw++->value;
}

/* ---- running it ---- */

static void write_guest(struct qemu *q)
{
	const struct record end = { .kind = QEMU_END };

	memcpy(bytes(q, q->at), &end, sizeof(end));
	write_tables(q);
	write_descriptors(q);
	write_params(q);
}

/* Return: as of g_spawn_check_wait_status(); *@said is to be freed. */
static int spawn(struct qemu *q, char **said)
{
	g_autofree char *ram =
		g_strdup_printf("memory-backend-file,id=ram,size=4G,share=on,"
	                        "mem-path=/proc/%d/fd/%d",
	                        (int)getpid(), q->ram_fd);
	g_autofree char *rom =
		g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), q->rom_fd);
	/* Two CPUs, one of them never started: with one alone a locked
	 * instruction is a load and then a store. */
	const char *argv[] = {
		"timeout",
		"-k",
		"5",
		SECONDS,
		q->path,
		"-accel",
		"tcg,thread=multi",
		"-cpu",
		"max",
		"-smp",
		"2",
		"-machine",
		"pc,memory-backend=ram,max-ram-below-4g=3G",
		"-m",
		"4G",
		"-object",
		ram,
		"-bios",
		rom,
		"-device",
		"isa-debug-exit,iobase=0x501,iosize=1",
		"-no-user-config",
		"-nodefaults",
		"-no-reboot",
		"-display",
		"none",
		NULL,
	};
	int status = -1;

	if (!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL,
	                  G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL,
	                  NULL, NULL, NULL, said, &status, NULL))
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

#define STATUS_DONE (2 * QEMU_EXIT_DONE + 1)
#define STATUS_LOST (2 * QEMU_EXIT_LOST + 1)

/* Which access the guest was at. */
static uint64_t current(const struct qemu *q)
{
	const uint64_t last = *param(q, QEMU_CURRENT) - own_va(q);
	struct qemu look = *q;
	uint64_t nr = 0;

	for (look.at = RECORDS; look.at < last && look.at < q->at; nr++)
		(void)qemu_next(&look);
	return nr;
}

static char *what_went_wrong(const struct qemu *q, int status, const char *said)
{
	const unsigned long long nr = current(q);

	switch (status) {
	case STATUS_LOST:
		return g_strdup_printf(
			"the guest of " QEMU " took exception %llu at %#llx, "
			"in or after access %llu of this run",
			(unsigned long long)*param(q, QEMU_LOST_VECTOR),
			(unsigned long long)*param(q, QEMU_LOST_RIP), nr);
	case 0:
		return g_strdup_printf("the guest of " QEMU " took a triple "
		                       "fault, in access %llu of this run",
		                       nr);
	case 124:
	case 256 + 9:
		return g_strdup_printf("the guest of " QEMU
		                       " was not done in " SECONDS
		                       " s, in access %llu of this run",
		                       nr);
	default:
		return g_strdup_printf(QEMU " does not run (status %d): %s",
		                       status, said ? said : "");
	}
}

static char *run(struct qemu *q, bool *started)
{
	g_autofree char *said = NULL;
	int status;

	write_guest(q);
	status = spawn(q, &said);
	*started = status == STATUS_DONE || status == STATUS_LOST || !status ||
	           status == 124;
	if (status != STATUS_DONE)
		return what_went_wrong(q, status, said);
	q->at = RECORDS;
	return NULL;
}

char *qemu_run(struct qemu *q)
{
	bool started;

	return run(q, &started);
}

/* ---- finding it ---- */

unsigned qemu_maxphyaddr(const struct qemu *q)
{
	return *param(q, QEMU_CPUID_SIZES) & 0xff;
}

/* What its CPUID says: SDM 2A, CPUID. */
static const char *missing(const struct qemu *q)
{
	const uint64_t ext = *param(q, QEMU_CPUID_EXT);
	const uint64_t b = *param(q, QEMU_CPUID_7B);

	if (~ext & (BIT_OF(20) | BIT_OF(26) | BIT_OF(29)))
		return QEMU " has no NX, 1 GiB pages or long mode";
	if (~b & (BIT_OF(7) | BIT_OF(20)))
		return QEMU " has no SMEP or SMAP";
	if (~*param(q, QEMU_CPUID_7C) & BIT_OF(16))
		return QEMU " has no LA57";
	if (qemu_maxphyaddr(q) < 36 || qemu_maxphyaddr(q) > 51)
		return QEMU " has another size of physical addresses";
	return NULL;
}

static bool open_memory(struct qemu *q)
{
	q->ram_fd = memfd_create("ram", MFD_CLOEXEC);
	q->rom_fd = memfd_create("rom", MFD_CLOEXEC);
	if (q->ram_fd < 0 || q->rom_fd < 0 || ftruncate(q->ram_fd, RAM_BYTES))
		return false;
	if (write(q->rom_fd, qemu_x86_rom, sizeof(qemu_x86_rom)) !=
	    (ssize_t)sizeof(qemu_x86_rom))
		return false;
	q->ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_NORESERVE, q->ram_fd, 0);
	return q->ram != MAP_FAILED;
}

static const char *set_up(struct qemu *q)
{
	g_autofree char *wrong = NULL;
	bool started;

	if (sizeof(qemu_x86_rom) != QEMU_ROM_BYTES)
		return "its guest is assembled on x86 only";
	q->path = g_find_program_in_path(QEMU);
	if (!q->path)
		return QEMU " is not installed (qemu-system-x86)";
	if (!open_memory(q))
		return "no memory to share";
	qemu_begin(q, false);
	wrong = run(q, &started);
	if (!wrong)
		return missing(q);
	(void)fprintf(stderr, "%s\n", wrong);
	if (started)
		exit(EXIT_FAILURE);
	return QEMU " does not run";
}

struct qemu *qemu_new(const char **why)
{
	struct qemu *q = g_new0(struct qemu, 1);

	q->ram_fd = q->rom_fd = -1;
	q->ram = MAP_FAILED;
	*why = set_up(q);
	if (!*why)
		return q;
	qemu_free(q);
	return NULL;
}

void qemu_free(struct qemu *q)
{
	if (q->ram != MAP_FAILED)
		(void)munmap(q->ram, RAM_BYTES);
	if (q->ram_fd >= 0)
		(void)close(q->ram_fd);
	if (q->rom_fd >= 0)
		(void)close(q->rom_fd);
	g_free(q->path);
	g_free(q);
}
