// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "scenario/source.h"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} verbs[] = {
	{ "run", verb_run, "run FILE...: one run of every variant" },
	{ "check", verb_check,
	  "check PATH...: every variant against what it expects" },
	{ "merge", verb_merge,
	  "merge REPORT...: the shards of a check, joined" },
	{ "replay", verb_replay,
	  "replay FILE --choices LOG: a recorded run again" },
	{ "explain", verb_explain,
	  "explain LOG [FILE]: why it came to what a recorded run shows" },
	{ "step", verb_step, "step FILE: walk through a run, and back" },
	{ "exec", verb_exec, "exec PROGRAM ARGS...: a static ELF guest" },
	{ "list", verb_list,
	  "list [PATH...]: scenarios, options, oracles, profiles, operations" },
};

static void print_help(FILE *file)
{
	fputs("Usage: mmulator VERB [OPTION...] ARGS\n\n"
	      "A laboratory for memory-management races.\n\n",
	      file);
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
		fprintf(file, "  %s\n", verbs[i].help);
	fputs("\n`mmulator VERB --help` lists its options. Exit status: 0 all as "
	      "expected,\n1 something differed, 2 wrong use or input, 3 "
	      "internal error.\n",
	      file);
}

static int unknown_verb(const char *name)
{
	const char *names[G_N_ELEMENTS(verbs) + 1] = { NULL };
	g_autoptr(GString) hint = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
		names[i] = verbs[i].name;
	append_suggestion(hint, name, names);
	return cli_error("unknown verb '%s'%s", name, hint->str);
}

int cli_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    !strcmp(name, "help")) {
		print_help(stdout);
		return CLI_OK;
	}
	if (!strcmp(name, "--version")) {
		puts("mmulator " MMULATOR_VERSION);
		return CLI_OK;
	}
	g_set_prgname("mmulator");
	crash_install(argc, argv);
	/* A file that grows too large is an error of write(). */
	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	}
	return unknown_verb(name);
}
