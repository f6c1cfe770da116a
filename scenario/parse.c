// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/parse.h"

#include <string.h>

#include "base/file.h"
#include "mm/kops.h"
#include "scenario/archs.h"
#include "scenario/check.h"
#include "scenario/parse_internal.h"

/* ---- errors ---- */

static void stop(struct parser *p)
{
	p->tok = (struct token){ .kind = TOK_EOF, .pos = p->tok.pos };
}

static void report(struct parser *p, struct source_pos pos, const char *message)
{
	if (p->error->len == 0)
		source_report(p->error, &p->s->source, pos, message);
	stop(p);
}

void parse_error(struct parser *p, struct source_pos pos, const char *format,
                 ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	report(p, pos, message);
}

void parse_error_name(struct parser *p, const struct token *tok,
                      const char *what, const char *const *names)
{
	g_autofree char *word = token_dup(p, tok);
	g_autoptr(GString) message = g_string_new(NULL);

	g_string_printf(message, "%s '%s'", what, word);
	append_suggestion(message, word, names);
	report(p, tok->pos, message->str);
}

static char *describe_token(const struct parser *p, const struct token *tok)
{
	g_autofree char *text = NULL;

	if (tok->kind != TOK_WORD && tok->kind != TOK_NUMBER)
		return g_strdup(token_kind_name(tok->kind));
	text = token_dup(p, tok);
	return g_strdup_printf("'%s'", text);
}

void expected(struct parser *p, const char *what)
{
	g_autofree char *found = NULL;

	if (p->error->len)
		return;
	found = describe_token(p, &p->tok);
	parse_error(p, p->tok.pos, "expected %s, not %s", what, found);
}

/* ---- tokens ---- */

void next_token(struct parser *p)
{
	if (p->error->len)
		return;
	p->last_end = p->tok.end;
	do {
		p->tok = lexer_next(&p->lex);
	} while (p->tok.kind == TOK_NEWLINE && !p->newlines);
	if (p->tok.kind == TOK_ERROR)
		parse_error(p, p->tok.pos, "%s", p->tok.error);
}

char *token_dup(const struct parser *p, const struct token *tok)
{
	return g_strndup(p->s->source.text + tok->start, tok->end - tok->start);
}

const char *token_text(struct parser *p, const struct token *tok)
{
	return ast_intern(p->s, p->s->source.text + tok->start,
	                  (gssize)(tok->end - tok->start));
}

static bool token_is(const struct parser *p, const struct token *tok,
                     const char *word)
{
	size_t len = strlen(word);

	return tok->kind == TOK_WORD && tok->end - tok->start == len &&
	       memcmp(p->s->source.text + tok->start, word, len) == 0;
}

bool at_word(const struct parser *p, const char *word)
{
	return token_is(p, &p->tok, word);
}

bool accept_token(struct parser *p, enum token_kind kind)
{
	if (p->tok.kind != kind)
		return false;
	next_token(p);
	return true;
}

bool accept_word(struct parser *p, const char *word)
{
	if (!at_word(p, word))
		return false;
	next_token(p);
	return true;
}

bool expect(struct parser *p, enum token_kind kind)
{
	if (accept_token(p, kind))
		return true;
	expected(p, token_kind_name(kind));
	return false;
}

bool expect_word(struct parser *p, const char *word)
{
	g_autofree char *what = NULL;

	if (accept_word(p, word))
		return true;
	what = g_strdup_printf("'%s'", word);
	expected(p, what);
	return false;
}

const char *take_word(struct parser *p, const char *what)
{
	const char *word;

	if (p->tok.kind != TOK_WORD) {
		expected(p, what);
		return NULL;
	}
	word = token_text(p, &p->tok);
	next_token(p);
	return word;
}

const char *take_string(struct parser *p, const char *what)
{
	g_autoptr(GString) value = NULL;
	const char *text = p->s->source.text;

	if (p->tok.kind != TOK_STRING) {
		expected(p, what);
		return NULL;
	}
	value = g_string_new(NULL);
	for (size_t i = p->tok.start + 1; i + 1 < p->tok.end; i++) {
		if (text[i] == '\\')
			i++;
		g_string_append_c(value, text[i]);
	}
	next_token(p);
	return ast_intern(p->s, value->str, -1);
}

uint64_t take_number(struct parser *p, const char *what, uint64_t max)
{
	uint64_t number = p->tok.number;

	if (p->tok.kind != TOK_NUMBER) {
		expected(p, what);
		return 0;
	}
	if (number > max) {
		parse_error(p, p->tok.pos,
		            "expected %s of at most %" G_GUINT64_FORMAT, what,
		            max);
		return 0;
	}
	next_token(p);
	return number;
}

unsigned take_cpu(struct parser *p)
{
	expect_word(p, "on");
	expect_word(p, "cpu");
	return (unsigned)take_number(p, "a CPU number", NR_CPUS_MAX - 1);
}

bool enter(struct parser *p)
{
	if (p->depth >= SCENARIO_DEPTH_MAX) {
		parse_error(p, p->tok.pos, "nested deeper than %d levels",
		            SCENARIO_DEPTH_MAX);
		return false;
	}
	p->depth++;
	return true;
}

void leave(struct parser *p)
{
	p->depth--;
}

bool open_block(struct parser *p, bool newlines, bool *outside)
{
	*outside = p->newlines;
	if (p->tok.kind != TOK_LBRACE) {
		expected(p, "'{'");
		return false;
	}
	p->newlines = newlines;
	next_token(p);
	return true;
}

void close_block(struct parser *p, bool outside)
{
	p->newlines = outside;
	expect(p, TOK_RBRACE);
}

const char *text_since(struct parser *p, size_t start)
{
	if (p->last_end <= start)
		return "";
	return ast_intern(p->s, p->s->source.text + start,
	                  (gssize)(p->last_end - start));
}

/* ---- files, processes, threads ---- */

/* Take a new name; "process A: there is one at line 3". */
static const char *take_new_name(struct parser *p, const char *what,
                                 struct source_pos *pos)
{
	*pos = p->tok.pos;
	return take_word(p, what);
}

static void complain_twice(struct parser *p, struct source_pos pos,
                           const char *what, const char *name,
                           struct source_pos first)
{
	parse_error(p, pos, "there is a %s '%s' already, at line %u", what,
	            name, first.line);
}

static void parse_file_kind(struct parser *p, struct ast_file *file)
{
	struct source_pos pos = p->tok.pos;
	const char *path;

	if (accept_word(p, "fifo")) {
		file->kind = AST_FILE_FIFO;
	} else if (p->tok.kind == TOK_STRING) {
		file->kind = AST_FILE_MEM;
		path = take_string(p, "a path");
		if (path && strcmp(path, "/proc/self/mem") != 0)
			parse_error(p, pos,
			            "'%s' does not exist; there is "
			            "/proc/self/mem",
			            path);
	} else {
		file->size_bytes = take_number(p, "the size of the file",
		                               UINT64_C(1) << 40);
	}
}

static void parse_file(struct parser *p)
{
	struct ast_file *file = ast_new(p->s, struct ast_file);
	struct ast_file *first;

	file->name = take_new_name(p, "the name of a file", &file->pos);
	if (!file->name)
		return;
	parse_file_kind(p, file);
	first = find_file(p->s, file->name);
	if (first)
		complain_twice(p, file->pos, "file", file->name, first->pos);
	file->fd = SCENARIO_FIRST_FD + p->s->nr_files++;
	if (p->s->nr_files > SCENARIO_FILES_MAX)
		parse_error(p, file->pos, "a scenario has at most %d files",
		            SCENARIO_FILES_MAX);
	LIST_APPEND(p->s->files_tail, file);
}

static void parse_lock(struct parser *p)
{
	struct ast_lock *lock = ast_new(p->s, struct ast_lock);
	struct ast_lock *first;

	lock->name = take_new_name(p, "the name of a lock", &lock->pos);
	if (!lock->name)
		return;
	first = find_lock(p->s, lock->name);
	if (first)
		complain_twice(p, lock->pos, "lock", lock->name, first->pos);
	lock->number = p->s->nr_locks++;
	if (p->s->nr_locks > KOP_NR_LOCKS)
		parse_error(p, lock->pos, "a scenario has at most %d locks",
		            KOP_NR_LOCKS);
	else
		p->s->lock_labels[lock->number] =
			ast_lock_labels(p->s, lock->name);
	LIST_APPEND(p->s->locks_tail, lock);
}

static void add_setup(struct parser *p, struct ast_process *process,
                      struct ast_stmt *stmt)
{
	struct ast_setup *setup = ast_new(p->s, struct ast_setup);

	setup->process = process;
	setup->stmt = stmt;
	LIST_APPEND(p->s->setup_tail, setup);
}

static void add_map(struct parser *p, struct ast_process *process,
                    struct ast_map *map)
{
	struct ast_map *first = process->maps;

	while (first && strcmp(first->name, map->name) != 0)
		first = first->next;
	if (first)
		complain_twice(p, map->pos, "mapping", map->name, first->pos);
	LIST_APPEND(process->maps_tail, map);
}

static void parse_process_body(struct parser *p, struct ast_process *process)
{
	struct ast_stmt *stmt = parse_body(p, BODY_SETUP);

	while (stmt) {
		struct ast_stmt *next = stmt->next;

		stmt->next = NULL;
		if (stmt->map && stmt->map->name)
			add_map(p, process, stmt->map);
		add_setup(p, process, stmt);
		stmt = next;
	}
}

static struct ast_process *new_process(struct parser *p, const char *name,
                                       struct source_pos pos)
{
	struct ast_process *process = ast_new(p->s, struct ast_process);

	if (p->s->nr_processes >= SCENARIO_PROCESSES_MAX)
		parse_error(p, pos, "a scenario has at most %d processes",
		            SCENARIO_PROCESSES_MAX);
	process->name = name;
	process->pos = pos;
	process->maps_tail = &process->maps;
	process->index = p->s->nr_processes++;
	LIST_APPEND(p->s->processes_tail, process);
	return process;
}

static void parse_fork(struct parser *p, struct ast_process *process)
{
	expect_word(p, "fork");
	process->parent_name = take_word(p, "the process to fork");
	if (at_word(p, "on"))
		process->fork_cpu = take_cpu(p);
}

/* process A { ... }, again later, or process B = fork A [on cpu N] [{...}] */
static void parse_process(struct parser *p)
{
	struct ast_process *process;
	struct source_pos pos;
	const char *name = take_new_name(p, "the name of a process", &pos);

	if (!name)
		return;
	process = find_process(p->s, name);
	if (!process) {
		process = new_process(p, name, pos);
		if (accept_token(p, TOK_ASSIGN))
			parse_fork(p, process);
		add_setup(p, process, NULL);
	} else if (p->tok.kind == TOK_ASSIGN) {
		complain_twice(p, pos, "process", name, process->pos);
	}
	if (p->tok.kind == TOK_LBRACE || !process->parent_name)
		parse_process_body(p, process);
}

static void parse_thread(struct parser *p, bool kthread)
{
	struct ast_thread *thread = ast_new(p->s, struct ast_thread);
	struct ast_thread *first;

	thread->kthread = kthread;
	thread->name = take_new_name(p, "the name of a thread", &thread->pos);
	if (!kthread) {
		expect_word(p, "of");
		thread->process_name = take_word(p, "the name of its process");
	}
	thread->cpu = take_cpu(p);
	thread->body = parse_body(p, kthread ? BODY_KTHREAD : BODY_THREAD);
	if (!thread->name)
		return;
	first = find_thread(p->s, thread->name);
	if (first)
		complain_twice(p, thread->pos, "thread", thread->name,
		               first->pos);
	if (p->s->nr_threads >= SCENARIO_THREADS_MAX)
		parse_error(p, thread->pos, "a scenario has at most %d threads",
		            SCENARIO_THREADS_MAX);
	thread->index = p->s->nr_threads++;
	LIST_APPEND(p->s->threads_tail, thread);
}

/* ---- the file ---- */

static void parse_title(struct parser *p, struct source_pos pos)
{
	const char *title = take_string(p, "the title in quotes");

	if (p->s->title) {
		parse_error(p, pos,
		            "a file has one scenario, this one is at line %u",
		            p->s->title_pos.line);
		return;
	}
	p->s->title = title;
	p->s->title_pos = pos;
}

static void parse_options(struct parser *p)
{
	bool outside;

	if (!open_block(p, false, &outside))
		return;
	while (p->tok.kind == TOK_WORD) {
		struct ast_setting *setting = parse_setting(p);

		LIST_APPEND(p->s->options_tail, setting);
	}
	if (p->tok.kind != TOK_RBRACE)
		expected(p, "the name of an option or '}'");
	close_block(p, outside);
}

static void parse_scenario_condition(struct parser *p, enum ast_quantifier q)
{
	struct ast_condition *condition = parse_condition(p, q);

	LIST_APPEND(p->s->conditions_tail, condition);
}

static void parse_shared_schedule(struct parser *p, struct source_pos pos)
{
	struct ast_schedule *sched =
		parse_schedule_of(p, &p->s->schedule, p->s->arch_schedule);

	sched->shared = true;
	if (sched->before)
		complain_twice(p, pos, "schedule", "for every variant",
		               sched->before->pos);
}

enum item {
	ITEM_SCENARIO,
	ITEM_SOURCE,
	ITEM_ABOUT,
	ITEM_MACHINE,
	ITEM_OPTIONS,
	ITEM_FILE,
	ITEM_LOCK,
	ITEM_PROCESS,
	ITEM_THREAD,
	ITEM_KTHREAD,
	ITEM_VARIANT,
	ITEM_SCHEDULE,
	ITEM_CHECK,
	ITEM_EXISTS,
	ITEM_NEVER,
	ITEM_ALWAYS,
	ITEM_COUNT
};

static const char *const item_names[ITEM_COUNT + 1] = {
	"scenario", "source",  "about",  "machine", "options", "file",
	"lock",     "process", "thread", "kthread", "variant", "schedule",
	"check",    "exists",  "never",  "always",  NULL,
};

/* NOLINTNEXTLINE(readability-function-size): one flat switch */
static void parse_item(struct parser *p, enum item item, struct source_pos pos)
{
	switch (item) {
	case ITEM_SCENARIO:
		parse_title(p, pos);
		break;
	case ITEM_SOURCE:
		g_ptr_array_add(p->s->citations,
		                (gpointer)(uintptr_t)take_string(
					p, "the citation in quotes"));
		break;
	case ITEM_ABOUT:
		p->s->about = take_string(p, "the description in quotes");
		break;
	case ITEM_MACHINE:
		p->s->machine.pos = pos;
		parse_machine(p, &p->s->machine);
		break;
	case ITEM_OPTIONS:
		parse_options(p);
		break;
	case ITEM_FILE:
		parse_file(p);
		break;
	case ITEM_LOCK:
		parse_lock(p);
		break;
	case ITEM_PROCESS:
		parse_process(p);
		break;
	case ITEM_THREAD:
	case ITEM_KTHREAD:
		parse_thread(p, item == ITEM_KTHREAD);
		break;
	case ITEM_VARIANT:
		parse_variant(p);
		break;
	case ITEM_SCHEDULE:
		parse_shared_schedule(p, pos);
		break;
	case ITEM_CHECK:
		parse_search(p, &p->s->search);
		break;
	case ITEM_EXISTS:
		parse_scenario_condition(p, QUANT_EXISTS);
		break;
	case ITEM_NEVER:
		parse_scenario_condition(p, QUANT_NEVER);
		break;
	case ITEM_ALWAYS:
		parse_scenario_condition(p, QUANT_ALWAYS);
		break;
	case ITEM_COUNT:
	default:
		break;
	}
}

static void parse_scenario(struct parser *p)
{
	if (!at_word(p, "scenario"))
		expected(p, "'scenario \"title\"' first");
	while (p->tok.kind == TOK_WORD) {
		struct token word = p->tok;
		int item = 0;

		while (item < ITEM_COUNT &&
		       !token_is(p, &word, item_names[item]))
			item++;
		if (item == ITEM_COUNT) {
			parse_error_name(p, &word, "unknown keyword",
			                 item_names);
			return;
		}
		next_token(p);
		parse_item(p, (enum item)item, word.pos);
	}
	if (p->tok.kind != TOK_EOF)
		expected(p, "a keyword (thread, variant, ...)");
}

/* ---- entry points ---- */

static bool check_text(struct parser *p)
{
	const struct source *src = &p->s->source;
	struct lexer lex;
	const char *bad;

	if (src->len > SOURCE_SIZE_MAX) {
		parse_error(p, (struct source_pos){ 0 },
		            "a scenario has at most %u bytes", SOURCE_SIZE_MAX);
		return false;
	}
	if (g_utf8_validate_len(src->text, src->len, &bad))
		return true;
	lexer_init(&lex, src);
	while (lex.at < (size_t)(bad - src->text)) {
		lex.pos.column++;
		if (src->text[lex.at++] == '\n')
			lex.pos = (struct source_pos){ lex.pos.line + 1, 1 };
	}
	parse_error(p, lex.pos, "not text: byte 0x%02x is not UTF-8",
	            (unsigned char)*bad);
	return false;
}

static bool set_error(GError **error, GString *message, int code)
{
	if (message->len == 0)
		return false;
	g_string_truncate(message, message->len - 1);
	g_set_error_literal(error, SCENARIO_ERROR, code, message->str);
	return true;
}

struct scenario *scenario_parse(const char *file, const char *text, size_t len,
                                GError **error)
{
	g_autoptr(GString) message = g_string_new(NULL);
	struct parser p = { .error = message };

	p.s = scenario_new(file, text, len);
	lexer_init(&p.lex, &p.s->source);
	if (check_text(&p)) {
		next_token(&p);
		parse_scenario(&p);
	}
	if (set_error(error, message, SCENARIO_ERROR_SYNTAX)) {
		scenario_free(p.s);
		return NULL;
	}
	scenario_check(p.s, message);
	if (set_error(error, message, SCENARIO_ERROR_RULE)) {
		scenario_free(p.s);
		return NULL;
	}
	scenario_split_archs(p.s);
	return p.s;
}

struct scenario *scenario_load(const char *path, GError **error)
{
	g_autoptr(GError) failure = NULL;
	size_t len = 0;
	g_autofree char *text = file_read(path, &len, &failure);

	if (!text) {
		g_set_error_literal(error, SCENARIO_ERROR, SCENARIO_ERROR_READ,
		                    failure->message);
		return NULL;
	}
	return scenario_parse(path, text, len, error);
}
