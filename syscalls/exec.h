/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a program: a machine, a kernel, one process made from an ELF file,
 * until every process has ended.
 *
 * DIVERGES: segments are anonymous memory that the loader fills through the
 * MMU (there are no files to map them from), and the whole stack of 8 MiB is
 * mapped from the start.
 */
#ifndef MMULATOR_SYSCALLS_EXEC_H
#define MMULATOR_SYSCALLS_EXEC_H

#include <glib.h>

#include "base/machine.h"
#include "mm/options.h"
#include "syscalls/process.h"

struct cpu_profile;

struct exec_config {
	const char *name; /* of the program, for messages and reports */
	const uint8_t *image;
	size_t image_len;
	const enum arch_id *arch; /* it has to be for; NULL: any */
	const char *const *argv;  /* NULL-terminated, with argv[0] */
	const char *const *envp;  /* NULL-terminated, or NULL */
	struct syscall_host host;

	unsigned nr_cpus;                  /* 0: 1 */
	uint64_t memory_bytes;             /* 0: 1 GiB */
	const struct cpu_profile *profile; /* NULL: the default one */
	const struct mm_options *options;  /* NULL: the defaults */
	struct policy *policy;             /* borrowed; NULL: timed */
	uint64_t step_cap;                 /* 0: none */
	/* Called before the run (observers) and after it, unless NULL. */
	void (*attach)(struct machine *m, void *data);
	void (*detach)(struct machine *m, void *data);
	void *attach_data;
};

struct exec_result {
	enum run_end end;
	bool exited;   /* RUN_DONE, and not by a signal */
	int exit_code; /* if exited */
	int signal;    /* that ended the first process, or 0 */
	int si_code;   /* of the signal */
	uint64_t fault_addr;
	uint64_t steps, cycles, insns, trace_hash;
	unsigned nr_choices;
};

enum exec_error {
	EXEC_ERROR_ARGUMENTS, /* too long */
	EXEC_ERROR_ARCH,      /* not for the architecture wanted */
	EXEC_ERROR_MEMORY,    /* the machine is too small for the program */
	EXEC_ERROR_POLICY     /* the policy could not go on */
};
#define EXEC_ERROR exec_error_quark()
/** exec_error_quark - the domain of enum exec_error. Return: it. */
GQuark exec_error_quark(void);

/**
 * exec_program - run a program to its end.
 *
 * Return: 0 and @result; -EINVAL, -ENOEXEC, -ENOMEM and @error if the program
 * could not be started or the policy gave up.
 */
int exec_program(const struct exec_config *config, struct exec_result *result,
                 GError **error);

#endif
