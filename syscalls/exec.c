/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syscalls/exec.h"

#include <errno.h>
#include <linux/auxvec.h>
#include <string.h>

#include "base/policy.h"
#include "emu/uaccess.h"
#include "emu/vcpu_ops.h"
#include "mm/kernel.h"
#include "mm/mm.h"
#include "mm/mmap_lock.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "syscalls/abi.h"
#include "syscalls/elf.h"
#include "syscalls/syscalls.h"

#define STACK_BYTES    (UINT64_C(8) << 20)
#define ARGS_MAX       128
#define ARGS_BYTES_MAX (UINT64_C(128) << 10)
#define AUXV_MAX       UINT64_C(16)

GQuark exec_error_quark(void)
{
	return g_quark_from_static_string("mmulator-exec");
}

/* One execution; on the host's stack, machine->user_data during the run. */
struct exec {
	const struct exec_config *config;
	struct elf_image image;
	struct machine *machine;
	struct emu *emu;
	struct process *process;
	struct task *task;
	struct mm_options options;
	int load_error;
};

/* ---- loading: on the new task's agent ---- */

static int load_segment(struct task *t, const struct exec_config *config,
                        const struct elf_segment *s)
{
	vaddr_t start = s->va & PAGE_MASK;
	uint64_t len = ALIGN_UP(s->va + s->mem_bytes, PAGE_SIZE) - start;
	struct mmap_request req = { .addr = start,
		                    .len = len,
		                    .prot = PROT_READ | PROT_WRITE,
		                    .flags = MAP_PRIVATE | MAP_ANONYMOUS |
		                             MAP_FIXED_NOREPLACE,
		                    .name = config->name };
	long ret = do_sys_mmap(t, &req);

	if (IS_ERR_VALUE(ret))
		return (int)ret;
	if (copy_to_user(s->va, config->image + s->offset, s->file_bytes))
		return -ENOMEM;
	if (s->prot == req.prot)
		return 0;
	return (int)do_sys_mprotect(t, start, len, s->prot);
}

/* Strings from @strings, whose addresses go to @at. */
static int push_strings(vaddr_t *sp, const char *const *strings, uint64_t *at,
                        unsigned n)
{
	for (unsigned i = n; i-- > 0;) {
		size_t len = strlen(strings[i]) + 1;

		*sp -= len;
		at[i] = *sp;
		if (copy_to_user(*sp, strings[i], len))
			return -ENOMEM;
	}
	return 0;
}

static unsigned count(const char *const *strings)
{
	unsigned n = 0;

	while (strings && strings[n])
		n++;
	return n;
}

/* What the C library wants to know; pairs of 64 bits. */
static unsigned make_auxv(const struct elf_image *image, bool mte,
                          vaddr_t random, uint64_t *auxv)
{
	const struct syscall_abi *abi = syscall_abi_get(image->arch);
	const uint64_t entries[] = {
		AT_PHDR,   image->phdr,
		AT_PHENT,  ELF_PHDR_BYTES,
		AT_PHNUM,  image->nr_phdrs,
		AT_PAGESZ, PAGE_SIZE,
		AT_ENTRY,  image->entry,
		AT_UID,    0,
		AT_EUID,   0,
		AT_GID,    0,
		AT_EGID,   0,
		AT_SECURE, 0,
		AT_RANDOM, random,
		AT_HWCAP,  abi->hwcap,
		AT_HWCAP2, mte ? abi->hwcap2_mte : 0,
	};
	unsigned n = ARRAY_SIZE(entries) - (abi->hwcap ? 0 : 4);

	_Static_assert(ARRAY_SIZE(entries) < 2 * AUXV_MAX, "AUXV_MAX");
	memcpy(auxv, entries, n * sizeof(entries[0]));
	auxv[n++] = AT_NULL;
	auxv[n++] = 0;
	return n;
}

/*
 * The stack as a program finds it (System V ABI, AMD64 supplement, 3.4.1; on
 * arm64 it is the same):
 * argc, argv, NULL, envp, NULL, auxv, and the strings above them.
 * Return: the stack pointer; 0: memory is out.
 */
static vaddr_t push_arguments(const struct exec *x, vaddr_t top)
{
	const char *const *argv = x->config->argv, *const *envp =
							   x->config->envp;
	unsigned argc = count(argv), envc = count(envp), n = 0;
	uint64_t words[2 * ARGS_MAX + 3 + 2 * AUXV_MAX] = { 0 };
	static const uint8_t random[16] = { 0x6d, 0x6d, 0x75, 0x6c };
	vaddr_t sp = top - sizeof(random), random_at = sp;

	if (copy_to_user(random_at, random, sizeof(random)))
		return 0;
	words[n++] = argc;
	if (push_strings(&sp, argv, &words[n], argc))
		return 0;
	n += argc + 1;
	if (push_strings(&sp, envp, &words[n], envc))
		return 0;
	n += envc + 1;
	n += make_auxv(&x->image, x->options.mte, random_at, &words[n]);
	sp = ALIGN_DOWN(sp - n * sizeof(words[0]), 16);
	if (copy_to_user(sp, words, n * sizeof(words[0])))
		return 0;
	return sp;
}

static void set_brk(struct mm_struct *mm, vaddr_t end)
{
	mmap_write_lock(mm);
	mm->start_brk = mm->brk = ALIGN_UP(end, PAGE_SIZE);
	mmap_write_unlock(mm);
}

/* Linux v6.12 fs/binfmt_elf.c load_elf_binary() */
static int load(struct task *t, const struct exec *x)
{
	struct mmap_request stack = { .len = STACK_BYTES,
		                      .prot = PROT_READ | PROT_WRITE,
		                      .flags = MAP_PRIVATE | MAP_ANONYMOUS |
		                               MAP_STACK,
		                      .name = "[stack]" };
	vaddr_t sp;
	long at;

	for (unsigned i = 0; i < x->image.nr_segments; i++) {
		int err = load_segment(t, x->config, &x->image.segment[i]);

		if (err)
			return err;
	}
	set_brk(t->mm, x->image.end);
	at = do_sys_mmap(t, &stack);
	if (IS_ERR_VALUE(at))
		return (int)at;
	sp = push_arguments(x, (vaddr_t)at + STACK_BYTES);
	if (!sp)
		return -ENOMEM;
	guest_thread_start(t, x->image.entry, sp);
	return 0;
}

/* Body of the first task. */
static void exec_body(struct task *t)
{
	struct exec *x = t->agent->machine->user_data;

	x->load_error = load(t, x);
	if (x->load_error)
		guest_thread_end(t);
	process_thread_body(t);
}

/* ---- the machine ---- */

static bool check_arguments(const struct exec_config *config, GError **error)
{
	const char *const *lists[] = { config->argv, config->envp };
	size_t bytes = 0;

	for (unsigned l = 0; l < ARRAY_SIZE(lists); l++) {
		unsigned n = count(lists[l]);

		for (unsigned i = 0; i < n; i++)
			bytes += strlen(lists[l][i]) + 1;
		if (n > ARGS_MAX || bytes > ARGS_BYTES_MAX) {
			g_set_error(error, EXEC_ERROR, EXEC_ERROR_ARGUMENTS,
			            "%s: too many or too long arguments",
			            config->name);
			return false;
		}
	}
	return true;
}

static int out_of_memory(const struct exec *x, GError **error)
{
	g_set_error(error, EXEC_ERROR, EXEC_ERROR_MEMORY,
	            "%s: the machine's memory is too small for it",
	            x->config->name);
	return -ENOMEM;
}

/* Machine, hardware, kernel, the first process. */
static int boot(struct exec *x, GError **error)
{
	const struct exec_config *config = x->config;
	struct machine_config machine = {
		.arch = x->image.arch,
		.nr_cpus = config->nr_cpus ? config->nr_cpus : 1,
		.memory_bytes = config->memory_bytes ? config->memory_bytes
		                                     : UINT64_C(1) << 30,
	};
	struct mm_struct *mm;
	struct kernel *k;

	x->machine = machine_new(&machine);
	x->emu = emu_new(x->machine, config->profile, NULL);
	x->machine->kernel = &syscall_kernel_ops;
	x->machine->user_data = x;
	x->machine->caps.steps = config->step_cap;
	k = kernel_new(x->machine, &x->options);
	if (!k)
		return out_of_memory(x, error);
	x->process = process_new(x->machine, config->name, &config->host);
	mm = mm_alloc(k, config->name);
	if (!x->process || !mm)
		return out_of_memory(x, error);
	x->task = guest_thread_new_elf(x->machine, 0, config->name, exec_body);
	if (!x->task || !process_add_thread(x->process, x->task))
		return out_of_memory(x, error);
	task_set_mm(x->task, mm);
	return 0;
}

static int run(struct exec *x, struct exec_result *result, GError **error)
{
	struct machine *m = x->machine;
	struct policy *timed = NULL;

	m->policy = x->config->policy;
	if (!m->policy)
		m->policy = timed = policy_timed_new();
	if (m->policy->begin)
		m->policy->begin(m->policy, m);
	result->end = machine_run(m);
	m->policy = NULL;
	policy_free(timed);
	if (x->config->policy && x->config->policy->error) {
		g_set_error(error, EXEC_ERROR, EXEC_ERROR_POLICY, "%s: %s",
		            x->config->name, x->config->policy->error->message);
		return -EINVAL;
	}
	if (x->load_error)
		return out_of_memory(x, error);
	return 0;
}

static void fill_result(const struct exec *x, struct exec_result *r)
{
	const struct machine *m = x->machine;
	int status = x->process->exit_status;

	r->signal = status & 0x7f;
	r->si_code = x->task->exit_si_code;
	r->fault_addr = x->task->fault_addr;
	r->exited = x->process->exited && !r->signal;
	r->exit_code = status >> 8 & 0xff;
	r->steps = m->sched.nr_steps;
	r->trace_hash = m->sched.hash;
	r->nr_choices = m->log->nr_entries;
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		r->cycles = MAX(r->cycles, m->cpus[i].cycles);
		r->insns += x->emu->vcpus[i].nr_insns;
	}
}

static int exec_on_machine(struct exec *x, struct exec_result *result,
                           GError **error)
{
	const struct exec_config *config = x->config;
	int err = boot(x, error);

	if (err)
		return err;
	if (config->attach)
		config->attach(x->machine, config->attach_data);
	err = run(x, result, error);
	if (!err)
		fill_result(x, result);
	if (config->detach)
		config->detach(x->machine, config->attach_data);
	return err;
}

int exec_program(const struct exec_config *config, struct exec_result *result,
                 GError **error)
{
	struct exec x = { .config = config };
	int err;

	*result = (struct exec_result){ 0 };
	if (!check_arguments(config, error))
		return -EINVAL;
	if (!elf_parse(config->image, config->image_len, config->name, &x.image,
	               error))
		return -ENOEXEC;
	if (config->arch && x.image.arch != *config->arch) {
		g_set_error(error, EXEC_ERROR, EXEC_ERROR_ARCH,
		            "%s: is a program for %s, not %s", config->name,
		            arch_name(x.image.arch), arch_name(*config->arch));
		return -ENOEXEC;
	}
	mm_options_default(&x.options);
	if (config->options)
		x.options = *config->options;
	err = exec_on_machine(&x, result, error);
	emu_free(x.emu);
	machine_free(x.machine);
	return err;
}
