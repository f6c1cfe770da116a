/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small tagged programs here and under qemu-aarch64 (Debian's qemu-user), which
 * has the Memory Tagging Extension: what they print and whether a tag check
 * ends them must be the same.
 *
 * A program is a static ELF file of random MTE instructions, made here word by
 * word. It maps a few pages with PROT_MTE, turns checks on (sync or async), and
 * notes the result of each instruction (a register, flags, loaded tags and
 * bytes) in a buffer, which it writes to its stdout before it ends: by exit(),
 * or by an access whose tag is wrong.
 *
 * [--cases N] [--seed S]: N programs. Exit status 77, with the reason, where
 * qemu-aarch64 is not installed, or mmulator executes no such instructions.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/evidence/stage.h"

#define QEMU "qemu-aarch64"

static struct stage_args args = { .cases = 20, .seed = 1 };
static struct stage_random rnd;

/* ---- a program ---- */

#define INSNS_MAX 4096
#define NR_OPS    150
#define ARENA     UINT64_C(0x50000000) /* tagged, 4 pages */
#define RESULTS   UINT64_C(0x60000000)
#define MAP_BYTES 0x4000
#define LOAD      UINT64_C(0x400000)
#define ZR        31
/* X0 - X3: tagged pointers; X4 - X7: values; X8: a result; X9: a mask;
 * X19: next result. */

static uint32_t insns[INSNS_MAX];
static unsigned nr_insns;

static void put(uint32_t insn)
{
	insns[nr_insns++] = insn;
}

/* MOVZ, MOVK ... of all 64 bits. */
static void put_mov(unsigned rd, uint64_t value)
{
	for (unsigned i = 0; i < 4; i++)
		put((i ? 0xf2800000 : 0xd2800000) | i << 21 |
		    (uint32_t)(value >> 16 * i & 0xffff) << 5 | rd);
}

static void put_syscall(unsigned nr, const uint64_t *arg, unsigned nr_args)
{
	for (unsigned i = 0; i < nr_args; i++)
		put_mov(i, arg[i]);
	put_mov(8, nr);
	put(0xd4000001);
}

/* str x@rt, [x19], #8 */
static void put_note(unsigned rt)
{
	put(0xf8008400 | 19 << 5 | rt);
}

/* ---- MTE: Arm ARM C6.2 ---- */

static uint32_t irg(unsigned rd, unsigned rn, unsigned rm)
{
	return 0x9ac01000 | rm << 16 | rn << 5 | rd;
}

static uint32_t gmi(unsigned rd, unsigned rn, unsigned rm)
{
	return 0x9ac01400 | rm << 16 | rn << 5 | rd;
}

static uint32_t subp(unsigned rd, unsigned rn, unsigned rm, bool flags)
{
	return (flags ? 0xbac00000 : 0x9ac00000) | rm << 16 | rn << 5 | rd;
}

/* ADDG, SUBG: @granules of 16 bytes, @tag to add. */
static uint32_t addg(unsigned rd, unsigned rn, unsigned granules, unsigned tag,
                     bool sub)
{
	return (sub ? 0xd1800000 : 0x91800000) | granules << 16 | tag << 10 |
	       rn << 5 | rd;
}

/* STG, STZG, ST2G, STZ2G: @which 0 .. 3; @mode 1 post, 2 offset, 3 pre. */
static uint32_t stg(unsigned which, unsigned mode, unsigned rt, unsigned rn,
                    int granules)
{
	return 0xd9200000 | which << 22 | ((unsigned)granules & 0x1ff) << 12 |
	       mode << 10 | rn << 5 | rt;
}

static uint32_t ldg(unsigned rt, unsigned rn, int granules)
{
	return 0xd9600000 | ((unsigned)granules & 0x1ff) << 12 | rn << 5 | rt;
}

/* STGP: @mode as of STG. */
static uint32_t stgp(unsigned mode, unsigned rt, unsigned rt2, unsigned rn,
                     int granules)
{
	static const uint32_t base[] = { 0, 0x68800000, 0x69000000,
		                         0x69800000 };

	return base[mode] | ((unsigned)granules & 0x7f) << 15 | rt2 << 10 |
	       rn << 5 | rt;
}

/* ---- at random ---- */

/* A pointer into the second page, with any tag, 16 bytes aligned. */
static void put_pointer(unsigned rd)
{
	put_mov(rd, ARENA + 0x1000 + stage_below(&rnd, 64) * 16 +
	                    ((uint64_t)stage_below(&rnd, 16) << 56));
}

/* X8 = X@rn with the tag of the memory it leads to. */
static void put_good_tag(unsigned rn)
{
	put(0xaa0003e0 | rn << 16 | 8); /* mov x8, x@rn */
	put(ldg(8, 8, 0));
}

static void put_arithmetic(unsigned a, unsigned b)
{
	switch (stage_below(&rnd, 6)) {
	case 0: /* all tags but one excluded: it is known */
		put_mov(9, 0xffff & ~(UINT64_C(1) << stage_below(&rnd, 16)));
		put(irg(8, a, 9));
		break;
	case 1:
		put_mov(9, stage_below(&rnd, 0x10000));
		put(gmi(8, a, 9));
		break;
	case 2:
	case 3:
		put(addg(8, a, stage_below(&rnd, 64), stage_below(&rnd, 16),
		         stage_below(&rnd, 2)));
		break;
	case 4:
		put(subp(8, a, b, false));
		break;
	default:
		put(subp(8, a, b, true));
		put_note(8);
		put(0xd53b4208); /* mrs x8, nzcv */
		break;
	}
	put_note(8);
}

/*
 * Loads and stores of every kind but LDAPUR, which QEMU 7.2 does not check, of
 * X4, X5, X10, X11, X14 - X17 and vectors, to the address in X@rn. @checked:
 * also those whose tag is checked if that is SP.
 */
static void put_access(unsigned rn, bool checked)
{
	static const uint32_t moves[] = {
		0x39000004,                 /* strb w4, [rn] */
		0xf9400400,                 /* ldr x0, [rn, #8], of X10 below */
		0xf8001004,                 /* stur x4, [rn, #1] */
		0xf8400800,                 /* ldtr */
		0xa9001404,                 /* stp x4, x5, [rn] */
		0x69402c0a,                 /* ldpsw x10, x11, [rn] */
		0x28400000 | 11 << 10 | 10, /* ldnp w10, w11 */
		0x3dc00000,                 /* ldr q0, [rn] */
		0x3d800400,                 /* str q0, [rn, #16] */
		0xbd400002,                 /* ldr s2, [rn] */
		0xad000400,                 /* stp q0, q1, [rn] */
		0x6d400400,                 /* ldp d0, d1, [rn] */
		0x4c402000,                 /* ld1 {v0.16b - v3.16b}, [rn] */
		0x4c400800,                 /* ld4 {v0.4s - v3.4s}, [rn] */
		0x0c004000,                 /* st3 {v0.8b - v2.8b}, [rn] */
		0x0c408400,                 /* ld2 {v0.4h, v1.4h}, [rn] */
		0x0d409000,                 /* ld1 {v0.s}[1], [rn] */
		0x4d60c800,                 /* ld2r {v0.4s, v1.4s}, [rn] */
		0x4d60e800,                 /* ld4r {v0.4s - v3.4s}, [rn] */
		0xf8240000 | 10,            /* ldadd x4, x10, [rn] */
		0xb8248000 | 10,            /* swp w4, w10, [rn] */
		0xc8a47c00 | 10,            /* cas x4, x10, [rn] */
		0x48207c00 | 14 << 16 | 16, /* casp x14 - x17, [rn] */
		0x08207c00 | 14 << 16 | 16, /* casp w14 - w17, [rn] */
		0xc8dffc00 | 10,            /* ldar x10, [rn] */
		0x889ffc00 | 4,             /* stlr w4, [rn] */
		0xf8bfc000 | 10,            /* ldapr x10, [rn] */
		0xc85f7c00 | 10,            /* ldxr x10, [rn] */
		0xf9800000,                 /* prfm pldl1keep, [rn] */
		0xf8800000,                 /* prfum pldl1keep, [rn] */
		0xf8a06800 | 31 << 16,      /* prfm, [rn, xzr] */
		0xf8606800 | 31 << 16 | 10, /* ldr x10, [rn, xzr] */
		0xf8000400 | 4,             /* str x4, [rn], #0 */
		0xf8400c00 | 10,            /* ldr x10, [rn, #0]! */
		0xa8801404,                 /* stp x4, x5, [rn], #0 */
		0xadc00400,                 /* ldp q0, q1, [rn, #0]! */
		0x4cc07c00 | 31 << 16,      /* ld1 {v0.2d}, [rn], #16 */
	};
	const unsigned n = ARRAY_SIZE(moves) - (checked ? 0 : 6);
	uint32_t insn = moves[stage_below(&rnd, n)];

	if (insn == 0xf9400400 || insn == 0xf8400800)
		insn |= 10;
	put(insn | rn << 5);
}

/* Up to four of them, and loads by way of PC, where no tags are. */
static void put_noise(void)
{
	put_mov(12, RESULTS + 0x3000);
	for (unsigned i = stage_below(&rnd, 5); i-- > 0;) {
		if (stage_below(&rnd, 8))
			put_access(12, false);
		else
			put(0x58000000 | 2 << 5 | 10); /* ldr x10, . + 8 */
	}
}

/* SP leads to X@a's granule, with its tag, whatever that of the memory is. */
static void put_by_sp(unsigned a, bool checked)
{
	put_noise();
	put(0x9100001f | a << 5); /* mov sp, x@a */
	for (unsigned i = 1 + stage_below(&rnd, 3); i-- > 0;)
		put_access(31, checked);
	put_noise();
}

static void put_memory(unsigned a, unsigned value)
{
	unsigned mode = 1 + stage_below(&rnd, 3);
	int granules = (int)stage_below(&rnd, 16) - 8;

	switch (stage_below(&rnd, 5)) {
	case 0:
		put(stg(stage_below(&rnd, 4), mode, stage_below(&rnd, 4), a,
		        granules));
		break;
	case 1:
		put(stgp(mode, value, ZR, a, granules));
		break;
	case 2:
		put_mov(8, stage_random(&rnd));
		put(ldg(8, a, granules));
		put_note(8);
		break;
	case 3: /* unchecked ones */
		put_by_sp(a, false);
		put_note(10);
		break;
	default: /* a checked store and load */
		put_good_tag(a);
		put(0xf9000000 | 8 << 5 | value); /* str */
		put(0xf9400000 | 8 << 5 | 10);    /* ldr x10, [x8] */
		put_note(10);
		break;
	}
	put_note(a); /* it may have moved */
}

static void put_setup(void)
{
	/* prctl(PR_SET_TAGGED_ADDR_CTRL, enable | sync or async | all tags) */
	const uint64_t control[] = {
		55, 1 | 1U << (1 + stage_below(&rnd, 2)) | 0xffff << 3, 0, 0, 0
	};
	/* PROT_READ | PROT_WRITE | PROT_MTE; private, anonymous, fixed */
	const uint64_t arena[] = { ARENA, MAP_BYTES,    3 | 0x20,
		                   0x32,  ~UINT64_C(0), 0 };
	const uint64_t results[] = { RESULTS, MAP_BYTES,    3,
		                     0x32,    ~UINT64_C(0), 0 };

	put_syscall(167, control, 5);
	put(0xaa0003f4); /* mov x20, x0 */
	put_syscall(222, arena, 6);
	put(0xaa0003f5); /* mov x21, x0 */
	put_syscall(222, results, 6);
	put_mov(19, RESULTS);
	put_note(20);
	put_note(21);
	for (unsigned i = 4; i < 8; i++)
		put_mov(i, stage_random(&rnd));
}

/* Granule @n of the second page gets @tag. */
static void put_tag(unsigned n, unsigned tag)
{
	put_mov(8, ARENA + 0x1000 + 16 * (uint64_t)n);
	put_mov(9, (uint64_t)tag << 56);
	put(stg(0, 2, 9, 8, 0));
}

/* An access whose tag may be wrong, of 1 to 8 bytes, within a granule or into
 * the next one. */
static void put_check(void)
{
	/* strb, strh, str w, str x, and their loads, with an offset of 0 */
	static const uint32_t moves[] = { 0x39000000, 0x79000000, 0xb9000000,
		                          0xf9000000, 0x39400000, 0x79400000,
		                          0xb9400000, 0xf9400000 };
	unsigned tag = stage_below(&rnd, 16), next = tag;
	unsigned kind = stage_below(&rnd, 16), at = stage_below(&rnd, 16);
	unsigned mine = stage_below(&rnd, 2) ? tag : stage_below(&rnd, 16);

	if (stage_below(&rnd, 2))
		next = stage_below(&rnd, 16);
	put_tag(0, tag);
	put_tag(1, next);
	if (kind >= 8)
		at = 0;
	put_mov(8, (ARENA + 0x1000 + at) | (uint64_t)mine << 56);
	if (kind == 8)
		put(0xf8200100 | 4 << 16 | 10); /* ldadd x4, x10, [x8] */
	else if (kind == 9)
		put(0xc85f7c00 | 8 << 5 | 10); /* ldxr x10, [x8] */
	else if (kind > 12)
		put_by_sp(8, true);
	else if (kind > 9) {
		put_noise();
		put_access(8, true);
	} else
		put(moves[kind] | 8 << 5 | 4);
}

/* What was noted is written before. The kernel notices an asynchronous fault
 * in the first of two calls. */
static void put_end(bool checked)
{
	const uint64_t text[] = { 1, RESULTS, 0 };
	const uint64_t status[] = { 0 };

	for (unsigned i = 0; i < 2; i++)
		put_mov(i, text[i]);
	put_mov(9, RESULTS);
	put(0xcb090262); /* sub x2, x19, x9 */
	put_mov(8, 64);
	put(0xd4000001);
	if (checked)
		put_check();
	put_syscall(172, NULL, 0);
	put_syscall(93, status, 1);
}

static void write_program(const char *path)
{
	uint64_t elf[15] = {
		0x00010102464c457f,
		0,
		0x0000000100b70002,
		LOAD + sizeof(elf),
		64,
		0,
		0x0038004000000000,
		1,
		0x0000000500000001,
		0,
		LOAD,
		LOAD,
		0,
		0,
		0x1000,
	};
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	nr_insns = 0;
	put_setup();
	for (unsigned i = 0; i < NR_OPS; i++) {
		unsigned a = stage_below(&rnd, 4), b = stage_below(&rnd, 4);

		put_pointer(a);
		put_pointer(b);
		if (stage_below(&rnd, 2))
			put_arithmetic(a, b);
		else
			put_memory(a, 4 + stage_below(&rnd, 4));
	}
	put_end(stage_below(&rnd, 4));
	elf[12] = elf[13] = sizeof(elf) + nr_insns * sizeof(insns[0]);
	g_byte_array_append(bytes, (const guint8 *)elf, sizeof(elf));
	g_byte_array_append(bytes, (const guint8 *)insns,
	                    (guint)(nr_insns * sizeof(insns[0])));
	if (!g_file_set_contents(path, (const char *)bytes->data,
	                         (gssize)bytes->len, NULL) ||
	    g_chmod(path, 0700))
		stage_fail();
}

/* ---- running it ---- */

struct outcome {
	GString *out;
	bool killed; /* by SIGSEGV */
	bool illegal;
};

static GString *read_all(const char *path)
{
	g_autofree char *content = NULL;
	gsize len = 0;

	if (!g_file_get_contents(path, &content, &len, NULL))
		stage_fail();
	return g_string_new_len(content, (gssize)len);
}

/* @line: of the shell, with @program's path in it. Return: its wait status. */
static int run(const char *line, const char *out, const char *err)
{
	g_autofree char *whole =
		g_strdup_printf("exec %s >%s 2>%s", line, out, err);
	const char *argv[] = { "/bin/sh", "-c", whole, NULL };
	int status = 0;

	if (!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_DEFAULT,
	                  NULL, NULL, NULL, NULL, &status, NULL))
		stage_fail();
	return status;
}

static struct outcome run_qemu(const char *path, const char *out,
                               const char *err)
{
	g_autofree char *line = g_strdup_printf(QEMU " -cpu max %s", path);
	int status = run(line, out, err);

	return (struct outcome){
		.out = read_all(out),
		.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
		.illegal = WIFSIGNALED(status) && WTERMSIG(status) == SIGILL,
	};
}

static struct outcome run_ours(const char *command, const char *path,
                               const char *out, const char *err)
{
	g_autofree char *line = g_strdup_printf(
		"%s exec --option mte=on --format json %s", command, path);
	g_autoptr(GString) report = NULL;
	struct outcome o;

	(void)run(line, out, err);
	report = read_all(err);
	o = (struct outcome){
		.out = read_all(out),
		.killed = strstr(report->str, "SIGSEGV"),
		.illegal = strstr(report->str, "SIGILL"),
	};
	return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->killed == b->killed && g_string_equal(a->out, b->out);
}

static void show(const char *who, const struct outcome *o)
{
	(void)fprintf(stderr, "%s: %zu bytes%s%s\n", who, o->out->len,
	              o->killed ? ", SIGSEGV" : "",
	              o->illegal ? ", SIGILL" : "");
}

static void compare(const struct outcome *ours, const struct outcome *qemu,
                    uint64_t number, const char *path)
{
	size_t at = 0;

	if (same(ours, qemu))
		return;
	(void)fprintf(stderr, "program %llu of --seed %llu differs: %s\n",
	              (unsigned long long)number, (unsigned long long)args.seed,
	              path);
	show("mmulator", ours);
	show(QEMU, qemu);
	while (at < ours->out->len && at < qemu->out->len &&
	       ours->out->str[at] == qemu->out->str[at])
		at++;
	(void)fprintf(stderr, "the first difference is in note %zu\n", at / 8);
	stage_fail();
}

int main(int argc, char **argv)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(self);
	g_autofree char *command =
		g_build_filename(folder, "..", "cli", "mmulator", NULL);
	g_autofree char *dir = g_dir_make_tmp("mmulator-mte-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "program", NULL);
	g_autofree char *out = g_build_filename(dir, "out", NULL);
	g_autofree char *err = g_build_filename(dir, "err", NULL);
	g_autofree char *qemu = g_find_program_in_path(QEMU);
	uint64_t nr_killed = 0;
	const char *skip = qemu ? NULL : QEMU " is not installed (qemu-user)";

	stage_args_parse(&args, argc, argv);
	stage_seed(&rnd, args.seed);
	for (uint64_t i = 0; i < args.cases && !skip; i++) {
		struct outcome theirs, ours;

		write_program(path);
		theirs = run_qemu(path, out, err);
		ours = run_ours(command, path, out, err);
		if (theirs.illegal)
			skip = QEMU " is too old for MTE";
		else if (ours.illegal)
			skip = "mmulator executes no MTE instructions";
		else
			compare(&ours, &theirs, i, path);
		nr_killed += theirs.killed;
		(void)g_string_free(theirs.out, TRUE);
		(void)g_string_free(ours.out, TRUE);
	}
	(void)g_unlink(path);
	(void)g_unlink(out);
	(void)g_unlink(err);
	(void)g_rmdir(dir);
	if (skip) {
		printf("skipped: %s\n", skip);
		return 77;
	}
	printf("MTE against " QEMU ": %llu programs, %llu ended by a tag "
	       "check; seed %llu\n",
	       (unsigned long long)args.cases, (unsigned long long)nr_killed,
	       (unsigned long long)args.seed);
	return EXIT_SUCCESS;
}
