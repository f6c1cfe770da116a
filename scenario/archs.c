// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Machines of several architectures: a variant for each.
 */
#include "scenario/archs.h"

#include <string.h>

static const char *const usual_profile[ARCH_COUNT] = {
	[ARCH_X86_64] = "skylake-sp",
	[ARCH_ARM64] = "cortex-a76",
};

/* The @n-th architecture of @m, alone. */
static struct ast_machine machine_of_arch(const struct ast_machine *m,
                                          unsigned n)
{
	struct ast_machine one = *m;

	one.arch[0] = m->arch[n];
	one.nr_archs = 1;
	one.memory_model[0] = m->memory_model[n];
	one.profile[0] = m->profile[n];
	if (!one.profile[0])
		one.profile[0] = usual_profile[one.arch[0]];
	return one;
}

/* Behind @last. */
static struct ast_variant *copy_variant(struct scenario *s,
                                        struct ast_variant *last,
                                        const struct ast_variant *v,
                                        enum arch_id arch)
{
	struct ast_variant *copy = ast_new(s, struct ast_variant);
	g_autofree char *name =
		g_strconcat(v->name, "@", arch_name(arch), NULL);

	*copy = *v;
	copy->name = ast_intern(s, name, -1);
	copy->next = last->next;
	last->next = copy;
	s->nr_variants++;
	return copy;
}

/* Return: the last of the variants that @v has become. */
static struct ast_variant *split_variant(struct scenario *s,
                                         struct ast_variant *v)
{
	const struct ast_machine m = effective_machine(s, v);
	struct ast_variant *last = v;

	v->machine = machine_of_arch(&m, 0);
	for (unsigned i = 1; i < m.nr_archs; i++) {
		last = copy_variant(s, last, v, m.arch[i]);
		last->machine = machine_of_arch(&m, i);
	}
	return last;
}

void scenario_split_archs(struct scenario *s)
{
	struct ast_variant *v = s->variants;

	for (; v; v = v->next)
		v = split_variant(s, v);
	s->machine = effective_machine(s, NULL);
	s->machine = machine_of_arch(&s->machine, 0);
}
