/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mmu/profile.h"

#include <string.h>

#include "base/bug.h"
#include "base/file.h"

GQuark profile_error_quark(void)
{
	return g_quark_from_static_string("mmulator-profile-error-quark");
}

const char *profile_size_mix_name(enum size_mix_policy policy)
{
	static const char *const names[SIZE_MIX_COUNT] = {
		[SIZE_MIX_CHOOSE] = "choose",
		[SIZE_MIX_MACHINE_CHECK] = "machine-check",
	};

	BUG_ON(policy >= SIZE_MIX_COUNT);
	return names[policy];
}

/* ---- reading: the first error sticks, everything after it does nothing ----
 */

struct reader {
	GKeyFile *keys;
	const char *file;
	const char *group;
	GError **error;
	bool failed;
};

static void fail(struct reader *r, enum profile_error code, const char *key,
                 const char *what)
{
	if (r->failed)
		return;
	r->failed = true;
	g_set_error(r->error, PROFILE_ERROR, (int)code, "%s: [%s]%s%s: %s",
	            r->file, r->group, key ? " " : "", key ? key : "", what);
}

/* A value to free, or NULL and failed. */
static char *take_string(struct reader *r, const char *key)
{
	char *value;

	if (r->failed)
		return NULL;
	value = g_key_file_get_string(r->keys, r->group, key, NULL);
	if (!value)
		fail(r, PROFILE_ERROR_MISSING, key, "missing");
	return value;
}

static unsigned take_number(struct reader *r, const char *key, unsigned min,
                            unsigned max)
{
	g_autofree char *text = take_string(r, key);
	guint64 value = 0;

	if (text && !g_ascii_string_to_unsigned(g_strstrip(text), 10, min, max,
	                                        &value, NULL)) {
		g_autofree char *what = g_strdup_printf(
			"'%s' is not a number from %u to %u", text, min, max);

		fail(r, PROFILE_ERROR_VALUE, key, what);
	}
	return (unsigned)value;
}

static void take_text(struct reader *r, const char *key, char *into,
                      size_t size)
{
	g_autofree char *text = take_string(r, key);

	if (!text)
		return;
	if (!*text || strlen(text) >= size)
		fail(r, PROFILE_ERROR_VALUE, key, "empty or too long");
	else
		g_strlcpy(into, text, size);
}

/* Position of @word in @words (ended by NULL), or failed. */
static unsigned find_word(struct reader *r, const char *key, const char *word,
                          const char *const *words)
{
	g_autofree char *all = NULL;
	g_autofree char *what = NULL;

	for (unsigned i = 0; words[i]; i++) {
		if (!strcmp(word, words[i]))
			return i;
	}
	all = g_strjoinv(", ", (char **)(uintptr_t)words);
	what = g_strdup_printf("'%s' is none of: %s", word, all);
	fail(r, PROFILE_ERROR_VALUE, key, what);
	return 0;
}

static unsigned take_word(struct reader *r, const char *key,
                          const char *const *words)
{
	g_autofree char *text = take_string(r, key);

	return text ? find_word(r, key, g_strstrip(text), words) : 0;
}

/* A list "a;b" as bits. */
static unsigned take_words(struct reader *r, const char *key,
                           const char *const *words)
{
	g_autofree char *text = take_string(r, key);
	g_auto(GStrv) list = NULL;
	unsigned bits = 0;

	if (!text)
		return 0;
	list = g_strsplit(text, ";", -1);
	for (unsigned i = 0; list[i]; i++) {
		const char *word = g_strstrip(list[i]);

		if (*word)
			bits |= 1U << find_word(r, key, word, words);
	}
	if (!bits)
		fail(r, PROFILE_ERROR_VALUE, key, "empty");
	return bits;
}

/* ---- what may stand in a group ---- */

static void check_keys(struct reader *r, const char *const *known)
{
	g_auto(GStrv) keys = NULL;

	if (r->failed)
		return;
	keys = g_key_file_get_keys(r->keys, r->group, NULL, NULL);
	for (unsigned i = 0; keys && keys[i]; i++) {
		if (!g_strv_contains(known, keys[i]))
			fail(r, PROFILE_ERROR_VALUE, keys[i], "unknown key");
	}
}

static void read_profile(struct reader *r, struct cpu_profile *p)
{
	static const char *const known[] = { "name",        "arch",
		                             "description", "size-mix",
		                             "maxphyaddr",  NULL };
	static const char *const archs[] = { "x86_64", "arm64", NULL };
	static const char *const mixes[] = { "choose", "machine-check", NULL };
	static const char *const arm64_mixes[] = { "choose", "conflict-abort",
		                                   NULL };
	bool arm64;

	r->group = "profile";
	check_keys(r, known);
	take_text(r, "name", p->name, sizeof(p->name));
	p->arch = (enum arch_id)take_word(r, "arch", archs);
	arm64 = p->arch == ARCH_ARM64;
	take_text(r, "description", p->description, sizeof(p->description));
	p->size_mix = (enum size_mix_policy)take_word(
		r, "size-mix", arm64 ? arm64_mixes : mixes);
	p->maxphyaddr = (uint8_t)take_number(r, "maxphyaddr", arm64 ? 32 : 36,
	                                     arm64 ? 48 : 52);
	p->tlb.asid_bits = arm64 ? 16 : 12;
}

/* entries, or "full". */
static unsigned take_ways(struct reader *r, unsigned entries)
{
	g_autofree char *text = take_string(r, "ways");

	if (text && !strcmp(g_strstrip(text), "full"))
		return entries;
	return take_number(r, "ways", 1, TLB_WAYS_MAX);
}

static void read_array(struct reader *r, const char *name,
                       struct tlb_geometry *g)
{
	static const char *const known[] = { "level",   "kinds", "sizes",
		                             "entries", "ways",  "replacement",
		                             NULL };
	static const char *const kinds[] = { "data", "insn", NULL };
	static const char *const sizes[] = { "4k",  "16k",  "64k", "2m",
		                             "32m", "512m", "1g",  NULL };
	static const char *const policies[] = { "tree-plru", "lru", NULL };
	struct tlb_array_geometry *a = &g->array[g->nr_arrays];

	if (g->nr_arrays == TLB_ARRAYS_MAX) {
		fail(r, PROFILE_ERROR_VALUE, NULL, "too many arrays");
		return;
	}
	if (!*name || strlen(name) >= sizeof(a->name)) {
		fail(r, PROFILE_ERROR_VALUE, NULL, "name empty or too long");
		return;
	}
	check_keys(r, known);
	g->nr_arrays++;
	g_strlcpy(a->name, name, sizeof(a->name));
	a->level = (uint8_t)take_number(r, "level", 1, 2);
	a->kinds = (uint8_t)take_words(r, "kinds", kinds);
	a->sizes = (uint8_t)take_words(r, "sizes", sizes);
	a->entries = (uint16_t)take_number(r, "entries", 1, TLB_ENTRIES_MAX);
	a->ways = (uint16_t)take_ways(r, a->entries);
	a->replacement = (uint8_t)take_word(r, "replacement", policies);
}

static void read_psc(struct reader *r, enum arch_id arch,
                     struct tlb_geometry *g)
{
	/* By the manuals' names, from level 2 up. */
	static const char *const names[][5] = {
		[ARCH_X86_64] = { "pde", "pdpte", "pml4e", "pml5e", NULL },
		[ARCH_ARM64] = { "table-l2", "table-l1", "table-l0", NULL },
	};
	const char *const *known = names[arch];

	r->group = "psc";
	check_keys(r, known);
	for (unsigned i = 0; known[i]; i++)
		g->psc[i + 2] =
			(uint16_t)take_number(r, known[i], 0, TLB_PSC_MAX);
}

#define COSTS(X)          \
	X(mhz)            \
	X(insn)           \
	X(l1d_hit)        \
	X(stlb_hit)       \
	X(walk_step)      \
	X(kernel_op)      \
	X(atomic)         \
	X(line_same)      \
	X(line_other)     \
	X(syscall)        \
	X(fault)          \
	X(irq_entry)      \
	X(irq_exit)       \
	X(ipi_send)       \
	X(ipi_wire)       \
	X(flush_all)      \
	X(clear_page)     \
	X(copy_page)      \
	X(context_switch) \
	X(cpus_per_socket)

#define COST_MAX (100U * 1000 * 1000)

static void read_costs(struct reader *r, enum arch_id arch,
                       struct cost_table *c)
{
#define X(key) #key,
	static const char *const x86[] = { COSTS(X) "invlpg", "cr3_write",
		                           NULL };
	static const char *const arm64[] = { COSTS(X) "tlbi", "ttbr_write",
		                             "dsb",           "stg",
		                             "ldg",           "tag_page",
		                             "tag_store",     NULL };
#undef X
	r->group = "costs";
	check_keys(r, arch == ARCH_ARM64 ? arm64 : x86);
#define X(key) c->key = take_number(r, #key, 0, COST_MAX);
	COSTS(X)
#undef X
	if (arch != ARCH_ARM64) {
		c->invlpg = take_number(r, "invlpg", 0, COST_MAX);
		c->cr3_write = take_number(r, "cr3_write", 0, COST_MAX);
		return;
	}
	c->invlpg = take_number(r, "tlbi", 0, COST_MAX);
	c->cr3_write = take_number(r, "ttbr_write", 0, COST_MAX);
	c->dsb = take_number(r, "dsb", 0, COST_MAX);
	c->stg = take_number(r, "stg", 0, COST_MAX);
	c->ldg = take_number(r, "ldg", 0, COST_MAX);
	c->tag_page = take_number(r, "tag_page", 0, COST_MAX);
	c->tag_store = take_number(r, "tag_store", 0, COST_MAX);
}

static void read_group(struct reader *r, const char *group,
                       struct cpu_profile *p)
{
	r->group = group;
	if (g_str_has_prefix(group, "tlb "))
		read_array(r, group + strlen("tlb "), &p->tlb);
	else if (strcmp(group, "profile") != 0 && strcmp(group, "psc") != 0 &&
	         strcmp(group, "costs") != 0)
		fail(r, PROFILE_ERROR_VALUE, NULL, "unknown group");
}

static void check_geometry(struct reader *r, const struct tlb_geometry *g)
{
	g_autofree char *group = NULL;
	unsigned array;
	const char *wrong;

	if (r->failed)
		return;
	wrong = tlb_geometry_check(g, &array);
	if (!wrong)
		return;
	group = array < g->nr_arrays
	                ? g_strdup_printf("tlb %s", g->array[array].name)
	                : g_strdup("tlb ...");
	r->group = group;
	fail(r, PROFILE_ERROR_VALUE, NULL, wrong);
}

static void read_all(struct reader *r, struct cpu_profile *p)
{
	g_auto(GStrv) groups = g_key_file_get_groups(r->keys, NULL);

	for (unsigned i = 0; groups[i]; i++)
		read_group(r, groups[i], p);
	read_profile(r, p);
	read_psc(r, p->arch, &p->tlb);
	read_costs(r, p->arch, &p->costs);
	check_geometry(r, &p->tlb);
}

struct cpu_profile *profile_parse(const char *text, size_t len,
                                  const char *file, GError **error)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autoptr(GError) syntax = NULL;
	struct reader r = { .keys = keys, .file = file, .error = error };
	struct cpu_profile *p;

	/* GLib takes no empty text of length 0 for what it is. */
	if (len && !g_key_file_load_from_data(keys, text, len, G_KEY_FILE_NONE,
	                                      &syntax)) {
		g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX,
		            "%s: %s", file, syntax->message);
		return NULL;
	}
	p = g_new0(struct cpu_profile, 1);
	read_all(&r, p);
	if (r.failed) {
		profile_free(p);
		return NULL;
	}
	p->costs.name = p->name;
	return p;
}

struct cpu_profile *profile_load_file(const char *path, GError **error)
{
	g_autoptr(GError) file = NULL;
	size_t len;
	g_autofree char *text = file_read(path, &len, &file);

	if (!text) {
		g_set_error_literal(error, PROFILE_ERROR, PROFILE_ERROR_FILE,
		                    file->message);
		return NULL;
	}
	return profile_parse(text, len, path, error);
}

/* Return: the file of the profile; NULL: none. g_free() */
static char *find_file(const char *name, const char *const *dirs)
{
	g_autofree char *file = g_strconcat(name, ".ini", NULL);

	for (; dirs && *dirs; dirs++) {
		g_autofree char *path = g_build_filename(*dirs, file, NULL);

		if (g_file_test(path, G_FILE_TEST_EXISTS))
			return g_steal_pointer(&path);
	}
	return NULL;
}

struct cpu_profile *profile_find(const char *name, enum arch_id arch,
                                 const char *const *dirs, GError **error)
{
	g_autofree char *path = find_file(name, dirs);
	struct cpu_profile *p;

	if (!path) {
		if (strcmp(name, profile_default_of(arch)->name) != 0)
			g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_NONE,
			            "there is no profile '%s'", name);
		return NULL;
	}
	p = profile_load_file(path, error);
	if (!p || p->arch == arch)
		return p;
	g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_ARCH,
	            "profile '%s' is for %s, not %s", name, arch_name(p->arch),
	            arch_name(arch));
	profile_free(p);
	return NULL;
}

void profile_free(struct cpu_profile *p)
{
	g_free(p);
}
