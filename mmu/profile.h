/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU descriptions: geometry of the TLBs, costs, habits.  Text in the manner of
 * a GKeyFile (a comment is a line of its own); profiles/ has some.  Every key
 * is needed, none may be unknown.
 *
 *	[profile]
 *	name=skylake-sp
 *	# or arm64
 *	arch=x86_64
 *	description=...
 *	# or machine-check; arm64: conflict-abort
 *	size-mix=choose
 *	maxphyaddr=46
 *	[tlb l1d-4k]
 *	# 1 or 2
 *	level=1
 *	# data;insn
 *	kinds=data
 *	# 4k;2m;1g; arm64's granules: 16k;64k;32m;512m
 *	sizes=4k
 *	entries=64
 *	# or full
 *	ways=4
 *	# or lru
 *	replacement=tree-plru
 *	# arm64: table-l2, table-l1, table-l0
 *	[psc]
 *	pde=32
 *	pdpte=4
 *	pml4e=4
 *	pml5e=2
 *	[costs]
 *	# the fields of struct cost_table; arm64: tlbi and ttbr_write for
 *	# invlpg and cr3_write; dsb, stg, ldg, tag_page, tag_store as well
 *	mhz=2700
 *	...
 */
#ifndef MMULATOR_MMU_PROFILE_H
#define MMULATOR_MMU_PROFILE_H

#include <glib.h>

#include "base/arch.h"
#include "base/cost.h"
#include "tlb/tlb.h"

/* What a lookup does when entries of different sizes (or frames) match. */
enum size_mix_policy {
	SIZE_MIX_CHOOSE,        /* any of them: CHOICE_TLB_MATCH */
	SIZE_MIX_MACHINE_CHECK, /* AMD erratum 383; arm64: a conflict abort */
	SIZE_MIX_COUNT
};

#define PROFILE_NAME_MAX 32
struct cpu_profile {
	char name[PROFILE_NAME_MAX];
	enum arch_id arch;
	char description[96];
	enum size_mix_policy size_mix;
	uint8_t maxphyaddr; /* 36 .. 52 */
	struct tlb_geometry tlb;
	struct cost_table costs; /* costs.name points to `name` */
};

enum profile_error {
	PROFILE_ERROR_SYNTAX,  /* not a key file */
	PROFILE_ERROR_MISSING, /* a group or key */
	PROFILE_ERROR_VALUE,   /* wrong value or unknown key */
	PROFILE_ERROR_FILE,    /* cannot be read */
	PROFILE_ERROR_NONE,    /* no such profile */
	PROFILE_ERROR_ARCH     /* of another architecture */
};
#define PROFILE_ERROR profile_error_quark()
/** profile_error_quark - the domain of enum profile_error. Return: it. */
GQuark profile_error_quark(void);

/**
 * profile_parse - read a profile.
 * @text: @len bytes of any content
 * @file: its name for messages
 *
 * Return: the profile (profile_free()), or NULL and @error with file, group and
 * key. Never a partial one.
 */
struct cpu_profile *profile_parse(const char *text, size_t len,
                                  const char *file, GError **error);
/**
 * profile_load_file - profile_parse() of a file's content.
 * @path: the file
 * @error: set, naming it, if it cannot be read or is no profile
 *
 * Return: as profile_parse().
 */
struct cpu_profile *profile_load_file(const char *path, GError **error);
/**
 * profile_find - the profile of a name.
 * @name: as a file DIR/NAME.ini has it, or one of the compiled in
 * @arch: of the machine that is to have it
 * @dirs: tried in order; NULL-terminated, or NULL
 * @error: set if there is no such profile, it cannot be read, or is of another
 *	architecture
 *
 * Return: profile_free(); NULL on error, and without one for
 * profile_default_of(@arch).
 */
struct cpu_profile *profile_find(const char *name, enum arch_id arch,
                                 const char *const *dirs, GError **error);
/**
 * profile_free - a profile of profile_parse() is not needed any more; NULL is
 * fine.
 */
void profile_free(struct cpu_profile *p);

/** profile_default - skylake-sp, compiled in: what tests and machines without a
 * profile use. Return: the same one always. */
const struct cpu_profile *profile_default(void);
/** profile_default_of - likewise for machines of @arch: skylake-sp, cortex-a76.
 * Return: the same one always. */
const struct cpu_profile *profile_default_of(enum arch_id arch);

/**
 * profile_size_mix_name - a habit as a profile writes it.
 * @policy: below SIZE_MIX_COUNT
 *
 * Return: "choose" or "machine-check".
 */
const char *profile_size_mix_name(enum size_mix_policy policy);

#endif
