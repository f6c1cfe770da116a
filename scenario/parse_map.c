// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * map NAME ADDR SIZE PROT [private|shared] [anon|FILE [offset N]] [growsdown]
 *	[thp=WORD]
 */
#include <string.h>

#include "scenario/parse_internal.h"

static void parse_thp(struct parser *p, struct ast_map *map)
{
	static const char *const names[] = { "never", "madvise", "default",
		                             "always", NULL };
	static const enum ast_map_thp values[] = {
		MAP_THP_NEVER, MAP_THP_DEFAULT, MAP_THP_DEFAULT, MAP_THP_ALWAYS
	};
	struct token tok;

	expect(p, TOK_ASSIGN);
	tok = p->tok;
	for (unsigned i = 0; names[i]; i++) {
		if (!accept_word(p, names[i]))
			continue;
		map->thp = values[i];
		return;
	}
	if (tok.kind == TOK_WORD)
		parse_error_name(p, &tok, "unknown thp setting", names);
	else
		expected(p, "never, madvise or always");
}

static void parse_map_attribute(struct parser *p, struct ast_map *map)
{
	if (accept_word(p, "private")) {
		map->shared = false;
	} else if (accept_word(p, "shared")) {
		map->shared = true;
	} else if (accept_word(p, "anon")) {
		map->file_name = NULL;
	} else if (accept_word(p, "growsdown")) {
		map->growsdown = true;
	} else if (accept_word(p, "thp")) {
		parse_thp(p, map);
	} else if (accept_word(p, "offset")) {
		map->offset = take_number(p, "an offset in the file",
		                          UINT64_C(1) << 40);
	} else {
		map->file_name = take_word(
			p, "private, shared, anon, growsdown, a file or thp=");
	}
}

void parse_map(struct parser *p, struct ast_stmt *stmt)
{
	struct ast_map *map = ast_new(p->s, struct ast_map);
	stmt->kind = STMT_MAP;
	stmt->map = map;
	map->pos = p->tok.pos;
	map->name = take_word(p, "the name of a mapping");
	map->addr = take_number(p, "its address", UINT64_MAX);
	map->size_bytes = take_number(p, "its size", UINT64_C(1) << 46);
	map->prot = (unsigned)parse_flags(p, ARG_PROT).number;
	while (!at_statement_end(p))
		parse_map_attribute(p, map);
}
