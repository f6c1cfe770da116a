/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a guest program runs on the simulated machine, with all of TLBs,
 * walks, faults and the kernel, against the same program in Unicorn alone,
 * without hooks, in the same process.
 *
 *	bench_guest WORKLOADS/mix [REPETITIONS [TAGGED]]
 *
 * TAGGED: the same program with MTE's checks on all of its heap, which runs on
 * the machine alone: Unicorn 2.0 has no such instructions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <unicorn/unicorn.h>

#include "syscalls/elf.h"
#include "syscalls/exec.h"

/* Phases by their letters; totals in seconds. */
struct times {
	double phase[256];
	double begin;
	int current;
};

static double now(void)
{
	struct timespec ts;

	/* Others on this host are not to be counted. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void enter_phase(struct times *t, int letter)
{
	double at = now();

	if (t->current)
		t->phase[t->current] += at - t->begin;
	t->current = letter == '.' ? 0 : letter;
	t->begin = at;
}

/* ---- alone ---- */

/* What differs between architectures. */
static const struct alone {
	uc_arch arch;
	uc_mode mode;
	int sp, nr, buffer;
	uint64_t write;
} alone[ARCH_COUNT] = {
	[ARCH_X86_64] = { UC_ARCH_X86, UC_MODE_64, UC_X86_REG_RSP,
	                  UC_X86_REG_RAX, UC_X86_REG_RSI, 1 },
	[ARCH_ARM64] = { UC_ARCH_ARM64, UC_MODE_ARM, UC_ARM64_REG_SP,
	                 UC_ARM64_REG_X8, UC_ARM64_REG_X1, 64 },
};

static void system_call(uc_engine *uc, const struct alone *a, void *data)
{
	uint64_t nr = 0, at = 0;
	char letter = 0;

	uc_reg_read(uc, a->nr, &nr);
	uc_reg_read(uc, a->buffer, &at);
	if (nr != a->write) {
		uc_emu_stop(uc);
		return;
	}
	uc_mem_read(uc, at, &letter, 1);
	enter_phase(data, letter);
}

static void on_syscall(uc_engine *uc, void *data)
{
	system_call(uc, &alone[ARCH_X86_64], data);
}

static void on_intr(uc_engine *uc, uint32_t number, void *data)
{
	(void)number;
	system_call(uc, &alone[ARCH_ARM64], data);
}

static void hook_syscalls(uc_engine *uc, enum arch_id arch, struct times *t)
{
	uc_hook hook;

	if (arch == ARCH_X86_64)
		uc_hook_add(uc, &hook, UC_HOOK_INSN, (void *)on_syscall, t, 1,
		            0, UC_X86_INS_SYSCALL);
	else
		uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)on_intr, t, 1, 0);
}

#define HUGE_PAGE (UINT64_C(2) << 20)

/* The guest's memory in one piece, on the host's huge pages if @huge. */
static void *load(uc_engine *uc, const struct elf_image *image,
                  const uint8_t *bytes, bool huge)
{
	vaddr_t start = image->segment[0].va & PAGE_MASK;
	uint64_t size = ALIGN_UP(image->end - start, HUGE_PAGE);
	void *memory = g_aligned_alloc(1, size, HUGE_PAGE);

	madvise(memory, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(memory, 0, size);
	uc_mem_map_ptr(uc, start, size, UC_PROT_ALL, memory);
	for (unsigned i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		uc_mem_write(uc, s->va, bytes + s->offset, s->file_bytes);
	}
	return memory;
}

static void run_alone(const uint8_t *bytes, size_t len, bool huge,
                      struct times *t)
{
	struct elf_image image;
	uint64_t stack = 0x70000000, sp = stack + 0x8000;
	const struct alone *a;
	uc_engine *uc;
	void *memory;

	if (!elf_parse(bytes, len, "guest", &image, NULL))
		exit(2);
	a = &alone[image.arch];
	uc_open(a->arch, a->mode, &uc);
	if (image.arch == ARCH_ARM64)
		uc_ctl_set_cpu_model(uc, UC_CPU_ARM64_MAX);
	memory = load(uc, &image, bytes, huge);
	uc_mem_map(uc, stack, 0x10000, UC_PROT_ALL);
	uc_reg_write(uc, a->sp, &sp);
	hook_syscalls(uc, image.arch, t);
	uc_emu_start(uc, image.entry, 0, 0, 0);
	uc_close(uc);
	g_aligned_free(memory);
}

/* ---- on the machine ---- */

static void on_write(void *data, int fd, const uint8_t *bytes, size_t n)
{
	(void)fd;
	for (size_t i = 0; i < n; i++)
		enter_phase(data, bytes[i]);
}

struct guest {
	const char *name;
	gchar *bytes;
	gsize len;
};

static void run_simulated(const struct guest *g, bool mte, struct times *t)
{
	const char *argv[] = { g->name, NULL };
	struct mm_options options;
	struct exec_config config = { .name = g->name,
		                      .image = (uint8_t *)g->bytes,
		                      .image_len = g->len,
		                      .argv = argv,
		                      .options = &options,
		                      .host = { on_write, t } };
	struct exec_result result;
	GError *error = NULL;

	mm_options_default(&options);
	options.mte = mte;
	if (exec_program(&config, &result, &error)) {
		fprintf(stderr, "%s\n", error->message);
		exit(2);
	}
	if (result.signal) {
		fprintf(stderr, "%s: signal %d\n", g->name, result.signal);
		exit(2);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

static double total(const struct times *t)
{
	return t->phase['c'] + t->phase['s'] + t->phase['r'];
}

#define REPETITIONS_MAX 64

/* Seconds of one way to run the program, by phase and in all. */
struct way {
	const char *name;
	double wanted; /* 0: nothing */
	double seconds[4][REPETITIONS_MAX];
	double ratio[4][REPETITIONS_MAX]; /* of the first way's speed */
};

static void note(struct way *w, const struct way *first, unsigned i,
                 const struct times *t)
{
	static const char phases[] = "csr";

	for (unsigned p = 0; p < 3; p++)
		w->seconds[p][i] = t->phase[(int)phases[p]];
	w->seconds[3][i] = total(t);
	for (unsigned p = 0; p < 4; p++)
		w->ratio[p][i] = first->seconds[p][i] / w->seconds[p][i];
}

static void print(struct way *w, unsigned n)
{
	double all = median(w->ratio[3], n);

	printf("%-28s", w->name);
	for (unsigned p = 0; p < 4; p++)
		printf("  %6.3f %4.2f", median(w->seconds[p], n),
		       median(w->ratio[p], n));
	if (all < w->wanted)
		printf("  below %.2f", w->wanted);
	printf("\n");
}

static struct guest read_guest(const char *name)
{
	struct guest g = { .name = name };

	if (!g_file_get_contents(name, &g.bytes, &g.len, NULL)) {
		fprintf(stderr, "%s: cannot be read\n", name);
		exit(2);
	}
	return g;
}

static void measure(struct way *ways, unsigned n, const struct guest *guest,
                    const struct guest *tagged)
{
	for (unsigned i = 0; i < n; i++) {
		for (unsigned w = 0; w < 4; w++) {
			static struct times t;

			memset(&t, 0, sizeof(t));
			if (w < 2)
				run_alone((uint8_t *)guest->bytes, guest->len,
				          w == 1, &t);
			else if (w == 2)
				run_simulated(guest, false, &t);
			else if (tagged->bytes)
				run_simulated(tagged, true, &t);
			else
				break;
			note(&ways[w], &ways[0], i, &t);
		}
	}
}

int main(int argc, char **argv)
{
	static struct way ways[] = {
		{ .name = "Unicorn alone" },
		{ .name = "the same, huge pages" },
		{ .name = "simulated machine", .wanted = 0.7 },
		{ .name = "with MTE, synchronous", .wanted = 0.5 }
	};
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 5;
	struct guest guest, tagged = { NULL };

	if (argc < 2) {
		fprintf(stderr, "usage: bench_guest PROGRAM [REPETITIONS "
		                "[TAGGED]]\n");
		return 2;
	}
	n = CLAMP(n, 1, REPETITIONS_MAX);
	guest = read_guest(argv[1]);
	if (argc > 3)
		tagged = read_guest(argv[3]);
	measure(ways, n, &guest, &tagged);
	printf("%u repetitions, medians: seconds of CPU time, speed\n%-28s", n,
	       "");
	printf("  %-11s  %-11s  %-11s  %s\n", "chase", "stream", "scatter",
	       "all");
	for (int w = 0; w < (argc > 3 ? 4 : 3); w++)
		print(&ways[w], n);
	g_free(guest.bytes);
	g_free(tagged.bytes);
	return 0;
}
