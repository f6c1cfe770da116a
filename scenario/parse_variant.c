// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Machines, options, variants and what is expected of them.
 */
#include <stddef.h>
#include <string.h>

#include "scenario/parse.h"
#include "scenario/parse_internal.h"

/* ---- machine ---- */

static const char *const machine_names[MACHINE_KEY_COUNT + 1] = {
	[MACHINE_ARCH] = "arch",
	[MACHINE_CPUS] = "cpus",
	[MACHINE_PROFILE] = "profile",
	[MACHINE_MEMORY] = "memory",
	[MACHINE_LEVELS] = "levels",
	[MACHINE_PCID] = "pcid",
	[MACHINE_GLOBAL] = "global",
	[MACHINE_STRICT] = "strict",
	[MACHINE_SPECULATION] = "speculation",
	[MACHINE_EVICTION] = "eviction",
	[MACHINE_WALKERS] = "walkers",
	[MACHINE_ERRATUM383] = "erratum383",
	[MACHINE_TLBI_ERRATUM] = "tlbi_erratum",
	[MACHINE_HW_AF] = "hw_af",
	[MACHINE_HW_DBM] = "hw_dbm",
	[MACHINE_ASID_BITS] = "asid_bits",
	[MACHINE_BBM_LEVEL] = "bbm_level",
	[MACHINE_MEMORY_MODEL] = "memory_model",
	[MACHINE_KEY_COUNT] = NULL,
};

/* What `speculation on` allows in one run. */
#define SPONTANEOUS_DEFAULT 8

static bool take_switch(struct parser *p)
{
	if (accept_word(p, "on"))
		return true;
	if (!accept_word(p, "off"))
		expected(p, "on or off");
	return false;
}

static unsigned take_cap(struct parser *p)
{
	if (p->tok.kind == TOK_NUMBER)
		return (unsigned)take_number(p, "a number", 1000000);
	if (accept_word(p, "on"))
		return SPONTANEOUS_DEFAULT;
	if (!accept_word(p, "off"))
		expected(p, "on, off or how many at most");
	return 0;
}

bool accept_arch(struct parser *p, enum arch_id *arch)
{
	for (unsigned i = 0; i < ARCH_COUNT; i++) {
		*arch = (enum arch_id)i;
		if (accept_word(p, arch_name(*arch)))
			return true;
	}
	return false;
}

static enum arch_id take_arch(struct parser *p)
{
	const char *names[ARCH_COUNT + 1] = { NULL };
	struct token tok = p->tok;
	enum arch_id arch;

	if (accept_arch(p, &arch))
		return arch;
	for (unsigned i = 0; i < ARCH_COUNT; i++)
		names[i] = arch_name((enum arch_id)i);
	if (tok.kind == TOK_WORD)
		parse_error_name(p, &tok, "unknown arch", names);
	else
		expected(p, "an architecture (x86_64 or arm64)");
	return ARCH_X86_64;
}

static enum memory_model take_memory_model(struct parser *p)
{
	enum memory_model model = MEMORY_SC;
	struct source_pos pos = p->tok.pos;
	const char *name = take_word(p, "a memory model (sc, tso or weak)");

	if (name && !memory_model_parse(name, &model))
		parse_error(p, pos, "expected sc, tso or weak");
	return model;
}

/* The last one goes for all architectures that are left. */
static void parse_memory_models(struct parser *p, struct ast_machine *machine)
{
	unsigned n = 0;

	do {
		struct source_pos pos = p->tok.pos;
		enum memory_model model = take_memory_model(p);

		if (n == ARCH_COUNT) {
			parse_error(
				p, pos,
				"a memory model for each architecture at most");
			return;
		}
		for (unsigned i = n++; i < ARCH_COUNT; i++)
			machine->memory_model[i] = model;
	} while (accept_token(p, TOK_COMMA));
}

static void parse_archs(struct parser *p, struct ast_machine *machine)
{
	unsigned seen = 0;

	machine->nr_archs = 0;
	do {
		struct source_pos pos = p->tok.pos;
		enum arch_id arch = take_arch(p);

		if (seen & 1U << arch) {
			parse_error(p, pos, "%s twice", arch_name(arch));
			return;
		}
		seen |= 1U << arch;
		machine->arch[machine->nr_archs++] = arch;
	} while (accept_token(p, TOK_COMMA));
}

static void parse_profiles(struct parser *p, struct ast_machine *machine)
{
	unsigned n = 0;

	memset(machine->profile, 0, sizeof(machine->profile));
	do {
		if (n == ARCH_COUNT) {
			parse_error(p, p->tok.pos,
			            "a profile for each architecture at most");
			return;
		}
		machine->profile[n++] = take_word(p, "the name of a profile");
	} while (accept_token(p, TOK_COMMA));
}

static unsigned take_count(struct parser *p, const char *what, unsigned min,
                           unsigned max)
{
	struct source_pos pos = p->tok.pos;
	unsigned number = (unsigned)take_number(p, what, max);

	if (number < min)
		parse_error(p, pos, "expected %s from %u to %u", what, min,
		            max);
	return number;
}

static void parse_memory(struct parser *p, struct ast_machine *machine)
{
	struct source_pos pos = p->tok.pos;

	machine->memory_bytes =
		take_number(p, "a size of memory", UINT64_C(1) << 40);
	if (machine->memory_bytes < UINT64_C(4) << 20 ||
	    !IS_ALIGNED(machine->memory_bytes, UINT64_C(2) << 20))
		parse_error(p, pos,
		            "expected at least 4M of memory, a multiple of 2M");
}

static void parse_walkers(struct parser *p, struct ast_machine *machine)
{
	machine->walkers = UINT64_MAX;
	if (accept_word(p, "all"))
		return;
	machine->walkers = 0;
	do {
		machine->walkers |= UINT64_C(1)
		                    << take_number(p, "all or CPUs", 15);
	} while (accept_token(p, TOK_COMMA));
}

/* ID_AA64MMFR0_EL1.ASIDBits */
static void parse_asid_bits(struct parser *p, struct ast_machine *machine)
{
	struct source_pos pos = p->tok.pos;

	machine->asid_bits = (unsigned)take_number(p, "a number of bits", 16);
	if (machine->asid_bits != 8 && machine->asid_bits != 16)
		parse_error(p, pos, "an ASID has 8 or 16 bits");
}

/* Where those that are on or off stand; 0: another kind. */
static const size_t machine_switches[MACHINE_KEY_COUNT] = {
	[MACHINE_PCID] = offsetof(struct ast_machine, pcid),
	[MACHINE_GLOBAL] = offsetof(struct ast_machine, global),
	[MACHINE_STRICT] = offsetof(struct ast_machine, strict),
	[MACHINE_ERRATUM383] = offsetof(struct ast_machine, erratum383),
	[MACHINE_TLBI_ERRATUM] = offsetof(struct ast_machine, tlbi_erratum),
	[MACHINE_HW_AF] = offsetof(struct ast_machine, hw_af),
	[MACHINE_HW_DBM] = offsetof(struct ast_machine, hw_dbm),
};

static void parse_machine_key(struct parser *p, struct ast_machine *machine,
                              enum machine_key key)
{
	if (machine_switches[key]) {
		*(bool *)((char *)machine + machine_switches[key]) =
			take_switch(p);
		return;
	}
	switch ((int)key) {
	case MACHINE_ARCH:
		parse_archs(p, machine);
		break;
	case MACHINE_CPUS:
		machine->nr_cpus = take_count(p, "a number of CPUs", 1, 16);
		break;
	case MACHINE_PROFILE:
		parse_profiles(p, machine);
		break;
	case MACHINE_MEMORY:
		parse_memory(p, machine);
		break;
	case MACHINE_LEVELS:
		machine->levels = take_count(p, "a number of levels", 4, 5);
		break;
	case MACHINE_SPECULATION:
		machine->speculation = take_cap(p);
		break;
	case MACHINE_EVICTION:
		machine->eviction = take_cap(p);
		break;
	case MACHINE_WALKERS:
		parse_walkers(p, machine);
		break;
	case MACHINE_ASID_BITS:
		parse_asid_bits(p, machine);
		break;
	case MACHINE_BBM_LEVEL:
		machine->bbm_level = take_count(p, "a level", 0, 2);
		break;
	case MACHINE_MEMORY_MODEL:
		parse_memory_models(p, machine);
		break;
	default:
		break;
	}
}

void parse_machine(struct parser *p, struct ast_machine *machine)
{
	bool outside;

	if (!open_block(p, false, &outside))
		return;
	while (p->tok.kind == TOK_WORD) {
		struct token tok = p->tok;
		int key = 0;

		while (key < MACHINE_KEY_COUNT &&
		       !accept_word(p, machine_names[key]))
			key++;
		if (key == MACHINE_KEY_COUNT) {
			parse_error_name(p, &tok, "unknown machine setting",
			                 machine_names);
			return;
		}
		machine->set |= 1U << key;
		parse_machine_key(p, machine, (enum machine_key)key);
	}
	if (p->tok.kind != TOK_RBRACE)
		expected(p, "a machine setting or '}'");
	close_block(p, outside);
}

/* ---- options ---- */

struct ast_setting *parse_setting(struct parser *p)
{
	struct ast_setting *setting = ast_new(p->s, struct ast_setting);

	setting->key_pos = p->tok.pos;
	setting->key = take_word(p, "the name of an option");
	expect(p, TOK_ASSIGN);
	setting->value_pos = p->tok.pos;
	if (p->tok.kind == TOK_NUMBER) {
		setting->value = token_text(p, &p->tok);
		next_token(p);
	} else {
		setting->value = take_word(p, "the value of the option");
	}
	return setting;
}

/* ---- variants ---- */

void parse_search(struct parser *p, struct ast_search *search)
{
	search->pos = p->tok.pos;
	search->set = true;
	search->seed = 1;
	expect_word(p, "random");
	search->nr_runs =
		(unsigned)take_number(p, "a number of runs", 1000000000);
	if (accept_word(p, "seed"))
		search->seed = take_number(p, "a seed", UINT64_MAX);
}

static struct ast_hazard *parse_hazards(struct parser *p)
{
	struct ast_hazard *first = NULL, **tail = &first;

	do {
		struct ast_hazard *hazard = ast_new(p->s, struct ast_hazard);

		hazard->pos = p->tok.pos;
		hazard->name = take_word(p, "the name of a hazard");
		LIST_APPEND(tail, hazard);
	} while (accept_token(p, TOK_COMMA));
	return first;
}

/* clean | hazard NAME, NAME [allow NAME, NAME] */
static void parse_expect(struct parser *p, struct ast_variant *variant)
{
	if (variant->has_expect) {
		parse_error(p, p->tok.pos, "a variant has one 'expect'");
		return;
	}
	variant->has_expect = true;
	if (accept_word(p, "clean")) {
		variant->expect = EXPECT_CLEAN;
		return;
	}
	if (!accept_word(p, "hazard")) {
		expected(p, "clean or hazard NAME");
		return;
	}
	variant->expect = EXPECT_HAZARD;
	variant->hazards = parse_hazards(p);
	if (accept_word(p, "allow"))
		variant->allowed = parse_hazards(p);
}

static void parse_policy(struct parser *p, struct ast_variant *variant)
{
	if (!accept_word(p, "timed"))
		expected(p, "timed");
	variant->no_schedule = true;
}

static bool parse_variant_condition(struct parser *p,
                                    struct ast_variant *variant)
{
	struct ast_condition *condition;

	if (accept_word(p, "exists"))
		condition = parse_condition(p, QUANT_EXISTS);
	else if (accept_word(p, "never"))
		condition = parse_condition(p, QUANT_NEVER);
	else if (accept_word(p, "always"))
		condition = parse_condition(p, QUANT_ALWAYS);
	else
		return false;
	LIST_APPEND(variant->conditions_tail, condition);
	return true;
}

static void parse_variant_option(struct parser *p, struct ast_variant *variant)
{
	struct ast_setting *setting = parse_setting(p);

	LIST_APPEND(variant->options_tail, setting);
}

static void parse_variant_item(struct parser *p, struct ast_variant *variant)
{
	static const char *const names[] = {
		"about", "option", "machine", "expect", "schedule", "policy",
		"check", "exists", "never",   "always", NULL,
	};
	struct token tok = p->tok;

	if (accept_word(p, "about"))
		variant->about = take_string(p, "the description in quotes");
	else if (accept_word(p, "option"))
		parse_variant_option(p, variant);
	else if (accept_word(p, "machine"))
		parse_machine(p, &variant->machine);
	else if (accept_word(p, "expect"))
		parse_expect(p, variant);
	else if (accept_word(p, "schedule"))
		parse_schedule_of(p, &variant->schedule,
		                  variant->arch_schedule);
	else if (accept_word(p, "policy"))
		parse_policy(p, variant);
	else if (accept_word(p, "check"))
		parse_search(p, &variant->search);
	else if (!parse_variant_condition(p, variant))
		parse_error_name(p, &tok, "unknown keyword", names);
}

void parse_variant(struct parser *p)
{
	struct ast_variant *variant = ast_new(p->s, struct ast_variant);
	bool outside;

	variant->pos = p->tok.pos;
	variant->machine.pos = p->tok.pos;
	variant->options_tail = &variant->options;
	variant->conditions_tail = &variant->conditions;
	variant->name = take_word(p, "the name of a variant");
	if (variant->name && find_variant(p->s, variant->name))
		parse_error(p, variant->pos, "there is a variant '%s' already",
		            variant->name);
	if (!open_block(p, false, &outside))
		return;
	while (p->tok.kind == TOK_WORD)
		parse_variant_item(p, variant);
	if (p->tok.kind != TOK_RBRACE)
		expected(p, "option, expect, schedule or '}'");
	close_block(p, outside);
	if (++p->s->nr_variants > SCENARIO_VARIANTS_MAX)
		parse_error(p, variant->pos,
		            "a scenario has at most %d variants",
		            SCENARIO_VARIANTS_MAX);
	LIST_APPEND(p->s->variants_tail, variant);
}
