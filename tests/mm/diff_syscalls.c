/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same random memory system calls on the host's kernel, in a child
 * process, and here: after each call the result and the list of VMAs must be
 * the same, and at the end what is in the memory.
 *
 * Linux merges more since v6.16 (a VMA without pages takes one with pages),
 * and since v6.17 moves several VMAs at once and checks mremap's arguments
 * before it unmaps the destination.  The sequences stay clear of that: in one
 * round nothing is ever touched, in the others everything at once, and mremap
 * only gets a source that is one VMA.
 *
 * MMULATOR_SEED picks the first seed; a failure prints the seed and the calls.
 */
#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm/vma.h"
#include "tests/mm/fixture.h"

/* Free on every host, under the address sanitizer as well. */
#define WINDOW UINT64_C(0x200000000000)
#define UNITS  48
#define CALLS  150

enum call_kind {
	MMAP,
	MUNMAP,
	MPROTECT,
	MADVISE,
	MREMAP,
	CALL_KINDS
};

struct call {
	enum call_kind kind;
	uint64_t addr, len;
	uint64_t arg; /* prot, advice, mremap flags */
	uint64_t flags;
	uint64_t new_len, new_addr;
};

/* A round: what kind of sequences. */
struct round {
	const char *name;
	uint64_t unit; /* borders are multiples of it */
	bool touch;    /* all memory is writable and touched at once */
	bool huge;     /* MADV_HUGEPAGE means something */
};

static const struct round rounds[] = {
	{ "VMAs only", PAGE_SIZE, false, false },
	{ "small pages", PAGE_SIZE, true, false },
	{ "parts of tables", 512 << 10, true, false },
	{ "tables and huge pages", UINT64_C(1) << 20, true, true },
};

struct sequence {
	const struct round *round;
	uint32_t rng;
	uint32_t seed;
	struct call calls[CALLS];
	GString *ours; /* log */
};

/* ---- the calls ---- */

static uint32_t pick(struct sequence *s, uint32_t n)
{
	s->rng ^= s->rng << 13;
	s->rng ^= s->rng >> 17;
	s->rng ^= s->rng << 5;
	return s->rng % n;
}

static void pick_range(struct sequence *s, uint64_t *addr, uint64_t *len)
{
	uint64_t unit = s->round->unit, first = pick(s, UNITS);

	*addr = WINDOW + first * unit;
	*len = (1 + pick(s, 8)) * unit;
	*len = MIN(*len, WINDOW + UNITS * unit - *addr);
	/* Now and then wrong, or not whole pages. */
	if (!pick(s, 30))
		*addr += 1 + pick(s, 4000);
	if (!pick(s, 15))
		*len -= pick(s, 4096);
	if (!pick(s, 60))
		*len = 0;
}

static const int advices[] = {
	MADV_DONTNEED,   MADV_DONTNEED,
	MADV_NORMAL,     MADV_RANDOM,
	MADV_SEQUENTIAL, MADV_HUGEPAGE,
	MADV_NOHUGEPAGE, MADV_DONTFORK,
	MADV_DOFORK,     MADV_DONTDUMP,
	MADV_WIPEONFORK, MADV_KEEPONFORK,
	MADV_FREE,       77,
};
static const uint64_t map_flags[] = {
	MAP_PRIVATE,
	MAP_PRIVATE,
	MAP_PRIVATE | MAP_NORESERVE,
	MAP_PRIVATE | MAP_STACK,
	MAP_SHARED,
};

static void make_mremap(struct sequence *s, struct call *c)
{
	static const uint64_t flags[] = {
		0,
		MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_FIXED,
		8,
	};
	uint64_t ignored;

	c->flags = flags[pick(s, ARRAY_SIZE(flags))];
	pick_range(s, &c->new_addr, &c->new_len);
	if (pick(s, 2))
		c->new_len = c->len;
	if (c->flags & MREMAP_FIXED)
		pick_range(s, &c->new_addr, &ignored);
	c->new_len =
		MIN(c->new_len,
	            WINDOW + UNITS * s->round->unit -
	                    (c->flags & MREMAP_FIXED ? c->new_addr : c->addr));
}

static void make_call(struct sequence *s, struct call *c)
{
	static const enum call_kind kinds[] = { MMAP,     MMAP,     MUNMAP,
		                                MPROTECT, MPROTECT, MADVISE,
		                                MREMAP,   MREMAP };

	memset(c, 0, sizeof(*c));
	c->kind = kinds[pick(s, ARRAY_SIZE(kinds))];
	pick_range(s, &c->addr, &c->len);
	switch (c->kind) {
	case MMAP:
		c->arg = s->round->touch ? PROT_READ | PROT_WRITE : pick(s, 8);
		c->flags = MAP_ANONYMOUS |
		           map_flags[pick(s, ARRAY_SIZE(map_flags))] |
		           (pick(s, 4) ? MAP_FIXED : MAP_FIXED_NOREPLACE);
		break;
	case MPROTECT:
		c->arg = pick(s, 8);
		break;
	case MADVISE:
		c->arg = (uint64_t)advices[pick(s, ARRAY_SIZE(advices))];
		break;
	case MREMAP:
		make_mremap(s, c);
		break;
	case MUNMAP:
	case CALL_KINDS:
		break;
	}
}

static const char *call_text(const struct call *c)
{
	static const char *const names[] = { "mmap", "munmap", "mprotect",
		                             "madvise", "mremap" };
	static char buf[200];

	g_snprintf(buf, sizeof(buf),
	           "%s addr +%#" PRIx64 " len %#" PRIx64 " arg %" PRIu64
	           " flags %#" PRIx64 " new_len %#" PRIx64
	           " new_addr +%#" PRIx64,
	           names[c->kind], c->addr - WINDOW, c->len, c->arg, c->flags,
	           c->new_len, c->new_addr ? c->new_addr - WINDOW : 0);
	return buf;
}

/* ---- one side: the host, or ours ---- */

struct side {
	long (*do_call)(const struct call *c, struct task *t);
	/* "start-end prot" of the VMAs in the window */
	void (*list)(GString *out, struct task *t);
	void (*write)(uint64_t addr, uint64_t value, struct task *t);
	uint64_t (*read)(uint64_t addr, struct task *t);
	/* Ours, which goes first: change a call that cannot be compared. */
	void (*check)(struct call *c, struct task *t);
	struct task *task;
};

/* One line of a list. */
static bool next_line(const char **list, uint64_t *start, uint64_t *end,
                      char prot[5])
{
	char *p;

	if (!**list)
		return false;
	*start = strtoull(*list, &p, 16);
	*end = strtoull(p + 1, &p, 16);
	memcpy(prot, p + 1, 4);
	prot[4] = 0;
	*list = strchr(p, '\n') + 1;
	return true;
}

/* What a call mapped is touched at once: one word in each page. */
static void touch_all(const struct side *side, const struct call *c, long ret,
                      unsigned nr, uint64_t step_bytes)
{
	if (c->kind != MMAP || ret < 0)
		return;
	for (uint64_t off = 0; off < c->len; off += step_bytes)
		side->write(c->addr + off, ((uint64_t)nr << 32) + off + 1,
		            side->task);
}

/* mremap grew something: its new pages too, as far as they can be written. */
static void touch_grown(const struct side *side, const struct call *c,
                        const char *list, unsigned nr, uint64_t step_bytes)
{
	uint64_t start, end;
	char prot[5];

	if (c->kind != MREMAP)
		return;
	while (next_line(&list, &start, &end, prot)) {
		if (prot[0] != 'r' || prot[1] != 'w')
			continue;
		for (; start < end; start += step_bytes)
			if (!side->read(start, side->task))
				side->write(start, ((uint64_t)nr << 32) + start,
				            side->task);
	}
}

static void log_content(const struct side *side, GString *log, const char *list)
{
	uint64_t start, end;
	char prot[5];

	while (next_line(&list, &start, &end, prot)) {
		if (prot[0] != 'r')
			continue;
		for (; start < end; start += PAGE_SIZE)
			g_string_append_printf(log, "%" PRIx64 "=%" PRIx64 "\n",
			                       start,
			                       side->read(start, side->task));
	}
}

static uint64_t touch_step(const struct sequence *s)
{
	return MIN(s->round->unit, UINT64_C(64) << 10);
}

static void run_sequence(const struct side *side, struct sequence *s,
                         GString *log)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (unsigned i = 0; i < CALLS; i++) {
		struct call *c = &s->calls[i];
		long ret;

		if (side->check)
			side->check(c, side->task);
		ret = side->do_call(c, side->task);

		g_string_truncate(list, 0);
		side->list(list, side->task);
		g_string_append_printf(log, "#%u %ld\n%s", i, ret, list->str);
		if (!s->round->touch)
			continue;
		touch_all(side, c, ret, i, touch_step(s));
		if (ret >= 0)
			touch_grown(side, c, list->str, i, touch_step(s));
	}
	if (s->round->touch)
		log_content(side, log, list->str);
}

/* ---- the host ---- */

static long host_call(const struct call *c, struct task *t)
{
	long ret = -1;

	(void)t;
	switch (c->kind) {
	case MMAP:
		ret = syscall(SYS_mmap, c->addr, c->len, c->arg, c->flags, -1,
		              0);
		break;
	case MUNMAP:
		ret = syscall(SYS_munmap, c->addr, c->len);
		break;
	case MPROTECT:
		ret = syscall(SYS_mprotect, c->addr, c->len, c->arg);
		break;
	case MADVISE:
		ret = syscall(SYS_madvise, c->addr, c->len, c->arg);
		break;
	case MREMAP:
		ret = syscall(SYS_mremap, c->addr, c->len, c->new_len, c->flags,
		              c->new_addr);
		break;
	case CALL_KINDS:
		break;
	}
	return ret == -1 ? -errno : ret;
}

static void host_list(GString *out, struct task *t)
{
	g_autofree char *text = NULL;

	(void)t;
	if (!g_file_get_contents("/proc/self/maps", &text, NULL, NULL))
		_exit(2);
	for (const char *l = text; *l; l = strchr(l, '\n') + 1) {
		char *p;
		uint64_t start = strtoull(l, &p, 16);
		uint64_t end = strtoull(p + 1, &p, 16);

		if (start >= WINDOW && end <= WINDOW + (UINT64_C(1) << 32))
			g_string_append_printf(out,
			                       "%" PRIx64 "-%" PRIx64 " %.4s\n",
			                       start, end, p + 1);
	}
}

static void host_write(uint64_t addr, uint64_t value, struct task *t)
{
	(void)t;
	*(volatile uint64_t *)(uintptr_t)addr = value;
}

static uint64_t host_read(uint64_t addr, struct task *t)
{
	(void)t;
	return *(volatile uint64_t *)(uintptr_t)addr;
}

static void write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n <= 0)
			_exit(3);
		p += n;
		len -= (size_t)n;
	}
}

static char *host_log(struct sequence *s)
{
	const struct side host = { .do_call = host_call,
		                   .list = host_list,
		                   .write = host_write,
		                   .read = host_read };
	GString *log = g_string_new(NULL);
	int fds[2], status;
	char buf[1024];
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		run_sequence(&host, s, log);
		write_all(fds[1], log->str, log->len);
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		g_string_append_len(log, buf, n);
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
	              "seed %u: the child ended with status %#x", s->seed,
	              status);
	return g_string_free(log, FALSE);
}

/* ---- ours ---- */

static long our_call(const struct call *c, struct task *t)
{
	switch (c->kind) {
	case MMAP:
		return sys_mmap(t, c->addr, c->len, c->arg, c->flags);
	case MUNMAP:
		return do_sys_munmap(t, c->addr, c->len);
	case MPROTECT:
		return do_sys_mprotect(t, c->addr, c->len, c->arg);
	case MADVISE:
		return do_sys_madvise(t, c->addr, c->len, (int)c->arg);
	case MREMAP:
		return do_sys_mremap(t, c->addr, c->len, c->new_len, c->flags,
		                     c->new_addr);
	case CALL_KINDS:
		break;
	}
	return -ENOSYS;
}

static void our_list(GString *out, struct task *t)
{
	vma_check(t->mm);
	g_string_append(out, maps(t->mm));
}

static void our_write(uint64_t addr, uint64_t value, struct task *t)
{
	store(t, addr, value);
}

static uint64_t our_read(uint64_t addr, struct task *t)
{
	return load(t, addr);
}

static void our_check(struct call *c, struct task *t)
{
	struct vm_area_struct *vma;

	if (c->kind != MREMAP)
		return;
	vma = vma_lookup(t->mm, c->addr);
	if (vma && c->len && c->len <= vma->vm_end - c->addr &&
	    !((c->addr | c->new_addr) & ~PAGE_MASK) && c->new_len &&
	    /* What a shared mapping grows by lies beyond its file. */
	    (!(vma->vm_flags & VM_SHARED) || c->new_len <= c->len))
		return;
	c->kind = MUNMAP;
}

static struct sequence seq;

/* The call the first difference belongs to, with those before it. */
static void fail_at(const char *ours, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	size_t at = 0;
	long nr = -1;

	while (ours[at] && ours[at] == expected[at])
		at++;
	for (const char *p = ours; (p = strchr(p, '#')) && p <= ours + at; p++)
		nr = strtol(p + 1, NULL, 10);
	for (long i = MAX(nr - 12, 0); i <= nr; i++)
		g_string_append_printf(text, "%3ld %s\n", i,
		                       call_text(&seq.calls[i]));
	while (at && ours[at - 1] != '#')
		at--;
	ck_abort_msg("round \"%s\" seed %u:\n%s--- host from call %ld\n%.800s\n"
	             "--- ours\n%.800s",
	             seq.round->name, seq.seed, text->str, nr, expected + at,
	             ours + at);
}

static void run_ours(struct task *t)
{
	const struct side ours = { .do_call = our_call,
		                   .list = our_list,
		                   .write = our_write,
		                   .read = our_read,
		                   .check = our_check,
		                   .task = t };

	run_sequence(&ours, &seq, seq.ours);
}

static uint32_t first_seed(void)
{
	const char *env = g_getenv("MMULATOR_SEED");

	return env ? (uint32_t)strtoul(env, NULL, 10) : 1;
}

START_TEST(the_host_kernel_does_the_same)
{
	g_autofree char *expected = NULL;

	memset(&seq, 0, sizeof(seq));
	seq.round = &rounds[_i % (int)ARRAY_SIZE(rounds)];
	seq.seed = first_seed() + (uint32_t)(_i / (int)ARRAY_SIZE(rounds));
	seq.rng = seq.seed * 2654435761u + 1;
	seq.ours = g_string_new(NULL);
	fix.options.thp = seq.round->huge ? THP_MADVISE : THP_NEVER;
	for (unsigned i = 0; i < CALLS; i++)
		make_call(&seq, &seq.calls[i]);
	run_process(run_ours);
	expected = host_log(&seq);
	if (strcmp(seq.ours->str, expected) != 0)
		fail_at(seq.ours->str, expected);
	g_string_free(seq.ours, TRUE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/diff_syscalls");
	TCase *tc = tcase_create("host");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tc, the_host_kernel_does_the_same, 0,
	                    25 * (int)ARRAY_SIZE(rounds));
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
