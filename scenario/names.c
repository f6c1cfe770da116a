// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/names.h"

#include <string.h>

#include "mm/fault.h"
#include "mm/uapi.h"

static const struct syscall_desc syscalls[] = {
	{ "read", { ARG_FILE, ARG_ADDR, ARG_SIZE }, 3, "read FILE ADDR SIZE" },
	{ "write",
	  { ARG_FILE, ARG_ADDR, ARG_SIZE },
	  3,
	  "write FILE ADDR SIZE" },
	{ "pread64",
	  { ARG_FILE, ARG_ADDR, ARG_SIZE, ARG_ADDR },
	  4,
	  "pread64 FILE ADDR SIZE POSITION" },
	{ "pwrite64",
	  { ARG_FILE, ARG_ADDR, ARG_SIZE, ARG_ADDR },
	  4,
	  "pwrite64 FILE ADDR SIZE POSITION" },
	{ "vmsplice",
	  { ARG_FILE, ARG_ADDR, ARG_NUMBER, ARG_NUMBER },
	  3,
	  "vmsplice FIFO IOVEC NUMBER" },
	{ "mmap",
	  { ARG_ADDR, ARG_SIZE, ARG_PROT, ARG_MAP_FLAGS, ARG_FILE, ARG_NUMBER },
	  4,
	  "mmap ADDR SIZE PROT FLAGS [FILE [OFFSET]]" },
	{ "mprotect",
	  { ARG_ADDR, ARG_SIZE, ARG_PROT },
	  3,
	  "mprotect ADDR SIZE PROT" },
	{ "munmap", { ARG_ADDR, ARG_SIZE }, 2, "munmap ADDR SIZE" },
	{ "brk", { ARG_ADDR }, 1, "brk ADDR" },
	{ "sched_yield", { ARG_NONE }, 0, "sched_yield" },
	{ "mremap",
	  { ARG_ADDR, ARG_SIZE, ARG_SIZE, ARG_MREMAP_FLAGS, ARG_ADDR },
	  3,
	  "mremap ADDR OLD_SIZE NEW_SIZE [FLAGS [NEW_ADDR]]" },
	{ "madvise",
	  { ARG_ADDR, ARG_SIZE, ARG_ADVICE },
	  3,
	  "madvise ADDR SIZE ADVICE" },
	{ "prctl", { ARG_PRCTL, ARG_TAG_CTRL }, 1, "prctl OPTION [CTRL]" },
	{ "getpid", { ARG_NONE }, 0, "getpid" },
	{ "fork", { ARG_NONE }, 0, "fork" },
	{ "ftruncate", { ARG_FILE, ARG_SIZE }, 2, "ftruncate FILE SIZE" },
	{ "exit_group", { ARG_NUMBER }, 0, "exit_group [STATUS]" },
};

static const struct name_value prot_names[] = {
	{ "none", PROT_NONE },
	{ "r", PROT_READ },
	{ "w", PROT_WRITE },
	{ "x", PROT_EXEC },
	{ "rw", PROT_READ | PROT_WRITE },
	{ "rx", PROT_READ | PROT_EXEC },
	{ "rwx", PROT_READ | PROT_WRITE | PROT_EXEC },
	{ "mte", PROT_MTE },
	{ "PROT_NONE", PROT_NONE },
	{ "PROT_READ", PROT_READ },
	{ "PROT_WRITE", PROT_WRITE },
	{ "PROT_EXEC", PROT_EXEC },
	{ "PROT_MTE", PROT_MTE },
	{ NULL, 0 },
};

static const struct name_value map_flag_names[] = {
	{ "private", MAP_PRIVATE },
	{ "shared", MAP_SHARED },
	{ "anon", MAP_ANONYMOUS },
	{ "fixed", MAP_FIXED },
	{ "fixed_noreplace", MAP_FIXED_NOREPLACE },
	{ "populate", MAP_POPULATE },
	{ "noreserve", MAP_NORESERVE },
	{ "growsdown", MAP_GROWSDOWN },
	{ "MAP_PRIVATE", MAP_PRIVATE },
	{ "MAP_SHARED", MAP_SHARED },
	{ "MAP_ANONYMOUS", MAP_ANONYMOUS },
	{ "MAP_FIXED", MAP_FIXED },
	{ "MAP_FIXED_NOREPLACE", MAP_FIXED_NOREPLACE },
	{ "MAP_POPULATE", MAP_POPULATE },
	{ "MAP_NORESERVE", MAP_NORESERVE },
	{ "MAP_GROWSDOWN", MAP_GROWSDOWN },
	{ NULL, 0 },
};

static const struct name_value mremap_flag_names[] = {
	{ "MAYMOVE", MREMAP_MAYMOVE },
	{ "FIXED", MREMAP_FIXED },
	{ "DONTUNMAP", MREMAP_DONTUNMAP },
	{ "MREMAP_MAYMOVE", MREMAP_MAYMOVE },
	{ "MREMAP_FIXED", MREMAP_FIXED },
	{ "MREMAP_DONTUNMAP", MREMAP_DONTUNMAP },
	{ NULL, 0 },
};

#define ADVICE(name)                       \
	{ #name, MADV_##name },            \
	{                                  \
		"MADV_" #name, MADV_##name \
	}
static const struct name_value advice_names[] = {
	ADVICE(NORMAL),
	ADVICE(RANDOM),
	ADVICE(SEQUENTIAL),
	ADVICE(WILLNEED),
	ADVICE(DONTNEED),
	ADVICE(FREE),
	ADVICE(DONTFORK),
	ADVICE(DOFORK),
	ADVICE(HUGEPAGE),
	ADVICE(NOHUGEPAGE),
	ADVICE(COLD),
	ADVICE(PAGEOUT),
	ADVICE(POPULATE_READ),
	ADVICE(POPULATE_WRITE),
	ADVICE(DONTNEED_LOCKED),
	ADVICE(COLLAPSE),
	{ NULL, 0 },
};

static const struct name_value prctl_names[] = {
	{ "SET_TAGGED_ADDR_CTRL", PR_SET_TAGGED_ADDR_CTRL },
	{ "GET_TAGGED_ADDR_CTRL", PR_GET_TAGGED_ADDR_CTRL },
	{ "PR_SET_TAGGED_ADDR_CTRL", PR_SET_TAGGED_ADDR_CTRL },
	{ "PR_GET_TAGGED_ADDR_CTRL", PR_GET_TAGGED_ADDR_CTRL },
	{ NULL, 0 },
};

static const struct name_value tag_ctrl_names[] = {
	{ "TAGGED_ADDR_ENABLE", PR_TAGGED_ADDR_ENABLE },
	{ "MTE_TCF_SYNC", PR_MTE_TCF_SYNC },
	{ "MTE_TCF_ASYNC", PR_MTE_TCF_ASYNC },
	{ "PR_TAGGED_ADDR_ENABLE", PR_TAGGED_ADDR_ENABLE },
	{ "PR_MTE_TCF_SYNC", PR_MTE_TCF_SYNC },
	{ "PR_MTE_TCF_ASYNC", PR_MTE_TCF_ASYNC },
	{ NULL, 0 },
};

static const struct name_value mte_check_names[] = {
	{ "none", 0 },
	{ "sync", PR_MTE_TCF_SYNC },
	{ "async", PR_MTE_TCF_ASYNC },
	{ NULL, 0 },
};

static const struct name_value signals[] = {
	{ "SIGILL", 4 },   { "SIGBUS", 7 }, { "SIGKILL", 9 },
	{ "SIGSEGV", 11 }, { NULL, 0 },
};

static const struct name_value si_codes[] = {
	{ "SEGV_MAPERR", GUEST_SEGV_MAPERR },
	{ "SEGV_ACCERR", GUEST_SEGV_ACCERR },
	{ "SEGV_MTEAERR", GUEST_SEGV_MTEAERR },
	{ "SEGV_MTESERR", GUEST_SEGV_MTESERR },
	{ "BUS_ADRALN", GUEST_BUS_ADRALN },
	{ "BUS_ADRERR", GUEST_BUS_ADRERR },
	{ NULL, 0 },
};

const struct syscall_desc *find_syscall(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(syscalls); i++) {
		if (strcmp(syscalls[i].name, name) == 0)
			return &syscalls[i];
	}
	return NULL;
}

const struct syscall_desc *syscall_table(unsigned *n)
{
	*n = ARRAY_SIZE(syscalls);
	return syscalls;
}

const struct name_value *arg_names(enum arg_kind kind)
{
	switch (kind) {
	case ARG_PROT:
		return prot_names;
	case ARG_MAP_FLAGS:
		return map_flag_names;
	case ARG_MREMAP_FLAGS:
		return mremap_flag_names;
	case ARG_ADVICE:
		return advice_names;
	case ARG_PRCTL:
		return prctl_names;
	case ARG_TAG_CTRL:
		return tag_ctrl_names;
	case ARG_MTE_CHECKS:
		return mte_check_names;
	case ARG_NONE:
	case ARG_ADDR:
	case ARG_SIZE:
	case ARG_NUMBER:
	case ARG_FILE:
	default:
		return NULL;
	}
}

const char *arg_kind_name(enum arg_kind kind)
{
	switch (kind) {
	case ARG_ADDR:
		return "an address";
	case ARG_SIZE:
		return "a size";
	case ARG_PROT:
		return "a protection (r, rw, none)";
	case ARG_MAP_FLAGS:
		return "flags (private|anon)";
	case ARG_MREMAP_FLAGS:
		return "flags (MAYMOVE|FIXED)";
	case ARG_ADVICE:
		return "an advice (DONTNEED)";
	case ARG_PRCTL:
		return "an option (SET_TAGGED_ADDR_CTRL)";
	case ARG_TAG_CTRL:
		return "flags (TAGGED_ADDR_ENABLE|MTE_TCF_SYNC)";
	case ARG_MTE_CHECKS:
		return "checks (sync, async, sync|async, none)";
	case ARG_FILE:
		return "a file";
	case ARG_NONE:
	case ARG_NUMBER:
	default:
		return "a number";
	}
}

const struct name_value *signal_names(void)
{
	return signals;
}

const struct name_value *si_code_names(void)
{
	return si_codes;
}

const struct name_value *find_value(const struct name_value *table,
                                    const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}
