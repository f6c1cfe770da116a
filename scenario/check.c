// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/check.h"

#include <string.h>

#include "mm/uapi.h"
#include "scenario/check_internal.h"
#include "syscalls/process.h"

/* End of user space: the lower half without its last page. */
#define USER_END_4LEVEL ((UINT64_C(1) << 47) - PAGE_SIZE)
#define USER_END_5LEVEL ((UINT64_C(1) << 56) - PAGE_SIZE)

void check_error(struct checker *c, struct source_pos pos, const char *format,
                 ...)
{
	g_autofree char *message = NULL;
	va_list args;

	if (c->nr_errors++ >= SCENARIO_ERRORS_MAX)
		return;
	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	source_report(c->errors, &c->s->source, pos, message);
}

void check_error_name(struct checker *c, struct source_pos pos,
                      const char *what, const char *word,
                      const char *const *names)
{
	g_autoptr(GString) message = g_string_new(NULL);

	g_string_printf(message, "%s '%s'", what, word);
	append_suggestion(message, word, names);
	check_error(c, pos, "%s", message->str);
}

void check_cpu(struct checker *c, struct source_pos pos, unsigned cpu)
{
	if (cpu >= c->nr_cpus)
		check_error(c, pos,
		            "there is no cpu %u: the machine has cpus 0 to %u",
		            cpu, c->nr_cpus - 1);
}

/* ---- names in expressions ---- */

static void list_maps(GPtrArray *names, const struct ast_process *process)
{
	for (; process; process = process->parent) {
		const struct ast_map *map = process->maps;

		for (; map; map = map->next)
			g_ptr_array_add(names, (gpointer)(uintptr_t)map->name);
	}
}

static void complain_map(struct checker *c, const struct ast_expr *expr,
                         const struct ast_process *process)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const struct ast_process *p = c->s->processes;

	if (process) {
		list_maps(names, process);
	} else {
		for (; p; p = p->next)
			list_maps(names, p);
	}
	g_ptr_array_add(names, NULL);
	check_error_name(c, expr->pos, "there is no mapping", expr->name,
	                 (const char *const *)names->pdata);
}

/* The only mapping of that name in any process; several at one address are
 * as good as one. */
static const struct ast_map *find_only_map(struct checker *c,
                                           const struct ast_expr *expr)
{
	const struct ast_map *found = NULL;

	for (struct ast_process *p = c->s->processes; p; p = p->next) {
		const struct ast_map *map = find_map(p, expr->name);

		if (map && found && map->addr != found->addr) {
			check_error(c, expr->pos,
			            "several processes have a mapping '%s'; "
			            "write PROCESS:%s",
			            expr->name, expr->name);
			return found;
		}
		if (map)
			found = map;
	}
	return found;
}

void resolve_address(struct checker *c, struct ast_expr *expr,
                     const struct ast_process *process)
{
	const struct ast_map *map;

	if (!expr->name)
		return;
	if (expr->process) {
		process = find_process(c->s, expr->process);
		if (!process) {
			check_error(c, expr->pos, "there is no process '%s'",
			            expr->process);
			return;
		}
	}
	map = process ? find_map(process, expr->name) : find_only_map(c, expr);
	if (!map) {
		complain_map(c, expr, process);
		return;
	}
	expr->number += map->addr;
	expr->name = NULL;
}

/* ---- tags ---- */

void refuse_tag(struct checker *c, const struct ast_expr *expr)
{
	if (expr->tagged)
		check_error(c, expr->pos,
		            "a tag is for the pointers of threads");
}

void need_tags(struct checker *c, struct source_pos pos)
{
	if (c->archs != 1U << ARCH_ARM64)
		check_error(c, pos,
		            "memory tags are arm64's: machine { arch arm64 }");
}

/* ---- processes ---- */

static bool overlap(const struct ast_map *a, const struct ast_map *b)
{
	return a->addr < b->addr + b->size_bytes &&
	       b->addr < a->addr + a->size_bytes;
}

uint64_t user_end(const struct scenario *s)
{
	const struct ast_variant *v = s->variants;
	bool all_five = effective_machine(s, NULL).levels == 5;

	for (; v; v = v->next)
		all_five &= effective_machine(s, v).levels == 5;
	return all_five ? USER_END_5LEVEL : USER_END_4LEVEL;
}

static void check_map_file(struct checker *c, struct ast_map *map)
{
	if (map->offset && !map->file_name)
		check_error(c, map->pos, "anonymous memory has no offset");
	if (!IS_ALIGNED(map->offset, PAGE_SIZE))
		check_error(c, map->pos, "the offset is no multiple of 4K");
	if (!map->file_name)
		return;
	map->file = find_file(c->s, map->file_name);
	if (!map->file)
		check_error(c, map->pos,
		            "there is no file '%s'; declare it: file %s 2M",
		            map->file_name, map->file_name);
	else if (map->file->kind != AST_FILE_SHMEM)
		check_error(c, map->pos, "'%s' cannot be mapped",
		            map->file_name);
}

/* Not addr + size: the sum may wrap. */
static bool in_user_space(const struct scenario *s, const struct ast_map *map)
{
	uint64_t end = user_end(s);

	return map->addr >= MMAP_MIN_ADDR && map->addr <= end &&
	       map->size_bytes <= end - map->addr;
}

static void check_map(struct checker *c, const struct ast_process *process,
                      struct ast_map *map)
{
	if (!IS_ALIGNED(map->addr, PAGE_SIZE))
		check_error(c, map->pos,
		            "the address of '%s' is no multiple of 4K",
		            map->name);
	if (!map->size_bytes || !IS_ALIGNED(map->size_bytes, PAGE_SIZE))
		check_error(c, map->pos,
		            "the size of '%s' is no multiple of 4K", map->name);
	if (!in_user_space(c->s, map))
		check_error(
			c, map->pos,
			"'%s' lies outside of user space (0x%x up to 0x%" G_GINT64_MODIFIER
			"x)",
			map->name, (unsigned)MMAP_MIN_ADDR, user_end(c->s));
	for (struct ast_map *m = process->maps; m != map; m = m->next) {
		if (overlap(m, map))
			check_error(c, map->pos, "'%s' overlaps '%s' (line %u)",
			            map->name, m->name, m->pos.line);
	}
	if (map->prot & PROT_MTE)
		need_tags(c, map->pos);
	check_map_file(c, map);
}

static void check_process(struct checker *c, struct ast_process *process)
{
	if (process->parent_name) {
		process->parent = find_process(c->s, process->parent_name);
		if (!process->parent ||
		    process->parent->index >= process->index) {
			process->parent = NULL;
			check_error(c, process->pos,
			            "there is no process '%s' before this one",
			            process->parent_name);
		}
		check_cpu(c, process->pos, process->fork_cpu);
	}
	for (struct ast_map *map = process->maps; map; map = map->next)
		check_map(c, process, map);
}

static void refuse_registers(struct checker *c, const struct ast_stmt *stmt)
{
	if (stmt->reg >= 0)
		check_error(c, stmt->pos, "the initial part has no registers");
	for (unsigned i = 0; i < stmt->nr_args; i++) {
		if (stmt->args[i].reg >= 0)
			check_error(c, stmt->args[i].pos,
			            "the initial part has no registers");
	}
}

static void check_setup(struct checker *c)
{
	for (struct ast_setup *setup = c->s->setup; setup;
	     setup = setup->next) {
		if (!setup->stmt)
			continue;
		check_cpu(c, setup->stmt->pos, setup->stmt->cpu);
		refuse_registers(c, setup->stmt);
		check_statements(c, setup->stmt, setup->process);
	}
}

static void complain_process(struct checker *c, const struct ast_thread *thread)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (struct ast_process *p = c->s->processes; p; p = p->next)
		g_ptr_array_add(names, (gpointer)(uintptr_t)p->name);
	g_ptr_array_add(names, NULL);
	check_error_name(c, thread->pos, "there is no process",
	                 thread->process_name,
	                 (const char *const *)names->pdata);
}

static void check_thread(struct checker *c, struct ast_thread *thread)
{
	check_cpu(c, thread->pos, thread->cpu);
	if (!thread->kthread) {
		thread->process = find_process(c->s, thread->process_name);
		if (!thread->process) {
			complain_process(c, thread);
			return;
		}
		if (++thread->process->nr_threads > PROCESS_THREADS_MAX)
			check_error(c, thread->pos,
			            "a process has at most %d threads",
			            PROCESS_THREADS_MAX);
	}
	check_statements(c, thread->body, thread->process);
}

static void check_machine(struct checker *c, const struct ast_machine *m)
{
	uint64_t missing = m->walkers & ~((UINT64_C(1) << c->nr_cpus) - 1);

	if ((m->set & (1U << MACHINE_WALKERS)) && m->walkers != UINT64_MAX &&
	    missing)
		check_cpu(c, m->pos, (unsigned)__builtin_ctzll(missing));
}

static unsigned lowest_nr_cpus(const struct scenario *s)
{
	unsigned nr_cpus = effective_machine(s, s->variants).nr_cpus;

	for (const struct ast_variant *v = s->variants; v; v = v->next)
		nr_cpus = MIN(nr_cpus, effective_machine(s, v).nr_cpus);
	return nr_cpus;
}

/* Bit per architecture. */
static uint32_t archs_of(const struct scenario *s, const struct ast_variant *v)
{
	struct ast_machine m = effective_machine(s, v);
	uint32_t archs = 0;

	for (unsigned i = 0; i < m.nr_archs; i++)
		archs |= 1U << m.arch[i];
	return archs;
}

static uint32_t all_archs(const struct scenario *s)
{
	uint32_t archs = archs_of(s, s->variants);

	for (const struct ast_variant *v = s->variants; v; v = v->next)
		archs |= archs_of(s, v);
	return archs;
}

void scenario_check(struct scenario *s, GString *errors)
{
	struct checker c = { .s = s, .errors = errors };

	c.nr_cpus = lowest_nr_cpus(s);
	c.archs = all_archs(s);
	check_machine(&c, &s->machine);
	for (const struct ast_variant *v = s->variants; v; v = v->next)
		check_machine(&c, &v->machine);
	for (struct ast_process *p = s->processes; p; p = p->next)
		check_process(&c, p);
	check_setup(&c);
	for (struct ast_thread *t = s->threads; t; t = t->next)
		check_thread(&c, t);
	check_variants(&c);
	if (c.nr_errors)
		return;
	compile_setup(&c);
	for (struct ast_thread *t = s->threads; t; t = t->next)
		compile_thread(&c, t);
}
