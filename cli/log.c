// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/log.h"

#include <string.h>

#include "base/choicelog.h"
#include "base/file.h"
#include "emu/vcpu_ops.h"

struct choice_log *log_read(const char *path)
{
	g_autoptr(GError) error = NULL;
	size_t len;
	g_autofree char *text = file_read(path, &len, &error);
	struct choice_log *log;

	if (!text) {
		cli_error("%s", error->message);
		return NULL;
	}
	log = choice_log_parse(text, len, &error);
	if (!log) {
		cli_error("%s: %s", path, error->message);
		return NULL;
	}
	if (log->nr_steps && log->trace_hash)
		return log;
	cli_error("%s: no steps and trace hash to compare the run with", path);
	choice_log_free(log);
	return NULL;
}

char *log_sha256(const char *bytes, size_t len)
{
	return g_compute_checksum_for_data(G_CHECKSUM_SHA256,
	                                   (const guchar *)bytes, len);
}

/* ---- what the log says ---- */

/* "KEY=VALUE" of the log for the same KEY as @setting; NULL: none. */
static const char *same_option(const struct choice_log *log,
                               const char *setting)
{
	size_t len = strcspn(setting, "=") + 1;
	const char *value;

	for (unsigned i = 0; (value = choice_log_header(log, "option", i)); i++)
		if (strncmp(value, setting, len) == 0)
			return value;
	return NULL;
}

static bool options_agree(const struct choice_log *log,
                          const struct cli_options *o)
{
	for (char **set = o->options; set && *set; set++) {
		const char *recorded = same_option(log, *set);

		if (!recorded || !strcmp(recorded, *set))
			continue;
		cli_error("%s: was recorded with %s, not with %s", o->choices,
		          recorded, *set);
		return false;
	}
	return true;
}

static bool take_options(const struct choice_log *log, struct cli_options *o)
{
	g_autoptr(GStrvBuilder) settings = g_strv_builder_new();
	struct mm_options scratch;
	const char *value;

	mm_options_default(&scratch);
	for (unsigned i = 0; (value = choice_log_header(log, "option", i));
	     i++) {
		g_auto(GStrv) parts = g_strsplit(value, "=", 2);
		g_autoptr(GError) error = NULL;

		if (!mm_option_set(&scratch, parts[0], parts[1] ? parts[1] : "",
		                   &error)) {
			cli_error("%s: %s", o->choices, error->message);
			return false;
		}
		g_strv_builder_add(settings, value);
	}
	for (char **set = o->options; set && *set; set++)
		g_strv_builder_add(settings, *set);
	g_strfreev(o->options);
	o->options = g_strv_builder_end(settings);
	return true;
}

static bool take_engine(const struct choice_log *log, struct cli_options *o)
{
	const char *engine = choice_log_header(log, "engine", 0);

	if (o->engine || !engine)
		return true;
	o->engine = find_engine(engine);
	if (!o->engine)
		cli_error("%s: engine '%s' is unknown", o->choices, engine);
	return o->engine;
}

static bool take_memory_model(const struct choice_log *log,
                              struct cli_options *o)
{
	const char *model = choice_log_header(log, "memory-model", 0);

	if (model && o->memory_model && strcmp(model, o->memory_model) != 0) {
		cli_error("%s: was recorded with --memory-model %s, not with "
		          "%s",
		          o->choices, model, o->memory_model);
		return false;
	}
	if (!o->memory_model)
		o->memory_model = g_strdup(model);
	return true;
}

static bool take_step_cap(const struct choice_log *log, struct cli_options *o)
{
	const char *cap = choice_log_header(log, "step-cap", 0);

	if (!cap || g_ascii_string_to_unsigned(cap, 10, 1, CLI_STEPS_MAX,
	                                       &o->step_cap, NULL))
		return true;
	cli_error("%s: bad step-cap '%s'", o->choices, cap);
	return false;
}

/* exec: @key of the log is what --@key says, and it is that if it says nothing.
 */
static bool take_number(const struct choice_log *log,
                        const struct cli_options *o, const char *key,
                        uint64_t max, uint64_t *value)
{
	const char *text = choice_log_header(log, key, 0);
	uint64_t recorded = 0;

	if (text &&
	    !g_ascii_string_to_unsigned(text, 10, 1, max, &recorded, NULL)) {
		cli_error("%s: bad %s '%s'", o->choices, key, text);
		return false;
	}
	if (*value && *value != recorded) {
		cli_error("%s: was recorded with another --%s", o->choices,
		          key);
		return false;
	}
	*value = recorded;
	return true;
}

static bool take_machine(const struct choice_log *log, struct cli_options *o)
{
	const char *profile = choice_log_header(log, "profile", 0);
	uint64_t nr_cpus = o->nr_cpus;

	if (!take_number(log, o, "cpus", NR_CPUS_MAX, &nr_cpus) ||
	    !take_number(log, o, "memory", UINT64_C(1) << 40, &o->memory_bytes))
		return false;
	o->nr_cpus = (unsigned)nr_cpus;
	if (o->profile && g_strcmp0(o->profile, profile) != 0) {
		cli_error("%s: was recorded with another --profile",
		          o->choices);
		return false;
	}
	if (!o->profile)
		o->profile = g_strdup(profile);
	return true;
}

bool log_apply(const struct choice_log *log, struct cli_options *o)
{
	return options_agree(log, o) && take_options(log, o) &&
	       take_engine(log, o) && take_memory_model(log, o) &&
	       take_step_cap(log, o) && take_machine(log, o);
}

/* ---- of what is it? ---- */

static bool same_variant(const struct choice_log *log, const struct scenario *s,
                         struct cli_options *o)
{
	const char *recorded = choice_log_header(log, "variant", 0);
	const struct ast_variant *v = s->variants;

	if (!recorded) {
		cli_error("%s: does not say of which variant", o->choices);
		return false;
	}
	if (o->variant && strcmp(o->variant, recorded) != 0) {
		cli_error("%s: is of the variant '%s', not of '%s'", o->choices,
		          recorded, o->variant);
		return false;
	}
	while (v && strcmp(v->name, recorded) != 0)
		v = v->next;
	if (!v && (s->variants || strcmp(recorded, variant_name(NULL)) != 0)) {
		cli_error("%s: is of the variant '%s', which %s does not have",
		          o->choices, recorded, s->source.file);
		return false;
	}
	g_free(o->variant);
	o->variant = g_strdup(recorded);
	return true;
}

bool log_belongs(const struct choice_log *log, const struct scenario *s,
                 struct cli_options *o)
{
	const char *program = choice_log_header(log, "program", 0);
	const char *title = choice_log_header(log, "title", 0);
	const char *file = choice_log_header(log, "scenario", 0);

	if (program) {
		cli_error("%s: is of a program: mmulator exec --choices %s %s",
		          o->choices, o->choices, program);
		return false;
	}
	if (title && strcmp(title, s->title) != 0) {
		cli_error("%s: is of another scenario: \"%s\" (%s)", o->choices,
		          title, file ? file : "?");
		return false;
	}
	return same_variant(log, s, o);
}

/* ---- was it this run? ---- */

bool log_is_run(const struct choice_log *log, uint64_t steps,
                uint64_t trace_hash)
{
	return steps == log->nr_steps && trace_hash == log->trace_hash;
}

int log_misfit(const struct choice_log *log, const struct cli_options *o,
               const char *why, const char *name, const char *sha256)
{
	const char *recorded = choice_log_header(log, "sha256", 0);
	const char *version = choice_log_header(log, "version", 0);
	g_autofree char *cause = NULL;

	if (!why)
		why = "the choices fit but the trace differs";
	if (recorded && strcmp(recorded, sha256) != 0)
		cause = g_strdup_printf("; %s is not what it was then", name);
	else if (version && strcmp(version, MMULATOR_VERSION) != 0)
		cause = g_strdup_printf(
			"; it was recorded by mmulator %s, this "
			"is " MMULATOR_VERSION,
			version);
	return cli_error("%s: the run is not the recorded one: %s%s",
	                 o->choices, why, cause ? cause : "");
}
