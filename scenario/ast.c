// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/ast.h"

#include <string.h>

static void init_lists(struct scenario *s)
{
	s->options_tail = &s->options;
	s->files_tail = &s->files;
	s->locks_tail = &s->locks;
	s->processes_tail = &s->processes;
	s->setup_tail = &s->setup;
	s->threads_tail = &s->threads;
	s->variants_tail = &s->variants;
	s->conditions_tail = &s->conditions;
}

struct scenario *scenario_new(const char *file, const char *text, size_t len)
{
	struct scenario *s = g_new0(struct scenario, 1);
	char *copy;

	s->nodes = g_ptr_array_new_with_free_func(g_free);
	s->strings = g_string_chunk_new(1024);
	s->citations = g_ptr_array_new();
	s->source.file = ast_intern(s, file, -1);
	copy = ast_alloc(s, len + 1);
	if (len)
		memcpy(copy, text, len);
	s->source.text = copy;
	s->source.len = len;
	init_lists(s);
	return s;
}

void scenario_free(struct scenario *s)
{
	if (!s)
		return;
	g_ptr_array_unref(s->nodes);
	g_ptr_array_unref(s->citations);
	g_string_chunk_free(s->strings);
	g_free(s);
}

void *ast_alloc(struct scenario *s, size_t size)
{
	void *p = g_malloc0(size);

	g_ptr_array_add(s->nodes, p);
	return p;
}

const char *ast_intern(struct scenario *s, const char *text, gssize len)
{
	g_autofree char *copy = NULL;

	if (len < 0)
		return g_string_chunk_insert_const(s->strings, text);
	copy = g_strndup(text, (gsize)len);
	return g_string_chunk_insert_const(s->strings, copy);
}

struct lock_labels ast_lock_labels(struct scenario *s, const char *name)
{
	static const char *const ops[] = { "lock",      "trylock", "unlock",
		                           "down_read", "up_read", "down_write",
		                           "up_write" };
	const char *labels[G_N_ELEMENTS(ops)];

	for (unsigned i = 0; i < G_N_ELEMENTS(ops); i++) {
		g_autofree char *label = g_strdup_printf("%s %s", ops[i], name);

		labels[i] = ast_intern(s, label, -1);
	}
	return (struct lock_labels){ labels[0], labels[1], labels[2], labels[3],
		                     labels[4], labels[5], labels[6] };
}

#define FIND_BY_NAME(list, wanted)                               \
	do {                                                     \
		for (; (list); (list) = (list)->next) {          \
			if (strcmp((list)->name, (wanted)) == 0) \
				break;                           \
		}                                                \
	} while (0)

struct ast_process *find_process(const struct scenario *s, const char *name)
{
	struct ast_process *p = s->processes;

	FIND_BY_NAME(p, name);
	return p;
}

struct ast_thread *find_thread(const struct scenario *s, const char *name)
{
	struct ast_thread *t = s->threads;

	FIND_BY_NAME(t, name);
	return t;
}

struct ast_file *find_file(const struct scenario *s, const char *name)
{
	struct ast_file *f = s->files;

	FIND_BY_NAME(f, name);
	return f;
}

struct ast_lock *find_lock(const struct scenario *s, const char *name)
{
	struct ast_lock *l = s->locks;

	FIND_BY_NAME(l, name);
	return l;
}

struct ast_variant *find_variant(const struct scenario *s, const char *name)
{
	struct ast_variant *v = s->variants;

	FIND_BY_NAME(v, name);
	return v;
}

struct ast_map *find_map(const struct ast_process *p, const char *name)
{
	struct ast_map *map = NULL;

	for (; p && !map; p = p->parent) {
		map = p->maps;
		FIND_BY_NAME(map, name);
	}
	return map;
}

static void apply_machine(struct ast_machine *to,
                          const struct ast_machine *from)
{
#define APPLY(key, field) \
	to->field = (from->set & (1U << (key))) ? from->field : to->field
#define APPLY_LIST(key, field)         \
	if (from->set & (1U << (key))) \
	memcpy(to->field, from->field, sizeof(to->field))
	APPLY_LIST(MACHINE_ARCH, arch);
	APPLY(MACHINE_ARCH, nr_archs);
	APPLY(MACHINE_CPUS, nr_cpus);
	APPLY_LIST(MACHINE_PROFILE, profile);
	APPLY(MACHINE_MEMORY, memory_bytes);
	APPLY(MACHINE_LEVELS, levels);
	APPLY(MACHINE_PCID, pcid);
	APPLY(MACHINE_GLOBAL, global);
	APPLY(MACHINE_STRICT, strict);
	APPLY(MACHINE_SPECULATION, speculation);
	APPLY(MACHINE_EVICTION, eviction);
	APPLY(MACHINE_WALKERS, walkers);
	APPLY(MACHINE_ERRATUM383, erratum383);
	APPLY(MACHINE_TLBI_ERRATUM, tlbi_erratum);
	APPLY(MACHINE_HW_AF, hw_af);
	APPLY(MACHINE_HW_DBM, hw_dbm);
	APPLY(MACHINE_ASID_BITS, asid_bits);
	APPLY(MACHINE_BBM_LEVEL, bbm_level);
	APPLY_LIST(MACHINE_MEMORY_MODEL, memory_model);
#undef APPLY
#undef APPLY_LIST
	to->set |= from->set;
}

struct ast_machine effective_machine(const struct scenario *s,
                                     const struct ast_variant *v)
{
	struct ast_machine machine = {
		.arch = { ARCH_X86_64 },
		.nr_archs = 1,
		.nr_cpus = 1,
		.memory_bytes = UINT64_C(1) << 30,
		.levels = 4,
		.hw_af = true,
		.hw_dbm = true,
		.asid_bits = 16,
		.walkers = UINT64_MAX,
		.pcid = true,
		.global = true,
	};

	apply_machine(&machine, &s->machine);
	if (v)
		apply_machine(&machine, &v->machine);
	machine.set = (1U << MACHINE_KEY_COUNT) - 1;
	return machine;
}
